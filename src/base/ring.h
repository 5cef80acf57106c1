/* A double-ended queue of pointers in one growing array of a power of two.
 *
 *      front                  back          front, back count for ever; the slot is the low bits
 *        v                      v
 *   [ ][ ][p][p][p][p][p][p][p][ ][ ]       push_front writes at front - 1, push_back at back
 */
#ifndef WEFT_BASE_RING_H
#define WEFT_BASE_RING_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct weft__ring {
    void **slots;
    uint32_t mask, front, back; /* mask + 1 slots; front == back: empty */
};

static inline uint32_t weft__ring_count(const struct weft__ring *ring)
{
    return ring->back - ring->front;
}

/* Makes room for one more; false without memory. */
WEFT__NOINLINE __attribute__((unused)) static bool weft__ring_grow(struct weft__ring *ring)
{
    uint32_t size = ring->slots ? (ring->mask + 1) * 2 : 64;
    void **slots = malloc(size * sizeof *slots);

    if (!slots)
        return false;
    for (uint32_t i = ring->front; i != ring->back; i++)
        slots[i & (size - 1)] = ring->slots[i & ring->mask];
    free(ring->slots);
    ring->slots = slots;
    ring->mask = size - 1;
    return true;
}

static inline bool weft__ring_reserve(struct weft__ring *ring)
{
    return WEFT__LIKELY(ring->back - ring->front < ring->mask) || weft__ring_grow(ring);
}

/* After a successful reserve. */
static inline void weft__ring_push_front(struct weft__ring *ring, void *item)
{
    ring->slots[--ring->front & ring->mask] = item;
}

static inline void weft__ring_push_back(struct weft__ring *ring, void *item)
{
    ring->slots[ring->back++ & ring->mask] = item;
}

static inline void *weft__ring_pop_front(struct weft__ring *ring)
{
    return ring->front == ring->back ? NULL : ring->slots[ring->front++ & ring->mask];
}

static inline void *weft__ring_pop_back(struct weft__ring *ring)
{
    return ring->front == ring->back ? NULL : ring->slots[--ring->back & ring->mask];
}

static inline void *weft__ring_at(const struct weft__ring *ring, uint32_t i)
{
    return ring->slots[(ring->front + i) & ring->mask];
}

/* Takes the item at position i from the front, and closes the gap. */
static inline void *weft__ring_take(struct weft__ring *ring, uint32_t i)
{
    void *item = ring->slots[(ring->front + i) & ring->mask];

    for (; i > 0; i--)
        ring->slots[(ring->front + i) & ring->mask] = ring->slots[(ring->front + i - 1) & ring->mask];
    ring->front++;
    return item;
}

#endif
