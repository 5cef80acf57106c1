/* Once. */
#include <weft/once.h>

#include "sync/guard.h"

#include <errno.h>

struct once {
    struct weft__guard guard;
    struct weft__list waiters; /* guard */
    const void *runner;        /* guard */
    bool done;                 /* guard for writing */
};

_Static_assert(sizeof(struct once) <= sizeof(weft_once), "weft_once is too small");

static int run(struct once *once, int (*fn)(void *), void *argument)
{
    int rc = fn(argument);
    struct weft__thread *thread = weft__enter_any();
    struct weft__list waiters;

    weft__guard_enter(thread, &once->guard);
    once->runner = NULL;
    WEFT__RELEASE(once);
    if (rc >= 0)
        __atomic_store_n(&once->done, true, __ATOMIC_RELEASE); /* pairs with weft_once_run [O1] */
    waiters = weft__take_all(&once->waiters, 0);
    weft__guard_leave(thread, &once->guard);
    weft__wake_list(thread, &waiters);
    weft__leave_any(thread);
    return rc < 0 ? rc : 0;
}

int weft_once_run(weft_once *public, int (*fn)(void *argument), void *argument)
{
    struct once *once = (struct once *)(void *)public;
    struct weft__wait wait = {.what = "for a once to be run by another"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    int rc;

    if (!once || !fn)
        return -EINVAL;
    for (;;) {
        const void *self;

        if (__atomic_load_n(&once->done, __ATOMIC_ACQUIRE)) { /* pairs with run [O1] */
            WEFT__ACQUIRE(once);
            return 0;
        }
        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        self = weft__identity(thread);
        weft__guard_enter(thread, &once->guard);
        if (once->runner == self || once->done || !once->runner) {
            bool runs = !once->done && !once->runner, is_inside = once->runner == self;

            if (runs) {
                WEFT__ACQUIRE(once); /* after an attempt that failed */
                once->runner = self;
            }
            weft__end(thread, &once->guard);
            if (runs)
                return run(once, fn, argument);
            if (is_inside)
                return -EDEADLK;
            continue;
        }
        rc = weft__guard_wait(thread, &once->guard, &once->waiters, &waiter, WEFT__WAITING);
        if (rc < 0)
            return rc;
    }
}
