/* Work across workers: nothing is lost or done twice, whoever takes it; wakes between tasks and threads. */
#include "run.h"
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

/* ---- spawns ---- */

struct fib {
    int n;
    long *ret;
};

static int fib(struct fib *self)
{
    long a = 0, b = 0;
    weft_scope scope;
    int rc;

    if (self->n < 2) {
        *self->ret = self->n;
        return 0;
    }
    weft_scope_open(&scope);
    weft_go(&scope, fib, .n = self->n - 1, .ret = &a);
    weft_go(&scope, fib, .n = self->n - 2, .ret = &b);
    rc = weft_scope_close(&scope);
    *self->ret = a + b;
    return rc;
}

TEST(a_tree_of_spawns_gives_the_right_sum)
{
    long result = 0, n = is_seeded() ? 10 : 18, expected = is_seeded() ? 55 : 2584;

    for (int i = 0; i < 3; i++) {
        CHECK_EQ(RUN(fib, .n = (int)n, .ret = &result), 0);
        CHECK_EQ(result, expected);
    }
}

struct mark {
    atomic_uchar *flags;
    int index, work;
};

static int mark(struct mark *self)
{
    static atomic_ulong sink;
    unsigned long x = (unsigned long)self->index + 1;

    for (int i = 0; i < self->work; i++)
        x = x * 6364136223846793005u + 1;
    atomic_store_explicit(&sink, x, memory_order_relaxed);
    if (self->index % 3 == 0)
        CHECK_EQ(weft_yield(), 0);
    atomic_fetch_add(&self->flags[self->index], 1);
    return 0;
}

struct mark_all {
    int count, work;
};

static int mark_all(struct mark_all *self)
{
    atomic_uchar *flags = calloc((size_t)self->count, sizeof *flags);
    weft_scope scope;
    int wrong = 0, rc;

    MUST(flags);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->count; i++)
        CHECK_EQ(weft_go(&scope, mark, .flags = flags, .index = i, .work = self->work), 0);
    rc = weft_scope_close(&scope);
    for (int i = 0; i < self->count; i++)
        wrong += atomic_load(&flags[i]) != 1;
    CHECK_EQ(wrong, 0);
    free(flags);
    return rc;
}

TEST(each_of_many_tasks_runs_exactly_once)
{
    CHECK_EQ(RUN(mark_all, .count = many(50000), .work = 10), 0);
    CHECK_EQ(RUN(mark_all, .count = many(5000), .work = 2000), 0);
}

TEST_PROCESS(many_workers)
{
    CHECK_EQ(RUN(mark_all, .count = many(20000), .work = 200), 0);
}

TEST(more_workers_than_cores_lose_nothing)
{
    const char *env[] = {"WEFT_WORKERS=16", NULL};
    char output[2048];

    if (is_seeded())
        SKIP("needs real threads");
    CHECK_EQ(test_process("many_workers", env, output, sizeof output), 0);
    CHECK_STR(output, "");
}

/* A parent that computes while its children wait in the deque: another worker takes them. */
struct add_up {
    atomic_long *sum;
    int value;
};

static int add_up(struct add_up *self)
{
    atomic_fetch_add(self->sum, self->value);
    return 0;
}

struct nest {
    atomic_long *sum;
    int depth;
};

static int nest(struct nest *self)
{
    weft_scope scope;

    if (self->depth == 0) {
        atomic_fetch_add(self->sum, 1);
        return weft_yield();
    }
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_go(&scope, nest, .sum = self->sum, .depth = self->depth - 1), 0);
    CHECK_EQ(weft_yield(), 0);
    return weft_scope_close(&scope);
}

TEST(scopes_in_scopes_with_yields_all_end)
{
    atomic_long sum = 0;
    int depth = is_seeded() ? 4 : 8, expected = is_seeded() ? 81 : 6561;

    CHECK_EQ(RUN(nest, .sum = &sum, .depth = depth), 0);
    CHECK_EQ(atomic_load(&sum), expected);
}

struct burst {
    int rounds;
};

static int burst(struct burst *self)
{
    atomic_long sum = 0;
    long expected = 0;

    for (int round = 0; round < self->rounds; round++) {
        weft_scope scope;

        MUST(weft_scope_open(&scope) == 0);
        for (int i = 0; i < 20; i++, expected += i)
            CHECK_EQ(weft_go(&scope, add_up, .sum = &sum, .value = i + 1), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(atomic_load(&sum), expected);
        if (round % 16 == 0)
            CHECK_EQ(weft_sleep(1), 0); /* let the workers fall asleep now and then */
    }
    return 0;
}

TEST(bursts_of_spawns_between_sleeps_lose_nothing)
{
    CHECK_EQ(RUN(burst, .rounds = many(3000)), 0);
}

/* ---- wakes ---- */

/* A ring: each task waits for its own waker and wakes the next one. */
struct ring_member {
    weft_waker *wakers;
    int index, members, laps;
    atomic_long *hops;
};

static int ring_member(struct ring_member *self)
{
    for (int lap = 0; lap < self->laps; lap++) {
        CHECK_EQ(weft_wait(&self->wakers[self->index]), 0);
        atomic_fetch_add_explicit(self->hops, 1, memory_order_relaxed);
        weft_wake(&self->wakers[(self->index + 1) % self->members]);
    }
    return 0;
}

struct ring {
    int members, laps;
};

static int ring(struct ring *self)
{
    weft_waker *wakers = calloc((size_t)self->members, sizeof *wakers);
    atomic_long hops = 0;
    weft_scope scope;
    int rc;

    MUST(wakers);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->members; i++)
        CHECK_EQ(weft_go(&scope, ring_member, .wakers = wakers, .index = i, .members = self->members,
                         .laps = self->laps, .hops = &hops),
                 0);
    weft_wake(&wakers[0]);
    rc = weft_scope_close(&scope);
    CHECK_EQ(atomic_load(&hops), (long)self->members * self->laps);
    free(wakers);
    return rc;
}

TEST(a_token_goes_round_a_ring_of_tasks)
{
    CHECK_EQ(RUN(ring, .members = 10, .laps = many(2000)), 0);
    CHECK_EQ(RUN(ring, .members = 2, .laps = many(10000)), 0);
}

/* Two sides of a rally; the other one is a plain thread or a task. */
struct rally {
    weft_waker *mine, *other;
    int count;
};

static int rally(struct rally *self)
{
    for (int i = 0; i < self->count; i++) {
        CHECK_EQ(weft_wait(self->mine), 0);
        weft_wake(self->other);
    }
    return 0;
}

static void *rally_thread(void *argument)
{
    CHECK_EQ(rally(argument), 0);
    return NULL;
}

struct rallies {
    weft_waker (*pairs)[2];
    int pairs_count, count;
};

static int rallies(struct rallies *self)
{
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->pairs_count; i++)
        CHECK_EQ(weft_go(&scope, rally, .mine = &self->pairs[i][0], .other = &self->pairs[i][1], .count = self->count),
                 0);
    return weft_scope_close(&scope);
}

TEST(tasks_and_plain_threads_wake_each_other)
{
    enum { PAIRS = 4 };
    static weft_waker pairs[PAIRS][2];
    static struct rally sides[PAIRS];
    pthread_t threads[PAIRS];
    int count = many(3000);

    for (int i = 0; i < PAIRS; i++) {
        pairs[i][0] = pairs[i][1] = (weft_waker)WEFT_WAKER_INIT;
        sides[i] = (struct rally){&pairs[i][1], &pairs[i][0], count};
        weft_wake(&pairs[i][0]); /* the serve */
        MUST(pthread_create(&threads[i], NULL, rally_thread, &sides[i]) == 0);
    }
    CHECK_EQ(RUN(rallies, .pairs = pairs, .pairs_count = PAIRS, .count = count), 0);
    for (int i = 0; i < PAIRS; i++)
        pthread_join(threads[i], NULL);
}

/* Many wakers of one: as often as it sleeps it is woken, whoever does it. */
static atomic_int flood_stop;

static void *flood(void *argument)
{
    while (!atomic_load(&flood_stop)) {
        weft_wake(argument);
        sched_yield();
    }
    return NULL;
}

struct drink {
    weft_waker *waker;
    int count;
};

static int drink(struct drink *self)
{
    int timeouts = 0;

    for (int i = 0; i < self->count; i++) {
        int rc = weft_wait_until(self->waker, weft_now() + (i % 5) * WEFT_MICROSECOND);

        CHECK(rc == 0 || rc == -ETIMEDOUT);
        timeouts += rc < 0;
    }
    return timeouts <= self->count ? 0 : -EIO;
}

TEST(wakes_that_race_with_deadlines_are_neither_lost_nor_harmful)
{
    weft_waker waker = WEFT_WAKER_INIT;
    pthread_t threads[2];

    if (is_seeded())
        SKIP("needs real threads");
    atomic_store(&flood_stop, 0);
    for (int i = 0; i < 2; i++)
        MUST(pthread_create(&threads[i], NULL, flood, &waker) == 0);
    CHECK_EQ(RUN(drink, .waker = &waker, .count = many(5000)), 0);
    atomic_store(&flood_stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

struct wait_once {
    weft_waker *waker;
    atomic_int *ended;
};

static int wait_once(struct wait_once *self)
{
    int rc = weft_wait(self->waker);

    CHECK(rc == 0 || rc == -ECANCELED);
    atomic_fetch_add(self->ended, 1);
    return 0;
}

struct cancel_race {
    int rounds;
};

/* Cancelling and waking at once: each waiter ends exactly once. */
static int cancel_race(struct cancel_race *self)
{
    for (int round = 0; round < self->rounds; round++) {
        enum { WAITERS = 8 };
        weft_waker wakers[WAITERS] = {WEFT_WAKER_INIT};
        atomic_int ended = 0;
        weft_scope scope;

        MUST(weft_scope_open(&scope) == 0);
        for (int i = 0; i < WAITERS; i++)
            CHECK_EQ(weft_go(&scope, wait_once, .waker = &wakers[i], .ended = &ended), 0);
        for (int i = 0; i < WAITERS; i += 2)
            weft_wake(&wakers[i]);
        CHECK_EQ(weft_scope_cancel(&scope), 0);
        for (int i = 1; i < WAITERS; i += 2)
            weft_wake(&wakers[i]);
        (void)weft_scope_close(&scope); /* cancelled or not in time */
        CHECK(atomic_load(&ended) <= WAITERS);
    }
    return 0;
}

TEST(cancelling_while_waking_ends_every_waiter)
{
    CHECK_EQ(RUN(cancel_race, .rounds = many(1000)), 0);
}

/* Roots from several plain threads share the workers. */
static void *call_fib(void *argument)
{
    long result = 0;

    (void)argument;
    CHECK_EQ(weft_call(fib, .n = is_seeded() ? 8 : 15, .ret = &result), 0);
    CHECK_EQ(result, is_seeded() ? 21 : 610);
    return NULL;
}

TEST(roots_of_several_threads_run_side_by_side)
{
    pthread_t threads[6];

    MUST(weft_start(NULL) == 0);
    for (int i = 0; i < 6; i++)
        MUST(pthread_create(&threads[i], NULL, call_fib, NULL) == 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    MUST(weft_stop() == 0);
}
