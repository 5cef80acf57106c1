/* The order of locks, with WEFT_CHECK=1: each body runs in a process that has the variable set. */
#include "locks_test.h"

#include <stdio.h>

enum { PLACES = 4, LINE_MAX_BYTES = 512 };

static char lines[8][LINE_MAX_BYTES];
static atomic_int lines_count;

static void keep_line(const char *line)
{
    snprintf(lines[atomic_fetch_add(&lines_count, 1) % 8], LINE_MAX_BYTES, "%s", line);
}

/* A body that runs with the checks, and what it does there. */
#define TEST_CHECKED(claim)                                                                                            \
    static void claim##_checked(void);                                                                                 \
    TEST_PROCESS(claim##_process)                                                                                      \
    {                                                                                                                  \
        weft_on_report(keep_line);                                                                                     \
        MUST(weft_start(NULL) == 0);                                                                                   \
        claim##_checked();                                                                                             \
        CHECK_EQ(weft_stop(), 0);                                                                                      \
    }                                                                                                                  \
    TEST(claim)                                                                                                        \
    {                                                                                                                  \
        char output[4096];                                                                                             \
                                                                                                                       \
        CHECK_EQ(test_process(#claim "_process", (const char *const[]){"WEFT_CHECK=1", NULL}, output, sizeof output),  \
                 0);                                                                                                   \
        CHECK_STR(output, "");                                                                                         \
    }                                                                                                                  \
    static void claim##_checked(void)

static void lock_both(weft_mutex *first, weft_mutex *second)
{
    CHECK_EQ(weft_mutex_lock(first), 0);
    CHECK_EQ(weft_mutex_lock(second), 0);
    CHECK_EQ(weft_mutex_unlock(second), 0);
    CHECK_EQ(weft_mutex_unlock(first), 0);
}

static void has_place(const char *line, int number)
{
    char place[64];

    snprintf(place, sizeof place, "order_test.c:%d", number);
    CHECK_HAS(line, place);
}

/* ---- what is reported ---- */

struct both {
    weft_mutex *first, *second;
};

static int both(struct both *self)
{
    lock_both(self->first, self->second);
    return 0;
}

TEST_CHECKED(two_locks_taken_in_both_orders_are_reported_once_with_four_places)
{
    weft_mutex left, right;
    int places[PLACES];

    CHECK_EQ(weft_mutex_init(&left, .name = "left"), 0);
    CHECK_EQ(weft_mutex_init(&right, .name = "right"), 0);
    for (int i = 0; i < 3; i++) {
        places[0] = __LINE__ + 1;
        CHECK_EQ(weft_mutex_lock(&left), 0);
        places[1] = __LINE__ + 1;
        CHECK_EQ(weft_mutex_lock(&right), 0);
        CHECK_EQ(weft_mutex_unlock(&left), 0);
        CHECK_EQ(weft_mutex_unlock(&right), 0);
        CHECK_EQ(lines_count, i == 0 ? 0 : 1);
        places[2] = __LINE__ + 1;
        CHECK_EQ(weft_mutex_lock(&right), 0);
        places[3] = __LINE__ + 1;
        CHECK_EQ(weft_mutex_lock(&left), 0);
        CHECK_EQ(weft_mutex_unlock(&left), 0);
        CHECK_EQ(weft_mutex_unlock(&right), 0);
        CHECK_EQ(lines_count, 1);
    }
    CHECK_HAS(lines[0], "lock order: left was locked at ");
    CHECK_HAS(lines[0], "while right was held");
    for (int i = 0; i < PLACES; i++)
        has_place(lines[0], places[i]);
}

TEST_CHECKED(tasks_and_threads_make_one_order)
{
    weft_mutex left = WEFT_MUTEX_INIT, right = WEFT_MUTEX_INIT;

    lock_both(&left, &right);
    CHECK_EQ(weft_call(both, .first = &left, .second = &right), 0);
    CHECK_EQ(lines_count, 0);
    CHECK_EQ(weft_call(both, .first = &right, .second = &left), 0);
    CHECK_EQ(lines_count, 1);
    CHECK_HAS(lines[0], "a mutex was locked at");
}

TEST_CHECKED(a_circle_of_many_locks_is_reported_and_its_length)
{
    enum { LENGTH = 200 };
    weft_mutex locks[LENGTH] = {WEFT_MUTEX_INIT};

    for (int i = 0; i + 1 < LENGTH; i++)
        lock_both(&locks[i], &locks[i + 1]);
    CHECK_EQ(lines_count, 0);
    lock_both(&locks[LENGTH - 1], &locks[0]);
    CHECK_EQ(lines_count, 1);
    CHECK_HAS(lines[0], "by way of 198 more, ");
}

TEST_CHECKED(a_chain_of_thousands_is_searched_without_a_deep_stack)
{
    enum { LENGTH = 5000 };
    weft_mutex *locks = calloc(LENGTH, sizeof *locks);

    MUST(locks);
    for (int i = LENGTH - 1; i > 0; i--)
        lock_both(&locks[i - 1], &locks[i]);
    CHECK_EQ(weft_call(both, .first = &locks[LENGTH - 1], .second = &locks[0]), 0);
    CHECK_EQ(lines_count, 1);
    free(locks);
}

TEST_CHECKED(every_lock_held_counts_and_not_only_the_last)
{
    weft_mutex a = WEFT_MUTEX_INIT, b = WEFT_MUTEX_INIT, c = WEFT_MUTEX_INIT;

    CHECK_EQ(weft_mutex_lock(&a), 0);
    lock_both(&b, &c);
    CHECK_EQ(weft_mutex_unlock(&a), 0);
    lock_both(&c, &a);
    CHECK_EQ(lines_count, 1);
    lock_both(&b, &a);
    CHECK_EQ(lines_count, 2);
}

TEST_CHECKED(pairs_that_are_made_anew_at_the_same_places_are_reported_once)
{
    for (int i = 0; i < 20; i++) {
        weft_mutex *left = calloc(1, sizeof *left), *right = calloc(1, sizeof *right);

        MUST(left && right);
        lock_both(left, right);
        lock_both(right, left);
        free(left);
        free(right);
    }
    CHECK_EQ(lines_count, 1);
}

/* ---- what is not ---- */

TEST(without_the_variable_nothing_is_reported)
{
    weft_mutex left = WEFT_MUTEX_INIT, right = WEFT_MUTEX_INIT;

    if (getenv("WEFT_CHECK"))
        SKIP("WEFT_CHECK is set");
    reports = 0;
    weft_on_report(keep_report);
    MUST(weft_start(NULL) == 0);
    lock_both(&left, &right);
    lock_both(&right, &left);
    CHECK_EQ(weft_stop(), 0);
    CHECK_EQ(reports, 0);
    weft_on_report(NULL);
}

TEST_CHECKED(one_order_everywhere_is_fine)
{
    weft_mutex a = WEFT_MUTEX_INIT, b = WEFT_MUTEX_INIT, c;

    CHECK_EQ(weft_mutex_init(&c, .recursive = 1), 0);
    lock_both(&a, &b);
    lock_both(&b, &c);
    lock_both(&a, &c);
    CHECK_EQ(weft_mutex_lock(&c), 0);
    lock_both(&c, &c);
    CHECK_EQ(weft_mutex_unlock(&c), 0);
    CHECK_EQ(weft_mutex_lock(&b), 0); /* after, not under, the other */
    CHECK_EQ(weft_mutex_unlock(&b), 0);
    CHECK_EQ(weft_mutex_lock(&a), 0);
    CHECK_EQ(weft_mutex_unlock(&a), 0);
    CHECK_EQ(lines_count, 0);
}

TEST_CHECKED(a_mutex_that_is_made_anew_in_old_memory_is_another_one)
{
    weft_mutex fixed = WEFT_MUTEX_INIT, memory;

    CHECK_EQ(weft_mutex_init(&memory), 0);
    lock_both(&fixed, &memory);
    CHECK_EQ(weft_mutex_init(&memory), 0);
    lock_both(&memory, &fixed);
    CHECK_EQ(lines_count, 0);
    memory = (weft_mutex)WEFT_MUTEX_INIT; /* no call says so */
    lock_both(&fixed, &memory);
    CHECK_EQ(lines_count, 0);
    memset(&memory, 0xff, sizeof memory); /* what a stack holds */
    CHECK_EQ(weft_mutex_init(&memory), 0);
    lock_both(&memory, &fixed);
    CHECK_EQ(lines_count, 0);
    lock_both(&fixed, &memory); /* and this one is the same */
    CHECK_EQ(lines_count, 1);
}

static __attribute__((noinline)) void on_a_stack(weft_mutex *fixed, int is_first)
{
    weft_mutex mutex = WEFT_MUTEX_INIT;

    if (is_first)
        lock_both(&mutex, fixed);
    else
        lock_both(fixed, &mutex);
}

TEST_CHECKED(mutexes_that_follow_each_other_on_a_stack_are_different_ones)
{
    weft_mutex fixed = WEFT_MUTEX_INIT;

    for (int i = 0; i < 10; i++)
        on_a_stack(&fixed, i % 2);
    CHECK_EQ(lines_count, 0);
}

struct fleeting {
    weft_mutex *fixed;
    int is_first;
};

static int fleeting(struct fleeting *self)
{
    on_a_stack(self->fixed, self->is_first);
    return weft_yield();
}

struct tasks {
    weft_mutex *fixed;
};

static int tasks(struct tasks *self)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < many(2000); i++)
        weft_go(&scope, fleeting, .fixed = self->fixed, .is_first = i % 2);
    return weft_scope_close(&scope);
}

TEST_CHECKED(tasks_whose_stacks_are_used_again_give_no_false_report)
{
    weft_mutex fixed = WEFT_MUTEX_INIT;

    CHECK_EQ(weft_call(tasks, .fixed = &fixed), 0);
    CHECK_EQ(lines_count, 0);
}

/* ---- conditions, bounds, a stress ---- */

struct signals {
    weft_mutex *mutex;
    weft_condition *condition;
    int *done;
};

static int signals(struct signals *self)
{
    CHECK_EQ(weft_mutex_lock(self->mutex), 0);
    *self->done = 1;
    CHECK_EQ(weft_condition_signal(self->condition), 0);
    return weft_mutex_unlock(self->mutex);
}

struct waits {
    weft_mutex *outer, *inner;
};

/* Waits with another lock held, which the wait does not give back. */
static int waits(struct waits *self)
{
    weft_condition condition = WEFT_CONDITION_INIT;
    weft_scope scope;
    int done = 0;

    weft_scope_open(&scope);
    CHECK_EQ(weft_mutex_lock(self->outer), 0);
    CHECK_EQ(weft_mutex_lock(self->inner), 0);
    weft_go(&scope, signals, .mutex = self->outer, .condition = &condition, .done = &done);
    while (!done)
        CHECK_EQ(weft_condition_wait(&condition, self->outer), 0);
    CHECK_EQ(weft_mutex_unlock(self->outer), 0);
    CHECK_EQ(weft_mutex_unlock(self->inner), 0);
    return weft_scope_close(&scope);
}

TEST_CHECKED(a_wait_that_takes_its_mutex_again_under_a_later_one_is_reported)
{
    weft_mutex outer, inner;

    CHECK_EQ(weft_mutex_init(&outer, .name = "outer"), 0);
    CHECK_EQ(weft_mutex_init(&inner, .name = "inner"), 0);
    CHECK_EQ(weft_call(waits, .outer = &outer, .inner = &inner), 0);
    CHECK_EQ(lines_count, 1);
    CHECK_HAS(lines[0], "outer was locked at");
    CHECK_HAS(lines[0], "while inner was held");
}

TEST_CHECKED(more_pairs_than_are_kept_start_it_over)
{
    enum { OUTER = 300, INNER = 300 };
    weft_mutex *locks = calloc(OUTER + INNER, sizeof *locks);

    MUST(locks);
    for (int i = 0; i < OUTER; i++)
        for (int j = 0; j < INNER; j++)
            lock_both(&locks[i], &locks[OUTER + j]);
    CHECK_EQ(lines_count, 0);
    lock_both(&locks[OUTER], &locks[OUTER - 1]);
    CHECK_EQ(lines_count, 1);
    free(locks);
}

struct busy {
    weft_mutex *locks; /* eight */
    int rounds, id;
    long *totals;
};

/* Takes two of eight, the lower one first. */
static int busy(struct busy *self)
{
    for (int i = 0; i < self->rounds; i++) {
        int low = (self->id + i) % 7, high = low + 1 + (self->id * 3 + i) % (7 - low);

        CHECK_EQ(weft_mutex_lock(&self->locks[low]), 0);
        CHECK_EQ(weft_mutex_lock(&self->locks[high]), 0);
        self->totals[low]++;
        self->totals[high]++;
        if (i % 4 == 0)
            (void)weft_yield();
        CHECK_EQ(weft_mutex_unlock(&self->locks[i % 2 ? low : high]), 0);
        CHECK_EQ(weft_mutex_unlock(&self->locks[i % 2 ? high : low]), 0);
    }
    return 0;
}

static void *busy_in_thread(void *self)
{
    return busy(self) == 0 ? NULL : self;
}

struct crowd {
    struct busy *busy;
};

static int crowd(struct crowd *self)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 6; i++)
        weft_go(&scope, busy, self->busy->locks, self->busy->rounds, i, self->busy->totals);
    return weft_scope_close(&scope);
}

TEST_CHECKED(tasks_and_threads_in_one_order_are_checked_at_once)
{
    weft_mutex locks[8] = {WEFT_MUTEX_INIT};
    long totals[8] = {0}, total = 0;
    struct busy in_thread = {locks, many(2000), 9, totals};
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        threads[i] = run_thread(busy_in_thread, &in_thread);
    CHECK_EQ(weft_call(crowd, .busy = &in_thread), 0);
    join_threads(threads, 2);
    for (int i = 0; i < 8; i++)
        total += totals[i];
    CHECK_EQ(total, 2L * 8 * in_thread.rounds);
    CHECK_EQ(lines_count, 0);
    lock_both(&locks[7], &locks[0]);
    CHECK_EQ(lines_count, 1);
}
