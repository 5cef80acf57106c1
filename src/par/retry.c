/* Retries, and the one place where a wait between attempts is computed: weft_backoff is it with the defaults. */
#include <weft/retry.h>

#include "base/prng.h"
#include "core/policy.h"

#include <errno.h>
#include <stdbool.h>
#include <weft/scope.h>
#include <weft/task.h>
#include <weft/time.h>

/* Evenly from 0 to most. Not secret; replayed under a seed. */
static int64_t draw(int64_t most)
{
    static _Atomic uint64_t state;
    uint64_t random;

    if (weft__policy.seeded)
        random = weft__random(&weft__policy.random);
    else
        random = (uint64_t)weft__now() +
                 atomic_fetch_add_explicit(&state, UINT64_C(0x9e3779b97f4a7c15), memory_order_relaxed);
    return (int64_t)(weft__random(&random) % ((uint64_t)most + 1));
}

static struct weft_retry completed(const struct weft_retry *options)
{
    struct weft_retry full = options ? *options : (struct weft_retry){0};

    full.attempts = full.attempts ? full.attempts : 5;
    full.delay = full.delay ? full.delay : 10 * WEFT_MILLISECOND;
    full.delay_max = full.delay_max ? full.delay_max : 5 * WEFT_SECOND;
    full.factor = full.factor != 0 ? full.factor : 2;
    full.jitter = full.jitter < 0 ? 0 : full.jitter > 0 ? full.jitter : 0.5;
    return full;
}

int64_t weft_retry_delay(const struct weft_retry *options, int attempt)
{
    struct weft_retry full = completed(options);
    double delay = (double)full.delay;
    int64_t most;

    for (; attempt > 0 && full.factor > 1 && delay < (double)full.delay_max; attempt--)
        delay *= full.factor;
    most = delay < (double)full.delay_max ? (int64_t)delay : full.delay_max;
    if (most <= 0)
        return 0;
    return most - draw(full.jitter < 1 ? (int64_t)((double)most * full.jitter) : most);
}

int64_t weft_backoff(int attempt)
{
    return weft_retry_delay(NULL, attempt);
}

int weft_retry_transient(int rc)
{
    switch (-rc) {
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case ETIMEDOUT:
    case EPIPE:
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case ENETUNREACH:
        return 1;
    default:
        return 0;
    }
}

int weft_retry(const struct weft_retry *options, int (*fn)(void *argument), void *argument)
{
    struct weft_retry full = completed(options);
    int rc;

    if (!fn || full.delay < 0 || full.delay_max < 0 || !(full.factor >= 1) || !(full.jitter <= 1))
        return -EINVAL;
    if ((rc = weft_check()) < 0)
        return rc;
    for (int attempt = 0;; attempt += attempt < INT32_MAX) {
        int64_t delay;
        int waited;

        rc = fn(argument);
        if (rc >= 0 || --full.attempts == 0)
            return rc;
        if (!(full.again ? full.again(rc, argument) : weft_retry_transient(rc)))
            return rc;
        delay = weft_retry_delay(options, attempt);
        if (weft_check() == 0 && delay >= weft_deadline() - weft_now())
            return rc;
        if ((waited = weft_sleep(delay)) < 0)
            return waited;
    }
}
