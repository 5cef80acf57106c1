/* Tasks as cases of a select. */
#include "run.h"

#include <errno.h>
#include <pthread.h>

struct result {
    int rc, yields;
    weft_waker *go;
};

static int result(struct result *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    if (self->go)
        CHECK_EQ(weft_wait(self->go), 0);
    return self->rc;
}

TEST_IN_TASK(a_select_tells_which_task_has_ended)
{
    for (int yields = 0; yields < 6; yields++) {
        weft_waker go = WEFT_WAKER_INIT;
        weft_task *first = NULL, *second = NULL;
        int a = 1, b = 1, rc = yields % 2 ? -EIO : 5;
        weft_scope scope;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        weft_go_with(&scope, (.handle = &first), result, .rc = 8, .go = &go);
        weft_go_with(&scope, (.handle = &second), result, .rc = rc, .yields = yields);
        CHECK_EQ(weft_select(weft_on_join(first, &a), weft_on_join(second, &b)), 1);
        CHECK_EQ(a, 1);
        CHECK_EQ(b, rc);
        CHECK_EQ(weft_select(weft_on_join(first, &a), weft_on_default()), 1);
        CHECK_EQ(weft_select(weft_on_join(first, &a), weft_on_timeout(WEFT_MICROSECOND)), 1);
        CHECK_EQ(weft_select(weft_on_join(second, NULL), weft_on_default()), 0); /* for good */
        weft_wake(&go);
        CHECK_EQ(weft_select(weft_on_join(first, &a)), 0);
        CHECK_EQ(a, 8);
        CHECK_EQ(weft_scope_close(&scope), rc < 0 ? rc : 0);
    }
    return 0;
}

TEST_IN_TASK(NULL_is_no_task_to_select_on)
{
    weft_task *none = NULL;
    int rc;

    CHECK_EQ(weft_select(weft_on_join(none, &rc)), -EINVAL);
    CHECK_EQ(weft_select_first(weft_on_join(none, &rc), weft_on_default()), -EINVAL);
    return 0;
}

struct selects {
    weft_task *task;
    int want, result;
    atomic_int *here, *done;
};

static int selects(struct selects *self)
{
    int rc = 99;

    atomic_fetch_add(self->here, 1);
    CHECK_EQ(weft_select(weft_on_join(self->task, &rc)), self->want);
    CHECK_EQ(rc, self->result);
    atomic_fetch_add(self->done, 1);
    return 0;
}

TEST_IN_TASK(every_select_on_a_task_is_woken)
{
    for (int round = 0; round < 10; round++) {
        weft_waker go = WEFT_WAKER_INIT;
        atomic_int here = 0, done = 0;
        weft_task *task = NULL;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go_with(&scope, (.handle = &task), result, .rc = 6, .go = &go);
        for (int i = 0; i < 10; i++)
            weft_go(&scope, selects, .task = task, .result = 6, .here = &here, .done = &done);
        await(&here, round);
        weft_wake(&go);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(done, 10);
    }
    return 0;
}

TEST_IN_TASK(a_cancelled_select_leaves_the_task_alone)
{
    weft_waker go = WEFT_WAKER_INIT;
    atomic_int here = 0, done = 0;
    weft_task *task = NULL;
    weft_scope scope, inner;
    int rc = 0;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), result, .rc = 2, .go = &go);
    weft_scope_open(&inner);
    for (int i = 0; i < 5; i++)
        weft_go(&inner, selects, .task = task, .want = -ECANCELED, .result = 99, .here = &here, .done = &done);
    await(&here, 5);
    weft_scope_cancel(&inner);
    CHECK_EQ(weft_select(weft_on_join(task, &rc)), -ECANCELED);
    CHECK_EQ(weft_scope_close(&inner), 0);
    weft_scope_open(&inner, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_select(weft_on_join(task, &rc)), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&inner), 0);
    weft_wake(&go);
    CHECK_EQ(weft_select(weft_on_join(task, &rc)), 0);
    CHECK_EQ(rc, 2);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_select_sees_a_task_that_was_cancelled)
{
    weft_task *task = NULL, *pinned = NULL;
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), stay, .here = NULL);
    weft_go_with(&scope, (.handle = &pinned, .pin = 1), result, .rc = 4, .yields = 2);
    CHECK_EQ(weft_cancel(task), 0);
    CHECK_EQ(weft_select(weft_on_join(task, &rc)), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_select(weft_on_join(pinned, &rc)), 0);
    CHECK_EQ(rc, 4);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_joined_task_and_a_full_channel_do_not_mix)
{
    weft_chan(int) items = weft_chan_new(int, 1);
    weft_task *task = NULL;
    weft_scope scope;
    int item = 0, rc = 99;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), result, .rc = 3);
    CHECK_EQ(weft_join(task, NULL), 0);
    CHECK_EQ(weft_send(items, 1), 0);
    CHECK_EQ(weft_select_first(weft_on_recv(items, &item, NULL), weft_on_join(task, &rc)), 0);
    CHECK_EQ(rc, 99);
    CHECK_EQ(weft_send(items, 2), 0);
    CHECK_EQ(weft_select_first(weft_on_join(task, &rc), weft_on_recv(items, &item, NULL)), 0);
    CHECK_EQ(rc, 3);
    CHECK_EQ(item, 1);
    weft_chan_free(items);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(tasks_are_joined_in_the_order_in_which_they_end)
{
    enum { COUNT = 20 };
    for (int round = 0; round < many(100); round++) {
        weft_task *tasks[COUNT];
        int left = COUNT, sum = 0, rc = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        for (int i = 0; i < COUNT; i++)
            weft_go_with(&scope, (.handle = &tasks[i]), result, .rc = i, .yields = (i * 7 + round) % 11);
        while (left > 0) {
            struct weft_case cases[COUNT];
            int at;

            for (int i = 0; i < left; i++)
                cases[i] = weft_on_join(tasks[i], &rc);
            at = weft_select_raw(cases, (size_t)left, 0);
            CHECK(at >= 0 && at < left);
            if (at < 0)
                break;
            sum += rc;
            tasks[at] = tasks[--left];
        }
        CHECK_EQ(sum, COUNT * (COUNT - 1) / 2);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

struct outside {
    weft_task *never, *task;
    atomic_int here, done;
};

static void *select_outside(void *argument)
{
    struct outside *self = argument;
    int rc = 0;

    atomic_store(&self->here, 1);
    CHECK_EQ(weft_select(weft_on_join(self->never, &rc), weft_on_join(self->task, &rc)), 1);
    CHECK_EQ(rc, 11);
    atomic_store(&self->done, 1);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_selects_on_tasks)
{
    for (int round = 0; round < 20; round++) {
        struct outside outside = {.here = 0};
        weft_waker go = WEFT_WAKER_INIT;
        pthread_t thread;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go_with(&scope, (.handle = &outside.never), stay, .here = NULL);
        weft_go_with(&scope, (.handle = &outside.task), result, .rc = 11, .go = &go);
        MUST(pthread_create(&thread, NULL, select_outside, &outside) == 0);
        if (round % 2)
            await(&outside.here, 1);
        weft_wake(&go);
        await(&outside.done, 1);
        MUST(pthread_join(thread, NULL) == 0);
        CHECK_EQ(weft_cancel(outside.never), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}
