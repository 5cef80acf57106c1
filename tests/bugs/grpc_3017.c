/* grpc/grpc-go 3017: a timer that comes too late returns with the mutex locked.
 *
 *     lbCacheClientConn.NewSubConn, RemoveSubConn  -> new_conn, remove_conn
 *     time.AfterFunc and the function of it        -> timer, a task; expired
 *     entry.cancel, timer.Stop                     -> cancel
 *     the goroutine of the test                    -> turn
 *
 * The timer has fired and waits for the mutex; meanwhile the connection is taken out of the cache again, which finds
 * that it cannot stop the timer any more and marks the entry. The timer's function sees the mark and returns. The fix
 * unlocks there too. There is one address and one connection, so the maps are one pointer and one flag.
 */
#include "bugs.h"

enum { TURNS = 100 }; /* in the kernel 1000 */

enum state { PENDING, FIRED, STOPPED };

struct entry {
    _Atomic(enum state) timer;
    weft_event stop;
    bool abort_deleting;
};

struct cache {
    weft_mutex mu;
    int64_t timeout;
    struct entry *entry; /* subConnCache */
    bool has_address;    /* subConnToAddr */
    bool fixed;
    struct entry *entries; /* all there will be: the tasks of the timers look at them to their end */
    int used;
    weft_scope *scope;
};

static void expired(struct cache *c, struct entry *entry)
{
    if (weft_mutex_lock(&c->mu) < 0)
        return;
    if (entry->abort_deleting) {
        if (c->fixed)
            weft_mutex_unlock(&c->mu);
        return;
    }
    c->has_address = false;
    c->entry = NULL;
    weft_mutex_unlock(&c->mu);
}

struct timer {
    struct cache *c;
    struct entry *entry;
    int64_t deadline;
};

static int timer(struct timer *self)
{
    enum state pending = PENDING;

    if (weft_select(weft_on_deadline(self->deadline), weft_on_event(&self->entry->stop)) == 0 &&
        atomic_compare_exchange_strong(&self->entry->timer, &pending, FIRED))
        expired(self->c, self->entry);
    return 0;
}

static void cancel(struct entry *entry)
{
    enum state pending = PENDING;

    if (atomic_compare_exchange_strong(&entry->timer, &pending, STOPPED))
        weft_event_set(&entry->stop);
    else
        entry->abort_deleting = true;
}

static void new_conn(struct cache *c)
{
    if (weft_mutex_lock(&c->mu) < 0)
        return;
    if (c->entry) {
        cancel(c->entry);
        c->entry = NULL;
    } else {
        c->has_address = true;
    }
    weft_mutex_unlock(&c->mu);
}

static void remove_conn(struct cache *c)
{
    if (weft_mutex_lock(&c->mu) < 0)
        return;
    if (c->has_address && !c->entry) {
        c->entry = &c->entries[c->used++];
        weft_go(c->scope, timer, .c = c, .entry = c->entry, .deadline = weft_now() + c->timeout);
    }
    weft_mutex_unlock(&c->mu);
}

struct turn {
    struct cache *c;
    weft_chan(char) done;
};

static int turn(struct turn *self)
{
    for (int i = 0; i < TURNS; i++) {
        remove_conn(self->c);
        new_conn(self->c);
    }
    weft_chan_close(self->done);
    return 0;
}

BUG(grpc_3017)
{
    struct cache c = {.timeout = 1, .fixed = self->fixed, .entries = calloc(TURNS, sizeof *c.entries)};
    weft_chan(char) done = weft_chan_new(char, 0);
    weft_scope scope;
    int rc;

    if (!c.entries)
        return -ENOMEM;
    weft_scope_open(&scope);
    c.scope = &scope;
    new_conn(&c);
    weft_go(&scope, turn, .c = &c, .done = done);
    weft_recv(done, NULL);
    rc = weft_scope_close(&scope);
    weft_chan_free(done);
    free(c.entries);
    return rc;
}
