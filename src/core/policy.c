/* The choices and the clock; and the environment variables that set them. */
#include "core/policy.h"

#include "base/prng.h"
#include "core/detect.h"
#include "core/runtime.h"
#include "core/wait.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weft__policy weft__policy;

enum { STREAK_MAX = 1000, TURN_NS = 100 };

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
    uint64_t demote = 1, seed = 0, checks = 0, strict = 0;
    int rc;

    memset(&weft__policy, 0, sizeof weft__policy);
    if (order && *order && strcmp(order, "child") != 0 && strcmp(order, "queue") != 0) {
        weft__report("WEFT_SPAWN=%s: must be child or queue", order);
        return -EINVAL;
    }
    weft__policy.spawn = order && strcmp(order, "queue") == 0 ? WEFT__QUEUE_FIRST : WEFT__CHILD_FIRST;
    if ((rc = weft__environment("WEFT_DEMOTE", 0, 1, &demote)) < 0 ||
        (rc = weft__environment("WEFT_CHECK", 0, 1, &checks)) < 0 ||
        (rc = weft__environment("WEFT_STRICT", 0, 1, &strict)) < 0 ||
        (rc = weft__environment("WEFT_SEED", 0, UINT64_MAX, &seed)) < 0)
        return rc;
    weft__policy.demote = demote != 0;
    weft__policy.checks = checks != 0;
    if (forced || (getenv("WEFT_SEED") && *getenv("WEFT_SEED"))) {
        weft__policy.seeded = true;
        weft__policy.claims = strict ? WEFT__CLAIMS_STRICTLY : WEFT__CLAIMS_NOTHING;
        weft__policy_seed(seed);
        if (!forced)
            weft__detect_attach();
    }
    return 0;
}

/* ---- what is replayed ---- */

/* Of each deviation its place + 1, by a hash of when it is. */
static uint32_t places[2 * WEFT__DEVIATIONS_MAX];

/* Where this choice stands in the table, or where there is room for it. */
static uint32_t *place_of(const struct weft__deviation *d)
{
    uint64_t hash = ((uint64_t)d->task << 40 ^ (uint64_t)d->call << 8 ^ d->decision) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(hash >> 40) % (2 * WEFT__DEVIATIONS_MAX);

    for (; places[at]; at = (at + 1) % (2 * WEFT__DEVIATIONS_MAX)) {
        const struct weft__deviation *other = &weft__policy.record->items[places[at] - 1];

        if (other->task == d->task && other->call == d->call && other->decision == d->decision)
            break;
    }
    return &places[at];
}

static void index_record(void)
{
    memset(places, 0, sizeof places);
    for (uint32_t i = 0; i < weft__policy.record->count; i++)
        *place_of(&weft__policy.record->items[i]) = i + 1;
}

static uint32_t smaller_of_two(uint32_t below)
{
    uint32_t a = weft__random_below(&weft__policy.random, below), b = weft__random_below(&weft__policy.random, below);

    return a < b ? a : b;
}

void weft__policy_seed(uint64_t seed)
{
    static const uint32_t one_in[] = {2, 4, 8, 32, 0, 0, 0, 0}, changes[] = {0, 0, 0, 0, 0, 1, 2, 4};
    uint32_t span;

    weft__policy.seed = weft__policy.random = seed;
    weft__policy.preempt_one_in = one_in[seed % 8];
    span = 8u << smaller_of_two(10); /* most programs that are explored are small */
    for (uint32_t i = 0; i < WEFT__CHANGES_MAX; i++)
        weft__policy.changes[i] = i < changes[seed % 8] ? 1 + weft__random_below(&weft__policy.random, span) : 0;
    weft__policy.loops = weft__policy.entries = weft__policy.streak = weft__policy.tasks = 0;
    weft__policy.turns = weft__policy.hash = 0;
    weft__policy.lowest = 0;
    weft__policy.stopped = NULL;
    weft__policy.claim_ended = false;
    if (weft__policy.replays)
        index_record();
    else if (weft__policy.record)
        weft__policy.record->count = 0;
    atomic_store_explicit(&weft__policy.now, WEFT_SECOND, memory_order_relaxed);
}

/* ---- telling ---- */

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char line[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    weft__policy.on_switch(line);
}

static struct weft__task *running(void)
{
    struct weft__thread *thread = weft__self();

    return thread ? thread->task : NULL;
}

static const struct weft__task *ready_at(struct weft__worker *worker, uint32_t at)
{
    const struct weft__task *task = worker->woken;

    if (at >= worker->woken_count)
        return weft__ring_at(&worker->deque, at - worker->woken_count);
    for (; at > 0; at--)
        task = task->next;
    return task;
}

/* Who is next where the scheduler by itself would have gone on, or have taken another. */
static void tell_pick(struct weft__worker *worker, const struct weft__task *stopped, uint32_t at)
{
    const struct weft__task *next = ready_at(worker, at), *first = ready_at(worker, 0);
    const struct weft__wait *wait = at < worker->woken_count ? next->wait : NULL; /* it has not come back from it yet */
    char after[160] = "";

    if (wait && wait->what)
        snprintf(after, sizeof after, ", which waited %s%s%s", wait->what, wait->place ? " at " : "",
                 wait->place ? wait->place : "");
    if (stopped == next)
        return;
    if (stopped)
        tell("task %u '%s' is stopped before its next call; task %u '%s' runs%s", stopped->number, stopped->name,
             next->number, next->name, after);
    else
        tell("task %u '%s' runs before task %u '%s'%s", next->number, next->name, first->number, first->name, after);
}

/* ---- choosing ---- */

static void take_turn(void)
{
    if (WEFT__UNLIKELY(++weft__policy.turns == weft__policy.turns_max))
        weft__detected("no end", "after %llu calls it has not ended: it may run for ever",
                       (unsigned long long)weft__policy.turns_max);
}

/* The choice that is about to be made, by who makes it. */
static struct weft__deviation here(void)
{
    struct weft__task *task = running();

    if (!task)
        return (struct weft__deviation){.call = weft__policy.loops++};
    return (struct weft__deviation){.task = task->number, .call = task->calls, .decision = task->decisions++};
}

static uint32_t find_ready(struct weft__worker *worker, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++)
        if (ready_at(worker, i)->number == number)
            return i;
    return 0;
}

static uint32_t replay(const struct weft__deviation *now, uint32_t count, struct weft__worker *worker)
{
    uint32_t place = *place_of(now), choice;

    if (!place)
        return 0;
    choice = weft__policy.record->items[place - 1].choice;
    if (worker)
        return find_ready(worker, count, choice);
    return choice < count ? choice : 0;
}

/* One choice: the wish is followed, unless the schedule is replayed. worker: it is one of its ready tasks. */
static uint32_t decide(uint32_t count, uint32_t wish, struct weft__worker *worker)
{
    struct weft__record *record = weft__policy.record;

    if (record) {
        struct weft__deviation now = here();

        if (weft__policy.replays) {
            wish = replay(&now, count, worker);
        } else if ((wish || (worker && weft__policy.stopped)) && record->count < WEFT__DEVIATIONS_MAX) {
            now.choice = worker ? ready_at(worker, wish)->number : wish;
            record->items[record->count++] = now;
        }
    }
    weft__policy.hash = (weft__policy.hash ^ ((uint64_t)count << 32 | wish)) * UINT64_C(0x9e3779b97f4a7c15);
    return wish;
}

static uint32_t choose(uint32_t count)
{
    return count < 2 ? 0 : decide(count, weft__random_below(&weft__policy.random, count), NULL);
}

uint32_t weft__policy_choose(uint32_t count, const char *place)
{
    uint32_t choice = choose(count);
    const struct weft__task *task = running();

    if (WEFT__UNLIKELY(weft__policy.on_switch != NULL) && choice && task)
        tell("task %u '%s' goes through the cases of its select in another order%s%s", task->number, task->name,
             place ? ", at " : "", place ? place : "");
    return choice;
}

bool weft__policy_child_first(const struct weft__task *child)
{
    bool child_first = weft__policy.spawn == WEFT__CHILD_FIRST;
    const struct weft__task *task;

    if (WEFT__UNLIKELY(weft__policy.seeded)) {
        child_first = choose(2) == 0;
        if (WEFT__UNLIKELY(weft__policy.on_switch != NULL) && !child_first && (task = running()))
            tell("task %u '%s' starts task %u '%s', and goes on before it", task->number, task->name, child->number,
                 child->name);
    }
    return child_first;
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
    const struct weft__task *stopped = weft__policy.stopped;
    uint32_t choice = 0;
    int32_t priority;

    if (count < 2) /* nobody is passed over */
        weft__policy.streak = 0;
    take_turn();
    if (count > 1) {
        uint32_t wish =
            weft__policy.preempt_one_in ? weft__random_below(&weft__policy.random, count) : highest(worker, &priority);

        choice = decide(count, wish, worker);
        if (WEFT__UNLIKELY(weft__policy.on_switch != NULL) && (stopped || choice))
            tell_pick(worker, stopped, choice);
    }
    weft__policy.stopped = NULL;
    return choice;
}

/* Whether one that runs gives way to those that are ready, as the strategy wishes it. */
static bool wants_switch(struct weft__worker *worker, struct weft__task *task)
{
    int32_t best;

    if (weft__policy.preempt_one_in)
        return weft__random_below(&weft__policy.random, weft__policy.preempt_one_in) == 0;
    weft__policy.entries++;
    for (uint32_t i = 0; i < WEFT__CHANGES_MAX; i++)
        if (weft__policy.changes[i] == weft__policy.entries)
            weft__policy_lower(task);
    if (++weft__policy.streak > STREAK_MAX) { /* of one, or of several that hand to each other */
        weft__policy_lower(task);
        weft__policy.streak = 0;
    }
    highest(worker, &best);
    return best > task->priority;
}

bool weft__policy_preempts(struct weft__worker *worker, struct weft__task *task)
{
    take_turn();
    if (weft__policy.seed >> 3 & 1) /* every other eight: a timer may come before what is ready */
        atomic_store_explicit(&weft__policy.now,
                              atomic_load_explicit(&weft__policy.now, memory_order_relaxed) + TURN_NS,
                              memory_order_relaxed);
    task->calls++;
    task->decisions = 0;
    if (!worker->woken_count && !weft__ring_count(&worker->deque))
        return false;
    if (!decide(2, wants_switch(worker, task), NULL))
        return false;
    weft__policy.stopped = task;
    return true;
}

void weft__policy_lower(struct weft__task *task)
{
    task->priority = --weft__policy.lowest;
}

void weft__policy_born(struct weft__task *task)
{
    task->number = ++weft__policy.tasks;
    task->calls = task->decisions = 0;
    task->priority = (int32_t)(weft__random(&weft__policy.random) >> 33);
}

int64_t weft__now(void)
{
    return WEFT__UNLIKELY(weft__policy.seeded) ? atomic_load_explicit(&weft__policy.now, memory_order_relaxed)
                                               : weft__os_now();
}
