/* Wakers: the bridge between tasks, plain threads, signal handlers and other event loops.
 *
 *     weft_waker done = WEFT_WAKER_INIT;
 *     start_foreign_work(callback, &done);        // its callback calls weft_wake(&done), from any thread
 *     rc = weft_wait(&done);                      // a task parks, a plain thread sleeps
 *
 * A waker holds one wake-up: weft_wake before weft_wait is kept, several before one count as one. One waiter at a time.
 * It is plain memory of the caller's and must live until both sides are done with it.
 */
#ifndef WEFT_WAKER_H
#define WEFT_WAKER_H

#include <weft/base.h>

WEFT_BEGIN

typedef struct weft_waker {
    uint64_t weft__state;
} weft_waker;

#define WEFT_WAKER_INIT                                                                                                \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Waits for a wake-up and consumes it. Returns 0; -ECANCELED or -ETIMEDOUT (then a wake-up that comes later is kept);
 * -EBUSY if another waits on it. Task or thread. Suspends if there is none yet. */
WEFT_EXPORT int weft_wait(weft_waker *waker);

/* The same for a plain thread or a task with a deadline of its own: -ETIMEDOUT when it has come. */
WEFT_EXPORT int weft_wait_until(weft_waker *waker, int64_t deadline);

/* Wakes the waiter, or the next one. Anyone, also a signal handler. Never suspends, takes no lock. After the call the
 * waker may be gone: the woken side may have freed it. */
WEFT_EXPORT void weft_wake(weft_waker *waker);

WEFT_END

#endif
