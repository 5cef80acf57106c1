/* Condition variables. A waiter is in the queue before it gives the mutex back: a signaller that holds the mutex finds
 * it. The mutex is taken again whatever has been cancelled meanwhile.
 */
#include <weft/condition.h>

#include "sync/mutex.h"

#include <errno.h>

struct condition {
    struct weft__guard guard;
    struct weft__list waiters; /* guard */
};

_Static_assert(sizeof(struct condition) <= sizeof(weft_condition), "weft_condition is too small");

static struct condition *of(weft_condition *condition)
{
    return (struct condition *)(void *)condition;
}

/* The caller's own fields of the mutex: nobody changes them while it holds it. */
static bool holds_once(struct weft__thread *thread, const struct weft__mutex *mutex)
{
    return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == weft__identity(thread) && mutex->depth == 0;
}

int weft_condition_wait(weft_condition *public, weft_mutex *lock)
{
    struct condition *condition = of(public);
    struct weft__mutex *mutex = weft__mutex_of(lock);
    struct weft__wait wait = {.what = "for a condition"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    const char *place;
    int rc;

    if (!condition || !mutex)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    if (!holds_once(thread, mutex)) {
        weft__leave_any(thread);
        return -EPERM;
    }
    place = mutex->place;
    weft__guard_enter(thread, &condition->guard);
    weft__guard_queue(thread, &condition->guard, &condition->waiters, &waiter, WEFT__WAITING, false);
    (void)weft__mutex_release(thread, mutex); /* it is ours */
    rc = weft__guard_await(&condition->guard, &condition->waiters, &waiter);
    (void)weft__mutex_take(weft__enter_any(), mutex, WEFT__WAITING_HARD, place); /* cannot fail */
    return rc > 0 ? 0 : rc;
}

int weft_condition_signal(weft_condition *public)
{
    struct condition *condition = of(public);
    struct weft__waiter *waiter;
    struct weft__thread *thread;

    if (!condition)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &condition->guard);
    waiter = weft__take_first(&condition->waiters);
    weft__guard_leave(thread, &condition->guard);
    if (waiter)
        weft__wait_won(thread, waiter->wait);
    weft__leave_any(thread);
    return 0;
}

int weft_condition_broadcast(weft_condition *public)
{
    struct condition *condition = of(public);
    struct weft__thread *thread;
    struct weft__list waiters;

    if (!condition)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &condition->guard);
    waiters = weft__take_all(&condition->waiters, 0);
    weft__guard_leave(thread, &condition->guard);
    weft__wake_list(thread, &waiters);
    weft__leave_any(thread);
    return 0;
}
