#include "locks_test.h"

enum { QUEUE = sizeof(struct weft__guard) };

/* ---- results ---- */

TEST_IN_TASK(a_null_latch_is_refused)
{
    CHECK_EQ(weft_latch_init(NULL, 1), -EINVAL);
    CHECK_EQ(weft_latch_add(NULL, 1), -EINVAL);
    CHECK_EQ(weft_latch_done(NULL), -EINVAL);
    CHECK_EQ(weft_latch_wait(NULL), -EINVAL);
    CHECK_EQ(weft_latch_count(NULL), 0);
    CHECK_EQ(weft_select(weft_on_latch((weft_latch *)NULL)), -EINVAL);
    return 0;
}

TEST(a_latch_counts_without_a_runtime)
{
    weft_latch latch = {0};

    CHECK_EQ(weft_latch_wait(&latch), 0); /* nothing to wait for */
    CHECK_EQ(weft_latch_done(&latch), -EOVERFLOW);
    CHECK_EQ(weft_latch_count(&latch), 0);
    CHECK_EQ(weft_latch_init(&latch, 2), 0);
    CHECK_EQ(weft_latch_add(&latch, 3), 0);
    for (uint32_t i = 5; i > 0; i--) {
        CHECK_EQ(weft_latch_count(&latch), i);
        CHECK_EQ(weft_latch_done(&latch), 0);
    }
    CHECK_EQ(weft_latch_wait(&latch), 0);
    CHECK_EQ(weft_latch_add(&latch, 1), 0); /* again */
    CHECK_EQ(weft_latch_done(&latch), 0);
    CHECK_EQ(weft_latch_wait(&latch), 0);
}

TEST(a_count_beyond_its_range_is_refused_and_changes_nothing)
{
    weft_latch latch;

    CHECK_EQ(weft_latch_init(&latch, 3), 0);
    CHECK_EQ(weft_latch_add(&latch, UINT32_MAX - 2), -EOVERFLOW);
    CHECK_EQ(weft_latch_count(&latch), 3);
    CHECK_EQ(weft_latch_add(&latch, UINT32_MAX - 3), 0);
    CHECK_EQ(weft_latch_count(&latch), UINT32_MAX);
    CHECK_EQ(weft_latch_add(&latch, 1), -EOVERFLOW);
}

/* ---- waiting ---- */

struct watcher {
    weft_latch *latch;
    atomic_int *seen;
};

static int watcher(struct watcher *self)
{
    int rc = weft_latch_wait(self->latch);

    if (rc == 0)
        atomic_fetch_add(self->seen, 1);
    return rc;
}

static void *watch_in_thread(void *self)
{
    CHECK_EQ(watcher(self), 0);
    return NULL;
}

TEST_IN_TASK(the_last_done_wakes_all_tasks_and_threads)
{
    int count = many(10000);
    atomic_int seen = 0;
    weft_latch latch;
    struct watcher in_thread = {&latch, &seen};
    pthread_t threads[2];
    weft_scope scope;

    CHECK_EQ(weft_latch_init(&latch, 3), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++)
        threads[i] = run_thread(watch_in_thread, &in_thread);
    for (int i = 0; i < count; i++)
        weft_go(&scope, watcher, .latch = &latch, .seen = &seen);
    while (queued(&latch, QUEUE) != count + 2)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    CHECK_EQ(weft_latch_done(&latch), 0);
    CHECK_EQ(weft_latch_done(&latch), 0);
    CHECK_EQ(seen, 0);
    CHECK_EQ(queued(&latch, QUEUE), count + 2);
    CHECK_EQ(weft_latch_done(&latch), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    join_threads(threads, 2);
    CHECK_EQ(seen, count + 2);
    return 0;
}

TEST_IN_TASK(cancellation_and_deadlines_end_the_wait_and_count_nothing)
{
    atomic_int seen = 0;
    weft_scope scope;
    weft_latch latch;

    CHECK_EQ(weft_latch_init(&latch, 1), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, watcher, .latch = &latch, .seen = &seen);
    await_queued(&latch, QUEUE, 3);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_latch_wait(&latch), -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(queued(&latch, QUEUE), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_latch_wait(&latch), -ETIMEDOUT);
    CHECK_EQ(weft_latch_count(&latch), 1);
    CHECK_EQ(weft_latch_done(&latch), 0); /* never suspends, and so works */
    CHECK_EQ(weft_latch_wait(&latch), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_latch_wait(&latch), 0);
    CHECK_EQ(seen, 0);
    return 0;
}

/* ---- in a select ---- */

struct chooser {
    weft_latch *latches; /* two */
    int wanted;
};

static int chooser(struct chooser *self)
{
    CHECK_EQ(weft_select(weft_on_latch(&self->latches[0]), weft_on_latch(&self->latches[1])), self->wanted);
    return 0;
}

TEST_IN_TASK(a_select_waits_for_the_first_latch)
{
    weft_latch latches[2];
    weft_scope scope;

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(weft_latch_init(&latches[0], 1), 0);
        CHECK_EQ(weft_latch_init(&latches[1], 1), 0);
        CHECK_EQ(weft_select(weft_on_latch(&latches[0]), weft_on_latch(&latches[1]), weft_on_default()), 2);
        CHECK_EQ(weft_select(weft_on_latch(&latches[0]), weft_on_timeout(WEFT_MILLISECOND)), 1);
        weft_scope_open(&scope);
        for (int j = 0; j < 10; j++)
            weft_go(&scope, chooser, .latches = latches, .wanted = i);
        await_queued(&latches[1], QUEUE, 10);
        CHECK_EQ(weft_latch_done(&latches[i]), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(queued(&latches[1 - i], QUEUE), 0);
        CHECK_EQ(weft_latch_count(&latches[1 - i]), 1);
        CHECK_EQ(weft_select(weft_on_latch(&latches[0]), weft_on_latch(&latches[1])), i);
    }
    return 0;
}

TEST_IN_TASK(a_cancelled_select_leaves_every_latch)
{
    weft_latch latches[2];
    weft_scope scope;

    CHECK_EQ(weft_latch_init(&latches[0], 1), 0);
    CHECK_EQ(weft_latch_init(&latches[1], 1), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, chooser, .latches = latches, .wanted = -ECANCELED);
    await_queued(&latches[1], QUEUE, 5);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(queued(&latches[0], QUEUE), 0);
    CHECK_EQ(queued(&latches[1], QUEUE), 0);
    return 0;
}

TEST_IN_TASK(a_select_waits_for_whatever_lock_comes_first)
{
    weft_event event = WEFT_EVENT_INIT;
    weft_semaphore semaphore = {0};
    weft_latch latch;

    CHECK_EQ(weft_latch_init(&latch, 1), 0);
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            CHECK_EQ(weft_semaphore_release(&semaphore), 0);
        else if (i == 1)
            CHECK_EQ(weft_event_set(&event), 0);
        else
            CHECK_EQ(weft_latch_done(&latch), 0);
        CHECK_EQ(weft_select(weft_on_semaphore(&semaphore), weft_on_event(&event), weft_on_latch(&latch)), i);
        CHECK_EQ(weft_event_clear(&event), 0);
    }
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    return 0;
}

/* ---- a stress ---- */

struct worker {
    weft_latch *latch;
    long *cell; /* plain: the latch orders it */
};

static int worker(struct worker *self)
{
    *self->cell += 1;
    (void)weft_yield();
    *self->cell += 1;
    CHECK_EQ(weft_latch_done(self->latch), 0);
    return 0;
}

static void *work_in_thread(void *self)
{
    (void)worker(self);
    return NULL;
}

/* The latch lies on the waiter's stack, which is used again at once: the last done must not touch it any more. */
static void gather(weft_scope *scope, int by_select)
{
    enum { TASKS = 6 };
    long cells[TASKS + 1] = {0};
    struct worker in_thread;
    weft_latch latch;
    pthread_t thread;

    CHECK_EQ(weft_latch_init(&latch, 1), 0);
    CHECK_EQ(weft_latch_add(&latch, TASKS), 0);
    in_thread = (struct worker){&latch, &cells[TASKS]};
    thread = run_thread(work_in_thread, &in_thread);
    for (int i = 0; i < TASKS; i++)
        weft_go(scope, worker, .latch = &latch, .cell = &cells[i]);
    CHECK_EQ(by_select ? weft_select(weft_on_latch(&latch)) : weft_latch_wait(&latch), 0);
    for (int i = 0; i <= TASKS; i++)
        CHECK_EQ(cells[i], 2);
    memset(&latch, 0xff, sizeof latch);
    join_threads(&thread, 1);
}

TEST_IN_TASK(what_was_done_before_the_last_done_is_seen_and_the_latch_may_go)
{
    int rounds = many(1000);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < rounds; i++)
        gather(&scope, i % 2);
    return weft_scope_close(&scope);
}
