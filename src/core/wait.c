/* Waiters, tasks and plain threads alike. */
#include "core/wait.h"

#include "core/policy.h"

struct weft__thread *weft__enter_any(void)
{
    return weft__self() ? weft__enter() : NULL;
}

void weft__leave_any(struct weft__thread *thread)
{
    if (thread)
        weft__leave(thread);
}

void weft__wait_begin(struct weft__waiter *waiter, enum weft__claim claim, const void *object)
{
    waiter->thread = weft__enter_any();
    waiter->task = waiter->thread ? waiter->thread->task : NULL;
    waiter->link = (struct weft__link){0};
    waiter->granted = false;
    atomic_init(&waiter->word, 0);
    if (waiter->task)
        weft__park_prepare(waiter->thread, claim, object);
}

void weft__wait_abandon(struct weft__waiter *waiter)
{
    if (!waiter->task)
        return;
    if (!weft__claim(waiter->task)) { /* somebody is making us ready: let it */
        weft__park(waiter->thread);
        return;
    }
    if (WEFT__UNLIKELY(waiter->task->hog)) /* it came in for this: what it computes next, it computes elsewhere */
        weft__yield(waiter->thread);
    else
        weft__leave(waiter->thread);
}

void weft__wait(struct weft__waiter *waiter, int64_t thread_deadline)
{
    if (waiter->task) {
        weft__park(waiter->thread);
        return;
    }
    while (!atomic_load_explicit(&waiter->word, memory_order_acquire)) /* pairs with wake_one [V1] */
        if (weft__os_futex_wait(&waiter->word, 0, thread_deadline) < 0 && thread_deadline <= weft__os_now())
            return;
}

void weft__wait_give_up(struct weft__waiter *waiter, struct weft__lock *lock, struct weft__list *queue)
{
    struct weft__thread *thread = weft__enter_any();

    weft__lock(lock);
    if (weft__list_holds(queue, &waiter->link))
        weft__list_remove(queue, &waiter->link);
    weft__unlock(lock);
    weft__leave_any(thread);
}

/* The link must be taken out before the claim's winner can run on. For a plain thread the word is the last thing that
 * is touched of it: the waiter's memory may be gone right after. */
static bool wake_one(struct weft__list *queue, struct weft__waiter *waiter)
{
    struct weft__task *task = waiter->task;

    if (!task) {
        weft__list_remove(queue, &waiter->link);
        waiter->granted = true;
        atomic_store_explicit(&waiter->word, 1, memory_order_release); /* pairs with weft__wait [V1] */
        weft__os_futex_wake(&waiter->word, 1);
        return true;
    }
    if (!weft__claim(task))
        return false;
    weft__list_remove(queue, &waiter->link);
    waiter->granted = true;
    weft__ready(weft__inside(), task);
    return true;
}

bool weft__wake_first(struct weft__list *queue)
{
    struct weft__link *link = queue->first, *next;

    for (; link; link = next) {
        next = link->next;
        if (wake_one(queue, WEFT__OF(struct weft__waiter, link, link)))
            return true;
    }
    return false;
}

void weft__wake_all(struct weft__list *queue)
{
    struct weft__link *link = queue->first, *next;

    for (; link; link = next) {
        next = link->next;
        wake_one(queue, WEFT__OF(struct weft__waiter, link, link));
    }
}
