/* cockroachdb/cockroach 7504: the lock of a lease and that of the cache of leases, in two orders.
 *
 *     LeaseManager.AcquireByName, tableNameCache.get   the cache, then the lease it has found -> acquire, cache_get
 *     LeaseManager.Release, tableState.release         the table, the lease                   -> release
 *     removeLease, tableNameCache.remove               and then the cache                     -> cache_remove
 *
 * One who acquires and one who releases wait for each other. The fix holds the lease's lock only while it counts the
 * reference down, and removes it after that.
 */
#include "bugs.h"

enum { LEASES = 2 };

struct lease {
    weft_mutex mu;
    int id; /* all of them 0: the kernel does not use what numbers them */
};

struct manager {
    weft_mutex cache_mu;
    struct lease *tables[LEASES]; /* the cache; NULL: none */
    weft_mutex table_mu;
    struct lease *active[LEASES];
    int active_count;
    bool fixed;
};

static int cache_get(struct manager *m, int id)
{
    struct lease *lease;
    int rc;

    if ((rc = weft_mutex_lock(&m->cache_mu)) < 0)
        return rc;
    if ((lease = m->tables[id]) && (rc = weft_mutex_lock(&lease->mu)) == 0)
        weft_mutex_unlock(&lease->mu);
    weft_mutex_unlock(&m->cache_mu);
    return rc;
}

static int cache_remove(struct manager *m, struct lease *lease)
{
    int rc;

    if ((rc = weft_mutex_lock(&m->cache_mu)) < 0)
        return rc;
    if (m->tables[lease->id] == lease)
        m->tables[lease->id] = NULL;
    return weft_mutex_unlock(&m->cache_mu);
}

static int remove_lease(struct manager *m, struct lease *lease)
{
    for (int i = 0; i < m->active_count; i++) {
        if (m->active[i] != lease)
            continue;
        m->active_count--;
        memmove(&m->active[i], &m->active[i + 1], (size_t)(m->active_count - i) * sizeof *m->active);
        break;
    }
    return cache_remove(m, lease);
}

static int table_release(struct manager *m, struct lease *lease)
{
    struct lease *s;
    int rc;

    if ((rc = weft_mutex_lock(&m->table_mu)) < 0)
        return rc;
    s = m->active[lease->id];
    if ((rc = weft_mutex_lock(&s->mu)) == 0) {
        if (m->fixed)
            weft_mutex_unlock(&s->mu);
        rc = remove_lease(m, s);
        if (!m->fixed)
            weft_mutex_unlock(&s->mu);
    }
    weft_mutex_unlock(&m->table_mu);
    return rc;
}

struct acquire {
    struct manager *m;
    weft_latch *wg;
};

static int acquire(struct acquire *self)
{
    cache_get(self->m, 0);
    return weft_latch_done(self->wg);
}

struct release {
    struct manager *m;
    weft_latch *wg;
};

static int release(struct release *self)
{
    table_release(self->m, self->m->active[0]);
    return weft_latch_done(self->wg);
}

BUG(cockroach_7504)
{
    struct lease leases[LEASES] = {{.id = 0}};
    struct manager m = {.active_count = LEASES, .fixed = self->fixed};
    weft_latch wg = {0};
    weft_scope scope;

    for (int i = 0; i < LEASES; i++)
        m.tables[i] = m.active[i] = &leases[i];
    weft_scope_open(&scope);
    weft_latch_add(&wg, 2);
    weft_go(&scope, acquire, .m = &m, .wg = &wg);
    weft_go(&scope, release, .m = &m, .wg = &wg);
    return weft_scope_close_with(&scope, weft_latch_wait(&wg));
}
