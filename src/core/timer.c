/* Arming, disarming and firing timers. */
#include "core/timer.h"

#include "core/runtime.h"
#include "core/sched.h"

#include <errno.h>

int weft__timer_start(struct weft__thread *thread, struct weft__timer *timer, int64_t deadline)
{
    bool private = thread->worker->index == WEFT__PRIVATE; /* nobody looks after a private worker's timers */
    struct weft__worker *worker = private ? weft__runtime.workers : thread->worker;
    struct weft__timers *timers = &worker->timers;
    bool done;

    weft__lock(&timers->lock);
    done = weft__heap_insert(&timers->heap, deadline, &timer->node);
    if (done) {
        timer->timers = timers;
        atomic_store_explicit(&timers->next, weft__heap_first(&timers->heap), memory_order_relaxed);
    }
    weft__unlock(&timers->lock);
    if (done && private)
        weft__wake_worker(worker);
    return done ? 0 : -ENOMEM;
}

/* The lock is taken even if the timer has fired: it may be firing. */
void weft__timer_stop(struct weft__timer *timer)
{
    struct weft__timers *timers = timer->timers;

    if (!timers)
        return;
    weft__lock(&timers->lock);
    if (timer->node.place) {
        weft__heap_remove(&timers->heap, &timer->node);
        atomic_store_explicit(&timers->next, weft__heap_first(&timers->heap), memory_order_relaxed);
    }
    weft__unlock(&timers->lock);
    timer->timers = NULL;
}

void weft__timer_stop_from_task(struct weft__timer *timer)
{
    struct weft__thread *thread;

    if (!timer->timers)
        return;
    thread = weft__enter();
    weft__timer_stop(timer);
    weft__leave(thread);
}

unsigned weft__timers_run(struct weft__timers *timers, int64_t now)
{
    unsigned count = 0;

    if (atomic_load_explicit(&timers->next, memory_order_relaxed) > now)
        return 0;
    weft__lock(&timers->lock);
    for (; weft__heap_first(&timers->heap) <= now; count++) {
        struct weft__heap_node *node = timers->heap.entries[0].node;
        struct weft__timer *timer = WEFT__OF(struct weft__timer, node, node);

        weft__heap_remove(&timers->heap, node);
        timer->fire(timer);
    }
    atomic_store_explicit(&timers->next, weft__heap_first(&timers->heap), memory_order_relaxed);
    weft__unlock(&timers->lock);
    return count;
}
