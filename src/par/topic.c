/* Topics. Two locks: the turn, which a publisher keeps for the whole of its publication, also while it waits for room;
 * and the lock of the list, which is held for moments only, so that a subscriber can always leave. One that leaves
 * meanwhile is only marked, and its channel closed, which sends a publisher that waits there on; the memory goes when
 * nobody is on the way through the list.
 */
#include <weft/topic.h>

#include "par/hold.h"

#include <errno.h>
#include <stdlib.h>

struct subscription {
    struct subscription *next; /* lock */
    struct weft__chan *chan;   /* constant */
    enum weft_when_full when_full;
    uint64_t lost; /* lock */
    bool left;     /* lock */
};

struct weft__topic {
    weft_mutex turn; /* who publishes */
    weft_mutex lock;
    struct subscription *first; /* lock; in the order of their coming */
    size_t size;                /* constant */
    bool closed, publishing;    /* lock */
};

struct weft__topic *weft_topic_new_raw(size_t size)
{
    struct weft__topic *topic = calloc(1, sizeof *topic);

    if (!topic)
        return NULL;
    topic->size = size;
    weft_mutex_init(&topic->turn, .fifo = 1, .name = "topic, publishing");
    weft_mutex_init(&topic->lock, .name = "topic");
    return topic;
}

static void subscription_free(struct subscription *subscription)
{
    weft_chan_free_raw(subscription->chan);
    free(subscription);
}

void weft_topic_free_raw(struct weft__topic *topic)
{
    struct subscription *subscription, *next;

    if (!topic)
        return;
    for (subscription = topic->first; subscription; subscription = next) {
        next = subscription->next;
        subscription_free(subscription);
    }
    free(topic);
}

/* ---- subscribing ---- */

struct weft__chan *weft_subscribe_raw(struct weft__topic *topic, const struct weft_subscription *options)
{
    struct subscription **at, *subscription = topic && options ? calloc(1, sizeof *subscription) : NULL;
    struct weft__chan *chan = NULL;

    if (subscription)
        chan = weft_chan_new_raw(topic->size, options->room ? options->room : 16);
    if (!chan) {
        free(subscription);
        return NULL;
    }
    subscription->chan = chan;
    subscription->when_full = options->when_full;
    weft__hold(&topic->lock);
    if (topic->closed)
        (void)weft_chan_close_raw(chan); /* it is open */
    for (at = &topic->first; *at; at = &(*at)->next)
        ;
    *at = subscription;
    weft__let_go(&topic->lock);
    return chan;
}

/* The lock is held, here and in what follows. */
static struct subscription *find(const struct weft__topic *topic, const struct weft__chan *chan)
{
    struct subscription *subscription = topic->first;

    while (subscription && (subscription->chan != chan || subscription->left))
        subscription = subscription->next;
    return subscription;
}

static void free_those_that_left(struct weft__topic *topic)
{
    struct subscription **at = &topic->first, *subscription;

    while ((subscription = *at) != NULL)
        if (subscription->left) {
            *at = subscription->next;
            subscription_free(subscription);
        } else {
            at = &subscription->next;
        }
}

int weft_unsubscribe_raw(struct weft__topic *topic, struct weft__chan *chan)
{
    struct subscription *subscription;

    if (!topic || !chan)
        return -EINVAL;
    weft__hold(&topic->lock);
    subscription = find(topic, chan);
    if (subscription) {
        (void)weft_chan_close_raw(chan); /* it may be closed */
        subscription->left = true;
        if (!topic->publishing)
            free_those_that_left(topic);
    }
    weft__let_go(&topic->lock);
    return subscription ? 0 : -ENOENT;
}

uint64_t weft_topic_lost_raw(struct weft__topic *topic, struct weft__chan *chan)
{
    struct subscription *subscription;
    uint64_t lost = 0;

    if (!topic)
        return 0;
    weft__hold(&topic->lock);
    subscription = find(topic, chan);
    if (subscription)
        lost = subscription->lost;
    weft__let_go(&topic->lock);
    return lost;
}

/* ---- publishing ---- */

int weft_topic_close_raw(struct weft__topic *topic)
{
    bool was_closed;

    if (!topic)
        return -EINVAL;
    weft__hold(&topic->lock);
    was_closed = topic->closed;
    topic->closed = true;
    for (struct subscription *subscription = topic->first; subscription; subscription = subscription->next)
        (void)weft_chan_close_raw(subscription->chan); /* it may be closed */
    weft__let_go(&topic->lock);
    return was_closed ? -EPIPE : 0;
}

/* The oldest go until there is room; nobody else sends, so that each round makes some. */
static int push_out(struct weft__chan *chan, const void *item, uint64_t *lost)
{
    int rc;

    while ((rc = weft_try_send_raw(chan, item)) == -EAGAIN) {
        rc = weft_try_recv_raw(chan, NULL);
        if (rc == 0)
            ++*lost;
        else if (rc != -EAGAIN) /* emptied by its receiver */
            break;
    }
    return rc;
}

/* To one subscriber: 0; -EPIPE: it has gone; -EAGAIN: its channel was full; -ECANCELED, -ETIMEDOUT. Without the lock.
 */
static int deliver(struct subscription *subscription, const void *item, uint64_t *lost)
{
    struct weft__chan *chan = subscription->chan;
    int rc;

    *lost = 0;
    if (subscription->when_full == WEFT_BLOCK)
        return weft_send_raw(chan, item);
    if (subscription->when_full == WEFT_DROP_OLDEST)
        return push_out(chan, item, lost);
    rc = weft_try_send_raw(chan, item);
    *lost = rc == -EAGAIN;
    if (rc == -EAGAIN && subscription->when_full == WEFT_DISCONNECT)
        (void)weft_chan_close_raw(chan); /* it may be closed */
    return rc;
}

/* To all, with the lock, which is given back for each delivery. */
static int deliver_to_all(struct weft__topic *topic, const void *item)
{
    int taken = 0;

    for (struct subscription *subscription = topic->first; subscription; subscription = subscription->next) {
        uint64_t lost;
        int rc;

        if (subscription->left)
            continue;
        weft__let_go(&topic->lock);
        rc = deliver(subscription, item, &lost);
        weft__hold(&topic->lock);
        subscription->lost += lost;
        if (rc == 0)
            taken++;
        else if (rc != -EPIPE && rc != -EAGAIN)
            return rc;
    }
    return taken;
}

int weft_publish_raw(struct weft__topic *topic, const void *item)
{
    int rc;

    if (!topic)
        return -EINVAL;
    if ((rc = weft_mutex_lock(&topic->turn)) < 0)
        return rc;
    weft__hold(&topic->lock);
    if (topic->closed) {
        rc = -EPIPE;
    } else {
        topic->publishing = true;
        rc = deliver_to_all(topic, item);
        topic->publishing = false;
        free_those_that_left(topic);
    }
    weft__let_go(&topic->lock);
    (void)weft_mutex_unlock(&topic->turn); /* it is ours */
    return rc;
}
