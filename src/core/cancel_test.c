#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

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

struct count {
    atomic_int *count;
    int yields;
};

static int count(struct count *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    atomic_fetch_add(self->count, 1);
    return 0;
}

struct nap {
    int64_t span;
};

static int nap(struct nap *self)
{
    return weft_sleep(self->span);
}

/* ---- cancellation ---- */

TEST_IN_TASK(cancelling_wakes_every_child_and_the_owner)
{
    atomic_int here = 0, woken = 0;
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++)
        weft_go(&scope, stay, .here = &here, .woken = &woken);
    CHECK_EQ(weft_scope_cancel(&scope), 0);
    CHECK_EQ(weft_scope_cancel(&scope), 0);
    CHECK_EQ(weft_wait(&never), -ECANCELED);
    CHECK_EQ(weft_sleep(WEFT_SECOND), -ECANCELED);
    CHECK_EQ(weft_yield(), -ECANCELED);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(woken, here);
    CHECK_EQ(weft_check(), 0);
    return 0;
}

TEST_IN_TASK(cancelling_a_scope_whose_children_succeed_gives_0)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, count, .count = &ran, .yields = 4);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(ran, 5);
    return 0;
}

struct node {
    int depth, fan;
    atomic_int *here, *woken, *inner;
};

static int node(struct node *self)
{
    weft_scope scope;
    int rc;

    if (self->depth == 0)
        return stay(&(struct stay){.here = self->here, .woken = self->woken});
    weft_scope_open(&scope);
    for (int i = 0; i < self->fan; i++)
        (void)weft_go(&scope, node, .depth = self->depth - 1, .fan = self->fan, .here = self->here,
                      .woken = self->woken, .inner = self->inner);
    rc = weft_scope_close(&scope);
    CHECK_EQ(rc, -ECANCELED);
    atomic_fetch_add(self->inner, 1);
    return rc;
}

TEST_IN_TASK(cancelling_a_deep_tree_wakes_every_parked_task)
{
    atomic_int here = 0, woken = 0, inner = 0;
    int depth = is_seeded() ? 5 : 9, leaves = 1 << depth;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, node, .depth = depth, .fan = 2, .here = &here, .woken = &woken, .inner = &inner);
    await(&here, leaves);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(woken, leaves);
    CHECK_EQ(inner, leaves - 1);
    return 0;
}

TEST_IN_TASK(cancelling_a_long_chain_reaches_its_end)
{
    atomic_int here = 0, woken = 0, inner = 0;
    int depth = is_seeded() ? 50 : 1000;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, node, .depth = depth, .fan = 1, .here = &here, .woken = &woken, .inner = &inner);
    await(&here, 1);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(woken, 1);
    CHECK_EQ(inner, depth);
    return 0;
}

TEST_IN_TASK(cancelling_races_with_parking_and_nobody_is_missed)
{
    atomic_int here, woken;
    weft_scope scope;
    int rounds = is_seeded() ? 20 : 500;

    for (int round = 0; round < rounds; round++) {
        here = woken = 0;
        weft_scope_open(&scope);
        for (int i = 0; i < 8; i++)
            weft_go(&scope, stay, .here = &here, .woken = &woken);
        for (int i = 0; i < round % 5; i++)
            (void)weft_yield();
        weft_scope_cancel(&scope);
        (void)weft_scope_close(&scope);
        CHECK_EQ(woken, here);
    }
    return 0;
}

struct waits_much {
    int rounds;
};

static int waits_much(struct waits_much *self UNUSED)
{
    for (int i = 0;; i++) {
        int rc = i % 3 == 0 ? weft_sleep(1000) : i % 3 == 1 ? weft_yield() : weft_sleep(1);

        if (rc < 0)
            return rc;
    }
}

TEST_IN_TASK(tasks_that_always_move_are_cancelled_too)
{
    weft_scope scope;

    weft_scope_open(&scope, .timeout = 2 * WEFT_MILLISECOND);
    for (int i = 0; i < 8; i++)
        weft_go(&scope, waits_much);
    CHECK_EQ(weft_scope_close(&scope), -ETIMEDOUT);
    return 0;
}

static atomic_int thread_go;

static void *cancel_from_thread(void *scope)
{
    while (!thread_go)
        ;
    CHECK_EQ(weft_scope_cancel(scope), 0);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_cancels_a_scope)
{
    if (is_seeded())
        SKIP_IN_TASK("needs real threads");
    for (int round = 0; round < 100; round++) {
        atomic_int here = 0, woken = 0;
        weft_scope scope;
        pthread_t thread;

        weft_scope_open(&scope);
        thread_go = 0;
        MUST(pthread_create(&thread, NULL, cancel_from_thread, &scope) == 0);
        thread_go = 1;
        for (int i = 0; i < 4; i++)
            (void)weft_go(&scope, node, .depth = 2, .fan = 2, .here = &here, .woken = &woken, .inner = &woken);
        if (round % 2)
            (void)weft_yield();
        pthread_join(thread, NULL);
        (void)weft_scope_close(&scope);
    }
    return 0;
}

struct canceller {
    weft_scope *scope;
    int yields;
};

static int canceller(struct canceller *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    return weft_scope_cancel(self->scope);
}

TEST_IN_TASK(many_cancellers_and_many_errors_at_once)
{
    int rounds = is_seeded() ? 10 : 200;

    for (int round = 0; round < rounds; round++) {
        atomic_int here = 0, woken = 0, inner = 0;
        weft_scope outer, scope;

        weft_scope_open(&outer);
        weft_scope_open(&scope);
        weft_go(&scope, node, .depth = 3, .fan = 2, .here = &here, .woken = &woken, .inner = &inner);
        for (int i = 0; i < 4; i++) {
            weft_go(&outer, canceller, .scope = &scope, .yields = i * round % 7);
            weft_go(&scope, result, .rc = -EIO, .yields = i * round % 5);
        }
        CHECK(weft_scope_close(&scope) < 0);
        CHECK_EQ(weft_scope_close(&outer), 0);
        CHECK_EQ(woken, here);
    }
    return 0;
}

TEST_IN_TASK(an_inner_cancellation_stays_inside)
{
    atomic_int ran = 0;
    weft_scope outer, inner;

    weft_scope_open(&outer);
    weft_go(&outer, count, .count = &ran, .yields = 10);
    weft_scope_open(&inner);
    weft_scope_cancel(&inner);
    CHECK_EQ(weft_scope_status(&inner), -ECANCELED);
    CHECK_EQ(weft_scope_status(&outer), 0);
    CHECK_EQ(weft_scope_status(NULL), -ECANCELED);
    CHECK_EQ(weft_scope_close(&inner), 0);
    CHECK_EQ(weft_check(), 0);
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_scope_close(&outer), 0);
    CHECK_EQ(ran, 1);
    return 0;
}

TEST_IN_TASK(an_outer_cancellation_reaches_inside)
{
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope outer, middle, inner;

    weft_scope_open(&outer);
    weft_scope_open(&middle);
    weft_scope_open(&inner);
    weft_go(&outer, canceller, .scope = &outer, .yields = 3);
    CHECK_EQ(weft_wait(&never), -ECANCELED);
    CHECK_EQ(weft_scope_status(&inner), -ECANCELED);
    CHECK_EQ(weft_scope_close(&inner), 0);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_scope_close(&middle), 0);
    CHECK_EQ(weft_scope_close(&outer), 0);
    CHECK_EQ(weft_check(), 0);
    return 0;
}

TEST_IN_TASK(a_scope_opened_inside_a_cancelled_one_is_cancelled)
{
    weft_scope outer, inner;
    atomic_int ran = 0;

    weft_scope_open(&outer);
    weft_scope_cancel(&outer);
    CHECK_EQ(weft_scope_open(&inner), 0);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_go(&inner, count, .count = &ran), -ECANCELED);
    CHECK_EQ(weft_scope_close(&inner), -ECANCELED);
    CHECK_EQ(weft_scope_close(&outer), 0);
    CHECK_EQ(ran, 0);
    return 0;
}

/* ---- shield ---- */

TEST_IN_TASK(a_shield_lets_clean_up_wait)
{
    atomic_int ran = 0;
    weft_scope outer, shield, inner;

    weft_scope_open(&outer);
    weft_scope_cancel(&outer);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_scope_open(&shield, .shield = 1), 0);
    CHECK_EQ(weft_check(), 0);
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_sleep(1000), 0);
    weft_scope_open(&inner);
    CHECK_EQ(weft_go(&inner, count, .count = &ran, .yields = 2), 0);
    CHECK_EQ(weft_scope_close(&inner), 0);
    CHECK_EQ(weft_scope_close(&shield), 0);
    CHECK_EQ(ran, 1);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_scope_close(&outer), 0);
    return 0;
}

struct shielded {
    atomic_int *here, *done;
    weft_waker *waker;
};

static int shielded(struct shielded *self)
{
    weft_scope shield;
    int rc;

    weft_scope_open(&shield, .shield = 1);
    atomic_fetch_add(self->here, 1);
    rc = weft_wait(self->waker);
    CHECK_EQ(rc, 0);
    rc = weft_scope_close_with(&shield, rc);
    atomic_fetch_add(self->done, 1);
    CHECK_EQ(weft_check(), -ECANCELED);
    return rc;
}

TEST_IN_TASK(cancellation_does_not_wake_what_is_shielded)
{
    weft_waker wakers[4] = {WEFT_WAKER_INIT};
    atomic_int here = 0, done = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, shielded, .here = &here, .done = &done, .waker = &wakers[i]);
    await(&here, 4);
    weft_scope_cancel(&scope);
    for (int i = 0; i < 20; i++)
        (void)weft_yield();
    CHECK_EQ(done, 0);
    for (int i = 0; i < 4; i++)
        weft_wake(&wakers[i]);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(done, 4);
    return 0;
}

TEST_IN_TASK(a_shield_has_its_own_deadline_only)
{
    weft_scope outer, shield;

    weft_scope_open(&outer, .timeout = WEFT_MILLISECOND);
    weft_scope_open(&shield, .shield = 1);
    CHECK_EQ(weft_deadline(), WEFT_FOREVER);
    CHECK_EQ(weft_sleep(2 * WEFT_MILLISECOND), 0);
    CHECK_EQ(weft_scope_close(&shield), 0);
    CHECK_EQ(weft_check(), -ETIMEDOUT);
    weft_scope_open(&shield, .shield = 1, .timeout = WEFT_MILLISECOND);
    CHECK(weft_deadline() < WEFT_FOREVER);
    CHECK_EQ(weft_sleep(3600 * WEFT_SECOND), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&shield), 0);
    CHECK_EQ(weft_scope_close(&outer), 0);
    return 0;
}

TEST_IN_TASK(cancelling_the_shield_itself_works)
{
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope shield;

    weft_scope_open(&shield, .shield = 1);
    weft_go(&shield, canceller, .scope = &shield, .yields = 2);
    CHECK_EQ(weft_wait(&never), -ECANCELED);
    CHECK_EQ(weft_scope_close(&shield), 0);
    return 0;
}

/* ---- deadlines ---- */

TEST_IN_TASK(a_timeout_wakes_the_owner_and_the_children)
{
    atomic_int here = 0, woken = 0;
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, stay, .here = &here, .woken = &woken);
    CHECK_EQ(weft_wait(&never), -ETIMEDOUT);
    CHECK_EQ(weft_scope_status(&scope), -ETIMEDOUT);
    CHECK_EQ(weft_check(), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), -ETIMEDOUT);
    CHECK_EQ(woken, here);
    CHECK_EQ(weft_check(), 0);
    return 0;
}

TEST_IN_TASK(a_timeout_is_never_early)
{
    int64_t start = weft_now();
    weft_scope scope;

    weft_scope_open(&scope, .timeout = 2 * WEFT_MILLISECOND);
    CHECK(weft_deadline() >= start + 2 * WEFT_MILLISECOND);
    weft_go(&scope, stay);
    CHECK_EQ(weft_scope_close(&scope), -ETIMEDOUT);
    CHECK(weft_now() >= start + 2 * WEFT_MILLISECOND);
    return 0;
}

TEST_IN_TASK(deadlines_are_inherited_the_earliest_counts)
{
    int64_t now = weft_now(), soon = now + 3600 * WEFT_SECOND;
    weft_scope outer, inner, innermost;

    CHECK_EQ(weft_deadline(), WEFT_FOREVER);
    weft_scope_open(&outer, .deadline = soon);
    CHECK_EQ(weft_deadline(), soon);
    weft_scope_open(&inner, .deadline = soon + 1);
    CHECK_EQ(weft_deadline(), soon);
    weft_scope_open(&innermost, .deadline = soon - 1, .timeout = 7200 * WEFT_SECOND);
    CHECK_EQ(weft_deadline(), soon - 1);
    CHECK_EQ(weft_scope_close(&innermost), 0);
    CHECK_EQ(weft_deadline(), soon);
    CHECK_EQ(weft_scope_close(&inner), 0);
    CHECK_EQ(weft_scope_close(&outer), 0);
    CHECK_EQ(weft_deadline(), WEFT_FOREVER);
    return 0;
}

struct asks_deadline {
    int64_t want;
};

static int asks_deadline(struct asks_deadline *self)
{
    CHECK_EQ(weft_deadline(), self->want);
    return 0;
}

TEST_IN_TASK(a_child_inherits_its_scopes_deadline)
{
    int64_t soon = weft_now() + 3600 * WEFT_SECOND;
    weft_scope scope;

    weft_scope_open(&scope, .deadline = soon);
    weft_go(&scope, asks_deadline, .want = soon);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(an_outer_deadline_is_ETIMEDOUT_inside_too)
{
    weft_scope outer, inner;

    weft_scope_open(&outer, .timeout = WEFT_MILLISECOND);
    weft_scope_open(&inner, .timeout = 3600 * WEFT_SECOND);
    weft_go(&inner, nap, .span = 3600 * WEFT_SECOND);
    CHECK_EQ(weft_sleep(3600 * WEFT_SECOND), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&inner), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&outer), 0);
    return 0;
}

TEST_IN_TASK(a_deadline_that_has_passed_cancels_at_the_first_wait)
{
    weft_scope scope;

    weft_scope_open(&scope, .deadline = 1);
    CHECK_EQ(weft_sleep(3600 * WEFT_SECOND), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_timeout_that_does_not_come_leaves_nothing)
{
    weft_scope scope;

    for (int i = 0; i < 100; i++) {
        weft_scope_open(&scope, .timeout = 3600 * WEFT_SECOND);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_scope_open(&scope, .timeout = INT64_MAX);
    CHECK_EQ(weft_deadline(), WEFT_FOREVER);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_childs_time_out_in_its_own_scope_is_an_error_outside)
{
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, stay, .here = &here, .woken = &woken);
    weft_go(&scope, result, .rc = -ETIMEDOUT, .yields = 1);
    CHECK_EQ(weft_scope_close(&scope), -ETIMEDOUT);
    CHECK_EQ(woken, here);
    return 0;
}

TEST_IN_TASK(a_cancellation_before_the_deadline_is_ECANCELED)
{
    weft_scope scope;

    weft_scope_open(&scope, .timeout = 3600 * WEFT_SECOND);
    weft_go(&scope, stay);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    return 0;
}

TEST_IN_TASK(an_error_beats_the_time_out_that_follows)
{
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND, .on_error = WEFT_KEEP_GOING);
    weft_go(&scope, result, .rc = -EIO);
    weft_go(&scope, stay);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    return 0;
}
