/* The door between user code and the runtime, from both sides; the protocol and its proof stand in worker.h. */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/switch.h"

unsigned weft__revoke_open = WEFT__OPEN;

enum { BORROW_SPINS = 2000 };

/* Queues the running task for any worker; the thread's own loop does the push, since the task must be off its stack
 * first. Returns when a worker runs the task again, on whichever thread that is. */
static struct weft__thread *queue_oneself(struct weft__thread *thread)
{
    unsigned state = WEFT__DETACHED;

    if (!atomic_compare_exchange_strong_explicit(&thread->revoke, &state, WEFT__LEAVING, memory_order_acq_rel,
                                                 memory_order_acquire)) { /* pairs with the monitor's demotion [W4] */
        WEFT__CHECK(state == WEFT__DEMOTED);
        thread->is_demoted = true;
        thread->task->hog = WEFT__HOG;
    }
    thread->task->wants_worker = true;
    thread->requeue = thread->task;
    thread = weft__switch(thread, NULL);
    thread->task->wants_worker = false;
    return thread;
}

WEFT__NOINLINE struct weft__thread *weft__enter_slow(struct weft__thread *thread)
{
    for (unsigned spins = 1;; spins++) {
        unsigned state;

        atomic_thread_fence(memory_order_seq_cst); /* pairs with weft__borrow, where membarrier is refused [W5] */
        state = atomic_load_explicit(&thread->revoke, memory_order_acquire); /* pairs with [W2] */
        if (state == weft__revoke_open)
            return WEFT__UNLIKELY(weft__policy.seeded) ? weft__maybe_preempt(thread) : thread;
        atomic_store_explicit(&thread->inside, 0, memory_order_release); /* pairs with weft__borrow [W3] */
        if (state != WEFT__REVOKED)
            return queue_oneself(thread);
        if (spins % 256 == 0)
            weft__os_yield();
        WEFT__PAUSE();
        atomic_store_explicit(&thread->inside, 1, memory_order_relaxed);
    }
}

struct weft__thread *weft__enter_alone(void)
{
    for (;;) {
        struct weft__thread *thread = weft__enter();
        unsigned open = weft__revoke_open;

        if (atomic_compare_exchange_strong_explicit(&thread->revoke, &open, WEFT__REVOKED, memory_order_acq_rel,
                                                    memory_order_relaxed))
            return thread;
        weft__leave(thread); /* lets the taker have its way */
    }
}

bool weft__borrow(struct weft__worker *worker, struct weft__thread **ret_thread)
{
    struct weft__thread *thread = atomic_load_explicit(&worker->thread, memory_order_acquire);
    unsigned open = weft__revoke_open;

    if (!thread || atomic_load_explicit(&thread->inside, memory_order_relaxed) ||
        !atomic_compare_exchange_strong_explicit(&thread->revoke, &open, WEFT__REVOKED, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return false;
    if (weft__revoke_open == WEFT__OPEN)
        weft__os_membarrier(); /* pairs with weft__enter [W1] */
    else
        atomic_thread_fence(memory_order_seq_cst); /* pairs with weft__enter_slow [W5] */
    for (int spins = 0; spins < BORROW_SPINS; spins++) {
        if (!atomic_load_explicit(&thread->inside, memory_order_acquire)) { /* pairs with weft__leave [W3] */
            if (atomic_load_explicit(&worker->thread, memory_order_relaxed) != thread)
                break; /* it lost this worker, and got another one, before we closed its door */
            *ret_thread = thread;
            return true;
        }
        WEFT__PAUSE();
    }
    weft__give_back(thread);
    return false;
}

void weft__give_back(struct weft__thread *thread)
{
    atomic_store_explicit(&thread->revoke, weft__revoke_open, memory_order_release); /* pairs with weft__enter [W2] */
}

void weft__part(struct weft__worker *worker, struct weft__thread *thread)
{
    struct weft__task *task = thread->task;

    if (task->is_attached)
        weft__detach(task);
    atomic_store_explicit(&worker->thread, NULL, memory_order_relaxed);
    thread->worker = NULL;
}

void weft__let_go(struct weft__thread *thread)
{
    thread->detached_ticks = 0;
    thread->seen_cpu = weft__os_thread_cpu(thread->tid);
    atomic_store_explicit(&thread->revoke, WEFT__DETACHED, memory_order_release); /* pairs with weft__enter [W2] */
}

void weft__sever(struct weft__worker *worker, struct weft__thread *thread)
{
    weft__part(worker, thread);
    weft__let_go(thread);
}
