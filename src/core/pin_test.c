#include "run.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long tid(void)
{
    return syscall(SYS_gettid);
}

struct add {
    atomic_int *sum;
    int n;
    int yields;
};

static int add(struct add *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    atomic_fetch_add(self->sum, self->n);
    return 0;
}

/* ---- what belongs to a thread ---- */

struct pinned {
    atomic_int *ran;
    weft_waker *waker;
};

static int pinned(struct pinned *self)
{
    long thread = tid();

    for (int i = 0; i < 20; i++) {
        CHECK_EQ(weft_yield(), 0);
        CHECK_EQ(tid(), thread);
        CHECK_EQ(weft_sleep(1000), 0);
        CHECK_EQ(tid(), thread);
    }
    if (self->waker) {
        CHECK_EQ(weft_wait(self->waker), 0);
        CHECK_EQ(tid(), thread);
    }
    atomic_fetch_add(self->ran, 1);
    return 0;
}

TEST_IN_TASK(a_task_spawned_with_pin_stays_on_its_thread)
{
    atomic_int ran = 0, sum = 0;
    weft_waker wakers[4] = {WEFT_WAKER_INIT};
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(weft_go_with(&scope, (.pin = 1), pinned, .ran = &ran, .waker = &wakers[i]), 0);
    for (int i = 0; i < 20; i++)
        weft_go(&scope, add, .sum = &sum, .n = 1, .yields = 10);
    await(&sum, 20);
    for (int i = 0; i < 4; i++)
        weft_wake(&wakers[i]);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(ran, 4);
    return 0;
}

static int spawns_while_pinned(struct add *self)
{
    weft_scope scope;
    long thread = tid();

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_go(&scope, add, .sum = self->sum, .n = 1, .yields = 1), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(tid(), thread);
    return 0;
}

TEST_IN_TASK(a_pinned_task_spawns_and_joins)
{
    struct add arguments = {.n = 0};
    atomic_int sum = 0;
    weft_scope scope;

    arguments.sum = &sum;
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_go_raw(&scope, (weft_entry *)(void (*)(void))spawns_while_pinned, &arguments, sizeof arguments, 8,
                             &(struct weft_spawn){.pin = 1}),
                 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, 30);
    return 0;
}

struct pins_itself {
    atomic_int *ran;
};

static int pins_itself(struct pins_itself *self)
{
    long thread;

    CHECK_EQ(weft_unpin(), -EPERM);
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(weft_pin(), 0);
        thread = tid();
        CHECK_EQ(weft_pin(), 0);
        for (int i = 0; i < 5; i++) {
            CHECK_EQ(weft_yield(), 0);
            CHECK_EQ(tid(), thread);
        }
        CHECK_EQ(weft_unpin(), 0);
        CHECK_EQ(weft_sleep(1000), 0);
        CHECK_EQ(tid(), thread);
        CHECK_EQ(weft_unpin(), 0);
        CHECK_EQ(weft_yield(), 0);
    }
    CHECK_EQ(weft_unpin(), -EPERM);
    atomic_fetch_add(self->ran, 1);
    return 0;
}

TEST_IN_TASK(pinning_nests_and_ends)
{
    atomic_int ran = 0, sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++) {
        weft_go(&scope, pins_itself, .ran = &ran);
        weft_go(&scope, add, .sum = &sum, .n = 1, .yields = 20);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(ran, 5);
    CHECK_EQ(sum, 5);
    return 0;
}

TEST_IN_TASK(a_task_may_end_pinned)
{
    weft_scope scope;
    atomic_int ran = 0;

    for (int i = 0; i < 5; i++) {
        weft_scope_open(&scope);
        weft_go_with(&scope, (.pin = 1), pinned, .ran = &ran);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    CHECK_EQ(ran, 5);
    CHECK_EQ(weft_pin(), 0);
    CHECK_EQ(weft_yield(), 0);
    return 0;
}

TEST(a_thread_can_not_be_pinned)
{
    CHECK_EQ(weft_pin(), -EPERM);
    CHECK_EQ(weft_unpin(), -EPERM);
}

TEST_IN_TASK(pinned_tasks_are_cancelled_too)
{
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go_with(&scope, (.pin = 1), stay, .here = &here, .woken = &woken);
    await(&here, 4);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(woken, 4);
    return 0;
}

static int read_a_byte(void *fd)
{
    char byte;

    return (int)read(*(int *)fd, &byte, 1) + 41;
}

struct blocks {
    int fd;
    atomic_int *done;
};

static int blocks(struct blocks *self)
{
    CHECK_EQ(weft_blocking(read_a_byte, &self->fd), 42);
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_blocking(read_a_byte, &self->fd), 42);
    atomic_fetch_add(self->done, 1);
    return 0;
}

TEST_IN_TASK(blocking_calls_leave_the_worker_to_others)
{
    enum { TASKS = 8 };
    atomic_int done = 0;
    weft_scope scope;
    int ends[2];

    if (is_seeded())
        SKIP_IN_TASK("needs real threads");
    MUST(pipe(ends) == 0);
    weft_scope_open(&scope);
    for (int i = 0; i < TASKS; i++)
        weft_go(&scope, blocks, .fd = ends[0], .done = &done);
    for (int i = 0; i < 2 * TASKS; i++)
        MUST(write(ends[1], "x", 1) == 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(done, TASKS);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TEST(a_thread_may_block_too)
{
    int ends[2];

    MUST(pipe(ends) == 0);
    MUST(write(ends[1], "x", 1) == 1);
    CHECK_EQ(weft_blocking(read_a_byte, &ends[0]), 42);
    close(ends[0]);
    close(ends[1]);
}

struct unmarked {
    int fd;
};

static int unmarked(struct unmarked *self)
{
    CHECK_EQ(read_a_byte(&self->fd), 42);
    return 0;
}

TEST_IN_TASK(unmarked_blocking_calls_are_stepped_around)
{
    weft_scope scope;
    int ends[2];

    if (is_seeded())
        SKIP_IN_TASK("needs real threads");
    MUST(pipe(ends) == 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 8; i++)
        weft_go(&scope, unmarked, .fd = ends[0]);
    MUST(write(ends[1], "12345678", 8) == 8);
    CHECK_EQ(weft_scope_close(&scope), 0);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

struct reckon {
    int n;
};

static int reckon(struct reckon *self)
{
    double sum = 0, product = 1, step = self->n + 0.5;
    long double wide = 0;

    for (int i = 1; i <= 50; i++) {
        sum += step * i;
        product *= 1 + 1.0 / (i + self->n);
        wide += step;
        (void)weft_yield();
    }
    CHECK(sum == step * 1275);
    CHECK(wide == (long double)step * 50);
    CHECK(product > (self->n + 51.0) / (self->n + 1.0) - 1e-9 && product < (self->n + 51.0) / (self->n + 1.0) + 1e-9);
    return 0;
}

TEST_IN_TASK(floating_point_survives_switches)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++)
        weft_go(&scope, reckon, .n = i);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(errors_leave_errno_alone)
{
    weft_scope scope;

    weft_scope_open(&scope);
    errno = 0;
    CHECK_EQ(weft_unpin(), -EPERM);
    CHECK_EQ(weft_go_raw(&scope, NULL, NULL, 0, 0, NULL), -EINVAL);
    CHECK_EQ(weft_join(NULL, NULL), -EINVAL);
    CHECK_EQ(weft_cancel(NULL), -EINVAL);
    CHECK_EQ(errno, 0);
    return weft_scope_close(&scope);
}
