/* cockroachdb/cockroach 3710: a read lock taken twice, five calls apart.
 *
 *     Store.ForceRaftLogScanAndProcess       read-lock the store; MaybeAdd each replica    -> force_scan
 *     baseQueue.MaybeAdd, shouldQueue,       lock the queue, ask for the replica's status  -> maybe_add
 *     getTruncatableIndexes
 *     Store.RaftStatus                       read-lock the store                           -> raft_status
 *     Store.processRaft                      a goroutine that write-locks the store        -> process_raft, collect
 *
 * A writer that comes between the two read locks waits for the first and holds up the second. The fix copies the list
 * of replicas and unlocks before it goes over it.
 */
#include "bugs.h"

enum { REPLICAS = 2 };

struct store {
    weft_scope *scope;
    weft_rwlock mu;
    weft_mutex queue;
    struct replica {
        struct store *store;
    } replicas[REPLICAS];
    bool fixed;
};

static void raft_status(struct store *s)
{
    if (weft_rwlock_read(&s->mu) < 0)
        return;
    weft_rwlock_read_unlock(&s->mu);
}

static void maybe_add(struct store *s, struct replica *r)
{
    if (weft_mutex_lock(&s->queue) < 0)
        return;
    raft_status(r->store);
    weft_mutex_unlock(&s->queue);
}

struct force_scan {
    struct store *s;
};

static int force_scan(struct force_scan *self)
{
    struct store *s = self->s;
    struct replica *replicas[REPLICAS];
    int rc;

    if ((rc = weft_rwlock_read(&s->mu)) < 0)
        return rc;
    for (int i = 0; i < REPLICAS; i++)
        replicas[i] = &s->replicas[i];
    if (s->fixed)
        weft_rwlock_read_unlock(&s->mu);
    for (int i = 0; i < REPLICAS; i++)
        maybe_add(s, replicas[i]);
    if (!s->fixed)
        weft_rwlock_read_unlock(&s->mu);
    return 0;
}

struct collect {
    struct store *s;
};

static int collect(struct collect *self)
{
    int rc;

    if ((rc = weft_rwlock_write(&self->s->mu)) < 0)
        return rc;
    return weft_rwlock_write_unlock(&self->s->mu);
}

struct process_raft {
    struct store *s;
};

static int process_raft(struct process_raft *self)
{
    return weft_go(self->s->scope, collect, .s = self->s);
}

BUG(cockroach_3710)
{
    weft_scope scope;
    struct store s = {.scope = &scope, .fixed = self->fixed};

    for (int i = 0; i < REPLICAS; i++)
        s.replicas[i].store = &s;
    weft_scope_open(&scope);
    weft_go(&scope, force_scan, .s = &s);
    weft_go(&scope, process_raft, .s = &s);
    return weft_scope_close(&scope);
}
