/* The slow side of biased locks, and waiting under one. */
#include "sync/guard.h"

#include "core/runtime.h"

enum { LEAN = 16, LEAN_MAX = 16 };

struct weft__holds weft__holds[WEFT__WORKERS_MAX + 1];

/* The spinlock is held. */
static void revoke(struct weft__guard *guard, unsigned owner)
{
    atomic_store_explicit(&guard->bias, 0, memory_order_relaxed);
    weft__os_membarrier(); /* pairs with weft__guard_enter [B1] */
    for (unsigned spins = 1; atomic_load_explicit(&weft__holds[owner].guard, memory_order_acquire) == guard; spins++) {
        if (spins % 256 == 0) /* pairs with weft__guard_leave [B2] */
            weft__os_yield();
        WEFT__PAUSE();
    }
    guard->streak = 0;
    guard->last = 0;
    if (guard->revoked < LEAN_MAX)
        guard->revoked++;
}

WEFT__NOINLINE void weft__guard_enter_slow(struct weft__thread *thread, struct weft__guard *guard)
{
    unsigned self = thread ? thread->worker->index + 1 : 0, owner;

    weft__lock(&guard->lock);
    owner = atomic_load_explicit(&guard->bias, memory_order_relaxed);
    if (WEFT__UNLIKELY(owner != 0 && owner != self))
        revoke(guard, owner);
    if (guard->last != self) {
        guard->last = (uint16_t)self;
        guard->streak = 0;
    } else if (self && ++guard->streak >= (uint32_t)LEAN << guard->revoked && weft__revoke_open == WEFT__OPEN) {
        guard->streak = 0;
        atomic_store_explicit(&guard->bias, self, memory_order_release); /* from its next use on */
    }
}

static void prepare(struct weft__thread *thread, struct weft__guard *guard, struct weft__wait *wait,
                    enum weft__claim claim)
{
    wait->thread = thread;
    wait->task = thread ? thread->task : NULL;
    wait->winner = NULL;
    wait->object = guard;
    if (thread)
        weft__park_prepare(thread, claim, wait);
    else
        atomic_init(&wait->word, WEFT__ASLEEP);
}

void weft__guard_queue(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                       struct weft__waiter *waiter, enum weft__claim claim)
{
    prepare(thread, guard, waiter->wait, claim);
    weft__list_append(queue, &waiter->link);
    weft__guard_leave(thread, guard);
}

void weft__guard_remove(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                        struct weft__waiter *waiter)
{
    weft__guard_enter(thread, guard);
    if (weft__list_holds(queue, &waiter->link))
        weft__list_remove(queue, &waiter->link);
    weft__guard_leave(thread, guard);
}

int weft__guard_await(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter)
{
    struct weft__wait *wait = waiter->wait;
    struct weft__thread *thread;
    int rc;

    weft__wait(wait, INT64_MAX);
    if (WEFT__LIKELY(wait->winner != NULL))
        return 0;
    thread = weft__enter_any();
    weft__guard_remove(thread, guard, queue, waiter);
    weft__leave_any(thread);
    rc = weft__cancelled_here();
    return rc < 0 ? rc : 1;
}

int weft__guard_wait(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                     struct weft__waiter *waiter, enum weft__claim claim)
{
    weft__guard_queue(thread, guard, queue, waiter, claim);
    return weft__guard_await(guard, queue, waiter);
}

int weft__guard_wait_first(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                           struct weft__waiter *waiter, enum weft__claim claim)
{
    prepare(thread, guard, waiter->wait, claim);
    weft__list_prepend(queue, &waiter->link);
    weft__guard_leave(thread, guard);
    return weft__guard_await(guard, queue, waiter);
}

struct weft__list weft__take_all(struct weft__list *queue)
{
    struct weft__list all = {0};
    struct weft__waiter *waiter;

    while ((waiter = weft__take_first(queue)))
        weft__list_append(&all, &waiter->link);
    return all;
}

void weft__wake_list(struct weft__thread *thread, struct weft__list *list)
{
    struct weft__link *link = list->first, *next;

    for (; link; link = next) {
        next = link->next; /* the waiter may be gone right after */
        weft__wait_won(thread, WEFT__OF(struct weft__waiter, link, link)->wait);
    }
}
