/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014): one word of state, good enough to choose among tasks. */
#ifndef WEFT_BASE_PRNG_H
#define WEFT_BASE_PRNG_H

#include <stdint.h>

static inline uint64_t weft__random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 <= result < bound (Lemire's multiplication; the bias of 2^-32 does not matter here). */
static inline uint32_t weft__random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(((weft__random(state) >> 32) * bound) >> 32);
}

#endif
