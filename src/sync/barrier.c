/* Barriers. */
#include <weft/barrier.h>

#include "sync/guard.h"

#include <errno.h>
#include <string.h>

struct barrier {
    struct weft__guard guard;
    struct weft__list waiters; /* guard */
    uint32_t parties, here;    /* guard; parties is constant */
    bool broken;               /* guard */
    uint16_t meetings;         /* guard: grows when all were here */
};

_Static_assert(sizeof(struct barrier) <= sizeof(weft_barrier), "weft_barrier is too small");

static struct barrier *of(weft_barrier *barrier)
{
    return (struct barrier *)(void *)barrier;
}

int weft_barrier_init(weft_barrier *public, uint32_t parties)
{
    struct barrier *barrier = of(public);

    if (!barrier || parties == 0)
        return -EINVAL;
    memset(barrier, 0, sizeof *barrier);
    barrier->parties = parties;
    return 0;
}

/* All go on, with this result; the guard is held, and left. */
static void open_gate(struct weft__thread *thread, struct barrier *barrier, int rc)
{
    struct weft__list waiters = weft__take_all(&barrier->waiters, rc);

    barrier->here = 0;
    barrier->meetings = (uint16_t)(barrier->meetings + (rc == 0));
    weft__guard_leave(thread, &barrier->guard);
    weft__wake_list(thread, &waiters);
    weft__leave_any(thread);
}

int weft_barrier_break(weft_barrier *public)
{
    struct barrier *barrier = of(public);
    struct weft__thread *thread;

    if (!barrier)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &barrier->guard);
    barrier->broken = true;
    open_gate(thread, barrier, -EPIPE);
    return 0;
}

int weft_barrier_wait(weft_barrier *public)
{
    struct barrier *barrier = of(public);
    struct weft__wait wait = {.what = "at a barrier"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    uint16_t meeting;
    int rc;

    if (!barrier || !barrier->parties)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0) {
        (void)weft_barrier_break(public);
        return rc;
    }
    weft__guard_enter(thread, &barrier->guard);
    if (barrier->broken) {
        weft__end(thread, &barrier->guard);
        return -EPIPE;
    }
    WEFT__RELEASE(barrier);
    if (++barrier->here == barrier->parties) {
        WEFT__ACQUIRE(barrier);
        open_gate(thread, barrier, 0);
        return 1;
    }
    meeting = barrier->meetings;
    rc = weft__guard_wait(thread, &barrier->guard, &barrier->waiters, &waiter, WEFT__WAITING);
    if (rc == 0)
        return waiter.rc;
    if (rc > 0) { /* it opened while a cancellation that is none of ours had woken us */
        thread = weft__enter_any();
        weft__guard_enter(thread, &barrier->guard);
        rc = barrier->meetings == meeting ? -EPIPE : 0;
        weft__end(thread, &barrier->guard);
        WEFT__ACQUIRE(barrier);
        return rc;
    }
    (void)weft_barrier_break(public);
    return rc;
}
