/* etcd-io/etcd 6708: a client that is write-locked asks itself who leads, for which it read-locks itself.
 *
 *     httpClusterClient.Sync, SetEndpoints, getLeaderEndpoint, Do -> sync_endpoints, set_endpoints, leader_of, ask
 *     NewMembersAPI(c).Leader                                     -> leader_of calls ask
 *
 * The fix asks before it takes the lock, and through a copy of the client that has a lock of its own. (weft_rwlock
 * does not wait there: it gives -EDEADLK.)
 */
#include "bugs.h"

enum selection { RANDOM, PRIORITIZE_LEADER };

struct cluster_client {
    weft_rwlock lock;
    enum selection mode;
    bool fixed;
};

static void ask(struct cluster_client *c)
{
    if (weft_rwlock_read(&c->lock) < 0) /* waits here */
        return;
    weft_rwlock_read_unlock(&c->lock);
}

static void leader_of(struct cluster_client *c)
{
    struct cluster_client copy = {.mode = RANDOM};

    ask(c->fixed ? &copy : c);
}

static void set_endpoints(struct cluster_client *c)
{
    switch (c->mode) {
    case RANDOM:
        break;
    case PRIORITIZE_LEADER:
        leader_of(c);
        break;
    }
}

static void sync_endpoints(struct cluster_client *c)
{
    if (c->fixed)
        set_endpoints(c);
    if (weft_rwlock_write(&c->lock) < 0)
        return;
    if (!c->fixed)
        set_endpoints(c);
    weft_rwlock_write_unlock(&c->lock);
}

BUG(etcd_6708)
{
    struct cluster_client client = {.mode = PRIORITIZE_LEADER, .fixed = self->fixed};

    sync_endpoints(&client);
    return 0;
}
