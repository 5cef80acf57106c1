/* gohugoio/hugo 3251: a lock for each URL, waited for with the lock of their table held, which unlocking needs.
 *
 *     remoteLock.URLLock, URLUnlock     -> url_lock, url_unlock
 *     resGetRemote                      -> get_remote
 *     the fifty goroutines of the test  -> getter
 *
 * One waits for the URL's mutex with the table write-locked; its holder cannot read-lock the table to find the mutex
 * that it is to unlock. The fix gives the table back before it locks the mutex. There is one URL, so the map has one
 * entry.
 */
#include "bugs.h"

enum { ROUNDS = 2, GETTERS = 50, TIMES = 10 };

struct table {
    weft_rwlock lock;
    weft_mutex url;
    bool has_url, fixed;
};

static void url_lock(struct table *t)
{
    if (weft_rwlock_write(&t->lock) < 0)
        return;
    if (!t->has_url)
        weft_mutex_init(&t->url);
    t->has_url = true;
    if (t->fixed)
        weft_rwlock_write_unlock(&t->lock);
    if (weft_mutex_lock(&t->url) < 0) /* waits here */
        return;
    if (!t->fixed)
        weft_rwlock_write_unlock(&t->lock);
}

static void url_unlock(struct table *t)
{
    if (weft_rwlock_read(&t->lock) < 0) /* and here */
        return;
    if (t->has_url)
        weft_mutex_unlock(&t->url);
    weft_rwlock_read_unlock(&t->lock);
}

static void get_remote(struct table *t)
{
    url_lock(t);
    url_unlock(t);
}

struct getter {
    struct table *t;
    weft_latch *done;
};

static int getter(struct getter *self)
{
    for (int i = 0; i < TIMES; i++) {
        get_remote(self->t);
        weft_sleep(300);
    }
    weft_latch_done(self->done);
    return 0;
}

BUG(hugo_3251)
{
    struct table t = {.fixed = self->fixed};
    weft_scope scope;
    weft_latch done;
    int rc = 0;

    weft_latch_init(&done, 0);
    weft_scope_open(&scope);
    for (int round = 0; round < ROUNDS && rc == 0; round++) {
        for (int i = 0; i < GETTERS; i++) {
            weft_latch_add(&done, 1);
            weft_go(&scope, getter, .t = &t, .done = &done);
        }
        rc = weft_latch_wait(&done);
    }
    return weft_scope_close_with(&scope, rc);
}
