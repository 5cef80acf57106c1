/* grpc/grpc-go 1424: a watcher ends without closing the channel by which it was to say that it is ready.
 *
 *     ClientConn.lbWatcher       -> watcher
 *     the goroutine of DialContext -> dialer
 *     DialContext, itself a goroutine of the test -> dial
 *
 * If the channel of addresses is closed before there was a connection, the dialer waits for ever. The fix closes the
 * other channel at the end of the watcher.
 */
#include "bugs.h"

struct conn {
    weft_mutex mu;
};

struct client {
    weft_chan(bool) addresses;
    struct conn *conns[1];
    int count;
    bool fixed;
};

struct watcher {
    struct client *cc;
    weft_chan(char) done;
};

static int watcher(struct watcher *self)
{
    struct client *cc = self->cc;

    weft_chan_each(address, cc->addresses)
    {
        (void)address;
        for (int i = 0; i < cc->count; i++)
            if (weft_mutex_lock(&cc->conns[i]->mu) == 0)
                weft_mutex_unlock(&cc->conns[i]->mu);
    }
    if (cc->fixed)
        weft_chan_close(self->done);
    return 0;
}

struct dialer {
    struct client *cc;
    weft_chan(int) wait;
    weft_chan(char) done;
    weft_scope *scope;
};

static int dialer(struct dialer *self)
{
    if (self->cc->addresses) {
        weft_go(self->scope, watcher, .cc = self->cc, .done = self->done);
        weft_recv(self->done, NULL); /* waits here */
    }
    weft_chan_close(self->wait);
    return 0;
}

struct dial {
    struct client *cc;
    weft_chan(int) wait;
    weft_chan(char) done;
    weft_scope *scope;
};

static int dial(struct dial *self)
{
    weft_go(self->scope, dialer, .cc = self->cc, .wait = self->wait, .done = self->done, .scope = self->scope);
    weft_chan_close(self->cc->addresses);
    return 0;
}

BUG(grpc_1424)
{
    struct client cc = {.addresses = weft_chan_new(bool, 0), .fixed = self->fixed};
    weft_chan(int) wait = weft_chan_new(int, 1);
    weft_chan(char) done = weft_chan_new(char, 0);
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, dial, .cc = &cc, .wait = wait, .done = done, .scope = &scope);
    rc = weft_scope_close(&scope);
    weft_chan_free(cc.addresses);
    weft_chan_free(wait);
    weft_chan_free(done);
    return rc;
}
