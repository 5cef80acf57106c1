/* A guest: tasks inside a program that has a main and threads of its own.
 *
 * Three threads of the program use tasks, each for itself. Starts are counted, so none needs to know of the others;
 * the first one starts the runtime and the last one ends it.
 */
#include <pthread.h>
#include <stdio.h>
#include <weft.h>

struct add_range {
    long from, to;
    long *result;
};
static int add_range(struct add_range *self)
{
    long sum = 0;

    for (long i = self->from; i < self->to; i++)
        sum += i;
    *self->result = sum;
    return 0;
}

/* The root task of a call: it splits the work, and returns when all parts are done. */
struct add_all {
    long count;
    long *result;
};
static int add_all(struct add_all *self)
{
    weft_scope scope;
    long parts[10];
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, add_range, .from = self->count / 10 * i, .to = self->count / 10 * (i + 1), .result = &parts[i]);
    rc = weft_scope_close(&scope);
    *self->result = 0;
    for (int i = 0; i < 10 && rc == 0; i++)
        *self->result += parts[i];
    return rc;
}

struct job {
    pthread_t thread;
    long count, result;
    int rc;
};

static void *work(void *argument)
{
    struct job *job = argument;

    job->rc = weft_start(NULL);
    if (job->rc < 0)
        return NULL;
    job->rc = weft_call(add_all, .count = job->count, .result = &job->result); /* this thread waits for the task */
    weft_stop();
    return NULL;
}

int main(void)
{
    struct job jobs[3] = {{.count = 1000}, {.count = 10000}, {.count = 100000}};

    for (int i = 0; i < 3; i++)
        if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) != 0)
            return 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(jobs[i].thread, NULL);
        if (jobs[i].rc < 0)
            return 1;
        printf("the numbers below %ld add up to %ld\n", jobs[i].count, jobs[i].result);
    }
    return 0;
}
