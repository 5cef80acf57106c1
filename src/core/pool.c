/* The threads: who holds a worker, who is spare, who serves hogs.
 *
 * Idle threads stand in two lock-free stacks, spare ones and demoted ones. A thread pushes itself; only threads that
 * were never demoted pop, one at a time under the pool's lock, so the pop has no ABA problem and no demoted thread
 * takes a lock. Threads are made up to the cap; beyond it only when the monitor sees that nothing moves.
 */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"

#include <errno.h>
#include <stdlib.h>

static struct {
    struct weft__lock lock;
    struct weft__thread *_Atomic all; /* only grows until the stop */
    struct weft__thread *_Atomic spare, *_Atomic demoted;
    struct weft__worker *private_free;   /* lock */
    struct weft__task *hogs, *hogs_last; /* lock: no thread for them yet */
    atomic_uint threads, waiting_hogs, running_hogs;
    unsigned threads_max;
} pool;

void weft__pool_count_hog(int change)
{
    atomic_fetch_add_explicit(&pool.running_hogs, (unsigned)change, memory_order_relaxed);
}

static void push_idle(struct weft__thread *_Atomic *stack, struct weft__thread *thread)
{
    struct weft__thread *head = atomic_load_explicit(stack, memory_order_relaxed);

    do
        thread->next_idle = head;
    while (!atomic_compare_exchange_weak_explicit(stack, &head, thread, memory_order_release, memory_order_relaxed));
}

/* The lock is held: one popper at a time. */
static struct weft__thread *pop_idle(struct weft__thread *_Atomic *stack)
{
    struct weft__thread *head = atomic_load_explicit(stack, memory_order_acquire); /* pairs with push_idle */

    while (head && !atomic_compare_exchange_weak_explicit(stack, &head, head->next_idle, memory_order_acquire,
                                                          memory_order_acquire))
        ;
    return head;
}

static void wake(struct weft__thread *thread)
{
    atomic_store_explicit(&thread->word, 1, memory_order_release); /* pairs with weft__pool_wait [O1] */
    weft__os_futex_wake(&thread->word, 1);
}

/* Gives the thread, which sleeps or has not started, the worker. */
static void assign(struct weft__thread *thread, struct weft__worker *worker)
{
    thread->worker = worker;
    atomic_store_explicit(&thread->inside, 1, memory_order_relaxed);
    atomic_store_explicit(&thread->revoke, weft__revoke_open, memory_order_release);
    atomic_store_explicit(&worker->thread, thread, memory_order_release);
}

static void assign_hog(struct weft__thread *thread, struct weft__task *task)
{
    thread->mail = task;
    weft__pool_count_hog(1);
}

/* A new thread with something to do; NULL at the cap or without resources. */
static struct weft__thread *make_thread(struct weft__worker *worker, struct weft__task *hog, bool beyond_cap)
{
    struct weft__thread *thread;

    if (!beyond_cap && weft__pool_at_cap())
        return NULL;
    thread = aligned_alloc(WEFT__CACHE_LINE, (sizeof *thread + 63) & ~(size_t)63);
    if (!thread)
        return NULL;
    *thread = (struct weft__thread){.revoke = WEFT__LEAVING, .inside = 1, .word = 1};
    if (worker)
        assign(thread, worker);
    if (hog) {
        thread->wants_demotion = true;
        assign_hog(thread, hog);
    }
    if (weft__os_thread_start(&thread->os, weft__thread_body, thread) < 0) {
        if (worker)
            atomic_store_explicit(&worker->thread, NULL, memory_order_relaxed);
        if (hog)
            weft__pool_count_hog(-1);
        free(thread);
        return NULL;
    }
    thread->next = atomic_load_explicit(&pool.all, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool.all, &thread->next, thread, memory_order_release,
                                                  memory_order_relaxed))
        ;
    atomic_fetch_add_explicit(&pool.threads, 1, memory_order_relaxed);
    return thread;
}

int weft__pool_staff(struct weft__worker *worker, bool beyond_cap)
{
    struct weft__thread *thread;

    weft__lock(&pool.lock);
    thread = pop_idle(&pool.spare);
    weft__unlock(&pool.lock);
    if (!thread)
        return make_thread(worker, NULL, beyond_cap) ? 0 : -EAGAIN;
    assign(thread, worker);
    wake(thread);
    return 0;
}

/* With the lock held, takes a demoted thread for the task or queues it. */
void weft__pool_run_hog(struct weft__task *task)
{
    struct weft__thread *thread;

    weft__lock(&pool.lock);
    thread = pop_idle(&pool.demoted);
    weft__unlock(&pool.lock);
    if (thread) {
        assign_hog(thread, task);
        wake(thread);
        return;
    }
    if (make_thread(NULL, task, false))
        return;
    weft__lock(&pool.lock);
    task->next = NULL;
    if (pool.hogs)
        pool.hogs_last->next = task;
    else
        pool.hogs = task;
    pool.hogs_last = task;
    weft__unlock(&pool.lock);
    atomic_fetch_add_explicit(&pool.waiting_hogs, 1, memory_order_seq_cst); /* pairs with weft__pool_wait [O2] */
    weft__pool_serve_hogs(false);
}

bool weft__pool_serve_hogs(bool beyond_cap)
{
    struct weft__thread *thread = NULL;
    struct weft__task *task;

    if (!atomic_load_explicit(&pool.waiting_hogs, memory_order_seq_cst))
        return false;
    weft__lock(&pool.lock);
    task = pool.hogs;
    if (task && ((thread = pop_idle(&pool.demoted)) || beyond_cap)) {
        pool.hogs = task->next;
        atomic_fetch_sub_explicit(&pool.waiting_hogs, 1, memory_order_relaxed);
    }
    weft__unlock(&pool.lock);
    if (task && thread) {
        assign_hog(thread, task);
        wake(thread);
    } else if (task && beyond_cap && !make_thread(NULL, task, true)) {
        weft__lock(&pool.lock);
        task->next = pool.hogs;
        if (!pool.hogs)
            pool.hogs_last = task;
        pool.hogs = task;
        atomic_fetch_add_explicit(&pool.waiting_hogs, 1, memory_order_relaxed);
        weft__unlock(&pool.lock);
        return false;
    }
    return task && (thread || beyond_cap);
}

/* Marks the thread as demoted before its first hog. */
static void demote_oneself(struct weft__thread *thread)
{
    thread->wants_demotion = false;
    thread->is_demoted = true;
    if (weft__policy.demote)
        weft__os_demote(thread->tid);
}

bool weft__pool_wait(struct weft__thread *thread)
{
    bool fresh = thread->worker || thread->mail; /* made with something to do */

    if (!fresh) {
        atomic_store_explicit(&thread->word, 0, memory_order_relaxed);
        atomic_store_explicit(&thread->inside, 1, memory_order_relaxed);
        if (thread->is_demoted)
            weft__pool_count_hog(-1);
        push_idle(thread->is_demoted ? &pool.demoted : &pool.spare,
                  thread); /* before its task can want a thread again */
        weft__queue_its_task(thread);
        atomic_thread_fence(memory_order_seq_cst); /* pairs with weft__pool_run_hog [O2] */
        if (thread->is_demoted && atomic_load_explicit(&pool.waiting_hogs, memory_order_seq_cst))
            weft__monitor_poke();
        while (!atomic_load_explicit(&thread->word, memory_order_acquire) && /* pairs with wake [O1] */
               !atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire))
            weft__os_futex_wait(&thread->word, 0, INT64_MAX);
    }
    if (thread->wants_demotion)
        demote_oneself(thread);
    if (thread->mail) {
        atomic_store_explicit(&thread->revoke, WEFT__DEMOTED, memory_order_relaxed);
        atomic_store_explicit(&thread->inside, 0, memory_order_relaxed);
    }
    return (thread->worker || thread->mail) && !atomic_load_explicit(&weft__runtime.stopping, memory_order_acquire);
}

unsigned weft__pool_threads(void)
{
    return atomic_load_explicit(&pool.threads, memory_order_relaxed);
}

unsigned weft__pool_hogs(void)
{
    return atomic_load_explicit(&pool.running_hogs, memory_order_relaxed);
}

bool weft__pool_at_cap(void)
{
    return weft__pool_threads() >= pool.threads_max;
}

bool weft__pool_has_spare(void)
{
    return atomic_load_explicit(&pool.spare, memory_order_relaxed) != NULL;
}

bool weft__pool_hogs_wait(void)
{
    return atomic_load_explicit(&pool.waiting_hogs, memory_order_relaxed) > 0;
}

void weft__pool_each(void (*visit)(struct weft__thread *thread))
{
    struct weft__thread *thread = atomic_load_explicit(&pool.all, memory_order_acquire);

    for (; thread; thread = thread->next)
        visit(thread);
}

struct weft__worker *weft__pool_private_worker(void)
{
    struct weft__worker *worker;

    weft__lock(&pool.lock);
    worker = pool.private_free;
    if (worker)
        pool.private_free = worker->next_free;
    weft__unlock(&pool.lock);
    if (worker || !(worker = calloc(1, sizeof *worker)))
        return worker;
    worker->index = WEFT__PRIVATE;
    worker->lean = WEFT__PRIVATE;
    worker->until_wake = UINT32_MAX;
    return worker;
}

void weft__pool_private_free(struct weft__worker *worker)
{
    atomic_store_explicit(&worker->pinned_ready, NULL, memory_order_relaxed);
    weft__lock(&pool.lock);
    worker->next_free = pool.private_free;
    pool.private_free = worker;
    weft__unlock(&pool.lock);
}

int weft__pool_start(unsigned threads_max)
{
    unsigned floor = weft__runtime.workers_count + 2;

    pool.threads_max = threads_max > floor ? threads_max : floor;
    for (unsigned i = 0; i < weft__runtime.workers_count; i++)
        if (!make_thread(&weft__runtime.workers[i], NULL, true))
            return -EAGAIN;
    return 0;
}

/* stopping is set: every thread leaves its loop; those on a futex are woken until they have. */
void weft__pool_stop(void)
{
    struct weft__thread *thread, *next;
    struct weft__worker *worker;

    for (thread = pool.all; thread; thread = thread->next)
        wake(thread);
    for (thread = pool.all; thread; thread = thread->next)
        weft__os_thread_join(thread->os);
    weft__lock(&weft__workers_lock); /* nobody looks at a worker's thread any more, or will */
    for (unsigned i = 0; i < weft__runtime.workers_count; i++)
        atomic_store_explicit(&weft__runtime.workers[i].thread, NULL, memory_order_relaxed);
    weft__unlock(&weft__workers_lock);
    for (thread = pool.all; thread; thread = next) {
        next = thread->next;
        free(thread);
    }
    while ((worker = pool.private_free)) {
        pool.private_free = worker->next_free;
        free(worker);
    }
    __builtin_memset(&pool, 0, sizeof pool);
}
