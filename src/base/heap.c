/* The timers' heap: four children a node, so half the levels of a binary heap and one or two cache lines a level. */
#include "base/heap.h"

#include "base/check.h"

#include <stdlib.h>

static bool before(const struct weft__heap_entry *a, const struct weft__heap_entry *b)
{
    return a->key < b->key || (a->key == b->key && a->order < b->order);
}

static void put(struct weft__heap *heap, uint32_t i, struct weft__heap_entry entry)
{
    heap->entries[i] = entry;
    entry.node->place = i + 1;
}

static void sift_up(struct weft__heap *heap, uint32_t i, struct weft__heap_entry entry)
{
    for (; i > 0 && before(&entry, &heap->entries[(i - 1) / 4]); i = (i - 1) / 4)
        put(heap, i, heap->entries[(i - 1) / 4]);
    put(heap, i, entry);
}

static void sift_down(struct weft__heap *heap, uint32_t i, struct weft__heap_entry entry)
{
    for (;;) {
        uint32_t child = 4 * i + 1, least = child, end = child + 4 < heap->count ? child + 4 : heap->count;

        if (child >= heap->count)
            break;
        for (uint32_t j = child + 1; j < end; j++)
            if (before(&heap->entries[j], &heap->entries[least]))
                least = j;
        if (!before(&heap->entries[least], &entry))
            break;
        put(heap, i, heap->entries[least]);
        i = least;
    }
    put(heap, i, entry);
}

bool weft__heap_insert(struct weft__heap *heap, int64_t key, struct weft__heap_node *node)
{
    WEFT__CHECK(node->place == 0);
    if (heap->count == heap->size) {
        uint32_t size = heap->size ? heap->size * 2 : 64;
        struct weft__heap_entry *entries = realloc(heap->entries, size * sizeof *entries);

        if (!entries)
            return false;
        heap->entries = entries;
        heap->size = size;
    }
    sift_up(heap, heap->count++, (struct weft__heap_entry){key, heap->order++, node});
    return true;
}

void weft__heap_remove(struct weft__heap *heap, struct weft__heap_node *node)
{
    uint32_t i = node->place - 1;
    struct weft__heap_entry last;

    WEFT__CHECK(node->place && i < heap->count && heap->entries[i].node == node);
    node->place = 0;
    last = heap->entries[--heap->count];
    if (i == heap->count)
        return;
    if (i > 0 && before(&last, &heap->entries[(i - 1) / 4]))
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

void weft__heap_fini(struct weft__heap *heap)
{
    free(heap->entries);
    *heap = (struct weft__heap){0};
}
