#include "locks_test.h"
#include "sync/mutex.h"

#include <stdio.h>

enum { QUEUE = offsetof(struct weft__mutex, waiters) };

/* ---- results ---- */

TEST_IN_TASK(a_null_mutex_is_refused)
{
    CHECK_EQ(weft_mutex_init(NULL), -EINVAL);
    CHECK_EQ(weft_mutex_lock(NULL), -EINVAL);
    CHECK_EQ(weft_mutex_try_lock(NULL), -EINVAL);
    CHECK_EQ(weft_mutex_unlock(NULL), -EINVAL);
    return 0;
}

TEST(a_mutex_of_zeros_is_free_and_works_without_a_runtime)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;

    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_mutex_try_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
}

TEST_IN_TASK(the_calls_behind_the_macros_do_the_same)
{
    int (*lock)(weft_mutex *) = weft_mutex_lock, (*try_lock)(weft_mutex *) = weft_mutex_try_lock;
    weft_mutex mutex = WEFT_MUTEX_INIT;

    CHECK_EQ(lock(&mutex), 0);
    CHECK_EQ(lock(&mutex), -EDEADLK);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(try_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    return 0;
}

struct stranger {
    weft_mutex *mutex;
};

static int stranger(struct stranger *self)
{
    CHECK_EQ(weft_mutex_try_lock(self->mutex), -EBUSY);
    CHECK_EQ(weft_mutex_unlock(self->mutex), -EPERM);
    return 0;
}

static void *strange_thread(void *mutex)
{
    CHECK_EQ(weft_mutex_try_lock(mutex), -EBUSY);
    CHECK_EQ(weft_mutex_unlock(mutex), -EPERM);
    return NULL;
}

static void meet_strangers(weft_mutex *mutex)
{
    weft_scope scope;
    pthread_t thread = run_thread(strange_thread, mutex);

    weft_scope_open(&scope);
    weft_go(&scope, stranger, .mutex = mutex);
    CHECK_EQ(weft_scope_close(&scope), 0);
    join_threads(&thread, 1);
}

TEST_IN_TASK(only_its_holder_unlocks_it)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;

    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    meet_strangers(&mutex);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    return 0;
}

TEST_IN_TASK(a_recursive_mutex_is_free_after_as_many_unlocks)
{
    weft_mutex mutex;

    CHECK_EQ(weft_mutex_init(&mutex, .recursive = 1), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_try_lock(&mutex), 0);
    for (int i = 0; i < 3; i++) {
        meet_strangers(&mutex);
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    }
    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
    CHECK_EQ(weft_mutex_try_lock(&mutex), 0);
    return weft_mutex_unlock(&mutex);
}

/* The last report names this file and line. */
static void check_reported(int line)
{
    char place[64];

    snprintf(place, sizeof place, "mutex_test.c:%d", line);
    CHECK_HAS(last_report, place);
}

TEST_IN_TASK(who_locks_what_it_holds_is_told_both_places)
{
    weft_mutex mutex;
    int first, second;

    CHECK_EQ(weft_mutex_init(&mutex, .name = "accounts"), 0);
    reports = 0;
    weft_on_report(keep_report);
    first = __LINE__ + 1;
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(reports, 0);
    second = __LINE__ + 1;
    CHECK_EQ(weft_mutex_lock(&mutex), -EDEADLK);
    CHECK_EQ(reports, 1);
    check_reported(first);
    check_reported(second);
    CHECK_HAS(last_report, "mutex accounts");
    CHECK_HAS(last_report, weft_task_name());
    second = __LINE__ + 1;
    CHECK_EQ(weft_mutex_try_lock(&mutex), -EDEADLK);
    CHECK_EQ(reports, 2);
    check_reported(first);
    check_reported(second);
    weft_on_report(NULL);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0); /* it counted once */
    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
    return 0;
}

TEST(a_plain_thread_that_locks_what_it_holds_is_told_too)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;

    reports = 0;
    weft_on_report(keep_report);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), -EDEADLK);
    CHECK_EQ(reports, 1);
    CHECK_HAS(last_report, "a thread locks a mutex");
    weft_on_report(NULL);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
}

/* ---- the order of waiting ---- */

struct locker {
    weft_mutex *mutex;
    int id, rounds;
    long *total;      /* mutex */
    int yields;       /* while it holds the lock */
    atomic_int *left; /* may be NULL */
};

static int locker(struct locker *self)
{
    int rc = 0;

    for (int i = 0; i < self->rounds && (rc = weft_mutex_lock(self->mutex)) == 0; i++) {
        if (self->id)
            note(self->id);
        for (int j = 0; j < self->yields; j++)
            (void)weft_yield();
        ++*self->total;
        CHECK_EQ(weft_mutex_unlock(self->mutex), 0);
    }
    if (self->left)
        atomic_fetch_sub(self->left, 1);
    return rc;
}

TEST_IN_TASK(a_fifo_mutex_is_handed_on_in_the_order_of_waiting)
{
    weft_mutex mutex;
    weft_scope scope;
    long total = 0;

    noted = 0;
    CHECK_EQ(weft_mutex_init(&mutex, .fifo = 1), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    weft_scope_open(&scope);
    for (int i = 1; i <= 20; i++) {
        weft_go(&scope, locker, .mutex = &mutex, .id = i, .rounds = 1, .total = &total, .yields = i % 3);
        await_queued(&mutex, QUEUE, i);
    }
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), 0); /* behind all of them */
    CHECK_EQ(total, 20);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(notes[i], i + 1);
    return 0;
}

TEST_IN_TASK(waiters_that_wait_again_keep_their_order)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;
    weft_scope scope;
    long total = 0;

    noted = 0;
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    weft_scope_open(&scope);
    for (int i = 1; i <= 10; i++) {
        weft_go(&scope, locker, .mutex = &mutex, .id = i, .rounds = 1, .total = &total);
        await_queued(&mutex, QUEUE, i);
    }
    for (int i = 0; i < 30; i++) { /* the first one comes in vain a few times */
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
        CHECK_EQ(weft_mutex_lock(&mutex), 0);
        (void)weft_yield();
    }
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(notes[i], i + 1);
    return 0;
}

TEST_IN_TASK(a_waiter_is_passed_over_so_often_and_no_more)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;

    for (int round = 0; round < 20; round++) {
        weft_scope scope;
        long total = 0;
        int passes = 0;

        CHECK_EQ(weft_mutex_lock(&mutex), 0);
        weft_scope_open(&scope);
        weft_go(&scope, locker, .mutex = &mutex, .rounds = 1, .total = &total);
        await_queued(&mutex, QUEUE, 1);
        while (total == 0) { /* never suspends but for the lock itself */
            CHECK_EQ(weft_mutex_unlock(&mutex), 0);
            CHECK_EQ(weft_mutex_lock(&mutex), 0);
            passes++;
        }
        CHECK(passes <= 64 + 16); /* coming in vain costs passes too */
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

struct greedy {
    weft_mutex *mutex;
    atomic_int *left;
};

/* Locks and unlocks until the modest are through. */
static int greedy(struct greedy *self)
{
    while (atomic_load(self->left) > 0) {
        CHECK_EQ(weft_mutex_lock(self->mutex), 0);
        CHECK_EQ(weft_mutex_unlock(self->mutex), 0);
    }
    return 0;
}

TEST_IN_TASK(tasks_that_never_let_go_for_long_starve_nobody)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;
    atomic_int left = 4;
    weft_scope scope;
    long total = 0;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++) {
        weft_go(&scope, greedy, .mutex = &mutex, .left = &left);
        weft_go(&scope, locker, .mutex = &mutex, .rounds = 50, .total = &total, .yields = 1, .left = &left);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(total, 200);
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_waiter_has_not_the_lock_and_the_next_is_served)
{
    for (int fifo = 0; fifo < 2; fifo++) {
        weft_mutex mutex;
        weft_scope scope;
        weft_task *tasks[3];
        long total = 0;
        int rc;

        noted = 0;
        CHECK_EQ(weft_mutex_init(&mutex, .fifo = (unsigned char)fifo), 0);
        CHECK_EQ(weft_mutex_lock(&mutex), 0);
        weft_scope_open(&scope);
        for (int i = 0; i < 3; i++) {
            weft_go_with(&scope, (.handle = &tasks[i]), locker, .mutex = &mutex, .id = i + 1, .rounds = 1,
                         .total = &total);
            await_queued(&mutex, QUEUE, i + 1);
        }
        CHECK_EQ(weft_cancel(tasks[0]), 0);
        CHECK_EQ(weft_join(tasks[0], &rc), 0);
        CHECK_EQ(rc, -ECANCELED);
        CHECK_EQ(queued(&mutex, QUEUE), 2);
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(total, 2);
        CHECK_EQ(notes[0], 2);
        CHECK_EQ(notes[1], 3);
        CHECK_EQ(weft_mutex_try_lock(&mutex), 0);
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    }
    return 0;
}

struct holder {
    weft_mutex *mutex;
    weft_waker *done;
};

static int holder(struct holder *self)
{
    CHECK_EQ(weft_mutex_lock(self->mutex), 0);
    CHECK_EQ(weft_wait(self->done), 0);
    return weft_mutex_unlock(self->mutex);
}

TEST_IN_TASK(a_deadline_ends_the_wait_for_a_lock)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;
    weft_waker done = WEFT_WAKER_INIT;
    weft_scope scope, inner;

    weft_scope_open(&scope);
    weft_go(&scope, holder, .mutex = &mutex, .done = &done);
    while (weft_mutex_try_lock(&mutex) == 0) {
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
        (void)weft_yield();
    }
    weft_scope_open(&inner, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_mutex_lock(&mutex), -ETIMEDOUT);
    CHECK_EQ(queued(&mutex, QUEUE), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
    CHECK_EQ(weft_mutex_lock(&mutex), -ETIMEDOUT);
    CHECK_EQ(weft_mutex_try_lock(&mutex), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&inner), 0);
    weft_wake(&done);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(in_a_cancelled_scope_a_free_lock_is_not_taken_and_a_held_one_is_given_back)
{
    weft_mutex held = WEFT_MUTEX_INIT, mutex = WEFT_MUTEX_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_mutex_lock(&held), 0);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_mutex_lock(&mutex), -ECANCELED);
    CHECK_EQ(weft_mutex_try_lock(&mutex), -ECANCELED);
    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
    CHECK_EQ(weft_mutex_unlock(&held), 0);
    (void)weft_scope_close(&scope);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    return weft_mutex_unlock(&mutex);
}

struct patient {
    weft_mutex *mutex;
    int id;
};

/* Waits where no cancellation reaches. */
static int patient(struct patient *self)
{
    weft_scope shield;
    int rc;

    weft_scope_open(&shield, .shield = 1);
    rc = weft_mutex_lock(self->mutex);
    CHECK_EQ(rc, 0);
    note(self->id);
    CHECK_EQ(weft_mutex_unlock(self->mutex), 0);
    return weft_scope_close_with(&shield, rc);
}

TEST_IN_TASK(a_shielded_waiter_gets_the_lock_though_it_was_cancelled)
{
    weft_mutex mutex;
    weft_scope scope;

    noted = 0;
    CHECK_EQ(weft_mutex_init(&mutex, .fifo = 1), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    weft_scope_open(&scope);
    for (int i = 1; i <= 3; i++) {
        weft_go(&scope, patient, .mutex = &mutex, .id = i);
        await_queued(&mutex, QUEUE, i);
    }
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(noted, 3);
    return 0;
}

/* ---- many, and mixed ---- */

TEST_IN_TASK(ten_thousand_wait_for_one_lock)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;
    int count = many(10000);
    weft_scope scope;
    long total = 0;

    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, locker, .mutex = &mutex, .rounds = 1, .total = &total);
    while (queued(&mutex, QUEUE) != count)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(total, count);
    return 0;
}

static void *lock_in_thread(void *locks)
{
    (void)locker(locks);
    return NULL;
}

TEST_IN_TASK(tasks_and_threads_exclude_each_other)
{
    int rounds = many(1000);

    for (int fifo = 0; fifo < 2; fifo++) {
        struct locker thread_locks;
        pthread_t threads[3];
        weft_mutex mutex;
        weft_scope scope;
        long total = 0;

        CHECK_EQ(weft_mutex_init(&mutex, .fifo = (unsigned char)fifo), 0);
        thread_locks = (struct locker){.mutex = &mutex, .rounds = rounds, .total = &total, .yields = 1};
        weft_scope_open(&scope);
        for (int i = 0; i < 3; i++)
            threads[i] = run_thread(lock_in_thread, &thread_locks);
        for (int i = 0; i < 3; i++)
            weft_go(&scope, locker, .mutex = &mutex, .rounds = rounds, .total = &total, .yields = 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        join_threads(threads, 3);
        CHECK_EQ(total, 6L * rounds);
        CHECK_EQ(weft_mutex_try_lock(&mutex), 0);
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    }
    return 0;
}

TEST_IN_TASK(a_lock_is_held_across_parks_and_from_thread_to_thread)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;
    int rounds = many(2000);
    weft_scope scope;
    long total = 0;

    weft_scope_open(&scope);
    for (int i = 0; i < 8; i++)
        weft_go(&scope, locker, .mutex = &mutex, .rounds = rounds / 8, .total = &total, .yields = 3);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(total, rounds / 8 * 8);
    return 0;
}

struct hasty {
    weft_mutex *mutex;
    int rounds, id;
    long *total; /* mutex */
    atomic_long *taken;
};

/* Locks against short deadlines. */
static int hasty(struct hasty *self)
{
    for (int i = 0; i < self->rounds; i++) {
        weft_scope scope;
        int rc;

        weft_scope_open(&scope, .timeout = 1 + (self->id * 13 + i) % 50 * WEFT_MICROSECOND);
        rc = weft_mutex_lock(self->mutex);
        CHECK(rc == 0 || rc == -ETIMEDOUT);
        if (rc == 0) {
            ++*self->total;
            atomic_fetch_add(self->taken, 1);
            (void)(i % 4 ? weft_yield() : weft_sleep(20 * WEFT_MICROSECOND));
            CHECK_EQ(weft_mutex_unlock(self->mutex), 0);
        }
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

TEST_IN_TASK(deadlines_race_with_unlocks_and_no_lock_is_lost)
{
    int rounds = many(2000);

    for (int fifo = 0; fifo < 2; fifo++) {
        atomic_long taken = 0;
        weft_mutex mutex;
        weft_scope scope;
        long total = 0;

        CHECK_EQ(weft_mutex_init(&mutex, .fifo = (unsigned char)fifo), 0);
        weft_scope_open(&scope);
        for (int i = 0; i < 8; i++)
            weft_go(&scope, hasty, .mutex = &mutex, .rounds = rounds, .id = i, .total = &total, .taken = &taken);
        weft_go(&scope, locker, .mutex = &mutex, .rounds = rounds, .total = &total);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(total, taken + rounds);
        CHECK_EQ(weft_mutex_try_lock(&mutex), 0);
        CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    }
    return 0;
}
