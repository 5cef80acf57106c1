/* etcd-io/etcd 10492: a lease is renewed under the lessor's lock, and what is called meanwhile takes it again.
 *
 *     lessor.Checkpoint, SetCheckpointer, Renew   -> checkpoint, set_checkpointer, renew
 *     the test's checkpointer, which calls the first -> fake_checkpointer
 *
 * Renew holds the lock until it returns, so the checkpoint waits for its own caller. The fix looks under the read
 * lock whether there is a checkpointer, gives it back, and only then calls. (weft_rwlock does not wait there: it gives
 * -EDEADLK.)
 */
#include "bugs.h"

struct lessor {
    weft_rwlock mu;
    void (*checkpointer)(struct lessor *lessor);
    bool fixed;
};

static void checkpoint(struct lessor *le)
{
    if (weft_rwlock_write(&le->mu) < 0)
        return;
    weft_rwlock_write_unlock(&le->mu);
}

static void fake_checkpointer(struct lessor *le)
{
    checkpoint(le);
}

static void set_checkpointer(struct lessor *le, void (*checkpointer)(struct lessor *))
{
    if (weft_rwlock_write(&le->mu) < 0)
        return;
    le->checkpointer = checkpointer;
    weft_rwlock_write_unlock(&le->mu);
}

static void renew(struct lessor *le)
{
    bool has_one;

    if (le->fixed) {
        if (weft_rwlock_read(&le->mu) < 0)
            return;
        has_one = le->checkpointer != NULL;
        weft_rwlock_read_unlock(&le->mu);
        if (has_one)
            le->checkpointer(le);
        return;
    }
    if (weft_rwlock_write(&le->mu) < 0)
        return;
    if (le->checkpointer)
        le->checkpointer(le);
    weft_rwlock_write_unlock(&le->mu);
}

BUG(etcd_10492)
{
    struct lessor le = {.fixed = self->fixed};

    set_checkpointer(&le, fake_checkpointer);
    if (weft_rwlock_write(&le.mu) < 0)
        return -ECANCELED;
    weft_rwlock_write_unlock(&le.mu);
    renew(&le);
    return 0;
}
