/* cockroachdb/cockroach 1462: a worker that sends to one that has stopped already.
 *
 *     Stopper.RunWorker, StartTask, FinishTask, Quiesce, Stop   the same names below
 *     localInterceptableTransport.start   until the stop, send an event      -> transport
 *     processEventsUntil                  receive events until the stop      -> process_events
 *
 * The stop may come between the transport's look at it and its send: the receiver leaves, the sender waits, and Stop
 * waits for the sender. The fix sends as a task of the stopper: no task begins once it drains, and the stop comes only
 * when all have ended.
 */
#include "bugs.h"

struct stopper {
    weft_scope *scope;
    weft_chan(char) stopper, stopped;
    weft_chan(int) events; /* of the transport */
    weft_latch stop;
    weft_mutex mu;
    weft_condition drain;
    bool draining, fixed;
    int tasks;
};

struct worker {
    struct stopper *s;
    void (*f)(struct stopper *s);
};

static int worker(struct worker *self)
{
    self->f(self->s);
    weft_latch_done(&self->s->stop);
    return 0;
}

static void run_worker(struct stopper *s, void (*f)(struct stopper *s))
{
    weft_latch_add(&s->stop, 1);
    weft_go(s->scope, worker, .s = s, .f = f);
}

static bool start_task(struct stopper *s)
{
    bool starts;

    if (weft_mutex_lock(&s->mu) < 0)
        return false;
    starts = !s->draining;
    s->tasks += starts;
    weft_mutex_unlock(&s->mu);
    return starts;
}

static void finish_task(struct stopper *s)
{
    if (weft_mutex_lock(&s->mu) < 0)
        return;
    s->tasks--;
    weft_condition_broadcast(&s->drain);
    weft_mutex_unlock(&s->mu);
}

static void quiesce(struct stopper *s)
{
    if (weft_mutex_lock(&s->mu) < 0)
        return;
    s->draining = true;
    while (s->tasks > 0)
        if (weft_condition_wait(&s->drain, &s->mu) < 0)
            break;
    weft_mutex_unlock(&s->mu);
}

static int stop(struct stopper *s)
{
    int rc;

    quiesce(s);
    weft_chan_close(s->stopper);
    if ((rc = weft_latch_wait(&s->stop)) < 0 || (rc = weft_mutex_lock(&s->mu)) < 0)
        return rc;
    weft_chan_close(s->stopped);
    return weft_mutex_unlock(&s->mu);
}

static void transport(struct stopper *s)
{
    while (weft_select(weft_on_recv(s->stopper, NULL, NULL), weft_on_default()) == 1) {
        if (s->fixed && !start_task(s))
            continue;
        weft_send(s->events, 0);
        if (s->fixed)
            finish_task(s);
    }
}

static void process_events(struct stopper *s)
{
    int event, rc;

    while (weft_select(weft_on_recv(s->events, &event, &rc), weft_on_recv(s->stopper, NULL, NULL)) == 0)
        if (rc < 0)
            return;
}

BUG(cockroach_1462)
{
    weft_scope scope;
    struct stopper s = {.scope = &scope, .fixed = self->fixed};
    int rc;

    s.stopper = weft_chan_new(char, 0);
    s.stopped = weft_chan_new(char, 0);
    s.events = weft_chan_new(int, 0);
    weft_scope_open(&scope);
    run_worker(&s, transport);
    run_worker(&s, process_events);
    rc = weft_scope_close_with(&scope, stop(&s));
    weft_chan_free(s.stopper);
    weft_chan_free(s.stopped);
    weft_chan_free(s.events);
    return rc;
}
