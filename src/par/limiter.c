/* Rate limiters. The line is a mutex that is handed on in order: who holds it is the first, and sleeps with it until
 * its units are there. Units are taken after the sleep and not reserved before it, so that one who is cancelled has
 * nothing to give back, and those behind it have not been told a time that is no longer true.
 */
#include <weft/limiter.h>

#include <errno.h>
#include <weft/mutex.h>
#include <weft/time.h>

struct limiter {
    weft_mutex line;
    double unit_ns;   /* constant: nanoseconds for one unit to come */
    int64_t depth_ns; /* constant: for the whole bucket to fill, with a nanosecond a unit for roundings */
    int64_t full_at;  /* line: when the bucket is full again, if nothing more is taken; may be past */
    uint32_t burst;   /* constant */
};

_Static_assert(sizeof(struct limiter) <= sizeof(weft_limiter), "weft_limiter is too small");

static const double DEPTH_MAX_NS = 100 * 365.0 * 86400e9;

static struct limiter *of(weft_limiter *limiter)
{
    return (struct limiter *)(void *)limiter;
}

int weft_limiter_init_with(weft_limiter *public, const struct weft_limiter_options *options)
{
    struct limiter *limiter = of(public);
    uint32_t burst = options && options->burst ? options->burst : 1;

    if (!limiter || !options || !(options->rate > 0) || !(burst * 1e9 / options->rate < DEPTH_MAX_NS))
        return -EINVAL;
    *limiter = (struct limiter){.unit_ns = 1e9 / options->rate, .burst = burst};
    limiter->depth_ns = (int64_t)(burst * limiter->unit_ns) + 1 + burst;
    return weft_mutex_init(&limiter->line, .fifo = 1, .name = "limiter");
}

/* Rounded up: never faster than the rate. */
static int64_t cost(const struct limiter *limiter, uint32_t units)
{
    return (int64_t)(units * limiter->unit_ns) + 1;
}

/* When so many units are in the bucket. The line is held. */
static int64_t ready_at(const struct limiter *limiter, uint32_t units)
{
    return limiter->full_at + cost(limiter, units) - limiter->depth_ns;
}

/* Takes them if they are there. The line is held. */
static int take(struct limiter *limiter, uint32_t units)
{
    int64_t now = weft_now();

    if (ready_at(limiter, units) > now)
        return -EAGAIN;
    limiter->full_at = (limiter->full_at > now ? limiter->full_at : now) + cost(limiter, units);
    return 0;
}

int weft_limiter_acquire(weft_limiter *public, uint32_t units)
{
    struct limiter *limiter = of(public);
    int rc;

    if (!limiter || units == 0 || units > limiter->burst)
        return -EINVAL;
    if ((rc = weft_mutex_lock(&limiter->line)) < 0)
        return rc;
    while ((rc = take(limiter, units)) == -EAGAIN)
        if ((rc = weft_sleep_until(ready_at(limiter, units))) < 0)
            break;
    (void)weft_mutex_unlock(&limiter->line); /* it is ours */
    return rc;
}

int weft_limiter_try_acquire(weft_limiter *public, uint32_t units)
{
    struct limiter *limiter = of(public);
    int rc;

    if (!limiter || units == 0 || units > limiter->burst)
        return -EINVAL;
    if ((rc = weft_mutex_try_lock(&limiter->line)) < 0)
        return rc == -EBUSY ? -EAGAIN : rc;
    rc = take(limiter, units);
    (void)weft_mutex_unlock(&limiter->line); /* it is ours */
    return rc;
}
