/* Counting semaphores, for tasks and plain threads alike.
 *
 *     weft_semaphore slots;
 *     weft_semaphore_init(&slots, .count = 8);
 *     if ((rc = weft_semaphore_acquire(&slots)) < 0) return rc;
 *     ... at most 8 are here at once ...
 *     weft_semaphore_release(&slots);
 *
 * Waiters are served in the order of their coming; a release hands its unit to the first of them. With .max a release
 * beyond it is refused, which finds the one that was too many. (E.W. Dijkstra, EWD 35, 1962.)
 */
#ifndef WEFT_SEMAPHORE_H
#define WEFT_SEMAPHORE_H

#include <weft/base.h>
#include <weft/select.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero is a semaphore of count 0. It must stay where it is. */
typedef struct weft_semaphore {
    uint64_t weft__private[5];
} weft_semaphore;

struct weft_semaphore_options {
    uint32_t count; /* units at the start */
    uint32_t max;   /* units it can hold; 0: no limit but 2^32 - 1 */
};

/* Returns 0, -EINVAL for NULL or a count over max. Anyone. Never suspends. */
WEFT_EXPORT int weft_semaphore_init_with(weft_semaphore *semaphore, const struct weft_semaphore_options *options);
#define weft_semaphore_init(semaphore, ...)                                                                            \
    weft_semaphore_init_with((semaphore), &(struct weft_semaphore_options){__VA_ARGS__})

/* Takes one unit, waiting for it. Returns 0; -ECANCELED or -ETIMEDOUT (then none was taken), -EINVAL for NULL.
 * Task or thread. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_semaphore_acquire(weft_semaphore *semaphore);

/* The same without waiting: -EAGAIN if there is none. Never suspends. */
WEFT_EXPORT WEFT_MUST_USE int weft_semaphore_try_acquire(weft_semaphore *semaphore);

/* Gives one unit. Returns 0; -EOVERFLOW if it holds its max already, -EINVAL for NULL. Task or thread. Never suspends.
 */
WEFT_EXPORT int weft_semaphore_release(weft_semaphore *semaphore);

/* Units there now. A moment's truth. */
WEFT_EXPORT uint32_t weft_semaphore_count(const weft_semaphore *semaphore);

/* A case of weft_select: takes one unit. */
#define weft_on_semaphore(semaphore)                                                                                   \
    WEFT__CASE(weft__on_semaphore, (1 ? (semaphore) : (weft_semaphore *)0), NULL, NULL, 0)
extern WEFT_EXPORT const struct weft__kind weft__on_semaphore;

WEFT_END

#endif
