/* grpc/grpc-go 1460: a keepalive waits to be awakened with the mutex locked under which it would be.
 *
 *     http2Client.keepalive   -> keepalive
 *     http2Client.NewStream   -> new_stream
 *
 * In the original the channel has room for one and is full unless the keepalive sleeps: it empties it ("may be
 * written now"), unlocks, and receives once more. The new stream wrote into it and did not fill it again, so that the
 * next emptying waits with the mutex locked; that moment is the kernel, whose channel is always empty. The fix fills it
 * again.
 */
#include "bugs.h"

struct transport {
    weft_mutex mu;
    weft_chan(char) awaken;
    int streams;
    bool fixed;
};

struct keepalive {
    struct transport *t;
};

static int keepalive(struct keepalive *self)
{
    struct transport *t = self->t;

    if (weft_mutex_lock(&t->mu) < 0)
        return -ECANCELED;
    if (t->streams < 1) {
        weft_recv(t->awaken, NULL); /* waits here */
        weft_mutex_unlock(&t->mu);
        if (t->fixed)
            weft_recv(t->awaken, NULL);
    } else {
        weft_mutex_unlock(&t->mu);
    }
    return 0;
}

struct new_stream {
    struct transport *t;
};

static int new_stream(struct new_stream *self)
{
    struct transport *t = self->t;
    char none = 0;

    if (weft_mutex_lock(&t->mu) < 0)
        return -ECANCELED;
    if (++t->streams == 1 && weft_select(weft_on_send(t->awaken, &none, NULL), weft_on_default()) == 0 && t->fixed)
        weft_send(t->awaken, 0);
    weft_mutex_unlock(&t->mu);
    return 0;
}

BUG(grpc_1460)
{
    struct transport t = {.awaken = weft_chan_new(char, self->fixed ? 1 : 0), .fixed = self->fixed};
    weft_scope scope;
    int rc;

    if (self->fixed)
        weft_send(t.awaken, 0);
    weft_scope_open(&scope);
    weft_go(&scope, keepalive, .t = &t);
    weft_go(&scope, new_stream, .t = &t);
    rc = weft_scope_close(&scope);
    weft_chan_free(t.awaken);
    return rc;
}
