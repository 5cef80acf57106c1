/* Barriers: so many tasks or plain threads meet, again and again.
 *
 *     weft_barrier_init(&barrier, 4);
 *     for (step = 0; step < steps; step++) {
 *         compute(step);
 *         if ((rc = weft_barrier_wait(&barrier)) < 0) return rc;     // until all four are here
 *     }
 *
 * One that is cancelled while it waits breaks the barrier: the others would wait for it for ever. Then all that wait,
 * and all that come later, get -EPIPE, until weft_barrier_init. (As Python's threading.Barrier breaks.)
 */
#ifndef WEFT_BARRIER_H
#define WEFT_BARRIER_H

#include <weft/base.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content. It must stay where it is. */
typedef struct weft_barrier {
    uint64_t weft__private[6];
} weft_barrier;

/* For so many parties. Returns 0, -EINVAL for NULL or no parties. Nobody may be waiting on it. Never suspends. */
WEFT_EXPORT int weft_barrier_init(weft_barrier *barrier, uint32_t parties);

/* Waits until all parties are here. Returns 1 to the one that came last, 0 to the others; -EPIPE if it is broken;
 * -ECANCELED or -ETIMEDOUT, which breaks it; -EINVAL. Task or thread. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_barrier_wait(weft_barrier *barrier);

/* Breaks it on purpose. Returns 0, -EINVAL for NULL. Never suspends. */
WEFT_EXPORT int weft_barrier_break(weft_barrier *barrier);

WEFT_END

#endif
