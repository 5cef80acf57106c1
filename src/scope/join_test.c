#include "run.h"

#include <errno.h>
#include <pthread.h>

struct result {
    int rc;
    int yields;
};

static int result(struct result *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    return self->rc;
}

TEST_IN_TASK(a_join_gives_the_tasks_result)
{
    weft_scope scope;

    for (int yields = 0; yields < 5; yields++) {
        weft_task *task = NULL;
        int rc = 0;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        CHECK_EQ(weft_go_with(&scope, (.handle = &task), result, .rc = 7, .yields = yields), 0);
        MUST(task);
        CHECK_EQ(weft_join(task, &rc), 0);
        CHECK_EQ(rc, 7);
        CHECK_EQ(weft_join(task, NULL), 0);
        CHECK_EQ(weft_go_with(&scope, (.handle = &task), result, .rc = -EIO, .yields = yields), 0);
        CHECK_EQ(weft_join(task, &rc), 0);
        CHECK_EQ(rc, -EIO);
        CHECK_EQ(weft_scope_close(&scope), -EIO);
    }
    return 0;
}

struct sees_handle {
    weft_task **handle;
};

static int sees_handle(struct sees_handle *self)
{
    CHECK(*self->handle != NULL);
    return 0;
}

TEST_IN_TASK(the_handle_is_set_before_the_child_runs)
{
    weft_task *task = NULL;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), sees_handle, .handle = &task);
    return weft_scope_close(&scope);
}

struct joiner {
    weft_task *task;
    int want;
    atomic_int *joined;
};

static int joiner(struct joiner *self)
{
    int rc = 0;

    CHECK_EQ(weft_join(self->task, &rc), 0);
    CHECK_EQ(rc, self->want);
    atomic_fetch_add(self->joined, 1);
    return 0;
}

TEST_IN_TASK(many_tasks_join_one)
{
    weft_scope scope;

    for (int round = 0; round < 10; round++) {
        weft_task *task = NULL;
        atomic_int joined = 0;

        weft_scope_open(&scope);
        weft_go_with(&scope, (.handle = &task), result, .rc = 9, .yields = round);
        for (int i = 0; i < 10; i++)
            weft_go(&scope, joiner, .task = task, .want = 9, .joined = &joined);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(joined, 10);
    }
    return 0;
}

TEST_IN_TASK(tasks_join_in_a_chain)
{
    enum { LENGTH = 50 };
    weft_task *tasks[LENGTH + 1] = {NULL};
    atomic_int joined = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &tasks[0]), result, .rc = 0, .yields = 3);
    for (int i = 0; i < LENGTH; i++)
        weft_go_with(&scope, (.handle = &tasks[i + 1]), joiner, .task = tasks[i], .joined = &joined);
    CHECK_EQ(weft_join(tasks[LENGTH], NULL), 0);
    CHECK_EQ(joined, LENGTH);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_join_is_cancelled_and_the_task_goes_on)
{
    weft_waker never = WEFT_WAKER_INIT;
    atomic_int here = 0, woken = 0;
    weft_scope scope, inner;
    weft_task *task = NULL;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go_with(&scope, (.handle = &task), stay, .here = &here, .woken = &woken);
    weft_scope_open(&inner, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_join(task, NULL), -ETIMEDOUT);
    CHECK_EQ(weft_wait(&never), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&inner), 0);
    await(&here, 1);
    CHECK_EQ(woken, 0);
    CHECK_EQ(weft_cancel(task), 0);
    CHECK_EQ(weft_join(task, NULL), 0);
    CHECK_EQ(woken, 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(cancelling_one_task_leaves_the_others_alone)
{
    atomic_int here = 0, woken = 0;
    weft_task *tasks[5];
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 5; i++)
        weft_go_with(&scope, (.handle = &tasks[i]), stay, .here = &here, .woken = &woken);
    await(&here, 5);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(weft_cancel(tasks[i]), 0);
        CHECK_EQ(weft_join(tasks[i], &rc), 0);
        CHECK_EQ(rc, -ECANCELED);
        CHECK_EQ(woken, i + 1);
        CHECK_EQ(weft_cancel(tasks[i]), 0);
    }
    CHECK_EQ(weft_check(), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

struct nest {
    int depth;
    atomic_int *here, *woken;
};

static int nest(struct nest *self)
{
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    if (self->depth > 0)
        rc = weft_go(&scope, nest, .depth = self->depth - 1, .here = self->here, .woken = self->woken);
    else
        rc = weft_go(&scope, stay, .here = self->here, .woken = self->woken);
    if (rc == 0 && self->depth % 2)
        rc = weft_sleep(3600 * WEFT_SECOND);
    return weft_scope_close_with(&scope, rc);
}

TEST_IN_TASK(cancelling_a_task_reaches_all_below_it)
{
    for (int depth = 0; depth < 10; depth++) {
        atomic_int here = 0, woken = 0;
        weft_task *task = NULL;
        weft_scope scope;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        weft_go_with(&scope, (.handle = &task), nest, .depth = depth, .here = &here, .woken = &woken);
        await(&here, 1);
        CHECK_EQ(weft_cancel(task), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(woken, 1);
    }
    return 0;
}

struct cancels_itself {
    weft_task **self;
};

static int cancels_itself(struct cancels_itself *self)
{
    weft_scope shield;

    CHECK_EQ(weft_cancel(*self->self), 0);
    CHECK_EQ(weft_check(), -ECANCELED);
    weft_scope_open(&shield, .shield = 1);
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_scope_close(&shield), 0);
    return weft_sleep(WEFT_SECOND);
}

TEST_IN_TASK(a_task_may_cancel_itself)
{
    weft_task *task = NULL;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), cancels_itself, .self = &task);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(cancelling_races_with_the_end)
{
    int rounds = is_seeded() ? 20 : 500;

    for (int i = 0; i < rounds; i++) {
        weft_task *tasks[4];
        weft_scope scope;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        for (int j = 0; j < 4; j++)
            weft_go_with(&scope, (.handle = &tasks[j]), result, .yields = (i + j) % 4);
        for (int j = 0; j < 4; j++)
            CHECK_EQ(weft_cancel(tasks[j]), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

static void *join_from_thread(void *task)
{
    int rc = 0;

    CHECK_EQ(weft_join(task, &rc), 0);
    CHECK_EQ(rc, 5);
    return NULL;
}

static int join_thread(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

TEST_IN_TASK(a_plain_thread_joins_a_task)
{
    for (int round = 0; round < 20; round++) {
        weft_task *task = NULL;
        pthread_t thread;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go_with(&scope, (.handle = &task), result, .rc = 5, .yields = 3);
        MUST(pthread_create(&thread, NULL, join_from_thread, task) == 0);
        if (round % 2)
            CHECK_EQ(weft_join(task, NULL), 0);
        else if (is_seeded())
            while (weft_scope_count(&scope))
                (void)weft_yield();
        CHECK_EQ(weft_blocking(join_thread, &thread), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

TEST_IN_TASK(handles_of_pinned_tasks_work_too)
{
    weft_task *task = NULL, *other = NULL;
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go_with(&scope, (.handle = &task, .pin = 1), result, .rc = 3, .yields = 2);
    weft_go_with(&scope, (.handle = &other, .pin = 1), stay);
    CHECK_EQ(weft_join(task, &rc), 0);
    CHECK_EQ(rc, 3);
    CHECK_EQ(weft_cancel(other), 0);
    CHECK_EQ(weft_join(other, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST(NULL_is_no_task)
{
    CHECK_EQ(weft_join(NULL, NULL), -EINVAL);
    CHECK_EQ(weft_cancel(NULL), -EINVAL);
}
