/* Counting semaphores. Units are there only while nobody waits, so that a release knows at once whom it serves. */
#include <weft/semaphore.h>

#include "sync/select.h"

#include <errno.h>
#include <string.h>

struct semaphore {
    struct weft__guard guard;
    uint32_t count, max;       /* guard; max is constant, 0: none */
    struct weft__list waiters; /* guard */
};

_Static_assert(sizeof(struct semaphore) <= sizeof(weft_semaphore), "weft_semaphore is too small");

static struct semaphore *of(const weft_semaphore *semaphore)
{
    return (struct semaphore *)(void *)(uintptr_t)semaphore;
}

int weft_semaphore_init_with(weft_semaphore *public, const struct weft_semaphore_options *options)
{
    struct semaphore *semaphore = of(public);

    if (!semaphore || !options || (options->max && options->count > options->max))
        return -EINVAL;
    memset(semaphore, 0, sizeof *semaphore);
    semaphore->count = options->count;
    semaphore->max = options->max;
    return 0;
}

/* The guard is held. */
WEFT__INLINE bool take(struct semaphore *semaphore)
{
    if (semaphore->count == 0)
        return false;
    semaphore->count--;
    WEFT__ACQUIRE(semaphore);
    return true;
}

int weft_semaphore_acquire(weft_semaphore *public)
{
    struct semaphore *semaphore = of(public);
    struct weft__wait wait = {.what = "to acquire a semaphore"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    int rc;

    if (!semaphore)
        return -EINVAL;
    do {
        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        weft__guard_enter(thread, &semaphore->guard);
        if (take(semaphore)) {
            weft__end(thread, &semaphore->guard);
            return 0;
        }
        rc = weft__guard_wait(thread, &semaphore->guard, &semaphore->waiters, &waiter, WEFT__WAITING);
    } while (rc > 0);
    return rc;
}

int weft_semaphore_try_acquire(weft_semaphore *public)
{
    struct semaphore *semaphore = of(public);
    struct weft__thread *thread;
    bool taken;
    int rc;

    if (!semaphore)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    weft__guard_enter(thread, &semaphore->guard);
    taken = take(semaphore);
    weft__end(thread, &semaphore->guard);
    return taken ? 0 : -EAGAIN;
}

int weft_semaphore_release(weft_semaphore *public)
{
    struct semaphore *semaphore = of(public);
    struct weft__waiter *waiter;
    struct weft__thread *thread;
    int rc = 0;

    if (!semaphore)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &semaphore->guard);
    WEFT__RELEASE(semaphore);
    waiter = weft__take_first(&semaphore->waiters);
    if (!waiter && semaphore->count == (semaphore->max ? semaphore->max : UINT32_MAX))
        rc = -EOVERFLOW;
    else if (!waiter)
        semaphore->count++;
    weft__guard_leave(thread, &semaphore->guard);
    if (waiter)
        weft__wait_won(thread, waiter->wait);
    weft__leave_any(thread);
    return rc;
}

uint32_t weft_semaphore_count(const weft_semaphore *semaphore)
{
    return semaphore ? __atomic_load_n(&of(semaphore)->count, __ATOMIC_RELAXED) : 0;
}

/* ---- a case of a select ---- */

static int try(struct weft__thread *thread, struct weft_case *c)
{
    struct semaphore *semaphore = c->weft__object;
    bool taken;

    weft__guard_enter(thread, &semaphore->guard);
    taken = take(semaphore);
    weft__guard_leave(thread, &semaphore->guard);
    return taken;
}

static int queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct semaphore *semaphore = c->weft__object;

    weft__guard_enter(thread, &semaphore->guard);
    return weft__place_in(thread, &semaphore->guard, &semaphore->waiters, place, semaphore->count > 0);
}

static void leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct semaphore *semaphore = c->weft__object;

    weft__guard_remove(thread, &semaphore->guard, &semaphore->waiters, &place->waiter);
}

const struct weft__kind weft__on_semaphore = {true, try, queue, leave, NULL};
