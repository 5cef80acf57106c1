/* A 4-ary min-heap of timers, the entries beside their keys so that sifting stays in few cache lines; each timer knows
 * its place, so that it can be removed. Ties go by insertion: timers of one instant fire in the order they were set. */
#ifndef WEFT_BASE_HEAP_H
#define WEFT_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct weft__heap_node {
    uint32_t place; /* index + 1 in the heap; 0: in none */
};

struct weft__heap_entry {
    int64_t key;
    uint64_t order;
    struct weft__heap_node *node;
};

struct weft__heap {
    struct weft__heap_entry *entries;
    uint32_t count, size;
    uint64_t order;
};

/* False without memory. */
bool weft__heap_insert(struct weft__heap *heap, int64_t key, struct weft__heap_node *node);
void weft__heap_remove(struct weft__heap *heap, struct weft__heap_node *node);
void weft__heap_fini(struct weft__heap *heap);

static inline int64_t weft__heap_first(const struct weft__heap *heap)
{
    return heap->count ? heap->entries[0].key : INT64_MAX;
}

#endif
