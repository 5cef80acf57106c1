/* cockroachdb/cockroach 6181: a line for the log that takes the lock under which it is written.
 *
 *     LookupRangeDescriptor             read-lock; print the cache; unlock; write-lock, unlock -> lookup
 *     rangeDescriptorCache.String       what the print calls: read-lock                        -> cache_string
 *     testRangeCacheCoalescedRquests    three of the lookups, and a wait group                 -> coalesced_requests
 *
 * A lookup that has come to its write lock stands between the two read locks of another. The fix prints with the
 * variant that expects the lock to be held.
 */
#include "bugs.h"

struct cache {
    weft_rwlock mu;
    bool fixed;
};

static const char *cache_string_locked(void)
{
    return "something here";
}

static const char *cache_string(struct cache *c)
{
    const char *text;

    if (weft_rwlock_read(&c->mu) < 0)
        return NULL;
    text = cache_string_locked();
    weft_rwlock_read_unlock(&c->mu);
    return text;
}

struct lookup {
    struct cache *c;
    weft_latch *wg;
};

static int lookup(struct lookup *self)
{
    struct cache *c = self->c;
    int rc;

    if ((rc = weft_rwlock_read(&c->mu)) < 0)
        return rc;
    (void)(c->fixed ? cache_string_locked() : cache_string(c));
    weft_rwlock_read_unlock(&c->mu);
    if ((rc = weft_rwlock_write(&c->mu)) < 0)
        return rc;
    weft_rwlock_write_unlock(&c->mu);
    return weft_latch_done(self->wg);
}

struct coalesced_requests {
    struct cache *c;
};

static int coalesced_requests(struct coalesced_requests *self)
{
    weft_latch wg = {0};
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++) {
        weft_latch_add(&wg, 1);
        weft_go(&scope, lookup, .c = self->c, .wg = &wg);
    }
    return weft_scope_close_with(&scope, weft_latch_wait(&wg));
}

BUG(cockroach_6181)
{
    struct cache c = {.fixed = self->fixed};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, coalesced_requests, .c = &c);
    return weft_scope_close(&scope);
}
