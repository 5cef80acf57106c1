/* Events. */
#include <weft/event.h>

#include "sync/select.h"

#include <errno.h>

struct event {
    struct weft__guard guard;
    struct weft__list waiters; /* guard */
    bool set;                  /* guard for writing */
};

_Static_assert(sizeof(struct event) <= sizeof(weft_event), "weft_event is too small");

static struct event *of(const weft_event *event)
{
    return (struct event *)(void *)(uintptr_t)event;
}

int weft_event_set(weft_event *public)
{
    struct event *event = of(public);
    struct weft__thread *thread;
    struct weft__list waiters;

    if (!event)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &event->guard);
    WEFT__RELEASE(event);
    __atomic_store_n(&event->set, true, __ATOMIC_RELEASE); /* pairs with weft_event_is_set [E1] */
    waiters = weft__take_all(&event->waiters, 0);
    weft__guard_leave(thread, &event->guard);
    weft__wake_list(thread, &waiters);
    weft__leave_any(thread);
    return 0;
}

int weft_event_clear(weft_event *public)
{
    struct event *event = of(public);
    struct weft__thread *thread;

    if (!event)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &event->guard);
    __atomic_store_n(&event->set, false, __ATOMIC_RELAXED);
    weft__end(thread, &event->guard);
    return 0;
}

int weft_event_is_set(const weft_event *event)
{
    bool set = event && __atomic_load_n(&of(event)->set, __ATOMIC_ACQUIRE); /* pairs with weft_event_set [E1] */

    if (set)
        WEFT__ACQUIRE(event);
    return set;
}

int weft_event_wait(weft_event *public)
{
    struct event *event = of(public);
    struct weft__wait wait = {.what = "for an event"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    int rc;

    if (!event)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    weft__guard_enter(thread, &event->guard);
    if (event->set) {
        weft__end(thread, &event->guard);
        WEFT__ACQUIRE(event);
        return 0;
    }
    rc = weft__guard_wait(thread, &event->guard, &event->waiters, &waiter, WEFT__WAITING);
    return rc < 0 ? rc : 0; /* 1: it has happened as well */
}

/* ---- a case of a select ---- */

static int try(struct weft__thread *thread, struct weft_case *c)
{
    struct event *event = c->weft__object;
    bool set;

    weft__guard_enter(thread, &event->guard); /* after it whoever has set it is out: the event may go */
    set = event->set;
    weft__guard_leave(thread, &event->guard);
    if (set)
        WEFT__ACQUIRE(event);
    return set;
}

static int queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct event *event = c->weft__object;

    weft__guard_enter(thread, &event->guard);
    return weft__place_in(thread, &event->guard, &event->waiters, place, event->set);
}

static void leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct event *event = c->weft__object;

    weft__guard_remove(thread, &event->guard, &event->waiters, &place->waiter);
}

const struct weft__kind weft__on_event = {true, try, queue, leave, NULL};
