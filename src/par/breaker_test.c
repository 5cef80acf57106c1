#include "run.h"

#include <errno.h>

/* Returns what it points to, and counts. */
struct service {
    int rc;
    atomic_int calls;
};

static int serve(void *argument)
{
    struct service *service = argument;

    atomic_fetch_add(&service->calls, 1);
    return service->rc;
}

static int call(weft_breaker *breaker, int rc)
{
    struct service service = {.rc = rc};
    int got = weft_breaker_call(breaker, serve, &service);

    CHECK_EQ(service.calls, got != -EHOSTDOWN);
    return got;
}

/* Until its open span is over. */
static void await_half_open(weft_breaker *breaker)
{
    while (weft_breaker_state(breaker) == WEFT_BREAKER_OPEN)
        CHECK_EQ(weft_sleep(WEFT_MILLISECOND), 0);
    CHECK_EQ(weft_breaker_state(breaker), WEFT_BREAKER_HALF_OPEN);
}

TEST_IN_TASK(failures_in_a_row_open_it)
{
    weft_breaker breaker;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 3, .open_span = 3600 * WEFT_SECOND), 0);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(call(&breaker, -EIO), -EIO);
        CHECK_EQ(call(&breaker, -EIO), -EIO);
        CHECK_EQ(call(&breaker, 4), 4);
    }
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(call(&breaker, -EIO), -EIO);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_OPEN);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(call(&breaker, 0), -EHOSTDOWN);
    return 0;
}

TEST_IN_TASK(failures_among_the_last_calls_open_it)
{
    weft_breaker breaker;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 32, .window = 64, .open_span = 3600 * WEFT_SECOND), 0);
    for (int i = 0; i < 31; i++)
        CHECK_EQ(call(&breaker, -EIO), -EIO);
    for (int i = 0; i < 64; i++) /* all of the failures have left the window */
        CHECK_EQ(call(&breaker, 0), 0);
    for (int i = 0; i < 31; i++) {
        CHECK_EQ(call(&breaker, -EIO), -EIO);
        CHECK_EQ(call(&breaker, 0), 0);
    }
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    CHECK_EQ(call(&breaker, 0), -EHOSTDOWN);
    return 0;
}

TEST_IN_TASK(a_probe_closes_it)
{
    weft_breaker breaker;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 2, .open_span = WEFT_MILLISECOND), 0);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    await_half_open(&breaker);
    CHECK_EQ(call(&breaker, 0), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    CHECK_EQ(call(&breaker, -EIO), -EIO); /* the failures of before are forgotten */
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    return 0;
}

TEST_IN_TASK(a_probe_that_fails_opens_it_again)
{
    weft_breaker breaker;
    int64_t start;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 1, .open_span = 2 * WEFT_MILLISECOND), 0);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    for (int i = 0; i < 3; i++) {
        await_half_open(&breaker);
        start = weft_now();
        CHECK_EQ(call(&breaker, -EIO), -EIO);
        await_half_open(&breaker);
        CHECK(weft_now() - start >= 2 * WEFT_MILLISECOND);
    }
    return 0;
}

TEST_IN_TASK(so_many_probes_and_no_more_are_let_through)
{
    weft_breaker breaker;
    int passes[3];

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 1, .probes = 3, .open_span = 1), 0);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    await_half_open(&breaker);
    for (int i = 0; i < 3; i++)
        CHECK((passes[i] = weft_breaker_enter(&breaker)) >= 0);
    CHECK_EQ(weft_breaker_enter(&breaker), -EHOSTDOWN);
    CHECK_EQ(weft_breaker_leave(&breaker, passes[0], 0), 0);
    CHECK_EQ(weft_breaker_enter(&breaker), -EHOSTDOWN);
    CHECK_EQ(weft_breaker_leave(&breaker, passes[1], 0), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_HALF_OPEN);
    CHECK_EQ(weft_breaker_leave(&breaker, passes[2], 0), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    return 0;
}

TEST_IN_TASK(a_pass_of_an_earlier_state_counts_no_more)
{
    weft_breaker breaker;
    int early, probe;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 1, .open_span = 1), 0);
    CHECK((early = weft_breaker_enter(&breaker)) >= 0);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    await_half_open(&breaker);
    CHECK_EQ(weft_breaker_leave(&breaker, early, 0), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_HALF_OPEN);
    CHECK((probe = weft_breaker_enter(&breaker)) >= 0);
    CHECK_EQ(weft_breaker_leave(&breaker, early, -EIO), 0);
    CHECK_EQ(weft_breaker_leave(&breaker, probe, 0), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    CHECK_EQ(weft_breaker_leave(&breaker, early, -EIO), 0);
    CHECK_EQ(weft_breaker_leave(&breaker, probe, -EIO), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    return 0;
}

TEST_IN_TASK(a_cancelled_call_counts_neither_way)
{
    weft_breaker breaker;
    weft_scope scope;
    int pass;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 1, .open_span = 1), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(call(&breaker, -ECANCELED), -ECANCELED);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    await_half_open(&breaker);
    weft_scope_open(&scope); /* a pass comes back also in a cancelled scope */
    CHECK((pass = weft_breaker_enter(&breaker)) >= 0);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_breaker_leave(&breaker, pass, -ECANCELED), 0);
    CHECK_EQ(weft_breaker_enter(&breaker), -ECANCELED);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_HALF_OPEN);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(call(&breaker, 0), 0);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    return 0;
}

static int worse_than_absent(int rc)
{
    return rc < 0 && rc != -ENOENT;
}

TEST_IN_TASK(the_caller_may_say_what_a_failure_is)
{
    weft_breaker breaker;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 1, .failed = worse_than_absent), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(call(&breaker, -ENOENT), -ENOENT);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_CLOSED);
    CHECK_EQ(call(&breaker, -EIO), -EIO);
    CHECK_EQ(weft_breaker_state(&breaker), WEFT_BREAKER_OPEN);
    return 0;
}

struct client {
    weft_breaker *breaker;
    int calls, yields;
    atomic_int *refused;
};

static int client(struct client *self)
{
    for (int i = 0; i < self->calls; i++) {
        int pass = weft_breaker_enter(self->breaker);

        if (pass < 0) {
            CHECK_EQ(pass, -EHOSTDOWN);
            atomic_fetch_add(self->refused, 1);
            (void)weft_sleep(10 * WEFT_MICROSECOND);
            continue;
        }
        for (int j = 0; j < self->yields; j++)
            (void)weft_yield();
        CHECK_EQ(weft_breaker_leave(self->breaker, pass, i % 7 ? 0 : -EIO), 0);
    }
    return 0;
}

TEST_IN_TASK(many_tasks_call_through_one)
{
    atomic_int refused = 0;
    weft_breaker breaker;
    weft_scope scope;

    CHECK_EQ(weft_breaker_init(&breaker, .failures = 2, .window = 4, .probes = 2, .open_span = WEFT_MICROSECOND), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++)
        weft_go(&scope, client, .breaker = &breaker, .calls = many(1000), .yields = i % 4, .refused = &refused);
    CHECK_EQ(weft_scope_close(&scope), 0);
    while (weft_breaker_state(&breaker) != WEFT_BREAKER_CLOSED) { /* and it recovers */
        await_half_open(&breaker);
        CHECK_EQ(call(&breaker, 0), 0);
    }
    return 0;
}

TEST_IN_TASK(a_breaker_refuses_what_makes_no_sense)
{
    weft_breaker breaker;

    CHECK_EQ(weft_breaker_init(NULL, .failures = 1), -EINVAL);
    CHECK_EQ(weft_breaker_init_with(&breaker, NULL), -EINVAL);
    CHECK_EQ(weft_breaker_init(&breaker, .failures = 65), -EINVAL);
    CHECK_EQ(weft_breaker_init(&breaker, .failures = 4, .window = 3), -EINVAL);
    CHECK_EQ(weft_breaker_init(&breaker, .window = 65), -EINVAL);
    CHECK_EQ(weft_breaker_init(&breaker, .open_span = -1), -EINVAL);
    CHECK_EQ(weft_breaker_init(&breaker, 0), 0);
    CHECK_EQ(weft_breaker_call(&breaker, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_breaker_call(NULL, serve, NULL), -EINVAL);
    CHECK_EQ(weft_breaker_leave(&breaker, -1, 0), -EINVAL);
    CHECK_EQ(weft_breaker_leave(NULL, 0, 0), -EINVAL);
    CHECK_EQ(weft_breaker_state(NULL), -EINVAL);
    return 0;
}
