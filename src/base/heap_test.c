#include "base/heap.h"

#include "base/prng.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NODES = 400 };

struct timer {
    struct weft__heap_node node;
    int64_t key;
    uint64_t order;
    int is_in;
};

static struct timer timers[NODES];

/* The first by key and then by insertion, found the slow way. */
static struct timer *model_first(void)
{
    struct timer *first = NULL;

    for (int i = 0; i < NODES; i++)
        if (timers[i].is_in &&
            (!first || timers[i].key < first->key || (timers[i].key == first->key && timers[i].order < first->order)))
            first = &timers[i];
    return first;
}

static void check_first(struct weft__heap *heap)
{
    struct timer *first = model_first();

    CHECK_EQ(weft__heap_first(heap), first ? first->key : INT64_MAX);
    if (first && heap->count)
        CHECK_EQ((intptr_t)heap->entries[0].node, (intptr_t)&first->node);
}

TEST(an_empty_heap_has_no_first)
{
    struct weft__heap heap = {0};

    CHECK_EQ(weft__heap_first(&heap), INT64_MAX);
    weft__heap_fini(&heap);
}

TEST(random_inserts_and_removes_agree_with_a_model)
{
    uint64_t seed = (uint64_t)time(NULL), random = seed, order = 0;
    struct weft__heap heap = {0};
    uint32_t count = 0;

    for (int step = 0; step < 20000; step++) {
        struct timer *timer = &timers[weft__random_below(&random, NODES)];

        if (!timer->is_in) {
            timer->key = weft__random_below(&random, 100);
            timer->order = order++;
            MUST(weft__heap_insert(&heap, timer->key, &timer->node));
            count++;
        } else {
            if (weft__random_below(&random, 2))
                timer = model_first();
            weft__heap_remove(&heap, &timer->node);
            CHECK_EQ(timer->node.place, 0);
            count--;
        }
        timer->is_in = !timer->is_in;
        MUST(heap.count == count);
        if (step % 16 == 0)
            check_first(&heap);
    }
    for (int i = 0; i < NODES; i++)
        if (timers[i].is_in)
            CHECK_EQ((intptr_t)heap.entries[timers[i].node.place - 1].node, (intptr_t)&timers[i].node);
    for (struct timer *first; (first = model_first());) {
        check_first(&heap);
        weft__heap_remove(&heap, &first->node);
        first->is_in = 0;
    }
    CHECK_EQ(heap.count, 0);
    weft__heap_fini(&heap);
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
}

TEST(equal_keys_come_out_in_the_order_of_insertion)
{
    struct weft__heap heap = {0};

    for (int i = 0; i < NODES; i++)
        MUST(weft__heap_insert(&heap, i % 2, &timers[i].node));
    for (int i = 0; i < NODES; i++) {
        struct timer *want = &timers[i < NODES / 2 ? 2 * i : 2 * (i - NODES / 2) + 1];

        CHECK_EQ((intptr_t)heap.entries[0].node, (intptr_t)&want->node);
        weft__heap_remove(&heap, heap.entries[0].node);
    }
    weft__heap_fini(&heap);
}

TEST(extreme_keys_are_kept_in_order)
{
    static const int64_t keys[] = {INT64_MAX, 0, INT64_MIN, -1, 1, INT64_MAX - 1};
    struct weft__heap_node nodes[6] = {{0}};
    struct weft__heap heap = {0};

    for (int i = 0; i < 6; i++)
        MUST(weft__heap_insert(&heap, keys[i], &nodes[i]));
    for (int64_t last = INT64_MIN; heap.count; weft__heap_remove(&heap, heap.entries[0].node)) {
        CHECK(weft__heap_first(&heap) >= last);
        last = weft__heap_first(&heap);
    }
    weft__heap_fini(&heap);
}
