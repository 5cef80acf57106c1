/* Futures that tasks settle, and futures in a select. */
#include "run.h"

#include <errno.h>
#include <pthread.h>

enum { PENDING = 1, VALUE = 0 }; /* < 0: rejected so */

static void settle_as(weft_future(int) f, int rc)
{
    if (rc != PENDING)
        CHECK_EQ(rc == VALUE ? weft_resolve(f, 1) : weft_reject(f, rc), 0);
}

struct settle_later {
    weft_future(int) f;
    int rc, yields;
};

static int settle_later(struct settle_later *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    settle_as(self->f, self->rc);
    return 0;
}

TEST_IN_TASK(an_outcome_in_time_passes_the_timeout)
{
    for (int rc = VALUE; rc >= -EIO; rc -= EIO) {
        for (int yields = 0; yields < 4; yields++) {
            weft_future(int) f = weft_future_new(int), limited;
            weft_scope scope;

            weft_scope_open(&scope);
            limited = weft_future_timeout(&scope, f, 3600 * WEFT_SECOND);
            MUST(limited);
            CHECK_EQ(weft_future_status(limited), -EAGAIN);
            weft_go(&scope, settle_later, .f = f, .rc = rc, .yields = yields);
            CHECK_EQ(weft_get(limited, NULL), rc);
            CHECK_EQ(weft_scope_close(&scope), 0); /* does not wait for the time */
            CHECK_EQ(weft_get(f, NULL), rc);
            weft_future_free(limited);
            weft_future_free(f);
        }
    }
    return 0;
}

TEST_IN_TASK(an_outcome_that_is_late_is_a_timeout)
{
    static const int64_t spans[] = {WEFT_MILLISECOND, 0, -5};

    for (int i = 0; i < 3; i++) {
        weft_future(int) f = weft_future_new(int), limited;
        int64_t began = weft_now();
        weft_scope scope;
        int value = 0;

        weft_scope_open(&scope);
        limited = weft_future_timeout(&scope, f, spans[i]);
        CHECK_EQ(weft_get(limited, &value), -ETIMEDOUT);
        CHECK(weft_now() >= began + spans[i]);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(weft_resolve(f, 6), 0); /* the first is none the worse */
        CHECK_EQ(weft_get(f, &value), 0);
        CHECK_EQ(value, 6);
        weft_future_free(limited);
        weft_future_free(f);
    }
    return 0;
}

TEST_IN_TASK(a_timeout_of_what_is_settled_passes_it_on)
{
    weft_future(int) f = weft_future_new(int), limited;
    weft_scope scope;
    int value = 0;

    CHECK_EQ(weft_resolve(f, 8), 0);
    weft_scope_open(&scope);
    limited = weft_future_timeout(&scope, f, 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_get(limited, &value), 0);
    CHECK_EQ(value, 8);
    weft_future_free(limited);
    weft_future_free(f);
    return 0;
}

TEST_IN_TASK(cancelling_its_scope_ends_a_timeout)
{
    weft_future(int) f = weft_future_new(int), limited;
    weft_scope scope, shield;

    weft_scope_open(&scope);
    limited = weft_future_timeout(&scope, f, WEFT_FOREVER);
    weft_scope_cancel(&scope);
    CHECK(weft_future_timeout(&scope, f, WEFT_SECOND) == NULL); /* the scope takes no more tasks */
    weft_scope_open(&shield, .shield = 1);
    CHECK_EQ(weft_get(limited, NULL), -ECANCELED);
    CHECK_EQ(weft_scope_close(&shield), 0);
    weft_scope_close(&scope);
    weft_future_free(limited);
    weft_future_free(f);
    return 0;
}

TEST_IN_TASK(a_timeout_outlives_the_future_it_watches)
{
    weft_future(int) f = weft_future_new(int), limited;
    weft_scope scope;

    weft_scope_open(&scope);
    limited = weft_future_timeout(&scope, f, WEFT_MILLISECOND);
    weft_future_free(f);
    CHECK_EQ(weft_get(limited, NULL), -ETIMEDOUT);
    weft_future_free(limited);
    return weft_scope_close(&scope);
}

struct square {
    int number, yields;
    weft_future(int) out;
    char aligned[64] __attribute__((aligned(64)));
};

/* Ends with its outcome; with an error; without either. */
static int square(struct square *self)
{
    CHECK_EQ((uintptr_t)self->aligned % 64, 0);
    CHECK_STR(self->aligned, "here");
    CHECK_STR(weft_task_name(), "square");
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    if (self->number > 0)
        return weft_resolve(self->out, self->number * self->number);
    return self->number;
}

TEST_IN_TASK(a_task_that_ends_settles_its_future)
{
    static const int numbers[] = {9, 0, -ENOSPC}, expected[] = {0, -EPIPE, -ENOSPC};

    for (int i = 0; i < 3; i++) {
        for (int yields = 0; yields < 4; yields++) {
            weft_future(int) f = weft_future_new(int);
            weft_scope scope;
            int value = 0;

            weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
            CHECK_EQ(
                weft_go_future(&scope, f, square, .number = numbers[i], .yields = yields, .out = f, .aligned = "here"),
                0);
            CHECK_EQ(weft_get(f, &value), expected[i]);
            CHECK_EQ(value, i == 0 ? 81 : 0);
            CHECK_EQ(weft_scope_close(&scope), i == 2 ? -ENOSPC : 0); /* the error is the scope's, too */
            weft_future_free(f);
        }
    }
    return 0;
}

TEST_IN_TASK(a_task_that_never_starts_rejects_its_future)
{
    weft_future(int) f = weft_future_new(int);
    weft_scope scope, shield;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_go_future(&scope, f, square, .number = 2, .out = f), -ECANCELED);
    weft_scope_open(&shield, .shield = 1);
    CHECK_EQ(weft_get(f, NULL), -ECANCELED);
    CHECK_EQ(weft_scope_close(&shield), 0);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    weft_future_free(f);
    f = weft_future_new(int);
    CHECK_EQ(weft_go_future(&scope, f, square, .number = 2, .out = f), -EINVAL); /* a closed scope */
    CHECK_EQ(weft_get(f, NULL), -EINVAL);
    weft_future_free(f);
    return 0;
}

static int add_one(const int *value, int *result, void *data)
{
    (void)data;
    *result = *value + 1;
    return 0;
}

TEST_IN_TASK(a_task_keeps_the_future_that_it_is_to_settle)
{
    weft_future(int) f = weft_future_new(int);
    weft_future(int) then = weft_then(f, int, add_one, NULL, NULL);
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope);
    weft_go_future(&scope, f, square, .number = 3, .yields = 3, .out = f, .aligned = "here");
    weft_future_free(f); /* nothing more is wanted of it; the task has it still */
    CHECK_EQ(weft_get(then, &value), 0);
    CHECK_EQ(value, 10);
    weft_future_free(then);
    return weft_scope_close(&scope);
}

/* ---- as a case of a select ---- */

TEST_IN_TASK(a_select_waits_for_the_first_of_several_futures)
{
    for (int round = 0; round < 12; round++) {
        weft_future(int) a = weft_future_new(int), b = weft_future_new(int);
        int rc_a = 1, rc_b = 1, value = 0, yields = round % 4, rc = round % 3 ? VALUE : -EIO;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, settle_later, .f = b, .rc = rc, .yields = yields);
        CHECK_EQ(weft_select(weft_on_future(a, &value, &rc_a), weft_on_future(b, &value, &rc_b),
                             weft_on_timeout(3600 * WEFT_SECOND)),
                 1);
        CHECK_EQ(rc_a, 1);
        CHECK_EQ(rc_b, rc);
        CHECK_EQ(value, rc == VALUE);
        CHECK_EQ(weft_select(weft_on_future(a, &value, &rc_a), weft_on_default()), 1);
        CHECK_EQ(weft_select(weft_on_future(a, &value, &rc_a), weft_on_timeout(WEFT_MICROSECOND)), 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_future_free(a); /* would panic if the select still waited here */
        weft_future_free(b);
    }
    return 0;
}

struct both_ways {
    weft_future(int) there, back;
    atomic_int done;
};

static void *select_outside(void *argument)
{
    struct both_ways *ways = argument;
    int value = 0, rc = 1;

    CHECK_EQ(weft_select(weft_on_future(ways->back, &value, &rc), weft_on_future(ways->there, &value, &rc)), 1);
    CHECK_EQ(rc, 0);
    if (!is_seeded()) /* virtual time waits for tasks, not for threads */
        CHECK_EQ(weft_select(weft_on_future(ways->back, &value, &rc), weft_on_timeout(WEFT_MICROSECOND)), 1);
    CHECK_EQ(weft_resolve(ways->back, value), 0);
    atomic_store(&ways->done, 1);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_selects_on_futures)
{
    struct both_ways ways = {weft_future_new(int), weft_future_new(int), 0};
    pthread_t thread;
    int value = 0;

    MUST(pthread_create(&thread, NULL, select_outside, &ways) == 0);
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_resolve(ways.there, 12), 0);
    await(&ways.done, 1);
    MUST(pthread_join(thread, NULL) == 0);
    CHECK_EQ(weft_get(ways.back, &value), 0);
    CHECK_EQ(value, 12);
    weft_future_free(ways.there);
    weft_future_free(ways.back);
    return 0;
}
