/* Waiters, tasks and plain threads alike. */
#include "core/wait.h"

void weft__wait_begin(struct weft__wait *wait, enum weft__claim claim)
{
    wait->thread = weft__enter_any();
    wait->task = wait->thread ? wait->thread->task : NULL;
    wait->winner = NULL;
    atomic_init(&wait->word, WEFT__ASLEEP);
    if (wait->task)
        weft__park_prepare(wait->thread, claim, wait);
}

bool weft__wait_claim(struct weft__wait *wait)
{
    unsigned asleep = WEFT__ASLEEP;

    if (WEFT__LIKELY(wait->task != NULL))
        return weft__claim(wait->task);
    return atomic_compare_exchange_strong_explicit(&wait->word, &asleep, WEFT__CLAIMED, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

/* For a plain thread the word is the last thing that is touched of it: the waiter's memory may be gone right after. */
void weft__wait_won_by_thread(struct weft__wait *wait)
{
    WEFT__RELEASE(wait);
    atomic_store_explicit(&wait->word, WEFT__WOKEN, memory_order_release); /* pairs with wait_as_thread [V1] */
    weft__os_futex_wake(&wait->word, 1);
}

static void wait_as_thread(struct weft__wait *wait, int64_t deadline)
{
    for (;;) {
        unsigned word = atomic_load_explicit(&wait->word, memory_order_acquire); /* pairs with weft__wait_won [V1] */

        if (word == WEFT__WOKEN || (weft__os_now() >= deadline && weft__wait_claim(wait)))
            return;
#ifdef WEFT__TSAN /* comes up for a signal's handler now and then, see there */
        weft__os_futex_wait(&wait->word, word, weft__os_now() + WEFT_MILLISECOND * 20);
#else
        weft__os_futex_wait(&wait->word, word, deadline);
#endif
    }
}

void weft__wait(struct weft__wait *wait, int64_t thread_deadline)
{
    if (WEFT__LIKELY(wait->task != NULL))
        weft__park(wait->thread);
    else
        wait_as_thread(wait, thread_deadline);
    WEFT__ACQUIRE(wait);
}

void weft__wait_abandon(struct weft__wait *wait)
{
    if (!wait->task) {
        if (!weft__wait_claim(wait)) /* somebody is waking us: let it */
            wait_as_thread(wait, INT64_MAX);
        weft__leave_any(wait->thread);
    } else if (!weft__claim(wait->task)) {
        weft__park(wait->thread);
    } else if (WEFT__UNLIKELY(
                   wait->task->hog)) { /* it came in for this: what it computes next, it computes elsewhere */
        weft__yield(wait->thread);
    } else {
        weft__leave(wait->thread);
    }
}

void weft__wait_leave(struct weft__waiter *waiter, struct weft__lock *lock, struct weft__list *queue)
{
    weft__lock(lock);
    weft__list_drop(queue, &waiter->link);
    weft__unlock(lock);
}

void weft__wait_give_up(struct weft__waiter *waiter, struct weft__lock *lock, struct weft__list *queue)
{
    struct weft__thread *thread = weft__enter_any();

    weft__wait_leave(waiter, lock, queue);
    weft__leave_any(thread);
}

struct weft__waiter *weft__take_first(struct weft__list *queue)
{
    struct weft__link *link = queue->first, *next;

    for (; link; link = next) {
        struct weft__waiter *waiter = WEFT__OF(struct weft__waiter, link, link);

        next = link->next;
        weft__list_remove(queue, link); /* also those that somebody else has woken: they would leave by themselves */
        if (WEFT__LIKELY(weft__wait_claim(waiter->wait))) {
            waiter->wait->winner = waiter;
            return waiter;
        }
    }
    return NULL;
}

bool weft__wake_first(struct weft__list *queue)
{
    struct weft__waiter *waiter = weft__take_first(queue);

    if (waiter)
        weft__wait_won(weft__inside(), waiter->wait);
    return waiter != NULL;
}

void weft__wake_all(struct weft__list *queue)
{
    while (weft__wake_first(queue))
        ;
}

void weft__wake_up(struct weft__wait *wait)
{
    if (weft__wait_claim(wait))
        weft__wait_won(weft__inside(), wait);
}
