/* cockroachdb/cockroach 10214: two locks taken in two orders, with five functions between them.
 *
 *     sendQueuedHeartbeats, ...ToNode, reportUnreachable   coalescedMu, then raftMu of each replica
 *                                                          -> send_queued_heartbeats, report_unreachable
 *     tick, tickRaftMuLocked, maybeQuiesceLocked,          raftMu, mu, then coalescedMu
 *     maybeCoalesceHeartbeat                               -> tick, maybe_coalesce_heartbeat
 *
 * One who sends and one who ticks wait for each other. The fix takes the queued heartbeats out under coalescedMu and
 * unlocks it before it goes to the replicas.
 */
#include "bugs.h"

struct store {
    weft_mutex coalesced_mu;
    int heartbeat_responses;
    struct replica {
        weft_mutex raft_mu, mu;
        struct store *store;
    } replicas[2];
    bool fixed;
};

static void report_unreachable(struct replica *r)
{
    if (weft_mutex_lock(&r->raft_mu) < 0)
        return;
    weft_mutex_unlock(&r->raft_mu);
}

static void send_queued_heartbeats_to_node(struct store *s)
{
    for (int i = 0; i < 2; i++)
        report_unreachable(&s->replicas[i]);
}

struct send_queued_heartbeats {
    struct store *s;
};

static int send_queued_heartbeats(struct send_queued_heartbeats *self)
{
    struct store *s = self->s;
    int count, rc;

    if ((rc = weft_mutex_lock(&s->coalesced_mu)) < 0)
        return rc;
    count = s->heartbeat_responses;
    if (s->fixed) {
        s->heartbeat_responses = 0;
        weft_mutex_unlock(&s->coalesced_mu);
    }
    for (int i = 0; i < count; i++)
        send_queued_heartbeats_to_node(s);
    if (!s->fixed)
        weft_mutex_unlock(&s->coalesced_mu);
    return 0;
}

static bool maybe_coalesce_heartbeat(struct replica *r)
{
    if (weft_mutex_lock(&r->store->coalesced_mu) < 0)
        return false;
    weft_mutex_unlock(&r->store->coalesced_mu);
    return true;
}

static void tick_raft_mu_locked(struct replica *r)
{
    if (weft_mutex_lock(&r->mu) < 0)
        return;
    for (int i = 0; i < 2; i++)
        if (!maybe_coalesce_heartbeat(r))
            break;
    weft_mutex_unlock(&r->mu);
}

struct tick {
    struct replica *r;
};

static int tick(struct tick *self)
{
    int rc;

    if ((rc = weft_mutex_lock(&self->r->raft_mu)) < 0)
        return rc;
    tick_raft_mu_locked(self->r);
    weft_mutex_unlock(&self->r->raft_mu);
    return 0;
}

BUG(cockroach_10214)
{
    struct store store = {.heartbeat_responses = 2, .fixed = self->fixed};
    weft_scope scope;

    store.replicas[0].store = store.replicas[1].store = &store;
    weft_scope_open(&scope);
    weft_go(&scope, send_queued_heartbeats, .s = &store);
    weft_go(&scope, tick, .r = &store.replicas[0]);
    return weft_scope_close(&scope);
}
