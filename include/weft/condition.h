/* Condition variables, for tasks and plain threads alike.
 *
 *     weft_mutex_lock(&lock);
 *     while (queue_is_empty() && rc == 0)
 *         rc = weft_condition_wait(&not_empty, &lock);          // gives the lock back while it waits
 *     ...
 *     weft_mutex_unlock(&lock);                                  // held also after -ECANCELED
 *
 * A wake-up without a signal is possible, and another may have been faster: always wait in a loop. Waiters are woken in
 * the order of their coming. (C.A.R. Hoare, CACM 1974, with the signals of Mesa: Lampson and Redell, CACM 1980.)
 */
#ifndef WEFT_CONDITION_H
#define WEFT_CONDITION_H

#include <weft/base.h>
#include <weft/mutex.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero. It must stay where it is. */
typedef struct weft_condition {
    uint64_t weft__private[4];
} weft_condition;

#define WEFT_CONDITION_INIT                                                                                            \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Gives the mutex back, waits for a signal, takes the mutex again; the first two are one step for signallers that hold
 * it. Returns 0; -ECANCELED or -ETIMEDOUT: no signal was consumed; -EPERM if the caller does not hold the mutex, or has
 * locked a recursive one more than once; -EINVAL for NULL. The mutex is held whenever the caller held it before.
 * Task or thread. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_condition_wait(weft_condition *condition, weft_mutex *mutex);

/* Wakes the first waiter, if there is one / all of them. Return 0, -EINVAL for NULL. The mutex need not be held.
 * Task or thread. Never suspend. */
WEFT_EXPORT int weft_condition_signal(weft_condition *condition);
WEFT_EXPORT int weft_condition_broadcast(weft_condition *condition);

WEFT_END

#endif
