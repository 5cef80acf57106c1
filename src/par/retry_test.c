#include "run.h"

#include <errno.h>

struct calls {
    const int *results; /* of each call in turn */
    int count, asked;
    weft_scope *cancel; /* by the first call, if not NULL */
};

static int call(void *argument)
{
    struct calls *calls = argument;

    if (calls->cancel)
        weft_scope_cancel(calls->cancel);
    return calls->results[calls->count++];
}

static const struct weft_retry quick = {.attempts = 3, .delay = 1, .delay_max = 1};

TEST_IN_TASK(a_success_is_not_repeated)
{
    struct calls calls = {.results = (int[]){7}};

    CHECK_EQ(weft_retry(NULL, call, &calls), 7);
    CHECK_EQ(calls.count, 1);
    return 0;
}

TEST_IN_TASK(a_call_is_repeated_until_it_succeeds)
{
    struct calls calls = {.results = (int[]){-ECONNREFUSED, -EAGAIN, 5}};

    CHECK_EQ(weft_retry(&quick, call, &calls), 5);
    CHECK_EQ(calls.count, 3);
    return 0;
}

TEST_IN_TASK(the_last_error_is_returned_when_the_attempts_are_used_up)
{
    struct calls calls = {.results = (int[]){-ECONNREFUSED, -EAGAIN, -ECONNRESET, 0}};

    CHECK_EQ(weft_retry(&quick, call, &calls), -ECONNRESET);
    CHECK_EQ(calls.count, 3);
    return 0;
}

TEST_IN_TASK(an_error_that_stays_is_returned_at_once)
{
    struct calls calls = {.results = (int[]){-EAGAIN, -ENOENT, 0}};

    CHECK_EQ(weft_retry(&quick, call, &calls), -ENOENT);
    CHECK_EQ(calls.count, 2);
    return 0;
}

static int enoent_only(int rc, void *argument)
{
    ((struct calls *)argument)->asked++;
    return rc == -ENOENT;
}

TEST_IN_TASK(the_caller_may_say_which_errors_to_retry)
{
    struct weft_retry options = quick;
    struct calls calls = {.results = (int[]){-ENOENT, -EAGAIN, 0}};

    options.again = enoent_only;
    CHECK_EQ(weft_retry(&options, call, &calls), -EAGAIN);
    CHECK_EQ(calls.count, 2);
    CHECK_EQ(calls.asked, 2);
    return 0;
}

TEST_IN_TASK(the_waits_are_waited)
{
    struct weft_retry options = {.attempts = 4, .delay = WEFT_MILLISECOND, .jitter = -1};
    struct calls calls = {.results = (int[]){-EAGAIN, -EAGAIN, -EAGAIN, 0}};
    int64_t start = weft_now();

    CHECK_EQ(weft_retry(&options, call, &calls), 0);
    CHECK(weft_now() - start >= 7 * WEFT_MILLISECOND);
    return 0;
}

TEST_IN_TASK(a_wait_beyond_the_deadline_is_not_begun)
{
    struct weft_retry options = {.delay = 3600 * WEFT_SECOND, .delay_max = 3600 * WEFT_SECOND};
    struct calls calls = {.results = (int[]){-ECONNREFUSED, 0}};
    weft_scope scope;

    weft_scope_open(&scope, .timeout = 600 * WEFT_SECOND);
    CHECK_EQ(weft_retry(&options, call, &calls), -ECONNREFUSED);
    CHECK_EQ(weft_scope_status(NULL), 0);
    CHECK_EQ(calls.count, 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_cancelled_wait_ends_the_retries)
{
    struct weft_retry options = {.delay = 3600 * WEFT_SECOND, .delay_max = 3600 * WEFT_SECOND};
    struct calls calls = {.results = (int[]){-ECONNREFUSED, 0}};
    weft_scope scope;

    weft_scope_open(&scope);
    calls.cancel = &scope;
    CHECK_EQ(weft_retry(&options, call, &calls), -ECANCELED);
    CHECK_EQ(calls.count, 1);
    CHECK_EQ(weft_retry(&options, call, &calls), -ECANCELED);
    CHECK_EQ(calls.count, 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST(a_delay_grows_by_its_factor_up_to_its_most)
{
    struct weft_retry options = {.delay = 10, .delay_max = 1000, .factor = 3, .jitter = -1};
    static const int64_t expected[] = {10, 30, 90, 270, 810, 1000, 1000};

    for (int i = 0; i < 7; i++)
        CHECK_EQ(weft_retry_delay(&options, i), expected[i]);
    CHECK_EQ(weft_retry_delay(&options, -1), 10);
    CHECK_EQ(weft_retry_delay(&options, INT32_MAX), 1000);
    options.factor = 1;
    CHECK_EQ(weft_retry_delay(&options, INT32_MAX), 10);
    options = (struct weft_retry){.delay = WEFT_FOREVER, .delay_max = WEFT_FOREVER, .jitter = -1};
    CHECK_EQ(weft_retry_delay(&options, 3), WEFT_FOREVER);
}

TEST(the_jitter_is_the_share_that_is_drawn)
{
    struct weft_retry options = {.delay = 1000, .jitter = 0.25};
    int64_t least = INT64_MAX, most = 0;

    for (int i = 0; i < 1000; i++) {
        int64_t delay = weft_retry_delay(&options, 0);

        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    CHECK(least >= 750 && least < 800);
    CHECK(most <= 1000 && most > 950);
    options.jitter = 1;
    for (least = INT64_MAX; least > 100;) { /* full jitter reaches down to nothing */
        int64_t delay = weft_retry_delay(&options, 0);

        CHECK(delay >= 0 && delay <= 1000);
        least = delay < least ? delay : least;
    }
    options = (struct weft_retry){.delay = WEFT_FOREVER, .delay_max = WEFT_FOREVER, .jitter = 1};
    CHECK(weft_retry_delay(&options, 0) >= 0);
    for (int i = 0; i < 100; i++)
        CHECK(weft_retry_delay(NULL, 0) >= 5 * WEFT_MILLISECOND && weft_retry_delay(NULL, 0) <= 10 * WEFT_MILLISECOND);
}

TEST(what_time_may_mend_is_transient)
{
    CHECK_EQ(weft_retry_transient(-ECONNREFUSED), 1);
    CHECK_EQ(weft_retry_transient(-EHOSTDOWN), 1);
    CHECK_EQ(weft_retry_transient(-ETIMEDOUT), 1);
    CHECK_EQ(weft_retry_transient(-ECANCELED), 0);
    CHECK_EQ(weft_retry_transient(-EINVAL), 0);
    CHECK_EQ(weft_retry_transient(0), 0);
    CHECK_EQ(weft_retry_transient(EAGAIN), 0);
}

TEST_IN_TASK(retry_refuses_what_makes_no_sense)
{
    struct calls calls = {0};

    CHECK_EQ(weft_retry(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_retry(&(struct weft_retry){.factor = 0.5}, call, &calls), -EINVAL);
    CHECK_EQ(weft_retry(&(struct weft_retry){.jitter = 1.5}, call, &calls), -EINVAL);
    CHECK_EQ(weft_retry(&(struct weft_retry){.delay = -1}, call, &calls), -EINVAL);
    CHECK_EQ(weft_retry(&(struct weft_retry){.delay_max = -1}, call, &calls), -EINVAL);
    CHECK_EQ(calls.count, 0);
    return 0;
}
