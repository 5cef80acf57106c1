/* cockroachdb/cockroach 1055: a stopper that waits for its workers with its mutex held.
 *
 *     Stopper.Quiesce, Stop   lock; draining = 1; wait for the tasks, and in Stop for the workers -> quiesce, stop
 *     Stopper.StartTask       if draining is 0, lock and count a task                             -> start_task
 *     the test's workers      StartTask, wait for the stop, SetStopped                            -> worker
 *     the test's goroutine    Quiesce all, Stop all, close done                                   -> stop_all
 *
 * A worker that has seen draining at 0 waits for the mutex of Stop, which waits for the worker. The fix counts under
 * the mutex, waits for the count with a condition, and for the workers without the mutex.
 *
 * The kernel leaves out the FinishTask that follows StartTask in the program, so that Quiesce may wait for ever for a
 * task that nobody ends, fixed or not. It is there again here: only the bug of the program is left.
 */
#include "bugs.h"

struct stopper {
    weft_chan(char) stopper;
    weft_latch stop, drain;
    weft_mutex mu;
    atomic_int draining;
    weft_condition drained; /* the fix: instead of the latch */
    int tasks;
    bool fixed;
};

static void quiesce_fixed(struct stopper *s)
{
    if (weft_mutex_lock(&s->mu) < 0)
        return;
    s->draining = 1;
    while (s->tasks > 0)
        if (weft_condition_wait(&s->drained, &s->mu) < 0)
            break;
    weft_mutex_unlock(&s->mu);
}

static int quiesce(struct stopper *s)
{
    int rc;

    if (s->fixed) {
        quiesce_fixed(s);
        return 0;
    }
    if ((rc = weft_mutex_lock(&s->mu)) < 0)
        return rc;
    s->draining = 1;
    rc = weft_latch_wait(&s->drain);
    s->draining = 0;
    weft_mutex_unlock(&s->mu);
    return rc;
}

static int stop(struct stopper *s)
{
    int rc;

    if (s->fixed) {
        quiesce_fixed(s);
        weft_chan_close(s->stopper);
        return weft_latch_wait(&s->stop);
    }
    if ((rc = weft_mutex_lock(&s->mu)) < 0)
        return rc;
    s->draining = 1;
    rc = weft_latch_wait(&s->drain);
    weft_chan_close(s->stopper);
    if (rc == 0)
        rc = weft_latch_wait(&s->stop);
    weft_mutex_unlock(&s->mu);
    return rc;
}

static bool start_task(struct stopper *s)
{
    bool starts;

    if (!s->fixed && s->draining)
        return false;
    if (weft_mutex_lock(&s->mu) < 0)
        return false;
    starts = !s->fixed || !s->draining;
    if (!s->fixed)
        weft_latch_add(&s->drain, 1);
    else if (starts)
        s->tasks++;
    weft_mutex_unlock(&s->mu);
    return starts;
}

static void finish_task(struct stopper *s)
{
    if (!s->fixed) {
        weft_latch_done(&s->drain);
        return;
    }
    if (weft_mutex_lock(&s->mu) < 0)
        return;
    s->tasks--;
    weft_condition_broadcast(&s->drained);
    weft_mutex_unlock(&s->mu);
}

struct worker {
    struct stopper *s;
};

static int worker(struct worker *self)
{
    if (start_task(self->s))
        finish_task(self->s);
    weft_recv(self->s->stopper, NULL);
    weft_latch_done(&self->s->stop);
    return 0;
}

struct stop_all {
    struct stopper *stoppers;
    weft_chan(char) done;
};

static int stop_all(struct stop_all *self)
{
    for (int i = 0; i < 3; i++)
        quiesce(&self->stoppers[i]);
    for (int i = 0; i < 3; i++)
        stop(&self->stoppers[i]);
    return weft_chan_close(self->done);
}

BUG(cockroach_1055)
{
    struct stopper stoppers[3] = {{.fixed = self->fixed}, {.fixed = self->fixed}, {.fixed = self->fixed}};
    weft_chan(char) done = weft_chan_new(char, 0);
    weft_scope scope;
    int rc;

    for (int i = 0; i < 3; i++)
        stoppers[i].stopper = weft_chan_new(char, 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++) {
        weft_latch_add(&stoppers[i].stop, 1);
        weft_go(&scope, worker, .s = &stoppers[i]);
    }
    weft_go(&scope, stop_all, .stoppers = stoppers, .done = done);
    weft_recv(done, NULL);
    rc = weft_scope_close(&scope);
    for (int i = 0; i < 3; i++)
        weft_chan_free(stoppers[i].stopper);
    weft_chan_free(done);
    return rc;
}
