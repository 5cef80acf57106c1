/* Select: try every case; if none can happen, queue at every object and wait for the first that chooses us.
 *
 * One object is locked at a time. Between two of them the world moves, so a case that has become possible while we
 * queue makes us take the claim back and begin again; if somebody else has won it, he has chosen a case of ours, and
 * that is what happened. Nobody ever claims two waiters at once, so that two selects which face each other cannot
 * hold each other up.
 */
#include "sync/select.h"

#include "base/prng.h"
#include "core/policy.h"

#include <errno.h>
#include <weft/select.h>

/* Random bits, a generator a thread: good enough to be fair. */
static uint64_t random_bits(void)
{
    static __thread uint64_t state;

    return WEFT__UNLIKELY(weft__policy.seeded) ? 0 : weft__random(&state);
}

/* The index of the case that happened, -EAGAIN: none, -errno. The order is shuffled as it goes (Fisher, Yates,
 * Durstenfeld 1964): a walk from a random start would prefer what stands behind cases that cannot happen. */
static int try_all(struct weft__thread *thread, struct weft_case *cases, uint32_t count, bool in_order,
                   const char *place)
{
    uint8_t order[WEFT_SELECT_MAX] WEFT__UNINITIALIZED;
    uint64_t bits = in_order ? 0 : random_bits();
    int otherwise = -EAGAIN;

    for (uint32_t i = 0; i < count; i++)
        order[i] = (uint8_t)i;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t left = count - i, step = in_order ? 0 : (uint32_t)((bits & 0xffff) * left >> 16), at;
        int rc;

        if (WEFT__UNLIKELY(weft__policy.seeded) && !in_order)
            step = weft__policy_choose(left, place);
        bits = i % 4 == 3 ? random_bits() : bits >> 16;
        at = order[i + step];
        order[i + step] = order[i];
        if (cases[at].weft__kind == &weft__on_default) {
            otherwise = (int)at;
            continue;
        }
        rc = cases[at].weft__kind->try(thread, &cases[at]);
        if (rc != 0)
            return rc < 0 ? rc : (int)at;
    }
    return otherwise;
}

static void leave_all(struct weft__thread *thread, struct weft_case *cases, struct weft__place *places, uint32_t count,
                      const struct weft__waiter *chosen)
{
    for (uint32_t i = 0; i < count; i++)
        if (&places[i].waiter != chosen)
            cases[i].weft__kind->leave(thread, &cases[i], &places[i]);
}

/* Queues at all objects: how many it is queued at; fewer than all: one of them is possible now, or *ret_rc. */
static uint32_t queue_all(struct weft__wait *wait, struct weft_case *cases, struct weft__place *places, uint32_t count,
                          int *ret_rc)
{
    *ret_rc = 0;
    for (uint32_t i = 0; i < count; i++) {
        int rc;

        places[i].waiter = (struct weft__waiter){.wait = wait};
        rc = cases[i].weft__kind->queue(wait->thread, &cases[i], &places[i]);
        if (rc <= 0) {
            *ret_rc = rc;
            return i;
        }
    }
    return count;
}

/* For a plain thread, which has no timers: the case whose deadline comes first; count: none has one. */
static uint32_t first_deadline(const struct weft_case *cases, uint32_t count)
{
    uint32_t first = count;

    for (uint32_t i = 0; i < count; i++)
        if (cases[i].weft__kind == &weft__on_deadline && cases[i].weft__number != WEFT_FOREVER &&
            (first == count || cases[i].weft__number < cases[first].weft__number))
            first = i;
    return first;
}

/* A plain thread waits in real time, whatever clock the tasks have. The index of the deadline that came, or -EAGAIN. */
static int wait_as_thread(struct weft__wait *wait, const struct weft_case *cases, uint32_t count)
{
    uint32_t first = first_deadline(cases, count);

    weft__wait(wait, first == count ? INT64_MAX : cases[first].weft__number - weft__now() + weft__os_now());
    return wait->winner ? -EAGAIN : (int)first;
}

/* One round of waiting. The index of the case that happened; -EAGAIN: try again; -errno. Called inside, returns
 * outside. */
WEFT__INLINE int wait_once(struct weft__thread *thread, struct weft_case *cases, struct weft__place *places,
                           uint32_t count, const char *place)
{
    struct weft__wait wait = {
        .what = "in a select", .place = place, .object = cases, .thread = thread, .task = thread ? thread->task : NULL};
    struct weft__waiter *chosen;
    uint32_t queued, at;
    int rc, otherwise = -EAGAIN;

    if (wait.task)
        weft__park_prepare(thread, WEFT__WAITING, &wait);
    queued = queue_all(&wait, cases, places, count, &rc);
    if (queued < count)
        weft__wait_abandon(&wait); /* waits if somebody has chosen us already */
    else if (wait.task)
        weft__park(thread);
    else
        otherwise = wait_as_thread(&wait, cases, count);
    thread = weft__enter_any();
    chosen = wait.winner;
    leave_all(thread, cases, places, queued, chosen);
    at = chosen ? (uint32_t)(WEFT__OF(struct weft__place, waiter, chosen) - places) : 0;
    if (chosen && (!cases[at].weft__kind->finish || cases[at].weft__kind->finish(thread, &cases[at], &places[at])))
        rc = (int)at;
    else if (rc == 0)
        rc = chosen ? -EAGAIN : otherwise;
    weft__leave_any(thread);
    return rc;
}

/* Few cases, the rule, keep the stack shallow. */
enum { FEW = 6 };

WEFT__NOINLINE static int wait_few(struct weft__thread *thread, struct weft_case *cases, uint32_t count,
                                   const char *place)
{
    struct weft__place places[FEW] WEFT__UNINITIALIZED;

    return wait_once(thread, cases, places, count, place);
}

WEFT__NOINLINE static int wait_many(struct weft__thread *thread, struct weft_case *cases, uint32_t count,
                                    const char *place)
{
    struct weft__place places[WEFT_SELECT_MAX] WEFT__UNINITIALIZED;

    return wait_once(thread, cases, places, count, place);
}

int weft__select(struct weft_case *cases, size_t count, int in_order, const char *place)
{
    struct weft__thread *thread;
    int rc;

    if (!cases || count == 0 || count > WEFT_SELECT_MAX)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (!cases[i].weft__object && cases[i].weft__kind->has_object)
            return -EINVAL;
    do {
        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        rc = try_all(thread, cases, (uint32_t)count, in_order != 0, place);
        if (rc != -EAGAIN)
            weft__leave_any(thread);
        else
            rc = count <= FEW ? wait_few(thread, cases, (uint32_t)count, place)
                              : wait_many(thread, cases, (uint32_t)count, place);
    } while (rc == -EAGAIN);
    return rc;
}

int weft_select_raw(struct weft_case *cases, size_t count, int in_order)
{
    return weft__select(cases, count, in_order, NULL);
}

/* ---- deadlines ---- */

int64_t weft__deadline_in(int64_t span)
{
    int64_t now = weft__now();

    return span <= 0 ? now : span > INT64_MAX - now ? INT64_MAX : now + span;
}

static int deadline_try(struct weft__thread *thread, struct weft_case *c)
{
    (void)thread;
    return c->weft__number != WEFT_FOREVER && weft__now() >= c->weft__number;
}

static void deadline_came(struct weft__timer *timer)
{
    weft__wake_up(WEFT__OF(struct weft__place, timer, timer)->waiter.wait); /* the next try finds that it is over */
}

static int deadline_queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    place->timer = (struct weft__timer){.fire = deadline_came};
    if (!thread || c->weft__number == WEFT_FOREVER)
        return 1;
    return weft__timer_start(thread, &place->timer, c->weft__number) < 0 ? -ENOMEM : 1;
}

static void deadline_leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)thread;
    (void)c;
    weft__timer_stop(&place->timer);
}

const struct weft__kind weft__on_deadline = {false, deadline_try, deadline_queue, deadline_leave, NULL};
const struct weft__kind weft__on_default = {0};
