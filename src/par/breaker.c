/* Circuit breakers. A pass is the number of the state that gave it: when it comes back in another state it is void. */
#include <weft/breaker.h>

#include "par/hold.h"

#include <errno.h>
#include <weft/task.h>
#include <weft/time.h>

struct breaker {
    weft_mutex lock;
    struct weft_breaker_options options;
    uint64_t history;             /* lock: closed: the last calls, the newest in bit 0; set: it failed */
    int64_t until;                /* lock: open: when it becomes half open */
    uint32_t admitted, succeeded; /* lock: half open: the probes let through, and those that came back well */
    int pass;                     /* lock: the number of this state, >= 0 */
    enum weft_breaker_state state;
};

_Static_assert(sizeof(struct breaker) <= sizeof(weft_breaker), "weft_breaker is too small");

static struct breaker *of(weft_breaker *breaker)
{
    return (struct breaker *)(void *)breaker;
}

int weft_breaker_init_with(weft_breaker *public, const struct weft_breaker_options *options)
{
    struct breaker *breaker = of(public);
    struct weft_breaker_options full;

    if (!breaker || !options)
        return -EINVAL;
    full = *options;
    full.failures = full.failures ? full.failures : 5;
    full.window = full.window ? full.window : full.failures;
    full.probes = full.probes ? full.probes : 1;
    full.open_span = full.open_span ? full.open_span : 5 * WEFT_SECOND;
    if (full.window > 64 || full.window < full.failures || full.open_span < 0)
        return -EINVAL;
    *breaker = (struct breaker){.options = full};
    return weft_mutex_init(&breaker->lock, .name = "breaker");
}

/* What follows has the lock held. */

static void turn(struct breaker *breaker, enum weft_breaker_state state)
{
    int64_t now = weft_now(), span = breaker->options.open_span;

    breaker->state = state;
    breaker->pass = (int)(((unsigned)breaker->pass + 1) & INT32_MAX);
    breaker->history = 0;
    breaker->admitted = breaker->succeeded = 0;
    breaker->until = span > INT64_MAX - now ? INT64_MAX : now + span;
}

static void settle(struct breaker *breaker)
{
    if (breaker->state == WEFT_BREAKER_OPEN && weft_now() >= breaker->until)
        turn(breaker, WEFT_BREAKER_HALF_OPEN);
}

static void count_closed(struct breaker *breaker, bool failed)
{
    uint64_t window = UINT64_MAX >> (64 - breaker->options.window);

    breaker->history = (breaker->history << 1 | failed) & window;
    if ((uint32_t)__builtin_popcountll(breaker->history) >= breaker->options.failures)
        turn(breaker, WEFT_BREAKER_OPEN);
}

static void count_probe(struct breaker *breaker, bool failed)
{
    if (failed)
        turn(breaker, WEFT_BREAKER_OPEN);
    else if (++breaker->succeeded == breaker->options.probes)
        turn(breaker, WEFT_BREAKER_CLOSED);
}

static void uncount(struct breaker *breaker)
{
    if (breaker->state == WEFT_BREAKER_HALF_OPEN)
        breaker->admitted--;
}

/* And what follows has not. */

int weft_breaker_enter(weft_breaker *public)
{
    struct breaker *breaker = of(public);
    int rc;

    if (!breaker)
        return -EINVAL;
    if ((rc = weft_check()) < 0)
        return rc;
    weft__hold(&breaker->lock);
    settle(breaker);
    if (breaker->state == WEFT_BREAKER_CLOSED)
        rc = breaker->pass;
    else if (breaker->state == WEFT_BREAKER_HALF_OPEN && breaker->admitted < breaker->options.probes)
        breaker->admitted++, rc = breaker->pass;
    else
        rc = -EHOSTDOWN;
    weft__let_go(&breaker->lock);
    return rc;
}

int weft_breaker_leave(weft_breaker *public, int pass, int rc)
{
    struct breaker *breaker = of(public);
    bool failed;

    if (!breaker || pass < 0)
        return -EINVAL;
    failed = breaker->options.failed ? breaker->options.failed(rc) != 0 : rc < 0;
    weft__hold(&breaker->lock);
    if (pass != breaker->pass)
        ; /* of another state */
    else if (rc == -ECANCELED)
        uncount(breaker);
    else if (breaker->state == WEFT_BREAKER_CLOSED)
        count_closed(breaker, failed);
    else
        count_probe(breaker, failed);
    weft__let_go(&breaker->lock);
    return 0;
}

int weft_breaker_call(weft_breaker *breaker, int (*fn)(void *argument), void *argument)
{
    int pass, rc;

    if (!fn)
        return -EINVAL;
    if ((pass = weft_breaker_enter(breaker)) < 0)
        return pass;
    rc = fn(argument);
    (void)weft_breaker_leave(breaker, pass, rc); /* the pass is good */
    return rc;
}

int weft_breaker_state(weft_breaker *public)
{
    struct breaker *breaker = of(public);
    int state;

    if (!breaker)
        return -EINVAL;
    weft__hold(&breaker->lock);
    settle(breaker);
    state = (int)breaker->state;
    weft__let_go(&breaker->lock);
    return state;
}
