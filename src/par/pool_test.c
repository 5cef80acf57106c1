#include "run.h"

#include <errno.h>
#include <pthread.h>

struct add {
    atomic_int *sum;
    int n, rc;
};

static int add(struct add *self)
{
    for (int i = 0; i < self->n % 3; i++)
        (void)weft_yield();
    atomic_fetch_add(self->sum, self->n);
    return self->rc;
}

TEST_IN_TASK(a_pool_does_every_job_once)
{
    for (uint32_t width = 1; width <= 4; width += 3)
        for (int count = 0; count <= 100; count = count ? count * 100 : 1) {
            atomic_int sum = 0;
            weft_scope scope;
            weft_pool *pool;

            weft_scope_open(&scope);
            pool = weft_pool_new(&scope, .width = width, .queue = 5);
            MUST(pool);
            for (int i = 1; i <= count; i++)
                CHECK_EQ(weft_pool_submit(pool, add, .sum = &sum, .n = i), 0);
            CHECK_EQ(weft_pool_close(pool), 0);
            CHECK_EQ(sum, count * (count + 1) / 2);
            CHECK_EQ(weft_pool_close(pool), 0);
            CHECK_EQ(weft_pool_submit(pool, add, .sum = &sum, .n = 1), -EPIPE);
            CHECK_EQ(weft_pool_try_submit(pool, add, .sum = &sum, .n = 1), -EPIPE);
            CHECK_EQ(weft_pool_failed(pool), 0);
            CHECK_EQ(weft_pool_dropped(pool), 0);
            weft_pool_free(pool);
            CHECK_EQ(weft_scope_close(&scope), 0);
        }
    return 0;
}

struct gate {
    weft_event *open;
    atomic_int *here;
};

static int gate(struct gate *self)
{
    atomic_fetch_add(self->here, 1);
    return weft_event_wait(self->open);
}

TEST_IN_TASK(a_full_queue_holds_the_submitter_up)
{
    weft_event open = WEFT_EVENT_INIT;
    weft_scope scope, inner;
    atomic_int here = 0;
    weft_pool *pool;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 2, .queue = 3);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(weft_pool_submit(pool, gate, .open = &open, .here = &here), 0);
    await(&here, 2);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_pool_try_submit(pool, gate, .open = &open, .here = &here), 0);
    CHECK_EQ(weft_pool_try_submit(pool, gate, .open = &open, .here = &here), -EAGAIN);
    weft_scope_open(&inner, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_pool_submit(pool, gate, .open = &open, .here = &here), -ETIMEDOUT);
    CHECK_EQ(weft_pool_drain(pool), -ETIMEDOUT);
    (void)weft_scope_close(&inner);
    CHECK_EQ(here, 2);
    weft_event_set(&open);
    CHECK_EQ(weft_pool_drain(pool), 0);
    CHECK_EQ(here, 5);
    weft_pool_free(pool);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_drained_pool_takes_jobs_again)
{
    atomic_int sum = 0;
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 3);
    CHECK_EQ(weft_pool_drain(pool), 0);
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 10; i++)
            CHECK_EQ(weft_pool_submit(pool, add, .sum = &sum, .n = 1), 0);
        CHECK_EQ(weft_pool_drain(pool), 0);
        CHECK_EQ(sum, round * 10);
    }
    CHECK_EQ(weft_pool_close(pool), 0);
    weft_pool_free(pool);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(the_first_error_cancels_the_jobs_and_fails_the_pool)
{
    weft_event never = WEFT_EVENT_INIT;
    atomic_int here = 0, sum = 0;
    weft_scope scope;
    weft_pool *pool;
    int rc;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 2, .queue = 4);
    weft_pool_submit(pool, gate, .open = &never, .here = &here);
    await(&here, 1);
    (void)weft_pool_submit(pool, add, .sum = &sum, .rc = -EIO);
    CHECK_EQ(weft_pool_close(pool), -EIO);
    rc = weft_pool_submit(pool, add, .sum = &sum); /* it is closed, and a moment later its scope is cancelled, too */
    CHECK(rc == -EPIPE || rc == -ECANCELED);
    CHECK_EQ(weft_pool_failed(pool), 2);
    weft_pool_free(pool);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    return 0;
}

TEST_IN_TASK(a_pool_may_keep_going_after_errors)
{
    atomic_int sum = 0;
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 3, .on_error = WEFT_KEEP_GOING);
    for (int i = 1; i <= 30; i++)
        CHECK_EQ(weft_pool_submit(pool, add, .sum = &sum, .n = 1, .rc = i % 10 == 0 ? -EIO : 0), 0);
    CHECK_EQ(weft_pool_drain(pool), -EIO);
    CHECK_EQ(sum, 30);
    CHECK_EQ(weft_pool_close(pool), -EIO);
    CHECK_EQ(weft_pool_failed(pool), 3);
    CHECK_EQ(weft_pool_dropped(pool), 0);
    weft_pool_free(pool);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(what_a_cancelled_pool_does_not_begin_is_counted)
{
    weft_event never = WEFT_EVENT_INIT;
    atomic_int here = 0;
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 2, .queue = 3, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(weft_pool_submit(pool, gate, .open = &never, .here = &here), 0);
    await(&here, 2);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_pool_close(pool), -ECANCELED);
    CHECK_EQ(here, 2);
    CHECK_EQ(weft_pool_dropped(pool), 3);
    weft_pool_free(pool);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_a_pool)
{
    weft_event never = WEFT_EVENT_INIT;
    atomic_int here = 0;
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope, .timeout = 2 * WEFT_MILLISECOND);
    pool = weft_pool_new(&scope, .width = 2, .queue = 3);
    if (pool) {
        (void)weft_pool_submit(pool, gate, .open = &never, .here = &here);
        CHECK_EQ(weft_pool_close(pool), here ? -ETIMEDOUT : weft_pool_close(pool));
        weft_pool_free(pool);
    }
    (void)weft_scope_close(&scope);
    return 0;
}

struct again {
    weft_pool *pool;
    atomic_int *sum;
    int depth;
};

static int again(struct again *self)
{
    atomic_fetch_add(self->sum, 1);
    return self->depth
               ? weft_pool_try_submit(self->pool, again, .pool = self->pool, .sum = self->sum, .depth = self->depth - 1)
               : 0;
}

TEST_IN_TASK(a_job_may_submit_another)
{
    atomic_int sum = 0;
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 1, .queue = 1);
    CHECK_EQ(weft_pool_submit(pool, again, .pool = pool, .sum = &sum, .depth = 10), 0);
    CHECK_EQ(weft_pool_drain(pool), 0);
    CHECK_EQ(sum, 11);
    CHECK_EQ(weft_pool_close(pool), 0);
    weft_pool_free(pool);
    return weft_scope_close(&scope);
}

struct look {
    const char *want;
};

static int look(struct look *self)
{
    CHECK_STR(weft_task_name(), self->want);
    return 0;
}

TEST_IN_TASK(a_job_runs_under_its_own_name)
{
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .name = "painters");
    CHECK_EQ(weft_pool_submit(pool, look, .want = "look"), 0);
    CHECK_EQ(weft_pool_close(pool), 0);
    weft_pool_free(pool);
    return weft_scope_close(&scope);
}

static void *submit_from_thread(void *argument)
{
    struct again *job = argument;

    for (int i = 0; i < 20; i++)
        CHECK_EQ(weft_pool_submit(job->pool, add, .sum = job->sum, .n = 1), 0);
    CHECK_EQ(weft_pool_drain(job->pool), 0);
    return NULL;
}

static int join_thread(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

TEST_IN_TASK(a_plain_thread_submits_too)
{
    struct again job;
    atomic_int sum = 0;
    pthread_t thread;
    weft_scope scope;

    if (is_seeded())
        SKIP_IN_TASK("a foreign thread is not part of a seeded run");
    weft_scope_open(&scope);
    job = (struct again){weft_pool_new(&scope, .width = 2, .queue = 2), &sum, 0};
    MUST(pthread_create(&thread, NULL, submit_from_thread, &job) == 0);
    CHECK_EQ(weft_blocking(join_thread, &thread), 0);
    CHECK_EQ(sum, 20);
    CHECK_EQ(weft_pool_close(job.pool), 0);
    weft_pool_free(job.pool);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_pool_out_of_range_is_refused)
{
    char bytes[WEFT_JOB_MAX + 1] = {0};
    weft_scope scope;
    weft_pool *pool;

    weft_scope_open(&scope);
    CHECK(!weft_pool_new(NULL, .width = 1));
    CHECK(!weft_pool_new(&scope, .width = 65537));
    CHECK(!weft_pool_new(&scope, .on_error = WEFT_FIRST_SUCCESS));
    pool = weft_pool_new(&scope, .width = 1);
    CHECK_EQ(weft_pool_submit_raw(pool, (weft_entry *)(void (*)(void))look, bytes, sizeof bytes, "x"), -EINVAL);
    CHECK_EQ(weft_pool_submit_raw(pool, NULL, bytes, 1, "x"), -EINVAL);
    CHECK_EQ(weft_pool_submit_raw(NULL, (weft_entry *)(void (*)(void))look, bytes, 1, "x"), -EINVAL);
    weft_pool_free(pool);
    weft_pool_free(NULL);
    CHECK_EQ(weft_pool_close(NULL), -EINVAL);
    CHECK_EQ(weft_pool_drain(NULL), -EINVAL);
    CHECK_EQ(weft_pool_failed(NULL), 0);
    CHECK_EQ(weft_pool_dropped(NULL), 0);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_pool_cannot_start_in_a_cancelled_scope)
{
    weft_scope scope;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK(!weft_pool_new(&scope, .width = 1));
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    return 0;
}
