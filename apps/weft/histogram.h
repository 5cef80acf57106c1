/* A histogram of times with buckets that grow with the value: one part in 128, from 1 ns to 18 minutes, in 36 KiB.
 *
 *     struct histogram *latency = histogram_new();
 *     histogram_add(latency, ns);                  // from any thread, at any time
 *     p99 = histogram_percentile(latency, 0.99);
 */
#ifndef WEFT_APP_HISTOGRAM_H
#define WEFT_APP_HISTOGRAM_H

#include <stdint.h>

struct histogram;

/* An empty one; NULL without memory. free(3) ends it. */
struct histogram *histogram_new(void);

/* Counts one time; a negative one counts as 0, one past the range in the last bucket. Lock-free. */
void histogram_add(struct histogram *histogram, int64_t ns);

/* What has been counted so far; while others add, each is right for some moment between call and return. */
uint64_t histogram_count(const struct histogram *histogram);
int64_t histogram_max(const struct histogram *histogram);
double histogram_mean(const struct histogram *histogram);

/* The time that this share of the counted ones does not exceed, within 1 %; 0 if nothing was counted. */
int64_t histogram_percentile(const struct histogram *histogram, double share);

#endif
