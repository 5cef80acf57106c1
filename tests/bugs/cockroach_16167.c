/* cockroachdb/cockroach 16167: a read lock taken twice, the first time under another name.
 *
 *     execParsed ... Prepare, resetForBatch   lock systemConfigCond.L, which is the read side of systemConfigMu, and
 *                                             call on -> exec_parsed
 *     getDatabaseCache                        read-lock systemConfigMu          -> get_database_cache
 *     Start, updateSystemConfig               write-lock systemConfigMu         -> start
 *
 * A writer that comes between the two waits for the first and holds up the second: in this library as in Go a reader
 * does not overtake a waiting writer. The fix keeps the cache in an atomic variable, which is read without the lock.
 */
#include "bugs.h"

struct executor {
    weft_rwlock system_config_mu;
    atomic_int database_cache;
    bool fixed;
};

static void get_database_cache(struct executor *e)
{
    if (e->fixed) {
        (void)atomic_load(&e->database_cache);
        return;
    }
    if (weft_rwlock_read(&e->system_config_mu) < 0)
        return;
    weft_rwlock_read_unlock(&e->system_config_mu);
}

static int exec_parsed(struct executor *e)
{
    int rc;

    if ((rc = weft_rwlock_read(&e->system_config_mu)) < 0)
        return rc;
    get_database_cache(e);
    return weft_rwlock_read_unlock(&e->system_config_mu);
}

struct start {
    struct executor *e;
};

static int start(struct start *self)
{
    int rc;

    if ((rc = weft_rwlock_write(&self->e->system_config_mu)) < 0)
        return rc;
    return weft_rwlock_write_unlock(&self->e->system_config_mu);
}

BUG(cockroach_16167)
{
    struct executor e = {.fixed = self->fixed};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, start, .e = &e);
    return weft_scope_close_with(&scope, exec_parsed(&e));
}
