/* cockroachdb/cockroach 35073: an outbox that fails at its start, and does not tell those who push into it.
 *
 *     RowChannel.Push             send a row, unless the consumer has closed -> push
 *     RowChannel.ConsumerClosed   note it, and take one row out, so that one who waits to push goes on
 *                                 -> consumer_closed
 *     outbox.start, run           a goroutine of the main loop, which returns at once -> outbox_start, outbox_run
 *     the test                    fills the channel; one push in a goroutine, one after the outbox has ended
 *                                 -> the function below, blocked_pusher
 *
 * Both pushes wait for a consumer that is gone. The fix closes at every end of the main loop.
 */
#include "bugs.h"

enum { ROWS = 16 };
enum { NEED_MORE_ROWS, DRAIN_REQUESTED, CONSUMER_CLOSED };

struct outbox {
    atomic_int status;
    weft_chan(int) data;
    bool fixed;
};

static void consumer_closed(struct outbox *o)
{
    atomic_store(&o->status, CONSUMER_CLOSED);
    weft_select(weft_on_recv(o->data, NULL, NULL), weft_on_default());
}

static void push(struct outbox *o)
{
    switch (atomic_load(&o->status)) {
    case NEED_MORE_ROWS:
        weft_send(o->data, 0);
        break;
    case DRAIN_REQUESTED:
    case CONSUMER_CLOSED:
        break;
    }
}

struct outbox_run {
    struct outbox *o;
    weft_latch *wg;
};

static int outbox_run(struct outbox_run *self)
{
    if (self->o->fixed)
        consumer_closed(self->o);
    return weft_latch_done(self->wg);
}

static void outbox_start(weft_scope *scope, struct outbox *o, weft_latch *wg)
{
    weft_latch_add(wg, 1);
    weft_go(scope, outbox_run, .o = o, .wg = wg);
}

struct blocked_pusher {
    struct outbox *o;
    weft_latch *wg;
};

static int blocked_pusher(struct blocked_pusher *self)
{
    push(self->o);
    return weft_latch_done(self->wg);
}

BUG(cockroach_35073)
{
    struct outbox o = {.data = weft_chan_new(int, ROWS), .fixed = self->fixed};
    weft_latch wg = {0}, pusher_wg = {0};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < ROWS; i++)
        push(&o);
    weft_latch_add(&pusher_wg, 1);
    weft_go(&scope, blocked_pusher, .o = &o, .wg = &pusher_wg);
    outbox_start(&scope, &o, &wg);
    if ((rc = weft_latch_wait(&wg)) == 0)
        push(&o);
    rc = weft_scope_close_with(&scope, rc);
    weft_chan_free(o.data);
    return rc;
}
