#include "run.h"

#include <errno.h>

TEST_IN_TASK(a_sleep_is_never_short)
{
    static const int64_t spans[] = {1, 999, 1000, 1001, 123456, 999999, 1000001, 2000000};

    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        int64_t start = weft_now();

        CHECK_EQ(weft_sleep(spans[i]), 0);
        CHECK(weft_now() - start >= spans[i]);
        start = weft_now();
        CHECK_EQ(weft_sleep_until(start + spans[i]), 0);
        CHECK(weft_now() >= start + spans[i]);
    }
    return 0;
}

TEST(a_thread_sleeps_too)
{
    int64_t start = weft_now();

    if (is_seeded())
        SKIP("a thread's sleep moves no virtual time");
    CHECK_EQ(weft_sleep(WEFT_MILLISECOND), 0);
    CHECK(weft_now() - start >= WEFT_MILLISECOND);
    CHECK_EQ(weft_sleep(0), 0);
    CHECK_EQ(weft_sleep_until(0), 0);
}

TEST_IN_TASK(no_span_is_a_yield)
{
    CHECK_EQ(weft_sleep(0), 0);
    CHECK_EQ(weft_sleep(-5), 0);
    CHECK_EQ(weft_sleep(INT64_MIN), 0);
    CHECK_EQ(weft_sleep_until(weft_now()), 0);
    CHECK_EQ(weft_sleep_until(-1), 0);
    return 0;
}

TEST_IN_TASK(a_sleep_without_end_ends_by_cancellation)
{
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_sleep(INT64_MAX), -ETIMEDOUT);
    CHECK_EQ(weft_sleep(WEFT_FOREVER - 1), -ETIMEDOUT);
    CHECK_EQ(weft_sleep(0), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

struct sleeper {
    int64_t deadline;
    atomic_int *awake;
    int *order;
    int id;
};

static int sleeper(struct sleeper *self)
{
    int rc = weft_sleep_until(self->deadline);
    int place;

    CHECK(rc < 0 || weft_now() >= self->deadline);
    place = atomic_fetch_add(self->awake, 1);
    if (self->order)
        self->order[place] = self->id;
    return rc;
}

struct in_order {
    char unused;
};

/* All must sleep before the first wakes: after ahead nanoseconds. True if they did. */
static int try_in_order(int64_t ahead)
{
    int64_t start = weft_now() + ahead;
    atomic_int awake = 0;
    int order[50], in_time;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 50; i++) {
        int place = i * 7 % 50;

        weft_go(&scope, sleeper, .deadline = start + place * 1000, .awake = &awake, .order = order, .id = place);
    }
    (void)weft_yield();
    in_time = awake == 0;
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < 50 && in_time; i++)
        CHECK_EQ(order[i], i);
    return in_time;
}

static int in_order(struct in_order *self UNUSED)
{
    for (int64_t ahead = 10 * WEFT_MILLISECOND; !try_in_order(ahead); ahead *= 2)
        CHECK(ahead < 10 * WEFT_SECOND);
    return 0;
}

TEST_PROCESS(in_order_on_one_worker)
{
    CHECK_EQ(RUN(in_order), 0);
}

TEST(sleepers_wake_in_the_order_of_their_deadlines)
{
    char output[2048];

    if (is_seeded())
        SKIP("a seed runs them in any order");
    CHECK_EQ(
        test_process("in_order_on_one_worker", (const char *const[]){"WEFT_WORKERS=1", NULL}, output, sizeof output),
        0);
    CHECK_STR(output, "");
}

static void crowd(int count)
{
    int64_t start = weft_now();
    atomic_int awake = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        if (weft_go(&scope, sleeper, .deadline = start + 1000 * (i * 7919L % 100000), .awake = &awake) != 0)
            CHECK(!"spawned");
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(awake, count);
}

TEST_IN_TASK(a_hundred_thousand_sleepers_wake)
{
    crowd(many(100000));
    return 0;
}

TEST_IN_TASK(a_million_sleepers_wake)
{
    if (!getenv("WEFT_TEST_BIG"))
        SKIP_IN_TASK("takes gigabytes: set WEFT_TEST_BIG=1");
    crowd(1000000);
    return 0;
}

TEST_IN_TASK(sleepers_are_cancelled)
{
    int count = many(10000);
    atomic_int awake = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, sleeper, .deadline = weft_now() + 3600 * WEFT_SECOND + i, .awake = &awake);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(awake, count);
    return 0;
}

struct naps {
    int count;
    int64_t span;
};

static int naps(struct naps *self)
{
    for (int i = 0; i < self->count; i++) {
        int64_t start = weft_now();
        int rc = weft_sleep(self->span);

        if (rc < 0)
            return rc;
        CHECK(weft_now() - start >= self->span);
    }
    return 0;
}

TEST_IN_TASK(many_short_naps_at_once)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 1; i <= 50; i++)
        weft_go(&scope, naps, .count = 20, .span = i * 1000);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_pinned_task_sleeps)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go_with(&scope, (.pin = 1), naps, .count = 5, .span = 100000);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

struct spins {
    atomic_int *stop;
};

static int spins(struct spins *self)
{
    while (!atomic_load(self->stop))
        ;
    return 0;
}

TEST_IN_TASK(timers_fire_while_every_worker_computes)
{
    atomic_int stop = 0;
    weft_scope scope;

    if (is_seeded())
        SKIP_IN_TASK("needs real threads");
    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, spins, .stop = &stop);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(weft_sleep(WEFT_MILLISECOND), 0);
    atomic_store(&stop, 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_backoff_doubles_with_jitter)
{
    for (int attempt = -1; attempt < 70; attempt++)
        for (int i = 0; i < 20; i++) {
            int64_t most = 10 * WEFT_MILLISECOND << (attempt < 0 ? 0 : attempt < 9 ? attempt : 9), span;

            most = most > 5 * WEFT_SECOND ? 5 * WEFT_SECOND : most;
            span = weft_backoff(attempt);
            CHECK(span >= most / 2 && span <= most);
        }
    return 0;
}
