/* Wakers: one word. 0: nothing; 1: a wake-up is kept; else the waiter, which sleeps.
 *
 * Lock-free on both sides, so that a signal handler may wake. Who takes the waiter out of the word has the duty to wake
 * it; a waiter that gives up takes itself out, and if it comes too late it waits for the wake-up that is under way.
 */
#include "core/policy.h"
#include "core/wait.h"

#include <errno.h>
#include <weft/waker.h>

enum { EMPTY = 0, KEPT = 1 };

/* Between the swap and the claim the waiter's stack must not go: 'word' is what it waits for before it leaves. */
struct wake_waiter {
    struct weft__wait wait;
    struct weft__timer timer;
};

static _Atomic uint64_t *word_of(weft_waker *waker)
{
    return (_Atomic uint64_t *)&waker->weft__state;
}

static void deadline_came(struct weft__timer *timer)
{
    weft__wake_up(&WEFT__OF(struct wake_waiter, timer, timer)->wait);
}

/* Takes a kept wake-up. */
static bool consume(weft_waker *waker)
{
    uint64_t kept = KEPT;
    bool was_kept = atomic_compare_exchange_strong_explicit(word_of(waker), &kept, EMPTY, memory_order_acquire,
                                                            memory_order_relaxed); /* pairs with weft_wake [N1] */

    WEFT__ACQUIRE(waker);
    return was_kept;
}

/* One sleep. 0: woken; 1: for nothing, or by cancellation or the deadline. */
static int wait_once(weft_waker *waker, int64_t deadline)
{
    struct wake_waiter w = {.wait = {.is_open = true, .what = "for a waker", .object = waker}};
    uint64_t state = EMPTY, self = (uint64_t)(uintptr_t)&w;
    int rc = 1;

    weft__wait_begin(&w.wait, WEFT__WAITING);
    w.timer.fire = deadline_came;
    if (w.wait.task && deadline != WEFT_FOREVER && weft__timer_start(w.wait.thread, &w.timer, deadline) < 0) {
        weft__wait_abandon(&w.wait);
        return -ENOMEM;
    }
    if (!atomic_compare_exchange_strong_explicit(word_of(waker), &state, self, memory_order_acq_rel,
                                                 memory_order_acquire)) { /* pairs with weft_wake [N1] */
        weft__wait_abandon(&w.wait);
        rc = state == KEPT ? 1 : -EBUSY;
    } else {
        weft__wait(&w.wait, deadline);
        state = self;
        if (!atomic_compare_exchange_strong_explicit(word_of(waker), &state, EMPTY, memory_order_acq_rel,
                                                     memory_order_acquire)) {
            while (atomic_load_explicit(&w.wait.word, memory_order_acquire) !=
                   WEFT__WOKEN) /* the waker is about to let go */
                weft__os_yield();
            rc = 0;
        }
    }
    weft__timer_stop_from_task(&w.timer);
    return rc;
}

int weft_wait_until(weft_waker *waker, int64_t deadline)
{
    struct weft__thread *thread = weft__self();
    struct weft__task *task = thread ? thread->task : NULL;
    int64_t thread_deadline = deadline;

    if (!task && weft__policy.seeded && deadline != WEFT_FOREVER)
        thread_deadline = deadline - weft__now() + weft__os_now();
    for (;;) {
        int rc = task ? weft__cancelled(task) : 0;

        if (rc < 0)
            return rc;
        if (consume(waker))
            return 0;
        if ((task ? weft__now() : weft__os_now()) >= thread_deadline)
            return -ETIMEDOUT;
        rc = wait_once(waker, thread_deadline);
        WEFT__ACQUIRE(waker);
        if (rc <= 0)
            return rc;
    }
}

int weft_wait(weft_waker *waker)
{
    return weft_wait_until(waker, WEFT_FOREVER);
}

void weft_wake(weft_waker *waker)
{
    uint64_t state = atomic_load_explicit(word_of(waker), memory_order_acquire);
    struct wake_waiter *w;
    struct weft__task *task;

    WEFT__RELEASE(waker);
    for (;;) {
        uint64_t next = state == EMPTY || state == KEPT ? KEPT : EMPTY;

        if (atomic_compare_exchange_weak_explicit(word_of(waker), &state, next, memory_order_acq_rel,
                                                  memory_order_acquire)) /* pairs with wait_once [N1] */
            break;
    }
    if (state == EMPTY || state == KEPT)
        return;
    w = (struct wake_waiter *)(uintptr_t)state;
    task = w->wait.task;
    if (!task) {
        atomic_uint *word = &w->wait.word;

        atomic_store_explicit(word, WEFT__WOKEN, memory_order_release);
        weft__os_futex_wake(word, 1); /* the address only: at worst a stranger wakes for nothing */
        return;
    }
    WEFT__RELEASE(task);
    if (weft__claim(task)) {
        struct weft__thread *thread = weft__try_enter();

        atomic_store_explicit(&w->wait.word, WEFT__WOKEN, memory_order_release);
        weft__ready(thread, task);
        weft__leave_any(thread);
    } else { /* cancelled or timed out: it waits for us to let go of it */
        atomic_store_explicit(&w->wait.word, WEFT__WOKEN, memory_order_release);
    }
}
