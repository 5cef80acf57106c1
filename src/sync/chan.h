/* What select must know of a channel. */
#ifndef WEFT_SYNC_CHAN_H
#define WEFT_SYNC_CHAN_H

#include "sync/guard.h"

/* One ring of items and two queues of waiters, of which at most one is not empty:
 *
 *     senders wait      only while count == capacity
 *     receivers wait    only while count == 0
 *     closed            nobody waits
 *
 * A waiter's value is the item to take, or the place to put it: whoever comes and finds it copies in place. */
struct weft__chan {
    struct weft__guard guard;
    uint32_t size, capacity;                   /* of an item; items; constant */
    uint32_t head, tail, count;                /* guard: the oldest item, the next place, and how many */
    uint32_t limit;                            /* guard: capacity, 0 once it is closed */
    struct weft__list senders, receivers;      /* guard */
    bool closed;                               /* guard */
    char items[] __attribute__((aligned(16))); /* guard */
};

#endif
