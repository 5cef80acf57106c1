/* The monitor: the one thread that looks on while all others work, and takes workers away from tasks that block or hog.
 *
 * It ticks once a millisecond while anything runs (faster while it has just had to act) and sleeps for good when all is
 * idle. A worker is stuck when it has given the CPU to no other task since the last tick. If somebody waits whom no
 * idle worker can serve, the worker goes to another thread; what was stuck goes on where it is. Then its CPU clock
 * tells a hog, which is demoted to SCHED_BATCH and nice 19, from a call that blocks, which costs nothing.
 *
 * So many tasks that compute, and nothing else, are not all given threads of their own: the more hogs run already, the
 * longer a worker must have been stuck before the mere length of its deque counts. Tasks that an event made ready do
 * not wait for that.
 */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"

enum {
    TICK_NS = 1000000,
    TICK_MIN_NS = 250000,
    QUIET_TICKS = 20, /* without any activity, before it sleeps for good */
    UNWATCHED = 5,    /* ticks until a worker is taken though nobody waits yet but for events */
    STALL = 10,       /* ticks without progress, at the cap, until one more thread is made */
    SETTLED = 64,     /* ticks after which a blocked thread is looked at more rarely */
};

static struct {
    struct weft__os_thread os;
    atomic_uint word;   /* futex: 1 = look */
    atomic_uint asleep; /* for good */
    int64_t tick;
    int64_t reported; /* when the cap was last reported */
    bool started;
} monitor;

static int64_t last_look, this_look; /* when; under load a tick may be long */
static unsigned seen_polls;
static bool unsettled; /* a detached thread is not classified yet */

void weft__monitor_poke(void)
{
    if (atomic_load_explicit(&monitor.asleep, memory_order_seq_cst) &&
        atomic_exchange_explicit(&monitor.asleep, 0, memory_order_seq_cst)) {
        atomic_store_explicit(&monitor.word, 1, memory_order_release);
        weft__os_futex_wake(&monitor.word, 1);
    }
}

/* Is a detached thread a hog? Its CPU clock against the wall's. */
static void classify(struct weft__thread *thread)
{
    unsigned state = WEFT__DETACHED;
    int64_t cpu;

    if (atomic_load_explicit(&thread->revoke, memory_order_acquire) != WEFT__DETACHED)
        return;
    thread->detached_ticks++;
    if (thread->detached_ticks < SETTLED)
        unsettled = true;
    else if (thread->detached_ticks % SETTLED)
        return;
    cpu = weft__os_thread_cpu(thread->tid);
    if (cpu - thread->seen_cpu < TICK_MIN_NS / 2) {
        if (thread->detached_ticks % 4 == 0)
            thread->seen_cpu = cpu;
        return;
    }
    if (weft__policy.demote &&
        atomic_compare_exchange_strong_explicit(&thread->revoke, &state, WEFT__DEMOTED, memory_order_acq_rel,
                                                memory_order_relaxed)) { /* pairs with queue_oneself [W4] */
        weft__os_demote(thread->tid);
        weft__pool_count_hog(1);
        atomic_fetch_add_explicit(&weft__runtime.hogs, 1, memory_order_relaxed);
    }
}

static bool any_idle(void)
{
    return atomic_load_explicit(&weft__runtime.idle_count, memory_order_relaxed) > 0;
}

/* Who waits behind a stuck worker, and how long he is to wait: ticks; 0: nobody. */
static uint32_t patience(struct weft__worker *worker)
{
    uint32_t deque = __atomic_load_n(&worker->deque.back, __ATOMIC_RELAXED) -
                     __atomic_load_n(&worker->deque.front, __ATOMIC_RELAXED);

    if (atomic_load_explicit(&weft__runtime.inject, memory_order_relaxed) ||
        __atomic_load_n(&worker->woken_count, __ATOMIC_RELAXED))
        return 1;
    if (deque)
        return 1 + weft__pool_hogs() / weft__runtime.workers_count;
    return weft__runtime.poller->watched() ? UNWATCHED : 0;
}

static void report_cap(int64_t now)
{
    if (now - monitor.reported < WEFT_SECOND)
        return;
    monitor.reported = now;
    weft__report("all %u threads are blocked or computing and tasks wait: adding threads beyond the cap; raise it with "
                 "WEFT_THREADS, or let fewer tasks block at once",
                 weft__pool_threads());
}

/* The worker goes to a thread that can run. */
static void hand_off(struct weft__worker *worker, int64_t now)
{
    struct weft__thread *thread;
    bool beyond = false;

    if (weft__pool_at_cap() && !weft__pool_has_spare()) {
        if (worker->stuck < STALL)
            return;
        beyond = true;
        report_cap(now);
    }
    if (!weft__borrow(worker, &thread))
        return;
    if (!thread->task) {
        weft__give_back(thread);
        return;
    }
    weft__sever(worker, thread);
    atomic_fetch_add_explicit(&worker->switches, 1, memory_order_relaxed); /* nobody inherits its blame */
    unsettled = true;
    worker->stuck = 0;
    monitor.tick = TICK_MIN_NS;
    atomic_fetch_add_explicit(&weft__runtime.hand_offs, 1, memory_order_relaxed);
    while (weft__pool_staff(worker, beyond) < 0) { /* no memory or no thread to be had: the worker waits for one */
        report_cap(now);
        beyond = true;
        weft__os_futex_wait(&monitor.word, 0, weft__os_now() + TICK_NS);
        if (atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire))
            return;
    }
}

/* A task that computes through a whole tick is remembered as a hog, though nobody waited this time: its next burst
 * begins on a demoted thread. Only where events are waited for: a program that just computes is left alone. */
static void remember_hog(struct weft__worker *worker, struct weft__thread *thread)
{
    int64_t cpu;

    if (!weft__policy.demote || !weft__runtime.poller->watched())
        return;
    cpu = weft__os_thread_cpu(thread->tid);
    if (worker->stuck && cpu - worker->seen_cpu >= (this_look - last_look) / 2) {
        atomic_store_explicit(&worker->hogged, worker->seen_switches, memory_order_relaxed);
        atomic_store_explicit(&worker->attention, 1, memory_order_relaxed);
    }
    worker->seen_cpu = cpu;
}

/* One look at one worker. True if it runs. */
static bool look_at_worker(struct weft__worker *worker, int64_t now)
{
    struct weft__thread *thread = atomic_load_explicit(&worker->thread, memory_order_acquire);
    uint64_t switches = atomic_load_explicit(&worker->switches, memory_order_relaxed);
    uint32_t back = __atomic_load_n(&worker->deque.back, __ATOMIC_RELAXED), wait;
    bool still = switches == worker->seen_switches;
    bool surplus = back == worker->seen_back && back != __atomic_load_n(&worker->deque.front, __ATOMIC_RELAXED) &&
                   atomic_load_explicit(&worker->drained, memory_order_relaxed) == worker->seen_drained;

    worker->seen_switches = switches;
    worker->seen_back = back;
    worker->seen_drained = atomic_load_explicit(&worker->drained, memory_order_relaxed);
    if (!thread || atomic_load_explicit(&worker->sleeping, memory_order_relaxed) != WEFT__AWAKE) {
        worker->stuck = 0;
        return false;
    }
    worker->stuck = still && __atomic_load_n(&thread->task, __ATOMIC_RELAXED) ? worker->stuck + 1 : 0;
    remember_hog(worker, thread);
    if (!worker->stuck) {
        atomic_store_explicit(&worker->attention, 1, memory_order_relaxed);
        if (surplus && any_idle())
            weft__wake_idle();
        return true;
    }
    weft__timers_run(&worker->timers, now); /* into the common queue: it is nobody's turn here */
    wait = patience(worker);
    if (wait == 0)
        return true;
    if (any_idle() && worker->stuck < wait + 2 && wait != UNWATCHED)
        weft__wake_idle();
    else if (worker->stuck >= wait)
        hand_off(worker, now);
    return true;
}

/* Nobody waits in the poller, but a worker could. */
static void staff_poller(void)
{
    for (unsigned i = 0; i < weft__runtime.workers_count; i++) {
        struct weft__worker *worker = &weft__runtime.workers[i];

        if (atomic_load_explicit(&worker->sleeping, memory_order_relaxed) != WEFT__ON_FUTEX)
            continue;
        atomic_store_explicit(&worker->wants_poller, 1, memory_order_relaxed);
        if (weft__wake_worker(worker))
            return;
    }
}

/* True while there is anything to look at. */
static bool look(void)
{
    int64_t now = weft__os_now();
    unsigned running = 0, stuck = 0, polls;
    bool unattended;

    this_look = now;
    unsettled = false;
    for (unsigned i = 0; i < weft__runtime.workers_count; i++) {
        running += look_at_worker(&weft__runtime.workers[i], now);
        stuck += weft__runtime.workers[i].stuck > 0;
    }
    weft__pool_each(classify);
    weft__pool_serve_hogs(false);
    polls = atomic_load_explicit(&weft__runtime.polls, memory_order_relaxed);
    unattended = running && polls == seen_polls && weft__runtime.poller->watched();
    seen_polls = polls;
    if ((unattended || (stuck && stuck == running)) &&
        !atomic_load_explicit(&weft__runtime.in_poller, memory_order_relaxed)) {
        if (any_idle())
            staff_poller();
        else if (stuck == running && weft__runtime.poller->poll(NULL, 0) == 0 && weft__runtime.poller->watched())
            monitor.tick = TICK_MIN_NS; /* nobody would see an event but we */
    }
    if (atomic_load_explicit(&weft__runtime.inject, memory_order_relaxed) && any_idle())
        weft__wake_idle();
    last_look = now;
    return running || unsettled || weft__pool_hogs_wait();
}

/* Hogs that wait for a demoted thread while no hog gets anywhere: as with workers, the cap gives way. */
static void relieve_hogs(int64_t now, unsigned *stalled)
{
    *stalled = weft__pool_hogs_wait() ? *stalled + 1 : 0;
    if (*stalled < STALL)
        return;
    report_cap(now);
    weft__pool_serve_hogs(true);
    *stalled = STALL / 2;
}

static void monitor_body(void *argument)
{
    unsigned quiet = 0, stalled = 0;

    (void)argument;
    weft__os_name("weft-monitor");
    weft__os_precise_timers();
    while (!atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire)) {
        int64_t now = weft__os_now(), next = now + monitor.tick;

        monitor.tick = monitor.tick < TICK_NS ? monitor.tick + TICK_MIN_NS / 4 : TICK_NS;
        quiet = look() ? 0 : quiet + 1;
        relieve_hogs(now, &stalled);
        atomic_store_explicit(&monitor.word, 0, memory_order_relaxed);
        if (quiet >= QUIET_TICKS) {
            atomic_store_explicit(&monitor.asleep, 1, memory_order_seq_cst); /* pairs with weft__monitor_poke */
            if (atomic_load_explicit(&weft__runtime.idle_count, memory_order_seq_cst) == weft__runtime.workers_count)
                next = INT64_MAX;
        }
        if (!atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire))
            weft__os_futex_wait(&monitor.word, 0, next);
        atomic_store_explicit(&monitor.asleep, 0, memory_order_relaxed);
    }
}

int weft__monitor_start(void)
{
    int rc;

    monitor.tick = TICK_NS;
    if (weft__policy.seeded) /* one worker, nobody to watch it: time is virtual */
        return 0;
    rc = weft__os_thread_start(&monitor.os, monitor_body, NULL);
    monitor.started = rc == 0;
    return rc;
}

void weft__monitor_stop(void)
{
    if (!monitor.started)
        return;
    atomic_store_explicit(&monitor.word, 1, memory_order_release);
    weft__os_futex_wake(&monitor.word, 1);
    weft__os_thread_join(monitor.os);
    monitor.started = false;
}
