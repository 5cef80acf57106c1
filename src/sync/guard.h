/* The lock of one waiting object (a channel, a mutex ...): a spinlock that leans towards the worker which uses it.
 *
 * As long as one worker alone uses an object, that worker passes its lock with one load: being inside the runtime is
 * enough, since nobody but the thread that holds the worker comes that way. Whoever else wants the object takes the
 * bias away, and pays for that with a membarrier (Kawachiya, Koseki, Onodera, OOPSLA 2002, with the fence moved to the
 * one who revokes). Of the two sides of Dekker's protocol
 *
 *     the worker with the bias                   another thread
 *       inside = INSIDE                            takes the spinlock
 *       compiler barrier                           bias |= REVOKED
 *       bias still mine? ... the object is mine    membarrier()
 *       inside = OUTSIDE (release)                 waits until that worker's thread is seen not INSIDE; bias = 0
 *
 * one sees the other, as in worker.h. A thread that waits inside for another one rests, and says so: while it sleeps,
 * while it waits here, and until a task that it has picked is off its stack. Otherwise two who revoke from each other
 * would wait for ever, or three: one who picked a task that is still queueing at a second object, whose guard is held
 * by one who revokes from the first. A worker that changes its thread meanwhile has been outside. What the bias says
 * while it is being revoked tells the one who holds the object by it that there is no spinlock to leave.
 *
 * A worker that has used an unbiased guard LEAN times in a row, alone, gets the bias; each time it is taken away again
 * that number doubles. Where the kernel refuses membarrier nothing is ever biased. A zeroed guard is free. Nothing
 * suspends while holding a guard, takes a second one, or takes one while it holds a spinlock.
 */
#ifndef WEFT_SYNC_GUARD_H
#define WEFT_SYNC_GUARD_H

#include "base/lock.h"
#include "core/wait.h"

enum { WEFT__BIAS_REVOKED = 1 << 30 };

struct weft__guard {
    atomic_uint bias; /* a worker's lean, or 0; the lock for writing */
    struct weft__lock lock;
    uint32_t streak;        /* lock: uses in a row by 'last' */
    uint16_t last, revoked; /* lock: a worker's lean; how often the bias was taken */
};

void weft__guard_enter_slow(struct weft__thread *thread, struct weft__guard *guard);
void weft__guard_leave_slow(struct weft__thread *thread, struct weft__guard *guard);

/* thread: the caller's, inside; NULL for a plain thread. */
WEFT__INLINE void weft__guard_enter(struct weft__thread *thread, struct weft__guard *guard)
{
    unsigned bias = atomic_load_explicit(&guard->bias, memory_order_relaxed); /* pairs with revoke [B1] */

    if (WEFT__UNLIKELY(!thread || bias != thread->worker->lean))
        weft__guard_enter_slow(thread, guard);
}

WEFT__INLINE void weft__guard_leave(struct weft__thread *thread, struct weft__guard *guard)
{
    unsigned bias = atomic_load_explicit(&guard->bias, memory_order_relaxed) & ~(unsigned)WEFT__BIAS_REVOKED;

    if (WEFT__UNLIKELY(!thread || bias != thread->worker->lean))
        weft__guard_leave_slow(thread, guard);
}

/* The way in that is nearly always open: a task that is not cancelled, on a worker to which the guard leans. NULL
 * otherwise, and then nothing has happened: the slow way must follow. To be left by weft__leave alone. */
WEFT__INLINE struct weft__thread *weft__fast_begin(struct weft__guard *guard)
{
    struct weft__thread *thread = weft__self();

    if (WEFT__UNLIKELY(!thread))
        return NULL;
    atomic_store_explicit(&thread->inside, WEFT__INSIDE, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* pairs with the takers' membarriers [W1] [B1] */
    if (WEFT__UNLIKELY(atomic_load_explicit(&thread->revoke, memory_order_acquire) != WEFT__OPEN))
        return NULL; /* pairs with [W2] */
    if (WEFT__UNLIKELY(atomic_load_explicit(&guard->bias, memory_order_relaxed) != thread->worker->lean))
        return NULL;
    if (WEFT__UNLIKELY(thread->task->seen_epoch != atomic_load_explicit(&weft__cancel_epoch, memory_order_acquire)))
        return NULL;
    return thread;
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
 * -ECANCELED, -ETIMEDOUT: taken out of the queue; 1: somebody who wanted to wake it came too late, when a cancellation
 * that is none of ours (behind a shield) had woken it: look again. */
int weft__guard_wait(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                     struct weft__waiter *waiter, enum weft__claim claim);

/* The same in front of all others, for one that has waited before. */
int weft__guard_wait_first(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                           struct weft__waiter *waiter, enum weft__claim claim);

/* The same in two halves, with something to do between them, inside the runtime and outside the guard. */
WEFT__INLINE void weft__guard_queue(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                                    struct weft__waiter *waiter, enum weft__claim claim, bool first)
{
    struct weft__wait *wait = waiter->wait;

    wait->thread = thread;
    wait->task = thread ? thread->task : NULL;
    wait->winner = NULL;
    wait->object = guard;
    wait->claim = claim;
    if (WEFT__LIKELY(thread != NULL))
        weft__park_prepare(thread, claim, wait);
    else
        atomic_init(&wait->word, WEFT__ASLEEP);
    if (first)
        weft__list_prepend(queue, &waiter->link);
    else
        weft__list_append(queue, &waiter->link);
    weft__guard_leave(thread, guard);
}

int weft__guard_await(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter);

/* The rest of it, when the wait has ended and was not won. */
int weft__guard_wait_on(struct weft__guard *guard, struct weft__list *queue, struct weft__waiter *waiter);

/* Takes a waiter out of a queue that it may have left already. Inside; takes the guard. */
void weft__guard_remove(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                        struct weft__waiter *waiter);

/* Chooses every waiter that can still be woken, tells each rc, and puts them into a list of the caller's; the guard is
 * held. */
struct weft__list weft__take_all(struct weft__list *queue, int rc);
void weft__wake_list(struct weft__thread *thread, struct weft__list *list);

/* Who runs: a task, or a plain thread, whose number is odd. Never NULL. */
WEFT__INLINE const void *weft__identity(struct weft__thread *thread)
{
    return thread ? (const void *)thread->task : (const void *)((const char *)&weft__self_word + 1);
}

#endif
