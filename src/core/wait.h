/* Waiting: a task or a plain thread, in the queue of one object or of several. Everything lies on the waiter's stack.
 *
 *     struct weft__wait wait = {.what = "..."};               one suspension: who waits, and for what
 *     struct weft__waiter waiter = {.wait = &wait};            its place in one queue
 *
 *     weft__wait_begin(&wait, claim);
 *     lock; if the condition holds { unlock; weft__wait_abandon(&wait); } else append the waiter; unlock;
 *     weft__wait(&wait, deadline of a plain thread);
 *     if (wait.winner != &waiter) { weft__wait_give_up(&waiter, lock, queue); look at cancellation }
 *
 * Who wins the claim of the wait, by one compare-and-swap, has the right and the duty to wake it; until then what the
 * waiter points to is the winner's, so that a value can be handed over in place. A canceller is one who competes.
 */
#ifndef WEFT_CORE_WAIT_H
#define WEFT_CORE_WAIT_H

#include "core/sched.h"

/* The claim of a plain thread. */
enum weft__word { WEFT__ASLEEP, WEFT__CLAIMED, WEFT__WOKEN };

struct weft__waiter {
    struct weft__link link; /* in the object's queue; the object's lock */
    struct weft__wait *wait;
    void *value; /* what is handed over, or where to put it; the winner's */
    int rc;      /* the winner's word to the waiter */
};

struct weft__wait {
    struct weft__task *task;     /* NULL: a plain thread */
    struct weft__thread *thread; /* between begin and wait: the caller's, inside */
    struct weft__waiter *winner; /* who was chosen: it is out of its queue; the winner's */
    atomic_uint word;            /* of a plain thread, a futex: enum weft__word */
    enum weft__claim claim;      /* of a task, with which it waits */
    bool is_open;                /* the world outside may end it: a waker's */
    const char *what;            /* for reports and pictures, with the next two: "to receive", and so on */
    const char *place;           /* "FILE:LINE" of the call, or NULL */
    const void *object;          /* what it waits for, or NULL */
    const void *const *owner;    /* where it stands who has what it waits for, a task; or NULL */
};

void weft__wait_begin(struct weft__wait *wait, enum weft__claim claim);
void weft__wait_abandon(struct weft__wait *wait);
void weft__wait(struct weft__wait *wait, int64_t thread_deadline);

/* Out of the object's queue, if it is in it: inside the runtime; and after a wait that was not won. */
void weft__wait_leave(struct weft__waiter *waiter, struct weft__lock *lock, struct weft__list *queue);
void weft__wait_give_up(struct weft__waiter *waiter, struct weft__lock *lock, struct weft__list *queue);

/* Wins the right to wake it; then weft__wait_won must follow. */
bool weft__wait_claim(struct weft__wait *wait);
void weft__wait_won_by_thread(struct weft__wait *wait);
WEFT__INLINE void weft__wait_won(struct weft__thread *thread, struct weft__wait *wait)
{
    if (WEFT__LIKELY(wait->task != NULL))
        weft__ready(thread, wait->task);
    else
        weft__wait_won_by_thread(wait);
}

/* Takes the first waiter out of the queue that can still be woken, and chooses it; NULL: none. The object's lock is
 * held. Then weft__wait_won(waiter->wait), with or without the lock. */
struct weft__waiter *weft__take_first(struct weft__list *queue);

/* Wakes the first that can be woken, or all; the object's lock is held. */
bool weft__wake_first(struct weft__list *queue);
void weft__wake_all(struct weft__list *queue);

/* For timers: wakes it without having chosen any of its waiters. */
void weft__wake_up(struct weft__wait *wait);

/* The lock section of a waiting object that any thread may enter: inside the runtime on a thread of ours. */
WEFT__INLINE struct weft__thread *weft__enter_any(void)
{
    return WEFT__LIKELY(weft__self() != NULL) ? weft__enter() : NULL;
}

WEFT__INLINE void weft__leave_any(struct weft__thread *thread)
{
    if (WEFT__LIKELY(thread != NULL))
        weft__leave(thread);
}

#endif
