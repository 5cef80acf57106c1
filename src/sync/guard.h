/* The lock of one waiting object (a channel, a mutex ...): a spinlock that leans towards the worker which uses it.
 *
 * As long as one worker alone uses an object, that worker passes its lock with two plain stores and two plain loads;
 * whoever else wants it takes the bias away and pays for that with a membarrier (Kawachiya, Koseki, Onodera, OOPSLA
 * 2002, with the fence moved to the one who revokes). Of the two sides of Dekker's protocol
 *
 *     the worker with the bias                   another thread
 *       holds = guard                              takes the spinlock
 *       compiler barrier                           bias = 0
 *       bias still mine? ... the object is mine    membarrier()
 *       holds = NULL (release)                     waits until that worker's holds is not the guard
 *
 * one sees the other, as in worker.h. 'holds' belongs to the worker and not to the guard: a word in the guard could be
 * cleared late by a worker that has lost the bias, after another one has won it and set the word anew.
 *
 * A worker that has used an unbiased guard LEAN times in a row, alone, gets the bias; each time it is taken away again
 * that number doubles. Where the kernel refuses membarrier nothing is ever biased. A zeroed guard is free. A worker
 * holds one guard at a time; nothing suspends while holding one.
 */
#ifndef WEFT_SYNC_GUARD_H
#define WEFT_SYNC_GUARD_H

#include "base/lock.h"
#include "core/wait.h"

struct weft__guard {
    atomic_uint bias; /* 1 + index of a worker, or 0; the lock for writing */
    struct weft__lock lock;
    uint32_t streak;        /* lock: uses in a row by 'last' */
    uint16_t last, revoked; /* lock: 1 + index of a worker; how often the bias was taken */
};

/* What each worker holds by its bias. Not in the worker, which a stopped runtime frees: a guard may live longer. */
struct weft__holds {
    struct weft__guard *_Atomic guard;
    char rest[WEFT__CACHE_LINE - sizeof(void *)];
};
extern struct weft__holds weft__holds[];

void weft__guard_enter_slow(struct weft__thread *thread, struct weft__guard *guard);

/* thread: the caller's, inside; NULL for a plain thread. */
WEFT__INLINE void weft__guard_enter(struct weft__thread *thread, struct weft__guard *guard)
{
    if (WEFT__LIKELY(thread != NULL)) {
        unsigned self = thread->worker->index + 1;

        if (WEFT__LIKELY(atomic_load_explicit(&guard->bias, memory_order_relaxed) == self) && self != 0) {
            atomic_store_explicit(&weft__holds[self].guard, guard, memory_order_release);
            atomic_signal_fence(memory_order_seq_cst); /* pairs with the membarrier in revoke [B1] */
            if (WEFT__LIKELY(atomic_load_explicit(&guard->bias, memory_order_acquire) == self))
                return;
            atomic_store_explicit(&weft__holds[self].guard, NULL, memory_order_release);
        }
    }
    weft__guard_enter_slow(thread, guard);
}

WEFT__INLINE void weft__guard_leave(struct weft__thread *thread, struct weft__guard *guard)
{
    if (WEFT__LIKELY(thread != NULL)) {
        struct weft__holds *holds = &weft__holds[(uint32_t)(thread->worker->index + 1)];

        if (WEFT__LIKELY(atomic_load_explicit(&holds->guard, memory_order_relaxed) == guard)) {
            atomic_store_explicit(&holds->guard, NULL, memory_order_release); /* pairs with revoke [B2] */
            return;
        }
    }
    weft__unlock(&guard->lock);
}

/* What begins every operation that may wait: looks at cancellation, enters. 0, or why not, and then it is outside. */
WEFT__INLINE int weft__begin(struct weft__thread **ret_thread)
{
    struct weft__thread *thread = weft__enter_any();
    int rc = WEFT__LIKELY(thread != NULL) ? weft__cancelled(thread->task) : 0;

    if (WEFT__UNLIKELY(rc < 0))
        weft__leave(thread);
    *ret_thread = thread;
    return rc;
}

/* Leaves the guard and the runtime. */
WEFT__INLINE void weft__end(struct weft__thread *thread, struct weft__guard *guard)
{
    weft__guard_leave(thread, guard);
    weft__leave_any(thread);
}

/* Waits in a queue of the object; the guard is held. Returns outside of both: 0: chosen, see waiter->rc;
 * -ECANCELED, -ETIMEDOUT: taken out of the queue; 1: woken for nothing, and taken out. */
int weft__guard_wait(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                     struct weft__waiter *waiter, enum weft__claim claim);

/* The same in front of all others, for one that has waited before. */
int weft__guard_wait_first(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                           struct weft__waiter *waiter, enum weft__claim claim);

/* The same in two halves, with something to do between them, inside the runtime and outside the guard. */
void weft__guard_queue(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                       struct weft__waiter *waiter, enum weft__claim claim);
int weft__guard_await(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter);

/* Takes a waiter out of a queue that it may have left already. Inside; takes the guard. */
void weft__guard_remove(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                        struct weft__waiter *waiter);

/* Chooses every waiter that can still be woken, and puts them into a list of the caller's; the guard is held. */
struct weft__list weft__take_all(struct weft__list *queue);
void weft__wake_list(struct weft__thread *thread, struct weft__list *list);

/* Who runs: a task, or a plain thread. Never NULL. */
WEFT__INLINE const void *weft__identity(struct weft__thread *thread)
{
    return thread ? (const void *)thread->task : (const void *)&weft__self_word;
}

#endif
