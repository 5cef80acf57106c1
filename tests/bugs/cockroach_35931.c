/* cockroachdb/cockroach 35931: a message to several receivers, one after the other, of which the first is full.
 *
 *     flowRegistry.cancelPendingStreamsLocked, Flow.cancel   collect the receivers under the lock, push into each
 *                                                            -> flow_cancel
 *     the test                                               fills the left one and cancels -> the function below
 *
 * The reader waits for a message on the right, and would take what is on the left only after it. The fix pushes into
 * each in a goroutine of its own.
 *
 * The kernel goes over a map, in any order, and ends with the cancel; here the left one is first, and the two reads
 * follow with which the program's own test goes on.
 */
#include "bugs.h"

enum { STREAMS = 2 };

struct flow {
    weft_mutex registry;
    weft_chan(char) streams[STREAMS];
    bool fixed;
};

struct push {
    weft_chan(char) data;
};

static int push(struct push *self)
{
    return weft_send(self->data, 0);
}

static int flow_cancel(weft_scope *scope, struct flow *f)
{
    weft_chan(char) receivers[STREAMS];
    int rc;

    if ((rc = weft_mutex_lock(&f->registry)) < 0)
        return rc;
    for (int i = 0; i < STREAMS; i++)
        receivers[i] = f->streams[i];
    weft_mutex_unlock(&f->registry);
    for (int i = 0; i < STREAMS; i++) {
        if (f->fixed)
            weft_go(scope, push, .data = receivers[i]);
        else
            push(&(struct push){receivers[i]});
    }
    return 0;
}

BUG(cockroach_35931)
{
    struct flow f = {.fixed = self->fixed};
    weft_scope scope;
    int rc;

    f.streams[0] = weft_chan_new(char, 1);
    f.streams[1] = weft_chan_new(char, 1);
    weft_scope_open(&scope);
    push(&(struct push){f.streams[0]});
    rc = flow_cancel(&scope, &f);
    weft_recv(f.streams[1], NULL);
    weft_recv(f.streams[0], NULL);
    weft_recv(f.streams[0], NULL);
    rc = weft_scope_close_with(&scope, rc);
    weft_chan_free(f.streams[0]);
    weft_chan_free(f.streams[1]);
    return rc;
}
