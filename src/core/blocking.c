/* weft_blocking: the hand-off that the monitor would make, at once. */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"

int weft_blocking(int (*fn)(void *argument), void *argument)
{
    struct weft__thread *thread = weft__self();
    struct weft__worker *worker;

    if (!thread || !thread->task || thread->task->pinned || weft__policy.seeded)
        return fn(argument);
    thread = weft__enter_alone();
    worker = thread->worker;
    weft__part(worker, thread);
    if (weft__pool_staff(worker, false) == 0) {
        weft__let_go(thread);
    } else { /* no thread to be had: the monitor will see to it when it must */
        thread->worker = worker;
        atomic_store_explicit(&worker->thread, thread, memory_order_release);
        weft__give_back(thread);
    }
    weft__leave(thread);
    return fn(argument);
}
