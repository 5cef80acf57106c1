/* Time: a monotonic clock and sleeping. Under WEFT_SEED the clock is virtual and sleeping costs nothing.
 *
 *     if (weft_sleep(250 * WEFT_MILLISECOND) < 0) return ...;      // cancelled, or the scope's deadline came first
 */
#ifndef WEFT_TIME_H
#define WEFT_TIME_H

#include <weft/base.h>

WEFT_BEGIN

/* CLOCK_MONOTONIC in nanoseconds (virtual under WEFT_SEED). Anyone. Never suspends. */
WEFT_EXPORT int64_t weft_now(void);

/* Waits for at least span nanoseconds; <= 0 yields. Returns 0, -ECANCELED, -ETIMEDOUT. Task or thread. Suspends. */
WEFT_EXPORT int weft_sleep(int64_t span);

/* Waits until weft_now() >= deadline. Returns as weft_sleep. */
WEFT_EXPORT int weft_sleep_until(int64_t deadline);

/* A span for the given attempt (0, 1, ...) of a retry: 10 ms doubling up to 5 s, each drawn evenly from the upper half
 * ("equal jitter"). Anyone. Never suspends. */
WEFT_EXPORT int64_t weft_backoff(int attempt);

WEFT_END

#endif
