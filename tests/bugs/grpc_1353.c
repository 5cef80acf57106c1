/* grpc/grpc-go 1353: updates are sent under a lock that their receiver takes while it works on one.
 *
 *     roundRobin.watchAddrUpdates, down, Close   -> watch_updates, down, balancer_close
 *     the goroutine of roundRobin.Start          -> updater
 *     addrConn.tearDown, ClientConn.lbWatcher    -> tear_down, watcher
 *     the goroutine of the test                  -> closer
 *
 * The updater waits in its next send with the mutex locked, the watcher for the mutex. The fix gives the channel room
 * for one and takes out what is in it before it sends, so that the send never waits.
 */
#include "bugs.h"

enum { UPDATES = 100, CONNS = 2 };

struct balancer {
    weft_mutex mu;
    weft_chan(bool) updates;
    weft_chan(char) help;
    bool fixed;
};

struct conn {
    weft_mutex mu;
    struct balancer *b;
};

static void watch_updates(struct balancer *b)
{
    bool old;

    if (weft_mutex_lock(&b->mu) < 0)
        return;
    if (b->fixed)
        weft_select(weft_on_recv(b->updates, &old, NULL), weft_on_default());
    weft_send(b->updates, true); /* waits here */
    weft_mutex_unlock(&b->mu);
}

static void down(struct balancer *b)
{
    if (weft_mutex_lock(&b->mu) < 0) /* and here */
        return;
    weft_mutex_unlock(&b->mu);
}

static void balancer_close(struct balancer *b)
{
    if (weft_mutex_lock(&b->mu) < 0)
        return;
    weft_chan_close(b->updates);
    weft_mutex_unlock(&b->mu);
}

static void tear_down(struct conn *c)
{
    if (weft_mutex_lock(&c->mu) < 0)
        return;
    down(c->b);
    weft_mutex_unlock(&c->mu);
}

struct updater {
    struct balancer *b;
};

static int updater(struct updater *self)
{
    for (int i = 0; i < UPDATES; i++)
        watch_updates(self->b);
    weft_chan_close(self->b->help);
    return 0;
}

struct watcher {
    struct balancer *b;
    struct conn *conns;
};

static int watcher(struct watcher *self)
{
    weft_chan_each(update, self->b->updates)
    {
        (void)update;
        for (int i = 0; i < CONNS; i++)
            tear_down(&self->conns[i]);
    }
    return 0;
}

struct closer {
    struct balancer *b;
};

static int closer(struct closer *self)
{
    weft_recv(self->b->help, NULL);
    balancer_close(self->b);
    return 0;
}

BUG(grpc_1353)
{
    struct balancer b = {.help = weft_chan_new(char, 0), .fixed = self->fixed};
    struct conn conns[CONNS] = {{.b = &b}, {.b = &b}};
    weft_scope scope;
    int rc;

    b.updates = weft_chan_new(bool, self->fixed ? 1 : 0);
    weft_scope_open(&scope);
    weft_go(&scope, updater, .b = &b);
    weft_go(&scope, watcher, .b = &b, .conns = conns);
    weft_go(&scope, closer, .b = &b);
    rc = weft_scope_close(&scope);
    weft_chan_free(b.updates);
    weft_chan_free(b.help);
    return rc;
}
