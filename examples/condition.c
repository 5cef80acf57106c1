/* A condition variable: a queue of work whose workers wait while it is empty.
 *
 * A channel does this in fewer lines (see chan.c). A condition is for what a channel cannot say, such as "until the
 * sum is large enough", with the data in whatever shape it has.
 */
#include <stdbool.h>
#include <stdio.h>
#include <weft.h>

struct queue {
    weft_mutex lock;
    weft_condition changed;
    int jobs[100], count; /* lock, as all below */
    bool is_closed;
    long sum;
};

struct worker {
    struct queue *queue;
};
static int worker(struct worker *self)
{
    struct queue *queue = self->queue;
    int rc = weft_mutex_lock(&queue->lock);

    if (rc < 0)
        return rc;
    while (rc == 0 && (queue->count > 0 || !queue->is_closed)) {
        if (queue->count > 0)
            queue->sum += queue->jobs[--queue->count];
        else
            rc = weft_condition_wait(&queue->changed, &queue->lock); /* gives the lock back while it waits */
    }
    weft_mutex_unlock(&queue->lock); /* held in any case, also after a cancellation */
    return rc;
}

struct demo {
    int jobs;
};
static int demo(struct demo *self)
{
    struct queue queue = {.count = 0};
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, worker, .queue = &queue);
    for (int i = 1; i <= self->jobs && (rc = weft_mutex_lock(&queue.lock)) == 0; i++) {
        queue.jobs[queue.count++] = i;
        weft_mutex_unlock(&queue.lock);
        weft_condition_signal(&queue.changed); /* one worker */
    }
    if (rc == 0 && (rc = weft_mutex_lock(&queue.lock)) == 0) {
        queue.is_closed = true;
        weft_mutex_unlock(&queue.lock);
        weft_condition_broadcast(&queue.changed); /* all of them */
    }
    rc = weft_scope_close_with(&scope, rc);
    printf("the jobs make %ld\n", queue.sum);
    return rc;
}

int main(void)
{
    return weft_main(demo, .jobs = 100);
}
