#include "run.h"

#include <errno.h>
#include <pthread.h>

/* Units that may have been given out a span after the start, rounded up, with the roundings of the clock. */
static double most(double rate, double burst, int64_t span)
{
    return burst + rate * ((double)span + burst + 2) / 1e9;
}

TEST_IN_TASK(a_burst_goes_through_at_once)
{
    weft_limiter limiter;

    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1e-3, .burst = 7), 0);
    for (int i = 0; i < 7; i++)
        CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), -EAGAIN);
    CHECK_EQ(weft_limiter_init(&limiter, .rate = 3e-3, .burst = 7), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 7), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), -EAGAIN);
    return 0;
}

TEST_IN_TASK(the_rate_is_not_exceeded)
{
    static const double rates[] = {1000, 700.7, 33333};

    for (int i = 0; i < 3; i++) {
        weft_limiter limiter;
        int64_t start = weft_now();

        CHECK_EQ(weft_limiter_init(&limiter, .rate = rates[i], .burst = 3), 0);
        for (int taken = 1; taken < 20; taken++) {
            CHECK_EQ(weft_limiter_acquire(&limiter, 1), 0);
            CHECK(taken <= most(rates[i], 3, weft_now() - start));
        }
        CHECK_EQ(weft_limiter_acquire(&limiter, 3), 0);
        CHECK(22 <= most(rates[i], 3, weft_now() - start));
    }
    return 0;
}

TEST_IN_TASK(the_bucket_fills_again_but_no_more_than_full)
{
    weft_limiter limiter;

    CHECK_EQ(weft_limiter_init(&limiter, .rate = 0.01, .burst = 2), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 2), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), -EAGAIN);
    if (!is_seeded())
        SKIP_IN_TASK("needs virtual time");
    CHECK_EQ(weft_sleep(101 * WEFT_SECOND), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 2), -EAGAIN);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), 0);
    CHECK_EQ(weft_sleep(10000 * WEFT_SECOND), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 2), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), -EAGAIN);
    return 0;
}

struct taker {
    weft_limiter *limiter;
    uint32_t units;
    atomic_int *line, *served;
    int place;
};

static int taker(struct taker *self)
{
    int rc;

    atomic_fetch_add(self->line, 1);
    rc = weft_limiter_acquire(self->limiter, self->units);
    if (rc == 0)
        CHECK_EQ(atomic_fetch_add(self->served, 1), self->place);
    return rc;
}

TEST_IN_TASK(waiters_are_served_in_the_order_of_their_coming)
{
    atomic_int line = 0, served = 0;
    weft_limiter limiter;
    weft_scope scope;

    if (!is_seeded())
        SKIP_IN_TASK("needs virtual time, to know who came first");
    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1e-3, .burst = 10), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 10), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++) { /* large and small ones: none is overtaken */
        weft_go(&scope, taker, .limiter = &limiter, .units = i % 2 ? 1 : 10, .line = &line, .served = &served,
                .place = i);
        CHECK_EQ(weft_sleep(1), 0); /* time moves when all wait: it is in line */
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(served, 10);
    return 0;
}

TEST_IN_TASK(a_try_does_not_overtake)
{
    atomic_int line = 0, served = 0;
    weft_limiter limiter;
    weft_scope scope;

    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1e-3, .burst = 10), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 5), 0);
    weft_scope_open(&scope);
    weft_go(&scope, taker, .limiter = &limiter, .units = 10, .line = &line, .served = &served);
    await(&line, 1);
    while (weft_limiter_try_acquire(&limiter, 1) == 0) /* until it is in line; then for good */
        (void)weft_yield();
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), -EAGAIN);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(served, 0);
    return 0;
}

TEST_IN_TASK(a_cancelled_waiter_has_taken_nothing)
{
    weft_limiter limiter;
    weft_scope scope;

    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1e-3, .burst = 10), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 5), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_limiter_acquire(&limiter, 6), -ETIMEDOUT);
    CHECK_EQ(weft_limiter_acquire(&limiter, 1), -ETIMEDOUT);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 1), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 5), 0);
    return 0;
}

TEST_IN_TASK(those_behind_a_cancelled_one_move_up)
{
    atomic_int line = 0, served = 0;
    weft_task *first = NULL;
    weft_limiter limiter;
    weft_scope scope;

    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1e-3, .burst = 10), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 5), 0);
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go_with(&scope, (.handle = &first), taker, .limiter = &limiter, .units = 10, .line = &line, .served = &served);
    await(&line, 1);
    weft_go(&scope, taker, .limiter = &limiter, .units = 5, .line = &line, .served = &served, .place = 0);
    await(&line, 2);
    CHECK_EQ(weft_cancel(first), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(served, 1);
    return 0;
}

static void *take_in_thread(void *limiter)
{
    for (int i = 0; i < 5; i++)
        CHECK_EQ(weft_limiter_acquire(limiter, 1), 0);
    return NULL;
}

static int join_thread(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

TEST_IN_TASK(plain_threads_wait_in_the_same_line)
{
    weft_limiter limiter;
    int64_t start = weft_now();
    pthread_t thread;

    if (is_seeded())
        SKIP_IN_TASK("a foreign thread has no part in a seed");
    CHECK_EQ(weft_limiter_init(&limiter, .rate = 2000), 0);
    MUST(pthread_create(&thread, NULL, take_in_thread, &limiter) == 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(weft_limiter_acquire(&limiter, 1), 0);
    CHECK_EQ(weft_blocking(join_thread, &thread), 0);
    CHECK(10 <= most(2000, 1, weft_now() - start));
    return 0;
}

TEST(a_limiter_refuses_what_makes_no_sense)
{
    weft_limiter limiter;

    CHECK_EQ(weft_limiter_init(NULL, .rate = 1), -EINVAL);
    CHECK_EQ(weft_limiter_init(&limiter, .burst = 1), -EINVAL);
    CHECK_EQ(weft_limiter_init(&limiter, .rate = -1), -EINVAL);
    CHECK_EQ(weft_limiter_init(&limiter, .rate = __builtin_nan("")), -EINVAL);
    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1e-12), -EINVAL);
    CHECK_EQ(weft_limiter_init_with(&limiter, NULL), -EINVAL);
    CHECK_EQ(weft_limiter_init(&limiter, .rate = __builtin_inf(), .burst = UINT32_MAX), 0);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, UINT32_MAX), 0);
    CHECK_EQ(weft_limiter_init(&limiter, .rate = 1, .burst = 2), 0);
    CHECK_EQ(weft_limiter_acquire(&limiter, 0), -EINVAL);
    CHECK_EQ(weft_limiter_acquire(&limiter, 3), -EINVAL);
    CHECK_EQ(weft_limiter_try_acquire(&limiter, 3), -EINVAL);
    CHECK_EQ(weft_limiter_acquire(NULL, 1), -EINVAL);
    CHECK_EQ(weft_limiter_try_acquire(NULL, 1), -EINVAL);
}
