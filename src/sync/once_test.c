#include "locks_test.h"

enum { QUEUE = sizeof(struct weft__guard) };

/* What an attempt does. */
struct attempt {
    atomic_int runs;
    int rc, failures; /* it fails so often with rc, then returns 7 */
    long value;       /* plain: the once orders it */
    weft_waker *wait; /* may be NULL */
    weft_once *inside;
};

static int make(void *argument)
{
    struct attempt *attempt = argument;
    int rc = 0, run = atomic_fetch_add(&attempt->runs, 1);

    attempt->value++;
    if (attempt->wait && (rc = weft_wait(attempt->wait)) < 0)
        return rc;
    if (attempt->inside)
        CHECK_EQ(weft_once_run(attempt->inside, make, attempt), -EDEADLK);
    return run < attempt->failures ? attempt->rc : 7;
}

/* ---- results ---- */

TEST_IN_TASK(a_null_once_or_function_is_refused)
{
    weft_once once = WEFT_ONCE_INIT;

    CHECK_EQ(weft_once_run(NULL, make, NULL), -EINVAL);
    CHECK_EQ(weft_once_run(&once, NULL, NULL), -EINVAL);
    return 0;
}

TEST(it_runs_once_and_needs_no_runtime)
{
    weft_once once = WEFT_ONCE_INIT;
    struct attempt attempt = {0};

    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_once_run(&once, make, &attempt), 0); /* of its 7 only the sign counts */
    CHECK_EQ(attempt.runs, 1);
}

TEST_IN_TASK(an_attempt_that_fails_does_not_count)
{
    struct attempt attempt = {.failures = 2, .rc = -EIO};
    weft_once once = WEFT_ONCE_INIT;

    CHECK_EQ(weft_once_run(&once, make, &attempt), -EIO);
    CHECK_EQ(weft_once_run(&once, make, &attempt), -EIO);
    CHECK_EQ(weft_once_run(&once, make, &attempt), 0);
    CHECK_EQ(weft_once_run(&once, make, &attempt), 0);
    CHECK_EQ(attempt.runs, 3);
    return 0;
}

TEST_IN_TASK(from_inside_it_is_a_deadlock_and_told_so)
{
    weft_once once = WEFT_ONCE_INIT;
    struct attempt attempt = {.inside = &once};

    CHECK_EQ(weft_once_run(&once, make, &attempt), 0);
    CHECK_EQ(attempt.runs, 1);
    return 0;
}

/* ---- waiting ---- */

struct runner {
    weft_once *once;
    struct attempt *attempt;
    atomic_int *good, *bad;
};

static int runner(struct runner *self)
{
    int rc = weft_once_run(self->once, make, self->attempt);

    atomic_fetch_add(rc == 0 ? self->good : self->bad, 1);
    if (rc == 0)
        CHECK_EQ(self->attempt->value, self->attempt->failures + 1);
    return rc;
}

TEST_IN_TASK(all_others_wait_until_it_is_done)
{
    weft_waker wait = WEFT_WAKER_INIT;
    struct attempt attempt = {.wait = &wait};
    weft_once once = WEFT_ONCE_INIT;
    atomic_int good = 0, bad = 0;
    int count = many(10000);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, runner, .once = &once, .attempt = &attempt, .good = &good, .bad = &bad);
    while (queued(&once, QUEUE) != count - 1)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    CHECK_EQ(good, 0);
    weft_wake(&wait);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(attempt.runs, 1);
    CHECK_EQ(good, count);
    return 0;
}

TEST_IN_TASK(one_that_waits_tries_again_after_a_failure)
{
    weft_waker wait = WEFT_WAKER_INIT;
    struct attempt attempt = {.wait = &wait, .failures = 3, .rc = -EIO};
    weft_once once = WEFT_ONCE_INIT;
    atomic_int good = 0, bad = 0;
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, runner, .once = &once, .attempt = &attempt, .good = &good, .bad = &bad);
    for (int i = 1; i <= 4; i++) {
        await(&attempt.runs, i);
        weft_wake(&wait);
    }
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    CHECK_EQ(attempt.runs, 4);
    CHECK_EQ(bad, 3); /* each failure goes to the one whose attempt it was */
    CHECK_EQ(good, 7);
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_waiter_leaves_and_the_attempt_goes_on)
{
    weft_waker wait = WEFT_WAKER_INIT;
    struct attempt attempt = {.wait = &wait};
    weft_once once = WEFT_ONCE_INIT;
    atomic_int good = 0, bad = 0;
    weft_scope scope, inner;

    weft_scope_open(&scope);
    weft_go(&scope, runner, .once = &once, .attempt = &attempt, .good = &good, .bad = &bad);
    await(&attempt.runs, 1);
    weft_scope_open(&inner, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_once_run(&once, make, &attempt), -ETIMEDOUT);
    CHECK_EQ(queued(&once, QUEUE), 0);
    CHECK_EQ(weft_scope_close(&inner), 0);
    weft_scope_open(&inner);
    weft_scope_cancel(&inner);
    CHECK_EQ(weft_once_run(&once, make, &attempt), -ECANCELED);
    (void)weft_scope_close(&inner);
    weft_wake(&wait);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_once_run(&once, make, &attempt), 0); /* done is done, also for the cancelled */
    (void)weft_scope_close(&scope);
    CHECK_EQ(attempt.runs, 1);
    return 0;
}

TEST_IN_TASK(a_cancelled_attempt_is_a_failure_and_the_next_one_runs)
{
    weft_waker wait = WEFT_WAKER_INIT;
    struct attempt attempt = {.wait = &wait, .failures = 1, .rc = -ECANCELED};
    weft_once once = WEFT_ONCE_INIT;
    atomic_int good = 0, bad = 0;
    weft_task *task;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), runner, .once = &once, .attempt = &attempt, .good = &good, .bad = &bad);
    await(&attempt.runs, 1);
    weft_go(&scope, runner, .once = &once, .attempt = &attempt, .good = &good, .bad = &bad);
    await_queued(&once, QUEUE, 1);
    CHECK_EQ(weft_cancel(task), 0);
    CHECK_EQ(weft_join(task, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    await(&attempt.runs, 2);
    weft_wake(&wait);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(good, 1);
    return 0;
}

TEST_IN_TASK(in_a_cancelled_scope_nothing_is_begun)
{
    weft_once once = WEFT_ONCE_INIT;
    struct attempt attempt = {0};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_once_run(&once, make, &attempt), -ECANCELED);
    (void)weft_scope_close(&scope);
    CHECK_EQ(attempt.runs, 0);
    return 0;
}

/* ---- a stress ---- */

static void *run_in_thread(void *self)
{
    (void)runner(self);
    return NULL;
}

TEST_IN_TASK(tasks_and_threads_come_at_once_and_it_is_done_once)
{
    int rounds = many(1000);

    for (int i = 0; i < rounds; i++) {
        struct attempt attempt = {.failures = i % 3, .rc = -EAGAIN};
        weft_once once = WEFT_ONCE_INIT;
        atomic_int good = 0, bad = 0;
        struct runner in_thread = {&once, &attempt, &good, &bad};
        pthread_t thread = run_thread(run_in_thread, &in_thread);
        weft_scope scope;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        for (int j = 0; j < 6; j++)
            weft_go(&scope, runner, .once = &once, .attempt = &attempt, .good = &good, .bad = &bad);
        (void)weft_scope_close(&scope);
        join_threads(&thread, 1);
        CHECK_EQ(attempt.runs, i % 3 + 1);
        CHECK_EQ(bad, i % 3);
        CHECK_EQ(good, 7 - i % 3);
    }
    return 0;
}
