/* etcd-io/etcd 7443: a balancer tells of its addresses with its lock held, and who listens wants that lock.
 *
 *     addrConn.tearDown, resetTransport                    -> tear_down, reset_transport
 *     ClientConn.lbWatcher, resetAddrConn, Close           -> watcher (compare, keeps), reset_conn, conn_close
 *     simpleBalancer.Up, the function it returns, Close    -> balancer_up, balancer_down, balancer_close
 *     the goroutine of the test that closes the balancer   -> closer
 *     fixed only: simpleBalancer.updateNotifyLoop          -> notify_loop
 *
 * The channel has room for one. With it full, up or down waits in the send with the balancer locked (and the
 * connection), while the watcher, who alone receives, waits in tear_down for one of the two. The fix sends from a task
 * of its own that holds no lock: up and down only swap and close the channels on which it waits, and close stops it
 * before it closes the channel.
 *
 * What down is to take back is told by the address that up was called with. As in the kernel the addresses are 0 to 2,
 * and 0 also means that none is pinned: so up may pin a second one before the watcher has looked, without which there
 * is no way to fill the channel here. In the original no address is empty, by which down finds nothing to do after
 * close; in the fixed twin it asks for that. Go's panic of a send on a closed channel, which down recovers from, is
 * -EPIPE.
 */
#include "bugs.h"

enum { ADDRESSES = 3 };

struct addresses {
    int count, item[ADDRESSES];
};

struct channel {
    weft_chan(char) chan;
    struct channel *next;
};

struct balancer {
    struct addresses all;
    weft_chan(struct addresses) notify; /* room 1 */
    weft_rwlock mu;
    bool closed, fixed;
    int pinned;
    weft_chan(char) up, down, stop, done; /* fixed only */
    struct channel *made;
};

struct conn {
    weft_mutex mu;
    struct client *client;
    int address;
    bool has_down;
    struct conn *next;
};

struct client {
    struct balancer *balancer;
    weft_rwlock mu;
    bool has_conns;
    struct conn *conns[ADDRESSES], *all;
    weft_scope *scope;
};

static weft_chan(char) make(struct balancer *b)
{
    struct channel *channel = malloc(sizeof *channel);

    if (!channel)
        abort();
    *channel = (struct channel){weft_chan_new(char, 0), b->made};
    b->made = channel;
    return channel->chan;
}

/* ---- the balancer ---- */

/* Whether there is something to take back. */
static bool balancer_up(struct balancer *b, int address)
{
    bool has_down;

    if (weft_rwlock_write(&b->mu) < 0)
        return false;
    has_down = !b->closed;
    if (!b->closed && !b->pinned) {
        b->pinned = address;
        if (b->fixed) {
            weft_chan_close(b->up);
            b->down = make(b);
        } else {
            weft_send(b->notify, (struct addresses){1, {address}}); /* waits here */
        }
    }
    weft_rwlock_write_unlock(&b->mu);
    return has_down;
}

static void balancer_down(struct balancer *b, int address)
{
    if (weft_rwlock_write(&b->mu) < 0)
        return;
    if (b->pinned == address && !(b->fixed && b->closed)) {
        b->pinned = 0;
        if (b->fixed) {
            b->up = make(b);
            weft_chan_close(b->down);
        } else {
            weft_send(b->notify, b->all); /* or here */
        }
    }
    weft_rwlock_write_unlock(&b->mu);
}

static void balancer_close(struct balancer *b)
{
    bool was_closed;

    if (weft_rwlock_write(&b->mu) < 0)
        return;
    was_closed = b->closed;
    b->closed = true;
    if (!was_closed) {
        b->pinned = 0;
        if (b->fixed) {
            weft_chan_close(b->stop);
            weft_chan_close(b->up);
        } else {
            weft_chan_close(b->notify);
        }
    }
    weft_rwlock_write_unlock(&b->mu);
    if (b->fixed)
        weft_recv(b->done, NULL);
    if (b->fixed && !was_closed)
        weft_chan_close(b->notify);
}

/* False: it is to stop. */
static bool tell(struct balancer *b, struct addresses addresses)
{
    char none;

    return weft_select(weft_on_send(b->notify, &addresses, NULL), weft_on_recv(b->stop, &none, NULL)) == 0;
}

/* Waits until one is pinned, tells of it, waits until it is not, tells of all. False: it is to stop. */
static bool notify_once(struct balancer *b)
{
    weft_chan(char) up, down;
    int pinned;
    char none;

    if (weft_rwlock_read(&b->mu) < 0)
        return false;
    up = b->up;
    weft_rwlock_read_unlock(&b->mu);
    weft_recv(up, NULL);
    if (weft_rwlock_read(&b->mu) < 0)
        return false;
    pinned = b->pinned;
    down = b->down;
    weft_rwlock_read_unlock(&b->mu);
    if (!tell(b, (struct addresses){1, {pinned}}))
        return false;
    return weft_select(weft_on_recv(down, &none, NULL), weft_on_recv(b->stop, &none, NULL)) == 0 && tell(b, b->all);
}

struct notify_loop {
    struct balancer *b;
};

static int notify_loop(struct notify_loop *self)
{
    while (notify_once(self->b))
        ;
    weft_chan_close(self->b->done);
    return 0;
}

/* ---- the connections ---- */

static void tear_down(struct conn *c)
{
    if (weft_mutex_lock(&c->mu) < 0)
        return;
    if (c->has_down)
        balancer_down(c->client->balancer, c->address);
    c->has_down = false;
    weft_mutex_unlock(&c->mu);
}

struct reset_transport {
    struct conn *c;
};

static int reset_transport(struct reset_transport *self)
{
    struct conn *c = self->c;

    if (weft_mutex_lock(&c->mu) < 0)
        return -ECANCELED;
    c->has_down = balancer_up(c->client->balancer, c->address);
    weft_mutex_unlock(&c->mu);
    return 0;
}

static void reset_conn(struct client *cc, int address)
{
    struct conn *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    c->client = cc;
    c->address = address;
    c->next = cc->all;
    cc->all = c;
    if (weft_rwlock_write(&cc->mu) < 0)
        return;
    if (!cc->has_conns) {
        weft_rwlock_write_unlock(&cc->mu);
        return;
    }
    cc->conns[address] = c;
    weft_rwlock_write_unlock(&cc->mu);
    weft_go(cc->scope, reset_transport, .c = c);
}

static bool keeps(const struct addresses *addresses, int address)
{
    for (int i = 0; i < addresses->count; i++)
        if (addresses->item[i] == address)
            return true;
    return false;
}

/* Which are new, and which are to go; cc is locked. */
static void compare(struct client *cc, const struct addresses *addresses, struct addresses *ret_add,
                    struct conn **ret_gone)
{
    for (int i = 0; i < addresses->count; i++)
        if (!cc->has_conns || !cc->conns[addresses->item[i]])
            ret_add->item[ret_add->count++] = addresses->item[i];
    for (int address = 0; address < ADDRESSES && cc->has_conns; address++)
        if (cc->conns[address] && !keeps(addresses, address)) {
            *ret_gone++ = cc->conns[address];
            cc->conns[address] = NULL;
        }
}

struct watcher {
    struct client *cc;
};

static int watcher(struct watcher *self)
{
    struct client *cc = self->cc;

    weft_chan_each(addresses, cc->balancer->notify)
    {
        struct conn *gone[ADDRESSES] = {NULL};
        struct addresses add = {0};

        if (weft_rwlock_write(&cc->mu) < 0)
            return -ECANCELED;
        compare(cc, &addresses, &add, gone);
        weft_rwlock_write_unlock(&cc->mu);
        for (int i = 0; i < add.count; i++)
            reset_conn(cc, add.item[i]);
        for (int i = 0; i < ADDRESSES && gone[i]; i++)
            tear_down(gone[i]);
    }
    return 0;
}

struct conn_close {
    struct client *cc;
};

static int conn_close(struct conn_close *self)
{
    struct client *cc = self->cc;
    bool had_conns;

    if (weft_rwlock_write(&cc->mu) < 0)
        return -ECANCELED;
    had_conns = cc->has_conns;
    cc->has_conns = false; /* nobody looks at them after this but we */
    weft_rwlock_write_unlock(&cc->mu);
    balancer_close(cc->balancer);
    for (int address = 0; address < ADDRESSES && had_conns; address++)
        if (cc->conns[address])
            tear_down(cc->conns[address]);
    return 0;
}

struct closer {
    struct balancer *b;
    weft_chan(char) closed;
};

static int closer(struct closer *self)
{
    balancer_close(self->b);
    weft_chan_close(self->closed);
    return 0;
}

static void free_all(struct balancer *b, struct client *cc)
{
    for (struct conn *c = cc->all, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    for (struct channel *c = b->made, *next; c; c = next) {
        next = c->next;
        weft_chan_free(c->chan);
        free(c);
    }
    weft_chan_free(b->notify);
}

BUG(etcd_7443)
{
    struct balancer b = {.all = {3, {0, 1, 2}}, .notify = weft_chan_new(struct addresses, 1), .fixed = self->fixed};
    struct client cc = {.balancer = &b, .has_conns = true};
    weft_chan(char) closed = make(&b);
    weft_scope scope;
    int rc;

    b.up = make(&b);
    b.down = make(&b);
    b.stop = make(&b);
    b.done = make(&b);
    weft_scope_open(&scope);
    cc.scope = &scope;
    weft_send(b.notify, b.all);
    if (b.fixed)
        weft_go(&scope, notify_loop, .b = &b);
    weft_go(&scope, watcher, .cc = &cc);
    weft_go(&scope, closer, .b = &b, .closed = closed);
    weft_go(&scope, conn_close, .cc = &cc);
    weft_recv(closed, NULL);
    rc = weft_scope_close(&scope);
    free_all(&b, &cc);
    return rc;
}
