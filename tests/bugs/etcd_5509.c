/* etcd-io/etcd 5509: a way out of a function on which the read lock is kept.
 *
 *     Client.Close                                   -> client_close
 *     remoteClient.acquire (below kv.Get, Do, do, getRemote, which only pass it on) -> acquire
 *     the goroutine of the test                      -> get
 *
 * Once the client is closed, acquire returns with the client read-locked, and the second lock of Close waits for ever.
 * The fix gives the read lock back before it looks whether to return, and takes the two locks in the other order.
 */
#include "bugs.h"

struct client {
    weft_rwlock mu;
    weft_chan(char) context; /* closed: cancelled */
    bool open, fixed;
};

struct remote {
    struct client *client;
    weft_mutex mu;
};

static void client_close(struct client *c)
{
    if (weft_rwlock_write(&c->mu) < 0)
        return;
    if (c->open) {
        weft_chan_close(c->context);
        c->open = false;
        weft_rwlock_write_unlock(&c->mu);
        if (weft_rwlock_write(&c->mu) < 0) /* waits here */
            return;
    }
    weft_rwlock_write_unlock(&c->mu);
}

static int acquire_fixed(struct remote *r)
{
    for (;;) {
        bool closed;

        if (weft_mutex_lock(&r->mu) < 0 || weft_rwlock_read(&r->client->mu) < 0)
            return -ECANCELED;
        closed = !r->client->open;
        weft_mutex_unlock(&r->mu);
        weft_rwlock_read_unlock(&r->client->mu);
        if (closed)
            return 0;
    }
}

static int acquire(struct remote *r)
{
    for (;;) {
        bool closed;

        if (weft_rwlock_read(&r->client->mu) < 0)
            return -ECANCELED;
        closed = !r->client->open;
        if (weft_mutex_lock(&r->mu) < 0)
            return -ECANCELED;
        weft_mutex_unlock(&r->mu);
        if (closed)
            return 0; /* read-locked */
        weft_rwlock_read_unlock(&r->client->mu);
    }
}

struct get {
    struct remote *remote;
    weft_chan(char) done;
};

static int get(struct get *self)
{
    int rc = self->remote->client->fixed ? acquire_fixed(self->remote) : acquire(self->remote);

    weft_chan_close(self->done);
    return rc;
}

BUG(etcd_5509)
{
    struct client client = {.context = weft_chan_new(char, 0), .open = true, .fixed = self->fixed};
    struct remote remote = {.client = &client};
    weft_chan(char) done = weft_chan_new(char, 0);
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, get, .remote = &remote, .done = done);
    client_close(&client);
    weft_recv(done, NULL);
    rc = weft_scope_close(&scope);
    weft_chan_free(done);
    weft_chan_free(client.context);
    return rc;
}
