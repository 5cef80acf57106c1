#include "base/ring.h"

#include "base/prng.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST = 1000 };

TEST(an_empty_ring_gives_NULL)
{
    struct weft__ring ring = {0};

    CHECK_EQ(weft__ring_count(&ring), 0);
    CHECK(weft__ring_pop_front(&ring) == NULL);
    CHECK(weft__ring_pop_back(&ring) == NULL);
}

/* From a start of both counters, so that they also wrap around. */
static void play(uint32_t start, uint64_t *random)
{
    struct weft__ring ring = {.front = start, .back = start};
    char *model[MOST + 1], things[256];
    uint32_t count = 0;

    for (int step = 0; step < 20000; step++) {
        char *thing = &things[weft__random_below(random, sizeof things)];
        uint32_t i;

        switch (weft__random_below(random, step / 2000 % 2 ? 5 : 8)) {
        case 0:
            CHECK_EQ((intptr_t)weft__ring_pop_front(&ring), (intptr_t)(count ? model[0] : NULL));
            if (count)
                memmove(model, model + 1, --count * sizeof *model);
            break;
        case 1:
            CHECK_EQ((intptr_t)weft__ring_pop_back(&ring), (intptr_t)(count ? model[count - 1] : NULL));
            count -= count > 0;
            break;
        case 2:
            if (!count)
                break;
            i = weft__random_below(random, count);
            CHECK_EQ((intptr_t)weft__ring_take(&ring, i), (intptr_t)model[i]);
            memmove(model + i, model + i + 1, (--count - i) * sizeof *model);
            break;
        case 3:
        case 5:
            if (count == MOST)
                break;
            MUST(weft__ring_reserve(&ring));
            weft__ring_push_front(&ring, thing);
            memmove(model + 1, model, count++ * sizeof *model);
            model[0] = thing;
            break;
        default:
            if (count == MOST)
                break;
            MUST(weft__ring_reserve(&ring));
            weft__ring_push_back(&ring, thing);
            model[count++] = thing;
        }
        CHECK_EQ(weft__ring_count(&ring), count);
    }
    for (uint32_t i = 0; i < count; i++)
        CHECK_EQ((intptr_t)weft__ring_pop_front(&ring), (intptr_t)model[i]);
    free(ring.slots);
}

TEST(random_pushes_and_pops_agree_with_a_model)
{
    uint64_t seed = (uint64_t)time(NULL), random = seed;

    play(0, &random);
    play(UINT32_MAX - 100, &random);
    play(INT32_MAX, &random);
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
}
