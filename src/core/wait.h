/* A waiter: a task or a plain thread in somebody's queue. The node lives on the waiter's stack.
 *
 *     weft__wait_begin(&waiter, claim, object);
 *     lock; if the condition holds { unlock; weft__wait_abandon(&waiter); } else append the node; unlock;
 *     weft__wait(&waiter, deadline of a plain thread);
 *     if (!waiter.granted) { weft__wait_give_up(&waiter, lock, queue); look at cancellation }
 */
#ifndef WEFT_CORE_WAIT_H
#define WEFT_CORE_WAIT_H

#include "core/sched.h"

struct weft__waiter {
    struct weft__link link;      /* in the object's queue; the object's lock */
    struct weft__task *task;     /* NULL: a plain thread */
    struct weft__thread *thread; /* between begin and wait: the caller's, inside */
    atomic_uint word;            /* a plain thread's futex */
    bool granted;                /* the waker chose it: it is out of the queue */
};

void weft__wait_begin(struct weft__waiter *waiter, enum weft__claim claim, const void *object);
void weft__wait_abandon(struct weft__waiter *waiter);
void weft__wait(struct weft__waiter *waiter, int64_t thread_deadline);

/* After a wait that was not granted: out of the object's queue. */
void weft__wait_give_up(struct weft__waiter *waiter, struct weft__lock *lock, struct weft__list *queue);

/* Wakes the first waiter of the queue that can still be woken, takes it out and grants it. The object's lock is held.
 */
bool weft__wake_first(struct weft__list *queue);
void weft__wake_all(struct weft__list *queue);

/* The lock section of a waiting object that any thread may enter: inside the runtime on a thread of ours. */
struct weft__thread *weft__enter_any(void);
void weft__leave_any(struct weft__thread *thread);

#endif
