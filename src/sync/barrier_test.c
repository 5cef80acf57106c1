#include "locks_test.h"

enum { QUEUE = sizeof(struct weft__guard) };

/* ---- results ---- */

TEST_IN_TASK(a_null_barrier_and_one_without_parties_are_refused)
{
    weft_barrier barrier = {0};

    CHECK_EQ(weft_barrier_init(NULL, 1), -EINVAL);
    CHECK_EQ(weft_barrier_wait(NULL), -EINVAL);
    CHECK_EQ(weft_barrier_break(NULL), -EINVAL);
    CHECK_EQ(weft_barrier_wait(&barrier), -EINVAL);
    CHECK_EQ(weft_barrier_init(&barrier, 0), -EINVAL);
    return 0;
}

TEST(one_party_never_waits_and_needs_no_runtime)
{
    weft_barrier barrier;

    CHECK_EQ(weft_barrier_init(&barrier, 1), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_barrier_wait(&barrier), 1);
    CHECK_EQ(weft_barrier_break(&barrier), 0);
    CHECK_EQ(weft_barrier_wait(&barrier), -EPIPE);
    CHECK_EQ(weft_barrier_init(&barrier, 1), 0);
    CHECK_EQ(weft_barrier_wait(&barrier), 1);
}

struct party {
    weft_barrier *barrier;
    atomic_int *results; /* four: of 0, 1, -EPIPE, all else */
};

static int party(struct party *self)
{
    int rc = weft_barrier_wait(self->barrier);

    atomic_fetch_add(&self->results[rc == 0 ? 0 : rc == 1 ? 1 : rc == -EPIPE ? 2 : 3], 1);
    return rc;
}

TEST_IN_TASK(nobody_passes_before_the_last_and_only_the_last_gets_1)
{
    atomic_int results[4] = {0};
    weft_barrier barrier;
    weft_scope scope;

    CHECK_EQ(weft_barrier_init(&barrier, 5), 0);
    for (int i = 1; i <= 3; i++) {
        weft_scope_open(&scope);
        for (int j = 1; j <= 4; j++) {
            weft_go(&scope, party, .barrier = &barrier, .results = results);
            await_queued(&barrier, QUEUE, j);
        }
        CHECK_EQ(results[0], 4 * (i - 1));
        CHECK_EQ(weft_barrier_wait(&barrier), 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(results[0], 4 * i);
    }
    return 0;
}

/* ---- breaking ---- */

TEST_IN_TASK(a_break_ends_every_wait_until_it_is_made_anew)
{
    atomic_int results[4] = {0};
    weft_barrier barrier;
    weft_scope scope;

    CHECK_EQ(weft_barrier_init(&barrier, 4), 0);
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, party, .barrier = &barrier, .results = results);
    await_queued(&barrier, QUEUE, 3);
    CHECK_EQ(weft_barrier_break(&barrier), 0);
    CHECK_EQ(weft_barrier_break(&barrier), 0);
    CHECK_EQ(weft_scope_close(&scope), -EPIPE);
    CHECK_EQ(results[2], 3);
    CHECK_EQ(weft_barrier_wait(&barrier), -EPIPE);
    CHECK_EQ(weft_barrier_init(&barrier, 1), 0);
    CHECK_EQ(weft_barrier_wait(&barrier), 1);
    return 0;
}

TEST_IN_TASK(one_that_is_cancelled_breaks_the_barrier)
{
    atomic_int results[4] = {0};
    weft_barrier barrier;
    weft_scope scope;
    weft_task *task;
    int rc;

    CHECK_EQ(weft_barrier_init(&barrier, 4), 0);
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go_with(&scope, (.handle = &task), party, .barrier = &barrier, .results = results);
    for (int i = 0; i < 2; i++)
        weft_go(&scope, party, .barrier = &barrier, .results = results);
    await_queued(&barrier, QUEUE, 3);
    CHECK_EQ(weft_cancel(task), 0);
    CHECK_EQ(weft_join(task, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_barrier_wait(&barrier), -EPIPE);
    CHECK_EQ(weft_scope_close(&scope), -EPIPE);
    CHECK_EQ(results[2], 2);
    CHECK_EQ(results[3], 1);
    return 0;
}

TEST_IN_TASK(a_deadline_breaks_it_and_so_does_coming_cancelled)
{
    weft_barrier barrier;
    weft_scope scope;

    CHECK_EQ(weft_barrier_init(&barrier, 2), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_barrier_wait(&barrier), -ETIMEDOUT);
    CHECK_EQ(queued(&barrier, QUEUE), 0);
    CHECK_EQ(weft_barrier_wait(&barrier), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_barrier_wait(&barrier), -EPIPE);
    CHECK_EQ(weft_barrier_init(&barrier, 1), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_barrier_wait(&barrier), -ECANCELED);
    (void)weft_scope_close(&scope);
    CHECK_EQ(weft_barrier_wait(&barrier), -EPIPE);
    return 0;
}

struct shielded {
    weft_barrier *barrier;
    int *ret_rc;
};

static int shielded(struct shielded *self)
{
    weft_scope shield;

    weft_scope_open(&shield, .shield = 1);
    *self->ret_rc = weft_barrier_wait(self->barrier);
    return weft_scope_close(&shield);
}

TEST_IN_TASK(a_shielded_party_that_is_cancelled_breaks_nothing)
{
    weft_barrier barrier;
    weft_scope scope;
    weft_task *task;
    int rc = -1;

    CHECK_EQ(weft_barrier_init(&barrier, 2), 0);
    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), shielded, .barrier = &barrier, .ret_rc = &rc);
    await_queued(&barrier, QUEUE, 1);
    CHECK_EQ(weft_cancel(task), 0);
    for (int i = 0; i < 10; i++)
        (void)weft_yield();
    CHECK_EQ(weft_barrier_wait(&barrier), 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(rc, 0);
    return 0;
}

/* ---- many, and mixed ---- */

enum { WIDTH = 8 };

/* Each writes its cell, meets the others, and reads all cells: plain memory that only the barrier orders. */
struct walker {
    weft_barrier *barrier;
    int id, steps;
    long *cells;
    atomic_long *lasts;
};

static int walker(struct walker *self)
{
    for (int step = 1; step <= self->steps; step++) {
        int rc;

        self->cells[self->id] = step;
        if ((rc = weft_barrier_wait(self->barrier)) < 0)
            return rc;
        atomic_fetch_add(self->lasts, rc);
        for (int i = 0; i < WIDTH; i++)
            CHECK_EQ(self->cells[i], step);
        if ((rc = weft_barrier_wait(self->barrier)) < 0)
            return rc;
        atomic_fetch_add(self->lasts, rc);
    }
    return 0;
}

static void *walk_in_thread(void *self)
{
    CHECK_EQ(walker(self), 0);
    return NULL;
}

TEST_IN_TASK(tasks_and_threads_walk_in_step)
{
    int steps = many(1000);
    struct walker walkers[WIDTH];
    pthread_t threads[2];
    long cells[WIDTH] = {0};
    atomic_long lasts = 0;
    weft_barrier barrier;
    weft_scope scope;

    CHECK_EQ(weft_barrier_init(&barrier, WIDTH), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < WIDTH; i++) {
        walkers[i] = (struct walker){&barrier, i, steps, cells, &lasts};
        if (i < 2)
            threads[i] = run_thread(walk_in_thread, &walkers[i]);
        else
            weft_go(&scope, walker, &barrier, i, steps, cells, &lasts);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    join_threads(threads, 2);
    CHECK_EQ(lasts, 2L * steps);
    return 0;
}

TEST_IN_TASK(thousands_meet)
{
    atomic_int results[4] = {0};
    int count = many(10000);
    weft_barrier barrier;
    weft_scope scope;

    CHECK_EQ(weft_barrier_init(&barrier, (uint32_t)count), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, party, .barrier = &barrier, .results = results);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(results[0], count - 1);
    CHECK_EQ(results[1], 1);
    return 0;
}

TEST_IN_TASK(cancelling_races_with_the_last_and_all_agree)
{
    int rounds = many(2000);

    for (int i = 0; i < rounds; i++) {
        atomic_int results[4] = {0};
        weft_barrier barrier;
        weft_scope scope;
        weft_task *task;
        int rc;

        CHECK_EQ(weft_barrier_init(&barrier, 3), 0);
        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        weft_go_with(&scope, (.handle = &task), party, .barrier = &barrier, .results = results);
        weft_go(&scope, party, .barrier = &barrier, .results = results);
        if (i % 3)
            await_queued(&barrier, QUEUE, 2);
        weft_go(&scope, party, .barrier = &barrier, .results = results);
        CHECK_EQ(weft_cancel(task), 0);
        rc = weft_scope_close(&scope);
        if (results[3]) { /* before the others had met, or after that */
            CHECK(results[2] == 2 || (results[0] == 1 && results[1] == 1));
            CHECK_EQ(rc, results[2] ? -EPIPE : 0);
            CHECK_EQ(weft_barrier_wait(&barrier), -EPIPE);
        } else {
            CHECK_EQ(rc, 0);
            CHECK_EQ(results[0], 2);
            CHECK_EQ(results[1], 1);
        }
    }
    return 0;
}
