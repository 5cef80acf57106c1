/* Mutexes.
 *
 * Unlocking wakes the first waiter and leaves the lock free: whoever comes first takes it ('barging'). A running task
 * so takes and gives its lock many times for one switch; handing the lock over at each unlock would make every lock
 * wait for a switch (a convoy). One waiter at a time is on its way ('woken'); if it is passed over PASSES times, the
 * next unlock makes it the owner, so that none starves. (The two modes of Go's mutex, which goes by time.)
 */
#include "sync/mutex.h"

#include "core/policy.h"
#include "core/runtime.h"

#include <errno.h>
#include <string.h>

enum { PASSES = 64 };

int weft_mutex_init_with(weft_mutex *public, const struct weft_mutex_options *options)
{
    struct weft__mutex *mutex = weft__mutex_of(public);

    if (!mutex || !options)
        return -EINVAL;
    memset(mutex, 0, sizeof *mutex);
    mutex->recursive = options->recursive;
    mutex->fifo = options->fifo;
    mutex->is_special = options->recursive || options->fifo;
    mutex->name = options->name;
    weft__order_forgotten(mutex);
    return 0;
}

WEFT__NOINLINE static int taken_twice(struct weft__thread *thread, struct weft__mutex *mutex, const char *place)
{
    const char *before = mutex->place;

    weft__end(thread, &mutex->guard);
    weft__report("%s: %s locks %s%s, which it has held since %s: unlock it first, or make it recursive", place,
                 thread ? thread->task->name : "a thread", mutex->name ? "mutex " : "a mutex",
                 mutex->name ? mutex->name : "", before);
    return -EDEADLK;
}

/* Takes the lock if that can be. 1: it must wait; -EDEADLK. The guard is held; given back unless 1. */
WEFT__INLINE int take_now(struct weft__thread *thread, struct weft__mutex *mutex, const void *self, const char *place)
{
    if (WEFT__LIKELY(!mutex->owner)) {
        mutex->owner = self;
        mutex->place = place;
        if (mutex->woken)
            mutex->passed_over++;
        weft__end(thread, &mutex->guard);
        WEFT__ACQUIRE(mutex);
        if (WEFT__UNLIKELY(weft__policy.checks))
            weft__order_taken(mutex, mutex->name, place, self);
        return 0;
    }
    if (mutex->owner != self)
        return 1;
    if (!mutex->recursive)
        return taken_twice(thread, mutex, place);
    mutex->depth++;
    weft__end(thread, &mutex->guard);
    return 0;
}

/* The waiter has been woken: is it the owner, or may it become so? 1: it must wait again. Outside; the guard is held
 * afterwards if 1, and *ret_thread is the caller's. */
static int arrive(struct weft__thread **ret_thread, struct weft__mutex *mutex, const char *place)
{
    struct weft__thread *thread = weft__enter_any();
    const void *self = weft__identity(thread);

    *ret_thread = thread;
    weft__guard_enter(thread, &mutex->guard);
    if (mutex->woken == self)
        mutex->woken = NULL;
    if (mutex->owner == self) /* handed over */
        mutex->owner = NULL;
    mutex->passed_over = mutex->owner ? (uint16_t)(mutex->passed_over + PASSES / 8) : 0;
    return take_now(thread, mutex, self, place);
}

/* The guard is held. */
static struct weft__waiter *wake_next(struct weft__mutex *mutex)
{
    struct weft__waiter *waiter = weft__take_first(&mutex->waiters);

    if (waiter)
        mutex->woken = waiter->value;
    return waiter;
}

WEFT__NOINLINE static int take_slow(struct weft__thread *thread, struct weft__mutex *mutex, enum weft__claim claim,
                                    const char *place)
{
    const void *self = weft__identity(thread);
    struct weft__wait wait = {.what = "to lock a mutex", .place = place, .owner = &mutex->owner};
    struct weft__waiter waiter = {.wait = &wait, .value = (void *)(uintptr_t)self};
    bool again = false;
    int rc;

    for (;;) {
        if (again) /* it keeps its place */
            rc = weft__guard_wait_first(thread, &mutex->guard, &mutex->waiters, &waiter, claim);
        else
            rc = weft__guard_wait(thread, &mutex->guard, &mutex->waiters, &waiter, claim);
        if (rc < 0 && claim != WEFT__WAITING_HARD)
            return rc;
        if (arrive(&thread, mutex, place) == 0)
            return 0;
        again = rc == 0;
    }
}

int weft__mutex_take(struct weft__thread *thread, struct weft__mutex *mutex, enum weft__claim claim, const char *place)
{
    int rc;

    weft__guard_enter(thread, &mutex->guard);
    rc = take_now(thread, mutex, weft__identity(thread), place);
    return WEFT__LIKELY(rc <= 0) ? rc : take_slow(thread, mutex, claim, place);
}

WEFT__NOINLINE static int lock_slow(weft_mutex *public, const char *place)
{
    struct weft__thread *thread;
    int rc;

    if (!public)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    return weft__mutex_take(thread, weft__mutex_of(public), WEFT__WAITING, place);
}

WEFT__HOT int weft__mutex_lock(weft_mutex *public, const char *place)
{
    struct weft__mutex *mutex = weft__mutex_of(public);
    struct weft__thread *thread = WEFT__LIKELY(mutex != NULL) ? weft__fast_begin(&mutex->guard) : NULL;

    if (WEFT__UNLIKELY(!thread || mutex->owner || weft__policy.checks))
        return lock_slow(public, place);
    mutex->owner = thread->task;
    mutex->place = place;
    mutex->passed_over = (uint16_t)(mutex->passed_over + (mutex->woken != NULL));
    WEFT__ACQUIRE(mutex);
    weft__leave(thread);
    return 0;
}

int weft__mutex_try_lock(weft_mutex *public, const char *place)
{
    struct weft__mutex *mutex = weft__mutex_of(public);
    struct weft__thread *thread;
    int rc;

    if (!mutex)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    weft__guard_enter(thread, &mutex->guard);
    rc = take_now(thread, mutex, weft__identity(thread), place);
    if (rc > 0)
        weft__end(thread, &mutex->guard);
    return rc > 0 ? -EBUSY : rc;
}

int weft__mutex_release(struct weft__thread *thread, struct weft__mutex *mutex)
{
    const void *self = weft__identity(thread);
    struct weft__waiter *waiter = NULL;

    weft__guard_enter(thread, &mutex->guard);
    if (WEFT__UNLIKELY(mutex->owner != self)) {
        weft__guard_leave(thread, &mutex->guard);
        return -EPERM;
    }
    if (WEFT__UNLIKELY(mutex->depth)) {
        mutex->depth--;
        weft__guard_leave(thread, &mutex->guard);
        return 0;
    }
    WEFT__RELEASE(mutex);
    mutex->owner = NULL;
    if (WEFT__UNLIKELY(weft__policy.checks))
        weft__order_released(mutex, self);
    if (mutex->woken) {
        if (mutex->passed_over >= PASSES || mutex->fifo)
            mutex->owner = mutex->woken;
    } else if (mutex->waiters.first) {
        waiter = wake_next(mutex);
        if (waiter && mutex->fifo)
            mutex->owner = mutex->woken;
    }
    weft__guard_leave(thread, &mutex->guard);
    if (waiter)
        weft__wait_won(thread, waiter->wait);
    return 0;
}

WEFT__NOINLINE static int unlock_slow(weft_mutex *mutex)
{
    struct weft__thread *thread;
    int rc;

    if (!mutex)
        return -EINVAL;
    thread = weft__enter_any();
    rc = weft__mutex_release(thread, weft__mutex_of(mutex));
    weft__leave_any(thread);
    return rc;
}

int weft_mutex_unlock(weft_mutex *public)
{
    struct weft__mutex *mutex = weft__mutex_of(public);
    struct weft__thread *thread = WEFT__LIKELY(mutex != NULL) ? weft__fast_begin(&mutex->guard) : NULL;

    if (WEFT__UNLIKELY(!thread || mutex->owner != thread->task || mutex->is_special || weft__policy.checks ||
                       (mutex->woken ? mutex->passed_over >= PASSES : mutex->waiters.first != NULL)))
        return unlock_slow(public);
    WEFT__RELEASE(mutex);
    mutex->owner = NULL;
    weft__leave(thread);
    return 0;
}

/* For pointers to them, and for other languages. */
#undef weft_mutex_lock
#undef weft_mutex_try_lock

int weft_mutex_lock(weft_mutex *mutex)
{
    return weft__mutex_lock(mutex, "?");
}

int weft_mutex_try_lock(weft_mutex *mutex)
{
    return weft__mutex_try_lock(mutex, "?");
}
