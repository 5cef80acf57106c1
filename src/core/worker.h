/* Threads and workers, and the door between user code and the runtime.
 *
 * A thread must hold a worker to run tasks. Everything in a worker is plain memory: it belongs to the thread that holds
 * it, while that thread is inside the runtime. While it is outside, in user code, anybody may take the worker for good
 * (the monitor, from a task that blocks or hogs) or borrow it (a thief). That is one asymmetric lock, which the owner
 * passes with a plain store and a plain load; whoever takes, pays (Dekker's protocol with the barriers on one side;
 * Linux's membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED, runs one on every CPU of the process):
 *
 *     owner                                 taker (one at a time: the compare-and-swap)
 *       inside = 1                            revoke: OPEN -> REVOKED
 *       compiler barrier                      membarrier()
 *       if (revoke != OPEN) slow path         if (inside) wait a moment, or put OPEN back and give up
 *       ... the worker is ours ...            ... the worker is ours ...
 *       inside = 0 (release)                  revoke = OPEN (borrowed), or DETACHED (taken for good)
 *
 * Either the owner's load sees REVOKED, or its store of inside had been made before the barrier and the taker sees
 * it: both miss each other only if the owner's load came before the taker's store and the owner's store after the
 * barrier, which the program order of the owner forbids. Where the kernel refuses membarrier, 'open' is FENCED instead
 * of OPEN, every entry takes the slow path and puts a full fence between its store and its load.
 *
 * A detached thread goes on with its task, without a worker. At the task's next call of the runtime it finds the door
 * closed, queues the task for any worker (one lock-free push) and goes spare. If it was demoted meanwhile, it
 * may only ever serve tasks that hog, and takes no lock: it could be preempted for long while holding it.
 */
#ifndef WEFT_CORE_WORKER_H
#define WEFT_CORE_WORKER_H

#include "arch/sanitize.h"
#include "base/ring.h"
#include "core/task.h"
#include "core/timer.h"
#include "os/os.h"

enum weft__revoke {
    WEFT__OPEN,     /* this thread holds its worker */
    WEFT__FENCED,   /* the same, without membarrier */
    WEFT__REVOKED,  /* somebody is taking or borrowing it */
    WEFT__DETACHED, /* no worker; the task goes on */
    WEFT__DEMOTED,  /* the same, and lowered in priority for good */
    WEFT__LEAVING,  /* was detached, is queueing its task: no longer to be demoted */
};

/* RESTING: inside, but far from anything that leans to its worker (sync/guard.h): asleep, or waiting for another. */
enum weft__inside { WEFT__OUTSIDE, WEFT__INSIDE, WEFT__RESTING };

enum { WEFT__STACK_CACHE = 64 };
#define WEFT__PRIVATE UINT32_MAX

enum weft__sleep { WEFT__AWAKE, WEFT__ON_FUTEX, WEFT__IN_POLLER };

struct weft__worker {
    /* of whoever holds it */
    struct weft__ring deque;               /* continuations of parents in front, tasks that yielded behind */
    struct weft__task *woken, *woken_last; /* tasks that became ready: first in, first out, ahead of the deque */
    uint32_t woken_count;
    uint32_t streak;           /* picks from woken since the deque had its turn */
    uint32_t tick;             /* picks */
    uint32_t until_wake;       /* spawns and wakes until a thief is woken */
    struct weft__task *stacks; /* free ones of the default size, hot first */
    uint32_t stacks_count;
    /* read by others without hold; written by the holder, relaxed */
    _Atomic uint64_t switches;           /* grows with each task that is given the CPU */
    atomic_uint drained;                 /* grows when the deque becomes empty */
    atomic_uint wake_period;             /* of until_wake: doubles with each thief that finds nothing */
    atomic_uint attention;               /* look at timers, poller and the common queue at the next pick */
    _Atomic uint64_t hogged;             /* switches when the monitor saw the running task hog: remember it */
    atomic_uint sleeping;                /* enum weft__sleep */
    atomic_uint wants_poller;            /* when idle, wait in the poller */
    struct weft__thread *_Atomic thread; /* who holds it */
    struct weft__timers timers;
    uint32_t index; /* constant; WEFT__PRIVATE for a pinned task's own */
    uint32_t lean;  /* constant: what the bias of a guard that leans to it says; none leans to a private one */
    struct weft__task *_Atomic pinned_ready; /* of a private worker: its task, when ready */
    /* the monitor's */
    uint64_t seen_switches;
    uint32_t seen_back, seen_drained, stuck;
    int64_t seen_cpu;
    struct weft__worker *next_free; /* of private workers; the pool's lock */
} __attribute__((aligned(WEFT__CACHE_LINE)));

struct weft__thread {
    atomic_uint inside;             /* enum weft__inside */
    atomic_uint revoke;             /* enum weft__revoke */
    struct weft__worker *worker;    /* NULL: none */
    struct weft__task *task;        /* the running one, NULL on its own stack */
    struct weft__task *from;        /* the one switched away from: to be released or freed */
    struct weft__task *picked;      /* by the task that has just left it: to be run as soon as it is saved */
    struct weft__context base;      /* its own stack: the scheduler's loop */
    atomic_uint word;               /* a futex: 1 = wake up */
    struct weft__task *mail;        /* for a demoted thread: what to run; for word's setter */
    struct weft__thread *next_idle; /* in the stack of idle threads */
    struct weft__thread *next;      /* in the list of all threads; the pool's lock */
    struct weft__os_thread os;
    int tid;
    struct weft__task *requeue;      /* its own: the task that came back to base without a worker */
    bool is_demoted, wants_demotion; /* its own */
    bool pin_ended;                  /* its own: the pinned task has ended */
    int64_t seen_cpu;                /* the monitor's, with the next: CPU time at its last look */
    uint32_t detached_ticks;
    void *fault_stack;
#ifdef WEFT__SANITIZED
    void *tsan_fiber, *asan_fake_stack;
    const void *stack_bottom;
    size_t stack_size;
#endif
};

extern unsigned weft__revoke_open; /* OPEN or FENCED; constant after start */

/* The thread of ours that runs this code; NULL on a plain thread. */
WEFT__INLINE struct weft__thread *weft__self(void)
{
    return weft__arch_self();
}

struct weft__thread *weft__enter_slow(struct weft__thread *thread);

/* Enters the runtime from a task: afterwards the thread holds a worker and nobody takes it. May move to another thread.
 */
WEFT__INLINE struct weft__thread *weft__enter(void)
{
    struct weft__thread *thread = weft__self();

    atomic_store_explicit(&thread->inside, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* pairs with the taker's membarrier [W1] */
    if (WEFT__UNLIKELY(atomic_load_explicit(&thread->revoke, memory_order_acquire) != WEFT__OPEN)) /* pairs with [W2] */
        return weft__enter_slow(thread);
    return thread;
}

WEFT__INLINE void weft__leave(struct weft__thread *thread)
{
    atomic_store_explicit(&thread->inside, 0, memory_order_release); /* pairs with weft__borrow [W3] */
}

/* Around a wait inside the runtime for what another thread does (sync/guard.h). A plain thread has no such state. */
WEFT__INLINE unsigned weft__rest(struct weft__thread *thread)
{
    unsigned inside = atomic_load_explicit(&thread->inside, memory_order_relaxed);

    atomic_store_explicit(&thread->inside, WEFT__RESTING, memory_order_release); /* pairs with await_outside [B2] */
    return inside;
}

WEFT__INLINE void weft__rest_end(struct weft__thread *thread, unsigned inside)
{
    atomic_store_explicit(&thread->inside, inside, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* pairs with revoke's membarrier [B1] */
}

/* take.c: enters, and closes the door oneself: for an owner that is about to give its worker away. Otherwise a taker
 * under way, which waits for us to leave and then finds the worker gone, would open again what we had set to DETACHED.
 */
struct weft__thread *weft__enter_alone(void);

/* take.c: exclusive hold of another thread's worker, if its thread stays outside. */
bool weft__borrow(struct weft__worker *worker, struct weft__thread **ret_thread);
void weft__give_back(struct weft__thread *thread);
/* After a borrow: the thread goes on without its worker. In its two halves: before the second the door is closed still.
 */
void weft__sever(struct weft__worker *worker, struct weft__thread *thread);
void weft__part(struct weft__worker *worker, struct weft__thread *thread);
void weft__let_go(struct weft__thread *thread);

#endif
