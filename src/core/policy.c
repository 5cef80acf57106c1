/* The choices and the clock; and the environment variables that set them. */
#include "core/policy.h"

#include "base/prng.h"
#include "core/detect.h"
#include "core/runtime.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/task.h>

struct weft__policy weft__policy;

enum { STREAK_MAX = 1000 };

static bool forced;

void weft__policy_force(bool seeded)
{
    forced = seeded;
}

int weft__environment(const char *name, uint64_t least, uint64_t most, uint64_t *ret)
{
    const char *text = getenv(name);
    uint64_t value = 0;

    if (!text || !*text)
        return 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
            goto bad;
    }
    if (value < least || value > most)
        goto bad;
    *ret = value;
    return 0;
bad:
    weft__report("%s=%s: must be a number from %llu to %llu", name, text, (unsigned long long)least,
                 (unsigned long long)most);
    return -EINVAL;
}

int weft__policy_init(void)
{
    const char *order = getenv("WEFT_SPAWN");
    uint64_t demote = 1, seed = 0, checks = 0;
    int rc;

    memset(&weft__policy, 0, sizeof weft__policy);
    if (order && *order && strcmp(order, "child") != 0 && strcmp(order, "queue") != 0) {
        weft__report("WEFT_SPAWN=%s: must be child or queue", order);
        return -EINVAL;
    }
    weft__policy.spawn = order && strcmp(order, "queue") == 0 ? WEFT__QUEUE_FIRST : WEFT__CHILD_FIRST;
    if ((rc = weft__environment("WEFT_DEMOTE", 0, 1, &demote)) < 0 ||
        (rc = weft__environment("WEFT_CHECK", 0, 1, &checks)) < 0 ||
        (rc = weft__environment("WEFT_SEED", 0, UINT64_MAX, &seed)) < 0)
        return rc;
    weft__policy.demote = demote != 0;
    weft__policy.checks = checks != 0;
    if (forced || (getenv("WEFT_SEED") && *getenv("WEFT_SEED"))) {
        weft__policy.seeded = true;
        weft__policy_seed(seed);
    }
    return 0;
}

void weft__policy_seed(uint64_t seed)
{
    static const uint32_t one_in[] = {2, 4, 8, 32, 0, 0, 0, 0}, changes[] = {0, 0, 0, 0, 0, 1, 2, 4};
    uint32_t span;

    weft__policy.seed = weft__policy.random = seed;
    weft__policy.preempt_one_in = one_in[seed % 8];
    span = 16u << weft__random_below(&weft__policy.random, 10);
    for (uint32_t i = 0; i < WEFT__CHANGES_MAX; i++)
        weft__policy.changes[i] = i < changes[seed % 8] ? 1 + weft__random_below(&weft__policy.random, span) : 0;
    weft__policy.steps = weft__policy.entries = weft__policy.streak = 0;
    weft__policy.lowest = 0;
    weft__policy.replayed = 0;
    if (!weft__policy.replays)
        weft__policy.recorded = 0;
    atomic_store_explicit(&weft__policy.now, WEFT_SECOND, memory_order_relaxed);
}

/* One step: the wish is followed, unless the schedule is replayed. */
static uint32_t decide(uint32_t count, uint32_t wish)
{
    uint32_t step = weft__policy.steps++;

    if (WEFT__UNLIKELY(weft__policy.steps == weft__policy.steps_max))
        weft__detected("no end", "it has not ended after %u choices: it may run for ever", step);
    if (weft__policy.replays) {
        const struct weft__deviation *next = &weft__policy.record[weft__policy.replayed];

        if (weft__policy.replayed == weft__policy.recorded || next->step != step)
            return 0;
        weft__policy.replayed++;
        return next->choice < count ? next->choice : 0;
    }
    if (wish && weft__policy.record && weft__policy.recorded < WEFT__DEVIATIONS_MAX)
        weft__policy.record[weft__policy.recorded++] = (struct weft__deviation){step, wish};
    return wish;
}

uint32_t weft__policy_choose(uint32_t count)
{
    return count < 2 ? 0 : decide(count, weft__random_below(&weft__policy.random, count));
}

void weft__policy_tell(const char *format, ...)
{
    char line[256];
    va_list arguments;

    if (!weft__policy.on_switch)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    weft__policy.on_switch(line);
}

bool weft__policy_child_first(void)
{
    if (WEFT__UNLIKELY(weft__policy.seeded)) {
        bool child_first = weft__policy_choose(2) == 0;

        if (!child_first)
            weft__policy_tell("'%s' starts a task, and goes on before it", weft_task_name());
        return child_first;
    }
    return weft__policy.spawn == WEFT__CHILD_FIRST;
}

/* The place of the ready task with the highest priority. */
static uint32_t highest(struct weft__worker *worker, int32_t *ret_priority)
{
    uint32_t best = 0, at = 0, count = weft__ring_count(&worker->deque);

    *ret_priority = INT32_MIN;
    for (struct weft__task *task = worker->woken; at < worker->woken_count; task = task->next, at++)
        if (task->priority > *ret_priority) {
            *ret_priority = task->priority;
            best = at;
        }
    for (uint32_t i = 0; i < count; i++) {
        const struct weft__task *task = weft__ring_at(&worker->deque, i);

        if (task->priority > *ret_priority) {
            *ret_priority = task->priority;
            best = at + i;
        }
    }
    return best;
}

uint32_t weft__policy_pick(struct weft__worker *worker, uint32_t count)
{
    int32_t priority;

    weft__policy.streak = 0;
    if (count < 2)
        return 0;
    return weft__policy.preempt_one_in ? weft__policy_choose(count) : decide(count, highest(worker, &priority));
}

bool weft__policy_preempts(struct weft__worker *worker, struct weft__task *task)
{
    int32_t best;

    if (weft__policy.preempt_one_in)
        return decide(2, weft__random_below(&weft__policy.random, weft__policy.preempt_one_in) == 0);
    weft__policy.entries++;
    for (uint32_t i = 0; i < WEFT__CHANGES_MAX; i++)
        if (weft__policy.changes[i] == weft__policy.entries)
            weft__policy_lower(task);
    if (++weft__policy.streak > STREAK_MAX)
        weft__policy_lower(task);
    highest(worker, &best);
    return decide(2, best > task->priority);
}

void weft__policy_lower(struct weft__task *task)
{
    task->priority = --weft__policy.lowest;
}

int32_t weft__policy_priority(void)
{
    return (int32_t)(weft__random(&weft__policy.random) >> 33);
}

int64_t weft__now(void)
{
    return WEFT__UNLIKELY(weft__policy.seeded) ? atomic_load_explicit(&weft__policy.now, memory_order_relaxed)
                                               : weft__os_now();
}
