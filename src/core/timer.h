/* Timers: a heap per worker, each with a lock of its own, since whoever cancels a wait may be on another worker, and
 * since the monitor fires the timers of a worker that is busy. The owner reads no clock unless it idles or is told to.
 */
#ifndef WEFT_CORE_TIMER_H
#define WEFT_CORE_TIMER_H

#include "base/heap.h"
#include "base/lock.h"

#include <stdatomic.h>

struct weft__thread;
struct weft__task;

struct weft__timers {
    struct weft__lock lock;
    struct weft__heap heap; /* lock */
    _Atomic int64_t next;   /* lock for writing; the first deadline */
};

/* fire runs under the heap's lock, on any thread that is inside a worker or the monitor. */
struct weft__timer {
    struct weft__heap_node node;
    struct weft__timers *timers; /* where it was set; NULL if nowhere */
    void (*fire)(struct weft__timer *timer);
};

/* Arms it in the heap of the thread's worker. 0 or -ENOMEM. The timer must be stopped before its memory goes. */
int weft__timer_start(struct weft__thread *thread, struct weft__timer *timer, int64_t deadline);

/* Disarms it; afterwards fire is not running and will not run. Nothing if it was never armed. */
void weft__timer_stop(struct weft__timer *timer);

/* The same from a task that is outside the runtime. */
void weft__timer_stop_from_task(struct weft__timer *timer);

/* Fires what is due. Returns the number fired. */
unsigned weft__timers_run(struct weft__timers *timers, int64_t now);

#endif
