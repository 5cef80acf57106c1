/* From one stack to another, with all that must be told about it. */
#ifndef WEFT_CORE_SWITCH_H
#define WEFT_CORE_SWITCH_H

#include "core/worker.h"

/* The two halves around a switch in sanitized builds; nothing otherwise. to == NULL: the thread's own stack. */
#ifdef WEFT__SANITIZED
void weft__sanitize_leave(struct weft__thread *thread, struct weft__task *from, struct weft__task *to);
void weft__sanitize_arrive(struct weft__thread *thread, struct weft__task *here);
#else
#define weft__sanitize_leave(thread, from, to) ((void)0)
#define weft__sanitize_arrive(thread, here) ((void)0)
#endif

/* The first act after every switch: the task that was left may now run elsewhere, or its stack be used again. */
WEFT__INLINE void weft__switched(struct weft__thread *thread)
{
    struct weft__task *from = thread->from;

    weft__sanitize_arrive(thread, thread->task);
    if (!from)
        return;
    thread->from = NULL;
    if (from->ended)
        weft__stack_free(thread->worker, from);
    else
        atomic_store_explicit(&from->on_cpu, 0, memory_order_release); /* pairs with weft__await_saved [S1] */
}

/* A task may be made ready before the thread that parks it has left its stack: a moment, in which we rest: that thread
 * may want something that leans to our worker (sync/guard.h). */
WEFT__NOINLINE __attribute__((unused)) static void weft__await_saved_slow(struct weft__thread *thread,
                                                                          struct weft__task *task)
{
    unsigned inside = weft__rest(thread);

    for (unsigned spins = 1; atomic_load_explicit(&task->on_cpu, memory_order_acquire); spins++) {
        if (spins % 1024 == 0) /* pairs with weft__switched [S1] */
            weft__os_yield();
        WEFT__PAUSE();
    }
    weft__rest_end(thread, inside);
}

WEFT__INLINE void weft__await_saved(struct weft__thread *thread, struct weft__task *task)
{
    if (WEFT__UNLIKELY(atomic_load_explicit(&task->on_cpu, memory_order_acquire))) /* pairs with weft__switched [S1] */
        weft__await_saved_slow(thread, task);
    atomic_store_explicit(&task->on_cpu, 1, memory_order_relaxed);
}

/* Leaves the running context (a task's, or the thread's own if thread->task is NULL) for another; returns when somebody
 * switches back, perhaps on another thread: which one is returned, as it is then. */
WEFT__INLINE struct weft__thread *weft__switch(struct weft__thread *thread, struct weft__task *to)
{
    struct weft__task *from = thread->task;

    thread->from = from;
    __atomic_store_n(&thread->task, to, __ATOMIC_RELAXED); /* the monitor looks at it */
    weft__sanitize_leave(thread, from, to);
    weft__arch_switch(from ? &from->context : &thread->base, to ? &to->context : &thread->base);
    thread = weft__self();
    weft__switched(thread);
    return thread;
}

#endif
