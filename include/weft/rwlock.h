/* Reader-writer locks, for tasks and plain threads alike.
 *
 *     static weft_rwlock lock = WEFT_RWLOCK_INIT;
 *     if ((rc = weft_rwlock_read(&lock)) < 0) return rc;       // many readers at once
 *     ...
 *     weft_rwlock_read_unlock(&lock);
 *     if ((rc = weft_rwlock_write(&lock)) < 0) return rc;      // or one writer
 *
 * Served in the order of coming: a writer waits for the readers that were there before it, and readers that come after
 * a waiting writer wait behind it, so that neither starves. So a reader must not read-lock again while it holds the
 * lock: a writer may stand between. (Courtois, Heymans, Parnas, CACM 1971, with a queue.)
 */
#ifndef WEFT_RWLOCK_H
#define WEFT_RWLOCK_H

#include <weft/base.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero is free. It must stay where it is. */
typedef struct weft_rwlock {
    uint64_t weft__private[6];
} weft_rwlock;

#define WEFT_RWLOCK_INIT                                                                                               \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Take the lock for reading / for writing, waiting for it. Return 0; -ECANCELED or -ETIMEDOUT (then it is not taken);
 * -EDEADLK if the caller holds it for writing; -EINVAL for NULL. Task or thread. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_rwlock_read(weft_rwlock *lock);
WEFT_EXPORT WEFT_MUST_USE int weft_rwlock_write(weft_rwlock *lock);

/* The same without waiting: -EBUSY. Never suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_rwlock_try_read(weft_rwlock *lock);
WEFT_EXPORT WEFT_MUST_USE int weft_rwlock_try_write(weft_rwlock *lock);

/* Give it back. Return 0; -EPERM if nobody reads / the caller is not the writer; -EINVAL for NULL. Never suspend. */
WEFT_EXPORT int weft_rwlock_read_unlock(weft_rwlock *lock);
WEFT_EXPORT int weft_rwlock_write_unlock(weft_rwlock *lock);

WEFT_END

#endif
