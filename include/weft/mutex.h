/* Mutexes, for tasks and plain threads alike.
 *
 *     static weft_mutex lock = WEFT_MUTEX_INIT;               // or weft_mutex_init(&lock, .recursive = 1)
 *
 *     if ((rc = weft_mutex_lock(&lock)) < 0) return rc;       // cancelled
 *     total += n;
 *     weft_mutex_unlock(&lock);
 *
 * A task that waits for the lock is parked; its thread goes on with others. The lock belongs to the task (or plain
 * thread) that took it, not to an OS thread: it may be held while the task waits for other things and moves between
 * threads. By default a lock that becomes free may be taken by whoever comes first, which is fast; a waiter that has
 * been passed over 64 times is handed the lock. With .fifo it is always handed on in the order of waiting.
 *
 * Each use notes its place. With WEFT_CHECK=1 in the environment the order in which locks are taken is recorded over
 * the whole run, and a report names both places when two locks are taken in both orders, which can deadlock though it
 * has not yet. A task that locks what it holds gets -EDEADLK and a report, always.
 */
#ifndef WEFT_MUTEX_H
#define WEFT_MUTEX_H

#include <weft/base.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero is free. It must stay where it is. */
typedef struct weft_mutex {
    uint64_t weft__private[10];
} weft_mutex;

#define WEFT_MUTEX_INIT                                                                                                \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* How to make one; a field left out keeps its default. */
struct weft_mutex_options {
    unsigned char recursive; /* its holder may lock it again, and unlocks it as often */
    unsigned char fifo;      /* hand it on in the order of waiting */
    const char *name;        /* for reports; kept by reference */
};

/* Makes a free one. Returns 0, -EINVAL for NULL. Anyone. Never suspends. */
WEFT_EXPORT int weft_mutex_init_with(weft_mutex *mutex, const struct weft_mutex_options *options);
#define weft_mutex_init(mutex, ...) weft_mutex_init_with((mutex), &(struct weft_mutex_options){__VA_ARGS__})

/* Takes the lock, waiting for it. Returns 0; -ECANCELED or -ETIMEDOUT (then it is not taken), -EDEADLK if the caller
 * holds it and it is not recursive, -EINVAL for NULL. Task or thread. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_mutex_lock(weft_mutex *mutex);

/* Takes it if it is free: 0, -EBUSY if somebody holds it, -EDEADLK as above, -EINVAL, or the scope's -ECANCELED,
 * -ETIMEDOUT. Never suspends. */
WEFT_EXPORT WEFT_MUST_USE int weft_mutex_try_lock(weft_mutex *mutex);

/* Gives it back. Returns 0; -EPERM if the caller does not hold it, -EINVAL for NULL. Never suspends. */
WEFT_EXPORT int weft_mutex_unlock(weft_mutex *mutex);

WEFT_EXPORT WEFT_MUST_USE int weft__mutex_lock(weft_mutex *mutex, const char *place);
WEFT_EXPORT WEFT_MUST_USE int weft__mutex_try_lock(weft_mutex *mutex, const char *place);

/* The calls note where they stand. */
#define weft_mutex_lock(mutex) weft__mutex_lock((mutex), WEFT__HERE)
#define weft_mutex_try_lock(mutex) weft__mutex_try_lock((mutex), WEFT__HERE)

WEFT_END

#endif
