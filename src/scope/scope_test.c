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

/* ---- opening and closing ---- */

TEST_IN_TASK(an_empty_scope_closes_with_0)
{
    weft_scope scope;

    CHECK_EQ(weft_scope_open(&scope), 0);
    CHECK_EQ(weft_scope_status(&scope), 0);
    CHECK_EQ(weft_scope_count(&scope), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST(a_thread_opens_no_scope)
{
    weft_scope scope;

    CHECK_EQ(weft_scope_open(&scope), -EPERM);
    CHECK_EQ(weft_deadline(), WEFT_FOREVER);
    CHECK_EQ(weft_scope_status(NULL), 0);
}

TEST_IN_TASK(a_negative_timeout_is_refused)
{
    weft_scope scope;

    CHECK_EQ(weft_scope_open(&scope, .timeout = -1), -EINVAL);
    CHECK_EQ(weft_scope_open(&scope, .deadline = -1), -EINVAL);
    return 0;
}

TEST_IN_TASK(closing_twice_is_refused_and_reported)
{
    weft_scope scope;

    weft_on_report(keep_report);
    weft_scope_open(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    reports = 0;
    CHECK_EQ(weft_scope_close(&scope), -EINVAL);
    CHECK_EQ(reports, 1);
    CHECK_HAS(last_report, "weft_scope_close");
    weft_on_report(NULL);
    return 0;
}

TEST_IN_TASK(closing_the_outer_scope_first_is_refused_and_changes_nothing)
{
    weft_scope outer, inner;
    atomic_int ran = 0;

    weft_on_report(keep_report);
    weft_scope_open(&outer);
    weft_scope_open(&inner);
    reports = 0;
    CHECK_EQ(weft_scope_close(&outer), -EINVAL);
    CHECK_EQ(reports, 1);
    CHECK_EQ(weft_go(&outer, count, .count = &ran), 0);
    CHECK_EQ(weft_go(&inner, count, .count = &ran), 0);
    CHECK_EQ(weft_scope_close(&inner), 0);
    CHECK_EQ(weft_scope_close(&outer), 0);
    CHECK_EQ(ran, 2);
    weft_on_report(NULL);
    return 0;
}

struct closer {
    weft_scope *scope;
};

static int closer(struct closer *self)
{
    return weft_scope_close(self->scope) == -EINVAL ? 0 : -EIO;
}

TEST_IN_TASK(a_child_can_not_close_its_parents_scope)
{
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, closer, .scope = &scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(spawning_into_a_closed_scope_is_refused_and_reported)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_on_report(keep_report);
    weft_scope_open(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    reports = 0;
    CHECK_EQ(weft_go(&scope, count, .count = &ran), -EINVAL);
    CHECK_EQ(reports, 1);
    CHECK_HAS(last_report, "scope");
    CHECK_EQ(ran, 0);
    weft_on_report(NULL);
    return 0;
}

struct leaver {
    weft_scope *scope;
};

static int leaver(struct leaver *self)
{
    weft_scope_open(self->scope, .name = "kitchen");
    return 0;
}

TEST_PROCESS(leaves_a_scope_open)
{
    weft_scope scope;

    (void)RUN(leaver, .scope = &scope);
}

TEST(a_scope_left_open_ends_the_program_with_its_name)
{
    char output[4096];
    int status = test_process("leaves_a_scope_open", NULL, output, sizeof output);

    CHECK(WIFSIGNALED(status));
    CHECK_HAS(output, "leaver");
    CHECK_HAS(output, "kitchen");
    CHECK_HAS(output, "open");
}

TEST_IN_TASK(scopes_nest_a_hundred_deep_in_one_task)
{
    weft_scope scopes[100];
    atomic_int ran = 0;

    for (int i = 0; i < 100; i++) {
        CHECK_EQ(weft_scope_open(&scopes[i]), 0);
        weft_go(&scopes[i / 2], count, .count = &ran, .yields = i % 4);
    }
    for (int i = 100; i-- > 0;)
        CHECK_EQ(weft_scope_close(&scopes[i]), 0);
    CHECK_EQ(ran, 100);
    return 0;
}

TEST_IN_TASK(storage_of_a_scope_serves_again)
{
    weft_scope scope;
    atomic_int ran = 0;

    for (int i = 0; i < 100; i++) {
        CHECK_EQ(weft_scope_open(&scope, .timeout = i % 2 * WEFT_SECOND), 0);
        weft_go(&scope, count, .count = &ran, .yields = i % 3);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    CHECK_EQ(ran, 100);
    return 0;
}

/* ---- what becomes of results ---- */

TEST_IN_TASK(the_first_error_cancels_the_rest_and_is_the_result)
{
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, stay, .here = &here, .woken = &woken);
    await(&here, 10);
    weft_go(&scope, result, .rc = -EIO, .yields = 2);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    CHECK_EQ(woken, 10);
    return 0;
}

TEST_IN_TASK(an_error_reaches_the_parent_where_it_waits)
{
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, result, .rc = -EIO, .yields = 3);
    CHECK_EQ(weft_wait(&never), -ECANCELED);
    CHECK_EQ(weft_scope_status(&scope), -ECANCELED);
    CHECK_EQ(weft_check(), -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    CHECK_EQ(weft_check(), 0);
    return 0;
}

TEST_IN_TASK(keep_going_runs_all_to_their_end)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go(&scope, result, .rc = -EIO);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_go(&scope, count, .count = &ran, .yields = 5), 0);
    CHECK_EQ(weft_check(), 0);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    CHECK_EQ(ran, 10);
    return 0;
}

TEST_IN_TASK(keep_going_gives_the_first_of_many_errors)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go(&scope, result, .rc = -EIO);
    weft_go(&scope, count, .count = &ran, .yields = 5);
    while (!ran)
        weft_yield();
    while (weft_scope_count(&scope))
        weft_yield();
    weft_go(&scope, result, .rc = -EDOM);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    return 0;
}

TEST_IN_TASK(the_first_success_cancels_the_rest)
{
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_FIRST_SUCCESS);
    weft_go(&scope, result, .rc = -EIO);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_go(&scope, stay, .here = &here, .woken = &woken), 0);
    await(&here, 10);
    CHECK_EQ(weft_check(), 0);
    weft_go(&scope, result, .rc = 5, .yields = 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(woken, 10);
    return 0;
}

TEST_IN_TASK(without_a_success_the_first_error_is_the_result)
{
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_FIRST_SUCCESS);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_go(&scope, result, .rc = -EIO, .yields = i % 3), 0);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    return 0;
}

TEST_IN_TASK(positive_results_are_successes)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, result, .rc = i, .yields = 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_childs_own_ECANCELED_is_an_error_like_any_other)
{
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, stay, .here = &here, .woken = &woken);
    weft_go(&scope, result, .rc = -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(woken, here);
    return 0;
}

TEST_IN_TASK(close_with_gives_the_blocks_result_if_there_is_no_error)
{
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, result, .rc = 3);
    CHECK_EQ(weft_scope_close_with(&scope, 17), 17);
    weft_scope_open(&scope);
    CHECK_EQ(weft_scope_close_with(&scope, -EDOM), -EDOM);
    weft_scope_open(&scope);
    CHECK_EQ(weft_scope_close_with(&scope, 0), 0);
    return 0;
}

TEST_IN_TASK(close_with_an_error_cancels_the_children)
{
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, stay, .here = &here, .woken = &woken);
    await(&here, 5);
    CHECK_EQ(weft_scope_close_with(&scope, -EDOM), -EDOM);
    CHECK_EQ(woken, 5);
    return 0;
}

TEST_IN_TASK(close_with_gives_the_childs_error_if_it_came_first)
{
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, result, .rc = -EIO, .yields = 2);
    CHECK_EQ(weft_scope_close_with(&scope, weft_wait(&never)), -EIO);
    return 0;
}

TEST_IN_TASK(close_with_an_error_lets_keep_going_go_on)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, count, .count = &ran, .yields = 3);
    CHECK_EQ(weft_scope_close_with(&scope, -EDOM), -EDOM);
    CHECK_EQ(ran, 5);
    return 0;
}

/* ---- limit ---- */

struct limited {
    atomic_int *now, *most, *ran;
    int yields;
};

static int limited(struct limited *self)
{
    int now = atomic_fetch_add(self->now, 1) + 1, most = atomic_load(self->most);

    while (now > most && !atomic_compare_exchange_weak(self->most, &most, now))
        ;
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    atomic_fetch_sub(self->now, 1);
    atomic_fetch_add(self->ran, 1);
    return 0;
}

TEST_IN_TASK(never_more_children_than_the_limit)
{
    atomic_int now, most, ran;
    weft_scope scope;

    for (unsigned limit = 1; limit <= 5; limit++) {
        now = most = ran = 0;
        weft_scope_open(&scope, .limit = limit);
        for (int i = 0; i < 50; i++) {
            CHECK_EQ(weft_go(&scope, limited, .now = &now, .most = &most, .ran = &ran, .yields = i % 5), 0);
            CHECK(weft_scope_count(&scope) <= limit);
        }
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK(most <= (int)limit);
        CHECK_EQ(ran, 50);
    }
    return 0;
}

struct spawner {
    weft_scope *scope;
    atomic_int *now, *most, *ran;
};

static int spawner(struct spawner *self)
{
    for (int i = 0; i < 20; i++)
        CHECK_EQ(weft_go(self->scope, limited, .now = self->now, .most = self->most, .ran = self->ran, .yields = i % 4),
                 0);
    return 0;
}

TEST_IN_TASK(never_more_than_the_limit_from_many_spawners)
{
    atomic_int now = 0, most = 0, ran = 0;
    weft_scope scope, spawners;

    weft_scope_open(&scope, .limit = 3);
    weft_scope_open(&spawners);
    for (int i = 0; i < 8; i++)
        weft_go(&spawners, spawner, .scope = &scope, .now = &now, .most = &most, .ran = &ran);
    CHECK_EQ(weft_scope_close(&spawners), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK(most <= 3);
    CHECK_EQ(ran, 160);
    return 0;
}

/* Spawns more into the scope it is a child of. */
struct sower {
    weft_scope *scope;
    atomic_int *now, *most, *ran;
    int left;
};

static int sower(struct sower *self)
{
    int now = atomic_fetch_add(self->now, 1) + 1, most = atomic_load(self->most);
    int rc = 0;

    while (now > most && !atomic_compare_exchange_weak(self->most, &most, now))
        ;
    for (int i = 0; i < self->left && rc == 0; i++)
        rc = weft_go(self->scope, limited, .now = self->now, .most = self->most, .ran = self->ran, .yields = 2);
    atomic_fetch_sub(self->now, 1);
    return rc;
}

TEST_IN_TASK(children_that_spawn_into_a_limited_scope_count_too)
{
    atomic_int now = 0, most = 0, ran = 0;
    weft_scope scope;

    for (int round = 0; round < 20; round++) {
        weft_scope_open(&scope, .limit = 2);
        weft_go(&scope, sower, .scope = &scope, .now = &now, .most = &most, .ran = &ran, .left = 3);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    CHECK(most <= 2);
    CHECK_EQ(ran, 60);
    return 0;
}

struct holder {
    weft_waker *go;
};

static int holder(struct holder *self)
{
    return weft_wait(self->go);
}

struct late_spawner {
    weft_scope *scope;
    weft_waker *go;
    atomic_int *ran;
};

static int late_spawner(struct late_spawner *self)
{
    int rc = weft_wait(self->go);

    return rc < 0 ? rc : weft_go(self->scope, count, .count = self->ran);
}

struct wake_later {
    weft_waker *first, *then;
};

static int wake_later(struct wake_later *self)
{
    for (int i = 0; i < 20; i++)
        (void)weft_yield();
    weft_wake(self->first);
    for (int i = 0; i < 20; i++)
        (void)weft_yield();
    weft_wake(self->then);
    return 0;
}

TEST_IN_TASK(room_goes_to_a_spawner_though_the_closer_waits_in_front)
{
    weft_waker first = WEFT_WAKER_INIT, then = WEFT_WAKER_INIT;
    atomic_int ran = 0;
    weft_scope outer, scope;

    weft_scope_open(&outer);
    weft_scope_open(&scope, .limit = 2);
    weft_go(&scope, late_spawner, .scope = &scope, .go = &first, .ran = &ran);
    weft_go(&scope, holder, .go = &then);
    weft_go(&outer, wake_later, .first = &first, .then = &then);
    CHECK_EQ(weft_scope_close(&scope), 0); /* waits first; then the spawner; then the holder ends */
    CHECK_EQ(ran, 1);
    CHECK_EQ(weft_scope_close(&outer), 0);
    return 0;
}

TEST_IN_TASK(a_spawner_at_the_limit_is_woken_by_cancellation)
{
    atomic_int here = 0, woken = 0, ran = 0;
    weft_scope scope;

    weft_scope_open(&scope, .limit = 2, .timeout = WEFT_MILLISECOND);
    weft_go(&scope, stay, .here = &here, .woken = &woken);
    weft_go(&scope, stay, .here = &here, .woken = &woken);
    CHECK_EQ(weft_go(&scope, count, .count = &ran), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), -ETIMEDOUT);
    CHECK_EQ(woken, here);
    CHECK_EQ(ran, 0);
    return 0;
}

/* ---- the count ---- */

TEST_IN_TASK(the_count_is_that_of_the_children_alive)
{
    atomic_int here = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 7; i++)
        weft_go(&scope, stay, .here = &here);
    await(&here, 7);
    CHECK_EQ(weft_scope_count(&scope), 7);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(weft_scope_count(NULL), 0);
    CHECK_EQ(weft_scope_cancel(NULL), -EINVAL);
    return 0;
}
