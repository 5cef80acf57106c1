/* Choosing what runs next, parking and waking, and what an idle worker does.
 *
 * A worker's ready tasks stand in two queues. 'woken' holds what became ready by an event, oldest first, and goes
 * ahead, so that ready I/O never sits behind tasks that compute; after STREAK of them in a row the deque has its turn.
 * The deque holds the continuations of parents (newest in front: child first) and tasks that yielded (behind); each
 * 64th pick comes from behind, so that nothing is starved by what is always in front. No clock is read here: timers,
 * the poller and the common queue are looked at when the worker runs dry, or when the monitor asks for attention once a
 * tick.
 *
 * Sleeping and waking. Whoever queues a task in 'inject' then looks for a sleeper; whoever sleeps first says so and
 * then looks at 'inject' again. Both with a full fence between, so that one of them sees the other [Z1].
 * The last worker to fall asleep waits in the poller, the others on a futex: so one thread takes a burst of events and
 * runs it by itself, as an event loop would, and the others are woken for work that persists (weft__offer).
 */
#include "core/sched.h"

#include "core/detect.h"
#include "core/policy.h"
#include "core/runtime.h"
#include "core/switch.h"
#include "core/wait.h"

#include <errno.h>

enum {
    STREAK = 64,
    UNWANTED = 32,
    WAKE_PERIOD_MAX = 65536,
    SETTLE_NS = 8000,
    HOG_BURST_NS = 200000,
    DEADLOCK_NS = 200000000,
    POLL_EVERY = 64
};

/* ---- making ready ---- */

static void push_woken(struct weft__worker *worker, struct weft__task *task)
{
    task->next = NULL;
    if (worker->woken)
        worker->woken_last->next = task;
    else
        worker->woken = task;
    worker->woken_last = task;
    worker->woken_count++;
}

static struct weft__task *pop_woken(struct weft__worker *worker)
{
    struct weft__task *task = worker->woken;

    worker->woken = task->next;
    worker->woken_count--;
    return task;
}

static void inject(struct weft__task *task)
{
    struct weft__task *head = atomic_load_explicit(&weft__runtime.inject, memory_order_relaxed);

    do
        task->next = head;
    while (!atomic_compare_exchange_weak_explicit(&weft__runtime.inject, &head, task, memory_order_release,
                                                  memory_order_relaxed)); /* pairs with weft__drain_inject [Z2] */
    atomic_thread_fence(memory_order_seq_cst);                            /* pairs with fall_asleep [Z1] */
    weft__wake_idle();
}

WEFT__HOT void weft__ready(struct weft__thread *thread, struct weft__task *task)
{
    WEFT__RELEASE(task);
    if (!thread || thread->worker->index == WEFT__PRIVATE) {
        if (WEFT__UNLIKELY(weft__policy.seeded) && !weft__self())
            weft__detect_foreign(task);
        inject(task);
    } else if (WEFT__UNLIKELY(task->pinned != NULL)) {
        weft__pin_ready(task);
    } else if (WEFT__UNLIKELY(task->hog) && !task->wants_worker) {
        weft__pool_run_hog(task);
    } else {
        push_woken(thread->worker, task);
        if (thread->task || thread->worker->woken_count > 1)
            weft__offer(thread->worker);
    }
}

void weft__drain_inject(struct weft__thread *thread)
{
    struct weft__task *task, *next, *oldest = NULL;

    if (!atomic_load_explicit(&weft__runtime.inject, memory_order_relaxed) || thread->worker->index == WEFT__PRIVATE)
        return;
    task = atomic_exchange_explicit(&weft__runtime.inject, NULL, memory_order_acquire); /* pairs with inject [Z2] */
    for (; task; task = next) {
        next = task->next;
        task->next = oldest;
        oldest = task;
    }
    for (task = oldest; task; task = next) {
        next = task->next;
        weft__ready(thread, task);
    }
}

struct weft__thread *weft__inside(void)
{
    struct weft__thread *thread = weft__self();

    return thread && atomic_load_explicit(&thread->inside, memory_order_relaxed) && thread->worker ? thread : NULL;
}

/* ---- choosing ---- */

struct weft__task *weft__resume_parent(struct weft__task *task)
{
    if (task && task->attached)
        weft__detach(task->attached);
    return task;
}

/* What cannot wait until the worker runs dry. */
WEFT__NOINLINE static void attend(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;

    atomic_store_explicit(&worker->attention, 0, memory_order_relaxed);
    if (atomic_load_explicit(&worker->hogged, memory_order_relaxed) + 1 ==
            atomic_load_explicit(&worker->switches, memory_order_relaxed) &&
        thread->task)
        thread->task->hog = WEFT__HOG;
    weft__timers_run(&worker->timers, weft__now());
    if (!atomic_load_explicit(&weft__runtime.in_poller, memory_order_relaxed))
        weft__runtime.poller->poll(thread, 0);
    weft__drain_inject(thread);
}

/* Under a seed: any ready task may be next. */
static struct weft__task *pick_any(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;
    uint32_t count, i;

    if (++worker->tick % POLL_EVERY == 0 && weft__runtime.poller->watched()) /* tasks that only yield would starve it */
        weft__runtime.poller->poll(thread, 0);
    weft__drain_inject(thread);
    count = worker->woken_count + weft__ring_count(&worker->deque);
    if (count == 0)
        return NULL;
    i = weft__policy_pick(worker, count);
    if (i >= worker->woken_count) {
        struct weft__task *task = weft__resume_parent(weft__ring_take(&worker->deque, i - worker->woken_count));

        if (task->is_attached) /* what lay in front of it now lies in front of its spawner */
            weft__detach(task);
        return task;
    }
    for (; i > 0; i--)
        push_woken(worker, pop_woken(worker));
    return pop_woken(worker);
}

WEFT__INLINE struct weft__task *pick(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;
    struct weft__task *task;

    atomic_store_explicit(&worker->switches, atomic_load_explicit(&worker->switches, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    if (WEFT__UNLIKELY(weft__policy.seeded))
        task = pick_any(thread);
    else {
        if (WEFT__UNLIKELY(atomic_load_explicit(&worker->attention, memory_order_relaxed)))
            attend(thread);
        if (WEFT__UNLIKELY((++worker->tick & 31) == 0))
            weft__drain_inject(thread);
        if (worker->woken_count && (worker->streak++ < STREAK || !weft__ring_count(&worker->deque))) {
            task = pop_woken(worker);
        } else {
            worker->streak = 0;
            task = WEFT__LIKELY(worker->tick & 63) ? weft__ring_pop_front(&worker->deque)
                                                   : weft__ring_pop_back(&worker->deque);
            task = weft__resume_parent(task);
        }
    }
    return task;
}

/* For a thread that stands on its own stack, or on one that nobody waits for. */
struct weft__task *weft__pick(struct weft__thread *thread)
{
    struct weft__task *task = pick(thread);

    if (task)
        weft__await_saved(thread, task);
    return task;
}

/* From a task's stack to the task that was picked. One that is not off its own stack yet must not be waited for here:
 * it may have picked us, and would wait for our stack. So we go to the thread's own stack, and wait there. */
WEFT__INLINE struct weft__thread *switch_to(struct weft__thread *thread, struct weft__task *next)
{
    if (WEFT__LIKELY(next != NULL)) {
        if (WEFT__LIKELY(!atomic_load_explicit(&next->on_cpu, memory_order_acquire))) { /* pairs with [S1] */
            atomic_store_explicit(&next->on_cpu, 1, memory_order_relaxed);
        } else {
            thread->picked = next;
            next = NULL;
        }
    }
    return weft__switch(thread, next);
}

/* ---- parking ---- */

WEFT__NOINLINE void weft__park_prepare_slow(const struct weft__wait *wait)
{
    atomic_thread_fence(memory_order_seq_cst); /* pairs with move_epoch [C1] */
    if (weft__policy.seeded && wait->owner)
        weft__detect_circle(wait);
}

WEFT__HOT void weft__park(struct weft__thread *thread)
{
    struct weft__task *task = thread->task, *next;

    /* Cancellation is a level: if it came before the claim was published, the canceller may not have seen us. */
    if (WEFT__UNLIKELY(atomic_load_explicit(&task->claim, memory_order_relaxed) == WEFT__WAITING &&
                       weft__cancelled(task) < 0) &&
        weft__claim(task)) {
        weft__leave(thread);
        return;
    }
    next = pick(thread);
    if (next != task)
        thread = switch_to(thread, next);
    WEFT__ACQUIRE(task);
    weft__leave(thread);
}

void weft__yield(struct weft__thread *thread)
{
    struct weft__task *task = thread->task, *next;

    if (WEFT__UNLIKELY(weft__policy.seeded))
        weft__policy_lower(task);
    if (task->is_attached)
        weft__detach(task);
    if (task->pinned || task->hog || !weft__ring_reserve(&thread->worker->deque)) {
        weft__ready(thread, task);
    } else {
        weft__ring_push_back(&thread->worker->deque, task);
        weft__offer(thread->worker);
    }
    next = pick(thread);
    if (next != task)
        thread = switch_to(thread, next);
    weft__leave(thread);
}

struct weft__thread *weft__maybe_preempt(struct weft__thread *thread)
{
    struct weft__task *task = thread->task, *next;
    struct weft__worker *worker = thread->worker;

    if (!task || task->pinned || !weft__policy_preempts(worker, task) || !weft__ring_reserve(&worker->deque))
        return thread;
    if (task->is_attached)
        weft__detach(task);
    weft__ring_push_back(&worker->deque, task);
    next = pick(thread);
    return next == task ? thread : switch_to(thread, next);
}

/* ---- sleeping and waking ---- */

bool weft__wake_worker(struct weft__worker *worker)
{
    uint64_t bit = UINT64_C(1) << worker->index % 64;
    struct weft__thread *thread;

    if (!(atomic_fetch_and_explicit(&weft__runtime.idle[worker->index / 64], ~bit, memory_order_seq_cst) & bit))
        return false; /* pairs with fall_asleep [Z1] */
    thread = atomic_load_explicit(&worker->thread, memory_order_acquire);
    atomic_store_explicit(&thread->word, 1, memory_order_release); /* pairs with fall_asleep [Z3] */
    if (atomic_load_explicit(&worker->sleeping, memory_order_seq_cst) == WEFT__IN_POLLER)
        weft__runtime.poller->wake();
    else
        weft__os_futex_wake(&thread->word, 1);
    return true;
}

/* Those on a futex first: the one in the poller has its place. */
bool weft__wake_idle(void)
{
    struct weft__worker *in_poller = NULL;

    if (atomic_load_explicit(&weft__runtime.idle_count, memory_order_seq_cst) == 0)
        return false;
    for (unsigned word = 0; word * 64 < weft__runtime.workers_count; word++) {
        uint64_t bits = atomic_load_explicit(&weft__runtime.idle[word], memory_order_relaxed);

        for (; bits; bits &= bits - 1) {
            struct weft__worker *worker = &weft__runtime.workers[word * 64 + (unsigned)__builtin_ctzll(bits)];

            if (atomic_load_explicit(&worker->sleeping, memory_order_relaxed) == WEFT__IN_POLLER)
                in_poller = worker;
            else if (weft__wake_worker(worker))
                return true;
        }
    }
    return in_poller && weft__wake_worker(in_poller);
}

/* A thief is woken for the first spawn after a quiet time, and more and more rarely while thieves find nothing that has
 * lain around for some microseconds: a wake costs as much as hundreds of spawns. */
WEFT__NOINLINE void weft__offer_slow(struct weft__worker *worker)
{
    worker->until_wake = atomic_load_explicit(&worker->wake_period, memory_order_relaxed);
    if (!atomic_load_explicit(&weft__runtime.idle_count, memory_order_relaxed))
        worker->until_wake += UNWANTED;
    else if (!atomic_exchange_explicit(&weft__runtime.searching, 1, memory_order_relaxed) && !weft__wake_idle())
        atomic_store_explicit(&weft__runtime.searching, 0, memory_order_relaxed);
}

/* ---- stealing ---- */

/* What lies on a worker, as far as a look from outside can tell; equal twice: it lies still. */
struct sight {
    uint32_t deque, woken, back, drained;
    uint64_t switches;
};

static struct sight look_at(struct weft__worker *worker)
{
    struct sight sight = {
        .back = __atomic_load_n(&worker->deque.back, __ATOMIC_RELAXED),
        .woken = __atomic_load_n(&worker->woken_count, __ATOMIC_RELAXED),
        .drained = atomic_load_explicit(&worker->drained, memory_order_relaxed),
        .switches = atomic_load_explicit(&worker->switches, memory_order_relaxed),
    };

    sight.deque = sight.back - __atomic_load_n(&worker->deque.front, __ATOMIC_RELAXED);
    return sight;
}

static bool lies_still(struct sight a, struct sight b)
{
    if (a.deque && b.deque && a.back == b.back && a.drained == b.drained)
        return true;
    return a.woken && b.woken && (a.switches == b.switches || b.woken > 2 * STREAK);
}

/* The oldest continuation, which is the biggest piece of work; else half of what was woken. */
static struct weft__task *take_from(struct weft__thread *thread, struct weft__worker *victim)
{
    struct weft__task *task = weft__ring_pop_back(&victim->deque);
    uint32_t half = (victim->woken_count + 1) / 2;

    if (task)
        return weft__resume_parent(task);
    if (!half)
        return NULL;
    task = pop_woken(victim);
    while (--half)
        push_woken(thread->worker, pop_woken(victim));
    return task;
}

static struct weft__task *steal_from(struct weft__thread *thread, struct weft__worker *victim)
{
    struct weft__thread *owner;
    struct weft__task *task = NULL;

    if (weft__borrow(victim, &owner)) {
        task = take_from(thread, victim);
        weft__give_back(owner);
    }
    if (task) {
        atomic_store_explicit(&victim->wake_period, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&weft__runtime.steals, 1, memory_order_relaxed);
        weft__await_saved(thread, task);
    }
    return task;
}

static void discourage(struct weft__worker *victim)
{
    unsigned period = atomic_load_explicit(&victim->wake_period, memory_order_relaxed);

    if (period < WAKE_PERIOD_MAX)
        atomic_store_explicit(&victim->wake_period, period * 2, memory_order_relaxed);
}

/* Two looks some microseconds apart: what moves by itself is not worth a theft, which interrupts its owner. */
static struct weft__task *steal(struct weft__thread *thread)
{
    unsigned count = weft__runtime.workers_count, self = thread->worker->index;
    struct weft__task *task = NULL;

    for (unsigned i = 1; i < count && !task; i++) {
        struct weft__worker *victim = &weft__runtime.workers[(self + i) % count];
        struct sight first = look_at(victim);
        int64_t until;

        if (!first.deque && !first.woken)
            continue;
        for (until = weft__os_now() + SETTLE_NS; weft__os_now() < until;)
            for (int pause = 0; pause < 16; pause++)
                WEFT__PAUSE();
        if (lies_still(first, look_at(victim)))
            task = steal_from(thread, victim);
        else
            discourage(victim);
    }
    return task;
}

/* ---- idling ---- */

/* Says that this worker sleeps, looks again, sleeps until woken or until its first timer. */
static void fall_asleep(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;
    uint64_t bit = UINT64_C(1) << worker->index % 64;
    int64_t deadline;
    bool last = atomic_fetch_add_explicit(&weft__runtime.idle_count, 1, memory_order_seq_cst) + 1 ==
                weft__runtime.workers_count;
    bool polls = (last || atomic_load_explicit(&worker->wants_poller, memory_order_relaxed)) &&
                 !atomic_exchange_explicit(&weft__runtime.in_poller, 1, memory_order_acq_rel);

    atomic_store_explicit(&worker->wants_poller, 0, memory_order_relaxed);
    atomic_store_explicit(&thread->word, 0, memory_order_relaxed);
    atomic_store_explicit(&worker->sleeping, polls ? WEFT__IN_POLLER : WEFT__ON_FUTEX, memory_order_relaxed);
    atomic_fetch_or_explicit(&weft__runtime.idle[worker->index / 64], bit, memory_order_seq_cst); /* [Z1] */
    deadline =
        atomic_load_explicit(&worker->timers.next, memory_order_relaxed);     /* a pinned task may have set one [Z1] */
    if (!atomic_load_explicit(&weft__runtime.inject, memory_order_seq_cst) && /* pairs with inject [Z1] */
        !atomic_load_explicit(&weft__runtime.stopping, memory_order_seq_cst)) {
        unsigned inside = weft__rest(thread);

        if (polls)
            weft__runtime.poller->poll(thread, deadline);
        else
            weft__os_futex_wait(&thread->word, 0, deadline);
        weft__rest_end(thread, inside);
    }
    atomic_fetch_and_explicit(&weft__runtime.idle[worker->index / 64], ~bit, memory_order_seq_cst);
    atomic_store_explicit(&worker->sleeping, WEFT__AWAKE, memory_order_relaxed);
    if (polls)
        atomic_store_explicit(&weft__runtime.in_poller, 0, memory_order_release);
    atomic_fetch_sub_explicit(&weft__runtime.idle_count, 1, memory_order_seq_cst);
    weft__monitor_poke();
}

/* Under a seed, when nothing is ready and no timer is set: only the world outside can go on. */
static void rest_seeded(struct weft__thread *thread)
{
    bool alone =
        !weft__runtime.poller->watched() && !atomic_load_explicit(&weft__runtime.foreign, memory_order_relaxed);
    int64_t until;

    if (!alone || !atomic_load_explicit(&weft__runtime.live, memory_order_relaxed)) {
        fall_asleep(thread);
        return;
    }
    until = weft__on_finding ? 0 : weft__os_now() + DEADLOCK_NS;
    while (!atomic_load_explicit(&weft__runtime.inject, memory_order_acquire) &&
           !atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire)) {
        atomic_uint nobody = 0;

        if (until && weft__os_now() < until) {
            weft__os_futex_wait(&nobody, 0, weft__os_now() + WEFT_MILLISECOND);
            continue;
        }
        weft__detect_deadlock();
        fall_asleep(thread);
        return;
    }
}

/* Under a seed, when nothing is ready: real events first, if any task waits for one; else time jumps to the next timer.
 */
static void fall_asleep_seeded(struct weft__thread *thread)
{
    int64_t next = atomic_load_explicit(&thread->worker->timers.next, memory_order_relaxed);
    int64_t grace = weft__runtime.poller->watched() ? weft__os_now() + WEFT_MILLISECOND : 0;

    if (next == INT64_MAX)
        rest_seeded(thread);
    else if (weft__runtime.poller->poll(thread, grace) == 0 && !thread->worker->woken_count)
        atomic_store_explicit(&weft__policy.now, next, memory_order_relaxed);
}

/* The next task, however long it takes; NULL: the runtime stops. */
static struct weft__task *await_task(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;
    struct weft__task *picked = thread->picked;
    bool woken = false;

    if (WEFT__UNLIKELY(picked != NULL)) {
        thread->picked = NULL;
        weft__await_saved(thread, picked);
        return picked;
    }
    for (;;) {
        struct weft__task *task;

        weft__timers_run(&worker->timers, weft__now());
        weft__drain_inject(thread);
        task = weft__pick(thread);
        if (!task && !weft__policy.seeded)
            task = steal(thread);
        if (woken)
            atomic_store_explicit(&weft__runtime.searching, 0, memory_order_relaxed);
        if (task)
            return task;
        if (atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire))
            return NULL;
        if (weft__policy.seeded)
            fall_asleep_seeded(thread);
        else
            fall_asleep(thread);
        woken = true;
    }
}

/* The loop of a thread that holds a worker; returns when it holds none any more, or at the stop. */
static void work(struct weft__thread *thread)
{
    while (thread->worker) {
        struct weft__task *task = thread->worker->index == WEFT__PRIVATE ? weft__pin_next(thread) : await_task(thread);

        if (!task)
            return;
        weft__switch(thread, task);
    }
}

/* A demoted thread's piece of work: one burst of a hog, until it enters the runtime. Short bursts earn its way back. */
static void serve_hog(struct weft__thread *thread)
{
    struct weft__task *task = thread->mail;
    int64_t start = weft__os_thread_cpu(0);

    thread->mail = NULL;
    weft__await_saved(thread, task);
    weft__switch(thread, task);
    task = thread->requeue;
    WEFT__CHECK(task);
    if (weft__os_thread_cpu(0) - start >= HOG_BURST_NS)
        task->hog = WEFT__HOG;
    else if (task->hog)
        task->hog--;
}

/* Whatever the thread did without a worker, its task goes on at one: one lock-free push, all that a demoted thread does
 * here. */
void weft__queue_its_task(struct weft__thread *thread)
{
    struct weft__task *task = thread->requeue;

    thread->requeue = NULL;
    if (task) {
        WEFT__RELEASE(task);
        inject(task);
    }
}

void weft__thread_body(void *argument)
{
    struct weft__thread *thread = argument;

    weft__self_word = thread;
    thread->tid = weft__os_tid();
    thread->fault_stack = weft__os_fault_stack();
    weft__os_name("weft");
    weft__os_precise_timers();
#ifdef WEFT__TSAN
    thread->tsan_fiber = __tsan_get_current_fiber();
    WEFT__RELEASE(&thread->tsan_fiber); /* pairs with weft__sanitize_arrive */
#endif
    while (weft__pool_wait(thread)) {
        if (thread->mail)
            serve_hog(thread);
        else
            work(thread);
    }
    weft__os_fault_stack_free(thread->fault_stack);
    atomic_store_explicit(&thread->inside, WEFT__OUTSIDE, memory_order_release);
}
