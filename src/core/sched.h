/* Parking, waking, choosing. Every wait in the library goes through weft__park. */
#ifndef WEFT_CORE_SCHED_H
#define WEFT_CORE_SCHED_H

#include "core/worker.h"

struct weft__wait;

void weft__park_prepare_slow(const struct weft__wait *wait);

/* Before a park, inside: publishes that the current task may be woken. Afterwards make it findable (under the lock of
 * what it waits for), release that lock, and call weft__park. */
WEFT__INLINE void weft__park_prepare(struct weft__thread *thread, enum weft__claim claim, const struct weft__wait *wait)
{
    struct weft__task *task = thread->task;

    if (task->is_attached)
        weft__detach(task);
    task->wait = wait;
    WEFT__RELEASE(task);
    atomic_store_explicit(&task->claim, claim, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* pairs with weft__scope_cancel's membarrier [C1] */
    if (WEFT__UNLIKELY(weft__revoke_open == WEFT__FENCED))
        weft__park_prepare_slow(wait);
}

/* Waits until somebody wins the claim, cancellation included; if that has already come, does not wait. Returns outside
 * the runtime, perhaps on another thread. The caller finds out why it woke; waking for nothing is possible. */
void weft__park(struct weft__thread *thread);

/* Puts the current task behind all others that are ready. Returns outside. */
void weft__yield(struct weft__thread *thread);

/* Under a seed, at each entry of a task: the policy may let others run first. Returns inside. */
struct weft__thread *weft__maybe_preempt(struct weft__thread *thread);

/* Wins the right to wake the task; then weft__ready must follow. */
WEFT__INLINE bool weft__claim(struct weft__task *task)
{
    unsigned claim = atomic_load_explicit(&task->claim, memory_order_relaxed);

    return claim != WEFT__RUNNING &&
           atomic_compare_exchange_strong_explicit(&task->claim, &claim, WEFT__RUNNING, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

/* Makes a task ready whose claim the caller has won. thread: the caller's, inside, with a worker; NULL from anywhere
 * else. */
void weft__ready(struct weft__thread *thread, struct weft__task *task);

/* The caller's thread, if it is inside the runtime with a worker; else NULL. For wakers deep in shared code. */
struct weft__thread *weft__inside(void);

/* For wakers in user code: enters if that needs no waiting; NULL otherwise, then weft__ready(NULL, ...) does it. */
WEFT__INLINE struct weft__thread *weft__try_enter(void)
{
    struct weft__thread *thread = weft__self();

    if (!thread || atomic_load_explicit(&thread->inside, memory_order_relaxed))
        return NULL;
    atomic_store_explicit(&thread->inside, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* pairs with the taker's membarrier [W1] */
    if (WEFT__LIKELY(atomic_load_explicit(&thread->revoke, memory_order_acquire) == WEFT__OPEN))
        return thread;
    weft__leave(thread);
    return NULL;
}

/* Wakes an idle worker; false if there is none. */
bool weft__wake_idle(void);

/* A task whose parent is on the deque was chosen by other means than its child's end: detaches the child. */
struct weft__task *weft__resume_parent(struct weft__task *task);

/* The next ready task of the worker, NULL: none. */
struct weft__task *weft__pick(struct weft__thread *thread);

/* Takes what was queued from anywhere. */
void weft__drain_inject(struct weft__thread *thread);

/* Counts down to waking a thief: called when there is something to steal. */
void weft__offer_slow(struct weft__worker *worker);
WEFT__INLINE void weft__offer(struct weft__worker *worker)
{
    if (WEFT__UNLIKELY(--worker->until_wake == 0))
        weft__offer_slow(worker);
}

/* Wakes this worker if it sleeps; true if it did. */
bool weft__wake_worker(struct weft__worker *worker);

/* Queues the task with which the thread came back without a worker, if there is one. */
void weft__queue_its_task(struct weft__thread *thread);

/* The body of every thread of ours. */
void weft__thread_body(void *thread);

/* cancelled: 0, -ECANCELED, -ETIMEDOUT. */
WEFT__INLINE int weft__cancelled(struct weft__task *task)
{
    if (WEFT__LIKELY(task->seen_epoch == atomic_load_explicit(&weft__cancel_epoch, memory_order_acquire)))
        return 0;
    return weft__cancelled_slow(task);
}

/* The same for the caller; 0 on a plain thread. */
WEFT__INLINE int weft__cancelled_here(void)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task ? weft__cancelled(thread->task) : 0;
}

#endif
