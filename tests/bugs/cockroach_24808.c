/* cockroachdb/cockroach 24808: a send into a full channel, by the one who is about to start its receiver.
 *
 *     Compactor.Start     send a first suggestion, then start the worker that receives -> compactor_start, compact
 *     Stopper.RunWorker   a goroutine that is counted -> run_worker
 *     the test            makes a suggestion before the start; stops at its end -> the function below
 *
 * The channel has room for one. The fix sends if there is room: one suggestion says as much as two.
 */
#include "bugs.h"

struct compactor {
    weft_chan(char) ch, stopper;
    weft_latch stop;
    bool fixed;
};

struct compact {
    struct compactor *c;
};

static int compact(struct compact *self)
{
    struct compactor *c = self->c;

    while (weft_select(weft_on_recv(c->stopper, NULL, NULL), weft_on_recv(c->ch, NULL, NULL)) == 1)
        continue;
    return weft_latch_done(&c->stop);
}

static void run_worker(weft_scope *scope, struct compactor *c)
{
    weft_latch_add(&c->stop, 1);
    weft_go(scope, compact, .c = c);
}

static void compactor_start(weft_scope *scope, struct compactor *c)
{
    if (c->fixed)
        weft_try_send(c->ch, 0);
    else
        weft_send(c->ch, 0);
    run_worker(scope, c);
}

BUG(cockroach_24808)
{
    struct compactor c = {.fixed = self->fixed};
    weft_scope scope;
    int rc;

    c.ch = weft_chan_new(char, 1);
    c.stopper = weft_chan_new(char, 0);
    weft_scope_open(&scope);
    weft_send(c.ch, 0);
    compactor_start(&scope, &c);
    weft_chan_close(c.stopper);
    rc = weft_scope_close(&scope);
    weft_chan_free(c.ch);
    weft_chan_free(c.stopper);
    return rc;
}
