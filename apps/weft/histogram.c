/* Buckets that grow with the value, as in G. Tene's HdrHistogram: an octave has 128 of them.
 *
 *     value   0 1 2 ... 255 | 256 258 260 ... 510 | 512 516 ... 1020 | ...
 *     bucket  0 1 2 ... 255 | 256 257 258 ... 383 | 384 385 ... 511  | ...
 *
 * Counters are only ever added to, so relaxed order is enough: whoever wants exact figures joins the adders first. */
#include <stdatomic.h>
#include <stdlib.h>

#include "histogram.h"

enum { STEP_BITS = 7, STEPS = 1 << STEP_BITS, OCTAVE_MAX = 40, BUCKETS = (OCTAVE_MAX - STEP_BITS + 2) * STEPS };

struct histogram {
    _Atomic uint64_t buckets[BUCKETS];
    _Atomic uint64_t sum;
    _Atomic int64_t max;
};

struct histogram *histogram_new(void)
{
    return calloc(1, sizeof(struct histogram));
}

static int octave_of(uint64_t value)
{
    return 63 - __builtin_clzll(value | STEPS);
}

static int bucket_of(uint64_t value)
{
    int octave = octave_of(value), shift = octave - STEP_BITS;

    if (octave > OCTAVE_MAX)
        return BUCKETS - 1;
    return shift * STEPS + (int)(value >> shift);
}

/* The middle of a bucket. */
static int64_t value_of(int bucket)
{
    int shift = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;
    int64_t low = (int64_t)(bucket - shift * STEPS) << shift;

    return low + ((INT64_C(1) << shift) - 1) / 2;
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
    int64_t value = ns > 0 ? ns : 0, max = atomic_load_explicit(&histogram->max, memory_order_relaxed);

    atomic_fetch_add_explicit(&histogram->buckets[bucket_of((uint64_t)value)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, (uint64_t)value, memory_order_relaxed);
    while (value > max && !atomic_compare_exchange_weak_explicit(&histogram->max, &max, value, memory_order_relaxed,
                                                                 memory_order_relaxed))
        ;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (int i = 0; i < BUCKETS; i++)
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    return count;
}

int64_t histogram_max(const struct histogram *histogram)
{
    return atomic_load_explicit(&histogram->max, memory_order_relaxed);
}

double histogram_mean(const struct histogram *histogram)
{
    uint64_t count = histogram_count(histogram);

    return count ? (double)atomic_load_explicit(&histogram->sum, memory_order_relaxed) / (double)count : 0;
}

int64_t histogram_percentile(const struct histogram *histogram, double share)
{
    uint64_t count = histogram_count(histogram), seen = 0;
    uint64_t wanted = (uint64_t)(share * (double)count + 0.999999);
    int64_t max = histogram_max(histogram);

    if (count == 0)
        return 0;
    wanted = wanted < 1 ? 1 : wanted;
    for (int i = 0; i < BUCKETS; i++) {
        seen += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        if (seen >= wanted)
            return value_of(i) < max ? value_of(i) : max;
    }
    return max;
}
