/* Reader-writer locks: one queue of both, granted from the front: a writer alone, or all readers up to the next writer.
 */
#include <weft/rwlock.h>

#include "core/runtime.h"
#include "sync/guard.h"

#include <errno.h>

struct rwlock {
    struct weft__guard guard;
    struct weft__list waiters; /* guard; a waiter's value is its identity if it wants to write, NULL to read */
    const void *writer;        /* guard */
    uint32_t readers;          /* guard */
};

_Static_assert(sizeof(struct rwlock) <= sizeof(weft_rwlock), "weft_rwlock is too small");

static struct rwlock *of(weft_rwlock *lock)
{
    return (struct rwlock *)(void *)lock;
}

/* Grants what can be granted to those in front; the guard is held. They are woken by the caller. */
static struct weft__list grant(struct rwlock *lock)
{
    struct weft__list granted = {0};

    while (lock->waiters.first && !lock->writer) {
        struct weft__waiter *first = WEFT__OF(struct weft__waiter, link, lock->waiters.first);
        bool writes = first->value != NULL;

        if (writes && lock->readers)
            break;
        weft__list_remove(&lock->waiters, &first->link);
        if (!weft__wait_claim(first->wait))
            continue;
        first->wait->winner = first;
        if (writes)
            lock->writer = first->value;
        else
            lock->readers++;
        weft__list_append(&granted, &first->link);
    }
    return granted;
}

/* Leaves the guard, wakes, leaves the runtime. */
static void leave_and_wake(struct weft__thread *thread, struct rwlock *lock, struct weft__list granted)
{
    weft__guard_leave(thread, &lock->guard);
    weft__wake_list(thread, &granted);
    weft__leave_any(thread);
}

/* For TSan: after the last writer, and for a writer after all readers, whoever of them let it in. */
WEFT__INLINE void acquired(struct rwlock *lock, bool writes)
{
    (void)lock; /* where there is no TSan */
    WEFT__ACQUIRE(lock);
    if (writes)
        WEFT__ACQUIRE(&lock->readers);
}

/* 0, 1: it must wait, -EDEADLK. The guard is held. */
WEFT__INLINE int take_now(struct rwlock *lock, const void *self, bool writes)
{
    if (lock->writer == self)
        return -EDEADLK;
    if (lock->writer || lock->waiters.first || (writes && lock->readers))
        return 1;
    if (writes)
        lock->writer = self;
    else
        lock->readers++;
    acquired(lock, writes);
    return 0;
}

/* A waiter that gave up may have stood in front of others that need not wait any more. */
static void pass_on(struct rwlock *lock)
{
    struct weft__thread *thread = weft__enter_any();

    weft__guard_enter(thread, &lock->guard);
    leave_and_wake(thread, lock, grant(lock));
}

static int take(struct rwlock *lock, bool writes, bool waits)
{
    struct weft__wait wait = {.what = writes ? "to write-lock" : "to read-lock"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    int rc;

    if (!lock)
        return -EINVAL;
    wait.owner = &lock->writer;
    do {
        const void *self;

        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        self = weft__identity(thread);
        weft__guard_enter(thread, &lock->guard);
        rc = take_now(lock, self, writes);
        if (rc <= 0 || !waits) {
            weft__end(thread, &lock->guard);
            if (rc == -EDEADLK)
                weft__report("%s locks a reader-writer lock to %s that it holds for writing: unlock it first",
                             thread ? thread->task->name : "a thread", writes ? "write" : "read");
            return rc > 0 ? -EBUSY : rc;
        }
        waiter.value = writes ? (void *)(uintptr_t)self : NULL;
        rc = weft__guard_wait(thread, &lock->guard, &lock->waiters, &waiter, WEFT__WAITING);
        if (rc != 0)
            pass_on(lock);
        else
            acquired(lock, writes);
    } while (rc > 0);
    return rc;
}

int weft_rwlock_read(weft_rwlock *lock)
{
    return take(of(lock), false, true);
}

int weft_rwlock_write(weft_rwlock *lock)
{
    return take(of(lock), true, true);
}

int weft_rwlock_try_read(weft_rwlock *lock)
{
    return take(of(lock), false, false);
}

int weft_rwlock_try_write(weft_rwlock *lock)
{
    return take(of(lock), true, false);
}

static int release(struct rwlock *lock, bool writes)
{
    struct weft__thread *thread;

    if (!lock)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &lock->guard);
    if (writes ? lock->writer != weft__identity(thread) : lock->readers == 0) {
        weft__end(thread, &lock->guard);
        return -EPERM;
    }
    if (writes) {
        lock->writer = NULL;
        WEFT__RELEASE(lock);
    } else {
        lock->readers--;
        WEFT__RELEASE(&lock->readers);
    }
    leave_and_wake(thread, lock, grant(lock));
    return 0;
}

int weft_rwlock_read_unlock(weft_rwlock *lock)
{
    return release(of(lock), false);
}

int weft_rwlock_write_unlock(weft_rwlock *lock)
{
    return release(of(lock), true);
}
