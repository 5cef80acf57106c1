/* A worker pool: three at work, twelve jobs, results in the order of the jobs. In three ways.
 *
 * By hand: tasks that live on and a channel of jobs. As a scope with a limit: a task for each job, of which the fourth
 * waits to be started; where tasks are cheap, that is all a pool is for. As a weft_pool, which has a queue, takes jobs
 * of any kind, and collects the errors.
 */
#include <stdio.h>
#include <weft.h>
#include <weft/pool.h>

enum { WIDTH = 3, JOBS = 12 };

struct work {
    int n;
    long *result;
};
static int work(struct work *self)
{
    *self->result = 0;
    for (int i = 1; i <= self->n; i++)
        *self->result += i;
    return 0;
}

struct worker {
    weft_chan(struct work) jobs;
};
static int worker(struct worker *self)
{
    int rc = 0;

    for (struct work job; rc == 0 && weft_recv(self->jobs, &job) == 0;)
        rc = work(&job);
    return rc < 0 ? rc : weft_scope_status(NULL);
}

static int by_hand(long *results)
{
    weft_chan(struct work) jobs = weft_chan_new(struct work, WIDTH);
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope);
    for (int i = 0; i < WIDTH; i++)
        weft_go(&scope, worker, .jobs = jobs);
    for (int i = 0; i < JOBS && rc == 0; i++)
        rc = weft_send(jobs, (struct work){.n = i * 10, .result = &results[i]});
    weft_chan_close(jobs); /* the workers end when they have emptied it */
    rc = weft_scope_close_with(&scope, rc);
    weft_chan_free(jobs);
    return rc;
}

static int with_a_limit(long *results)
{
    weft_scope scope;

    weft_scope_open(&scope, .limit = WIDTH);
    for (int i = 0; i < JOBS; i++)
        weft_go(&scope, work, .n = i * 10, .result = &results[i]);
    return weft_scope_close(&scope);
}

static int as_a_pool(long *results)
{
    weft_scope scope;
    weft_pool *pool;
    int rc = 0;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = WIDTH);
    for (int i = 0; i < JOBS && rc == 0; i++)
        rc = weft_pool_submit(pool, work, .n = i * 10, .result = &results[i]);
    if (rc == 0)
        rc = weft_pool_close(pool);
    weft_pool_free(pool);
    return weft_scope_close_with(&scope, rc);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    int (*const ways[])(long *) = {by_hand, with_a_limit, as_a_pool};
    static const char *const names[] = {"by hand", "with a limit", "as a pool"};
    int rc = 0;

    (void)self;
    for (int way = 0; way < 3 && rc == 0; way++) {
        long results[JOBS] = {0};

        rc = ways[way](results);
        printf("%-13s", names[way]);
        for (int i = 0; i < JOBS; i++)
            printf(" %ld", results[i]);
        putchar('\n');
    }
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
