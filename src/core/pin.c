/* Pinned tasks: a thread of their own, which holds a private worker that has no queue and that nobody takes. So every
 * call of the runtime works there as anywhere, and each wait ends with a wake-up of that thread.
 */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/switch.h"

#include <errno.h>

void weft__pin_ready(struct weft__task *task)
{
    struct weft__worker *worker = task->pinned;
    struct weft__thread *thread = atomic_load_explicit(&worker->thread, memory_order_acquire);

    atomic_store_explicit(&worker->pinned_ready, task, memory_order_release); /* pairs with weft__pin_next [P1] */
    atomic_store_explicit(&thread->word, 1, memory_order_release);
    weft__os_futex_wake(&thread->word, 1);
}

/* The thread gives up its private worker: the task has ended or is pinned no more. */
static void release(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;

    weft__stacks_flush(worker);
    thread->worker = NULL;
    weft__pool_private_free(worker);
}

struct weft__task *weft__pin_next(struct weft__thread *thread)
{
    struct weft__worker *worker = thread->worker;

    for (;;) {
        struct weft__task *task;

        if (thread->pin_ended) {
            thread->pin_ended = false;
            release(thread);
            return NULL;
        }
        atomic_store_explicit(&thread->word, 0, memory_order_relaxed);
        task = atomic_exchange_explicit(&worker->pinned_ready, NULL, memory_order_seq_cst); /* [P1] */
        if (task) {
            if (task != thread->task)
                weft__await_saved(thread, task);
            return task;
        }
        weft__os_futex_wait(&thread->word, 0, INT64_MAX);
    }
}

int weft__pin_spawn(struct weft__task *task)
{
    struct weft__worker *worker = weft__pool_private_worker();
    int rc;

    if (!worker) {
        if (task->home->limit)
            weft__scope_unreserve(task->home);
        return -ENOMEM;
    }
    task->pinned = worker;
    task->pins = 1;
    weft__scope_adopt(task->home, task);
    atomic_store_explicit(&task->on_cpu, 0, memory_order_relaxed);
    WEFT__RELEASE(task);
    atomic_store_explicit(&worker->pinned_ready, task, memory_order_release); /* pairs with weft__pin_next [P1] */
    rc = weft__pool_staff(worker, false);
    if (rc < 0) {
        weft__scope_abandon(task->home, task);
        weft__pool_private_free(worker);
    }
    return rc;
}

int weft_pin(void)
{
    struct weft__thread *thread = weft__self();
    struct weft__worker *worker, *private;
    struct weft__task *task;

    if (!thread || !thread->task)
        return -EPERM;
    thread = weft__enter();
    task = thread->task;
    if (task->pins++ > 0 || weft__policy.seeded) {
        weft__leave(thread);
        return 0;
    }
    private = weft__pool_private_worker();
    worker = thread->worker;
    if (!private) {
        task->pins--;
        weft__leave(thread);
        return -ENOMEM;
    }
    if (task->is_attached)
        weft__detach(task);
    task->pinned = private;
    thread->worker = private;
    atomic_store_explicit(&private->thread, thread, memory_order_release);
    atomic_store_explicit(&worker->thread, NULL, memory_order_relaxed);
    if (weft__pool_staff(worker, true) < 0) {
        thread->worker = worker;
        atomic_store_explicit(&worker->thread, thread, memory_order_release);
        task->pinned = NULL;
        task->pins--;
        weft__pool_private_free(private);
        weft__leave(thread);
        return -EAGAIN;
    }
    weft__leave(thread);
    return 0;
}

int weft_unpin(void)
{
    struct weft__thread *thread = weft__self();
    struct weft__task *task;

    if (!thread || !thread->task || !thread->task->pins)
        return -EPERM;
    task = thread->task;
    if (--task->pins > 0 || weft__policy.seeded)
        return 0;
    thread = weft__enter_alone();
    task->pinned = NULL;
    release(thread);
    weft__let_go(thread); /* it queues itself at its next call */
    weft__leave(thread);
    return 0;
}
