/* The slow side of biased locks, and waiting under one. */
#include "sync/guard.h"

#include "core/runtime.h"

#include <errno.h>

enum { LEAN = 16, LEAN_MAX = 16 };

/* Until the worker has been seen anywhere but in a section that it may have entered by the bias. */
static void await_outside(const struct weft__worker *worker)
{
    struct weft__thread *thread = atomic_load_explicit(&worker->thread, memory_order_acquire);

    for (unsigned spins = 1; thread && atomic_load_explicit(&thread->inside, memory_order_acquire) == WEFT__INSIDE;
         spins++) { /* pairs with weft__leave [W3] */
        if (spins % 256 == 0)
            weft__os_yield();
        WEFT__PAUSE();
        if (atomic_load_explicit(&worker->thread, memory_order_acquire) != thread)
            return;
    }
}

/* The spinlock is held. A plain thread does not keep the runtime alive: the lock of the workers does. */
static void revoke(struct weft__thread *thread, struct weft__guard *guard, unsigned owner)
{
    atomic_store_explicit(&guard->bias, owner | WEFT__BIAS_REVOKED, memory_order_relaxed);
    weft__os_membarrier(); /* pairs with weft__guard_enter, weft__fast_begin [B1] */
    if (!thread)
        weft__lock(&weft__workers_lock);
    if (owner - 1 < weft__runtime.workers_count)
        await_outside(&weft__runtime.workers[owner - 1]);
    if (!thread)
        weft__unlock(&weft__workers_lock);
    atomic_store_explicit(&guard->bias, 0, memory_order_relaxed);
    guard->streak = 0;
    guard->last = 0;
    if (guard->revoked < LEAN_MAX)
        guard->revoked++;
}

WEFT__NOINLINE void weft__guard_enter_slow(struct weft__thread *thread, struct weft__guard *guard)
{
    unsigned owner, inside = thread ? weft__rest(thread) : 0;

    weft__lock(&guard->lock);
    owner = atomic_load_explicit(&guard->bias, memory_order_relaxed);
    if (WEFT__UNLIKELY(owner != 0))
        revoke(thread, guard, owner);
    if (thread)
        weft__rest_end(thread, inside);
}

/* The bias is given when the spinlock is left: it says how the guard was entered. */
WEFT__NOINLINE void weft__guard_leave_slow(struct weft__thread *thread, struct weft__guard *guard)
{
    unsigned self = thread ? thread->worker->lean : 0;

    if (guard->last != self) {
        guard->last = (uint16_t)self;
        guard->streak = 0;
    } else if (self && ++guard->streak >= (uint32_t)LEAN << guard->revoked && weft__revoke_open == WEFT__OPEN) {
        guard->streak = 0;
        atomic_store_explicit(&guard->bias, self, memory_order_release);
    }
    weft__unlock(&guard->lock);
}

void weft__guard_remove(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                        struct weft__waiter *waiter)
{
    weft__guard_enter(thread, guard);
    weft__list_drop(queue, &waiter->link);
    weft__guard_leave(thread, guard);
}

/* Woken, and not chosen: by a cancellation, which may be none of ours behind a shield. Nobody has passed us over: we
 * wait on, in our place. */
static int look_around(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter)
{
    struct weft__thread *thread = weft__enter_any();
    bool is_queued;
    int rc = thread ? weft__cancelled(thread->task) : 0;

    weft__guard_enter(thread, guard);
    is_queued = weft__list_holds(queue, &waiter->link);
    if (is_queued && (rc == 0 || waiter->wait->claim == WEFT__WAITING_HARD)) {
        waiter->wait->thread = thread;
        weft__park_prepare(thread, waiter->wait->claim, waiter->wait);
        weft__guard_leave(thread, guard);
        return -EAGAIN;
    }
    if (is_queued)
        weft__list_remove(queue, &waiter->link);
    weft__guard_leave(thread, guard);
    weft__leave_any(thread);
    return is_queued ? rc : 1;
}

WEFT__NOINLINE int weft__guard_wait_on(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter)
{
    int rc;

    while ((rc = look_around(guard, queue, waiter)) == -EAGAIN) {
        weft__park(waiter->wait->thread);
        if (waiter->wait->winner)
            return 0;
    }
    return rc;
}

int weft__guard_await(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter)
{
    weft__wait(waiter->wait, INT64_MAX);
    return WEFT__LIKELY(waiter->wait->winner != NULL) ? 0 : weft__guard_wait_on(guard, queue, waiter);
}

int weft__guard_wait(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                     struct weft__waiter *waiter, enum weft__claim claim)
{
    weft__guard_queue(thread, guard, queue, waiter, claim, false);
    return weft__guard_await(guard, queue, waiter);
}

int weft__guard_wait_first(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                           struct weft__waiter *waiter, enum weft__claim claim)
{
    weft__guard_queue(thread, guard, queue, waiter, claim, true);
    return weft__guard_await(guard, queue, waiter);
}

struct weft__list weft__take_all(struct weft__list *queue, int rc)
{
    struct weft__list all = {0};
    struct weft__waiter *waiter;

    while ((waiter = weft__take_first(queue))) {
        waiter->rc = rc;
        weft__list_append(&all, &waiter->link);
    }
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
