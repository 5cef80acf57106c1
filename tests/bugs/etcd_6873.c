/* etcd-io/etcd 6873: the broadcasts are stopped under a lock that the loop needs for what is still in its channel.
 *
 *     the goroutine in newWatchBroadcasts, with coalesce -> pump, coalesce
 *     watchBroadcasts.update                             -> update
 *     watchBroadcasts.stop                               -> stop
 *
 * Stop waits for the end of the loop with the mutex locked; the loop, which has an update to merge, waits for the
 * mutex. The fix unlocks after it has closed the channel and before it waits.
 */
#include "bugs.h"

struct broadcasts {
    weft_mutex mu;
    weft_chan(int) updates; /* room 1 */
    weft_chan(char) done;
    bool fixed;
};

static void coalesce(struct broadcasts *b)
{
    if (weft_mutex_lock(&b->mu) < 0)
        return;
    weft_mutex_unlock(&b->mu);
}

struct pump {
    struct broadcasts *b;
};

static int pump(struct pump *self)
{
    weft_chan_each(update, self->b->updates)
    {
        (void)update;
        coalesce(self->b);
    }
    weft_chan_close(self->b->done);
    return 0;
}

static void update(struct broadcasts *b)
{
    int value = 1;

    weft_select(weft_on_send(b->updates, &value, NULL), weft_on_default());
}

struct stop {
    struct broadcasts *b;
};

static int stop(struct stop *self)
{
    struct broadcasts *b = self->b;

    if (weft_mutex_lock(&b->mu) < 0)
        return -ECANCELED;
    weft_chan_close(b->updates);
    if (b->fixed)
        weft_mutex_unlock(&b->mu);
    weft_recv(b->done, NULL); /* waits here */
    if (!b->fixed)
        weft_mutex_unlock(&b->mu);
    return 0;
}

BUG(etcd_6873)
{
    struct broadcasts b = {.updates = weft_chan_new(int, 1), .done = weft_chan_new(char, 0), .fixed = self->fixed};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, pump, .b = &b);
    update(&b);
    weft_go(&scope, stop, .b = &b);
    rc = weft_scope_close(&scope);
    weft_chan_free(b.updates);
    weft_chan_free(b.done);
    return rc;
}
