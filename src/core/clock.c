/* Sleeping: a timer on the sleeper's stack. */
#include "core/policy.h"
#include "core/wait.h"

#include <errno.h>
#include <weft/task.h>
#include <weft/time.h>

struct sleeper {
    struct weft__wait wait;
    struct weft__timer timer;
};

static void wake_sleeper(struct weft__timer *timer)
{
    weft__wake_up(&WEFT__OF(struct sleeper, timer, timer)->wait);
}

int64_t weft_now(void)
{
    return weft__now();
}

static int sleep_thread(int64_t deadline)
{
    atomic_uint word = 0;

    while (weft__os_now() < deadline)
        weft__os_futex_wait(&word, 0, deadline);
    return 0;
}

int weft_sleep_until(int64_t deadline)
{
    struct weft__thread *thread = weft__self();
    struct sleeper sleeper = {.wait.what = "to sleep", .timer.fire = wake_sleeper};
    int rc;

    if (!thread || !thread->task)
        return sleep_thread(weft__policy.seeded ? deadline - weft__now() + weft__os_now() : deadline);
    while ((rc = weft__cancelled_here()) == 0 && weft__now() < deadline) {
        weft__wait_begin(&sleeper.wait, WEFT__WAITING);
        rc = weft__timer_start(sleeper.wait.thread, &sleeper.timer, deadline);
        if (rc < 0) { /* without a timer nobody would wake us but cancellation */
            weft__wait_abandon(&sleeper.wait);
            return rc;
        }
        weft__wait(&sleeper.wait, INT64_MAX);
        weft__timer_stop_from_task(&sleeper.timer);
    }
    return rc;
}

int weft_sleep(int64_t span)
{
    int64_t now = weft__now();

    if (span <= 0)
        return weft_yield();
    return weft_sleep_until(span > INT64_MAX - now ? INT64_MAX : now + span);
}

int weft_yield(void)
{
    struct weft__thread *thread = weft__self();
    int rc;

    if (!thread || !thread->task) {
        weft__os_yield();
        return 0;
    }
    rc = weft__cancelled(thread->task);
    weft__yield(weft__enter());
    return rc;
}

int weft_check(void)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task ? weft__cancelled(thread->task) : 0;
}
