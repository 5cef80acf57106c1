/* Latches: wait until so many things are done. A wait group, if it is counted up as well.
 *
 *     weft_latch_init(&latch, 3);
 *     ... three others, each at its end: weft_latch_done(&latch);
 *     if ((rc = weft_latch_wait(&latch)) < 0) return rc;
 *
 * For tasks that a scope started there is weft_scope_close; a latch counts what is not a task. (Go's sync.WaitGroup,
 * Java's CountDownLatch.)
 */
#ifndef WEFT_LATCH_H
#define WEFT_LATCH_H

#include <weft/base.h>
#include <weft/select.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero has nothing to wait for. It must stay where it is. */
typedef struct weft_latch {
    uint64_t weft__private[5];
} weft_latch;

/* Sets the count. Returns 0, -EINVAL for NULL. Nobody may be waiting on it. Never suspends. */
WEFT_EXPORT int weft_latch_init(weft_latch *latch, uint32_t count);

/* Counts up by n: before what it counts begins. Returns 0, -EOVERFLOW, -EINVAL for NULL. Task or thread. Never
 * suspends. */
WEFT_EXPORT int weft_latch_add(weft_latch *latch, uint32_t n);

/* Counts down by one; at 0 all that wait go on. Returns 0; -EOVERFLOW if it was 0; -EINVAL for NULL. After the call the
 * latch may be gone, if a waiter owns it. Task or thread. Never suspends. */
WEFT_EXPORT int weft_latch_done(weft_latch *latch);

/* Waits until the count is 0. Returns 0; -ECANCELED, -ETIMEDOUT; -EINVAL. Task or thread. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_latch_wait(weft_latch *latch);

/* The count now. A moment's truth. */
WEFT_EXPORT uint32_t weft_latch_count(const weft_latch *latch);

/* A case of weft_select: the count is 0. */
#define weft_on_latch(latch) WEFT__CASE(weft__on_latch, (1 ? (latch) : (weft_latch *)0), NULL, NULL, 0)
extern WEFT_EXPORT const struct weft__kind weft__on_latch;

WEFT_END

#endif
