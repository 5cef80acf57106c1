/* Rate limiters: so many units a second, and so many at once.
 *
 *     static weft_limiter calls;                                       // once: 100 a second, 20 of them at once
 *     weft_limiter_init(&calls, .rate = 100, .burst = 20);
 *
 *     if ((rc = weft_limiter_acquire(&calls, 1)) < 0) return rc;       // waits for its turn
 *
 * A bucket that holds burst units, is full at first, and fills at the rate. Callers are served in the order of their
 * coming: one that wants many units is not overtaken by those that want few. The bucket is not filled by anybody: one
 * number says when it will be full again, and the first in line sleeps until its units are there. (The generic cell
 * rate algorithm: ITU-T I.371, annex A; as a token bucket: Turner, IEEE Communications 24(10), 1986.)
 */
#ifndef WEFT_LIMITER_H
#define WEFT_LIMITER_H

#include <weft/base.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content. It must stay where it is, and nothing need be freed. */
typedef struct weft_limiter {
    uint64_t weft__private[16];
} weft_limiter;

struct weft_limiter_options {
    double rate;    /* units per second; over 0, and may be a fraction */
    uint32_t burst; /* units that may be taken at once; default 1 */
};

/* Makes one with a full bucket. Returns 0; -EINVAL for NULL, a rate that is not over 0, or a bucket that takes more
 * than a hundred years to fill. Anyone. Never suspends. */
WEFT_EXPORT int weft_limiter_init_with(weft_limiter *limiter, const struct weft_limiter_options *options);
#define weft_limiter_init(limiter, ...) weft_limiter_init_with((limiter), &(struct weft_limiter_options){__VA_ARGS__})

/* Takes so many units, waiting for its turn and then for them. Over any span the units taken are at most burst + span *
 * rate (times are rounded to nanoseconds, one for each unit of the burst). Returns 0; -ECANCELED or -ETIMEDOUT (then
 * none was taken, and those behind move up), -EINVAL for NULL, for 0 units, or for more than burst. Task or thread. May
 * suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_limiter_acquire(weft_limiter *limiter, uint32_t units);

/* The same without waiting: -EAGAIN if they are not there, or others wait. Never suspends. */
WEFT_EXPORT WEFT_MUST_USE int weft_limiter_try_acquire(weft_limiter *limiter, uint32_t units);

WEFT_END

#endif
