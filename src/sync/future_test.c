#include "run.h"

#include <errno.h>
#include <pthread.h>

/* Runs fn on a plain thread while the tasks go on. */
struct outside {
    void (*fn)(void *argument);
    void *argument;
    atomic_int done;
};

static void *run_outside(void *outside)
{
    struct outside *self = outside;

    self->fn(self->argument);
    atomic_store(&self->done, 1);
    return NULL;
}

static pthread_t begin_outside(struct outside *outside)
{
    pthread_t thread;

    MUST(pthread_create(&thread, NULL, run_outside, outside) == 0);
    return thread;
}

static void end_outside(struct outside *outside, pthread_t thread)
{
    await(&outside->done, 1);
    MUST(pthread_join(thread, NULL) == 0);
}

/* ---- one future ---- */

TEST(a_future_is_resolved_once_and_stays_so)
{
    weft_future(int) f = weft_future_new(int);
    int value = 0;

    MUST(f);
    CHECK_EQ(weft_future_status(f), -EAGAIN);
    CHECK_EQ(weft_resolve(f, 42), 0);
    CHECK_EQ(weft_resolve(f, 43), -EALREADY);
    CHECK_EQ(weft_reject(f, -EIO), -EALREADY);
    CHECK_EQ(weft_future_status(f), 0);
    for (int i = 0; i < 3; i++) {
        value = 0;
        CHECK_EQ(weft_get(f, &value), 0);
        CHECK_EQ(value, 42);
    }
    CHECK_EQ(weft_get(f, NULL), 0);
    weft_future_free(f);
}

TEST(a_rejected_future_gives_its_error_and_no_value)
{
    weft_future(int) f = weft_future_new(int);
    int value = 7;

    CHECK_EQ(weft_reject(f, 0), -EINVAL);
    CHECK_EQ(weft_reject(f, 5), -EINVAL);
    CHECK_EQ(weft_future_status(f), -EAGAIN);
    CHECK_EQ(weft_reject(f, -EIO), 0);
    CHECK_EQ(weft_reject(f, -EPERM), -EALREADY);
    CHECK_EQ(weft_resolve(f, 1), -EALREADY);
    CHECK_EQ(weft_future_status(f), -EIO);
    CHECK_EQ(weft_get(f, &value), -EIO);
    CHECK_EQ(value, 7);
    weft_future_free(f);
}

struct idle {
    weft_future(int) out;
};

static int idle(struct idle *self)
{
    return self->out != NULL;
}

TEST_IN_TASK(NULL_is_no_future)
{
    weft_future(int) none = NULL, one = weft_future_new(int);
    weft_scope scope;
    int value, rc = 0;

    weft_scope_open(&scope);
    CHECK_EQ(weft_resolve(none, 1), -EINVAL);
    CHECK_EQ(weft_reject(none, -EIO), -EINVAL);
    CHECK_EQ(weft_get(none, &value), -EINVAL);
    CHECK_EQ(weft_future_status(none), -EINVAL);
    CHECK(weft_then(none, int, NULL, NULL, NULL) == NULL);
    CHECK(weft_future_timeout(&scope, none, WEFT_SECOND) == NULL);
    CHECK_EQ(weft_go_future(&scope, none, idle, .out = none), -EINVAL);
    CHECK_EQ(weft_select(weft_on_future(none, &value, &rc)), -EINVAL);
    CHECK_EQ(weft_resolve_raw(WEFT_FUTURE_ANY(one), NULL), -EINVAL);
    CHECK_EQ(weft_future_status(one), -EAGAIN);
    weft_future_free(none);
    weft_future_free(one);
    return weft_scope_close(&scope);
}

struct point {
    double x, y;
    char name[40];
};

struct getter {
    weft_future(struct point) f;
    int want;
    atomic_int *here, *got;
};

static int getter(struct getter *self)
{
    struct point point = {.x = 0};

    atomic_fetch_add(self->here, 1);
    CHECK_EQ(weft_get(self->f, &point), self->want);
    if (self->want == 0)
        CHECK_STR(point.name, "origin");
    atomic_fetch_add(self->got, 1);
    return 0;
}

TEST_IN_TASK(every_getter_gets_the_outcome)
{
    for (int want = 0; want >= -EIO; want -= EIO) {
        weft_future(struct point) f = weft_future_new(struct point);
        atomic_int here = 0, got = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        for (int i = 0; i < 20; i++)
            weft_go(&scope, getter, .f = f, .want = want, .here = &here, .got = &got);
        await(&here, 20);
        CHECK_EQ(got, 0);
        CHECK_EQ(want == 0 ? weft_resolve(f, (struct point){1, 2, "origin"}) : weft_reject(f, want), 0);
        for (int i = 0; i < 5; i++)
            weft_go(&scope, getter, .f = f, .want = want, .here = &here, .got = &got);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(got, 25);
        weft_future_free(f);
    }
    return 0;
}

struct both_ways {
    weft_future(int) there, back;
};

static void answer(void *argument)
{
    struct both_ways *ways = argument;
    int value = 0;

    CHECK_EQ(weft_get(ways->there, &value), 0);
    CHECK_EQ(weft_resolve(ways->back, value + 1), 0);
}

TEST_IN_TASK(plain_threads_get_and_resolve)
{
    for (int round = 0; round < 20; round++) {
        struct both_ways ways = {weft_future_new(int), weft_future_new(int)};
        struct outside outside = {.fn = answer, .argument = &ways};
        pthread_t thread = begin_outside(&outside);
        int value = 0;

        for (int i = 0; i < round; i++)
            CHECK_EQ(weft_yield(), 0);
        CHECK_EQ(weft_resolve(ways.there, round), 0);
        end_outside(&outside, thread);
        CHECK_EQ(weft_get(ways.back, &value), 0);
        CHECK_EQ(value, round + 1);
        weft_future_free(ways.there);
        weft_future_free(ways.back);
    }
    return 0;
}

TEST_IN_TASK(a_get_that_is_cancelled_takes_nothing)
{
    weft_future(int) f = weft_future_new(int);
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_get(f, &value), -ETIMEDOUT);
    CHECK_EQ(weft_future_status(f), -EAGAIN);
    CHECK_EQ(weft_resolve(f, 5), 0); /* is not held up by the deadline */
    CHECK_EQ(weft_get(f, &value), -ETIMEDOUT);
    CHECK_EQ(weft_future_status(f), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_get(f, &value), -ECANCELED);
    CHECK_EQ(value, 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_get(f, &value), 0);
    CHECK_EQ(value, 5);
    weft_future_free(f);
    return 0;
}

TEST_IN_TASK(cancelling_wakes_those_who_get)
{
    weft_future(struct point) f = weft_future_new(struct point);
    atomic_int here = 0, got = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, getter, .f = f, .want = -ECANCELED, .here = &here, .got = &got);
    await(&here, 10);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(got, 10);
    weft_future_free(f);
    return 0;
}

struct resolver {
    weft_future(int) f;
    int value;
    atomic_int *won;
};

static int resolver(struct resolver *self)
{
    int rc = self->value % 2 ? weft_reject(self->f, -self->value - 1) : weft_resolve(self->f, self->value);

    CHECK(rc == 0 || rc == -EALREADY);
    if (rc == 0)
        atomic_fetch_add(self->won, 1);
    return 0;
}

TEST_IN_TASK(of_many_who_settle_it_one_wins)
{
    for (int round = 0; round < many(1000); round++) {
        weft_future(int) f = weft_future_new(int);
        atomic_int won = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        for (int i = 0; i < 4; i++)
            weft_go(&scope, resolver, .f = f, .value = i, .won = &won);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(won, 1);
        CHECK(weft_get(f, NULL) <= 0);
        weft_future_free(f);
    }
    return 0;
}

static void resolve_outside(void *f)
{
    CHECK_EQ(weft_resolve(*(weft_future(int) *)f, 1), 0);
}

TEST_IN_TASK(who_sees_the_outcome_may_free_it_at_once)
{
    for (int round = 0; round < many(400); round++) {
        weft_future(int) f = weft_future_new(int);
        struct outside outside = {.fn = resolve_outside, .argument = &f};
        pthread_t thread = begin_outside(&outside);

        if (round % 3 == 0)
            CHECK_EQ(weft_get(f, NULL), 0);
        else if (round % 3 == 1)
            while (weft_future_status(f) == -EAGAIN)
                (void)weft_yield();
        else
            while (weft_select(weft_on_future(f, NULL, NULL), weft_on_default()) == 1)
                (void)weft_yield();
        weft_future_free(f);
        end_outside(&outside, thread);
    }
    return 0;
}

/* ---- callbacks ---- */

struct record {
    int seen[16], count;
};

struct recorded {
    struct record *record;
    int id;
};

static int note(const int *value, int *result, void *data)
{
    struct recorded *self = data;

    self->record->seen[self->record->count++] = self->id;
    *result = *value + self->id;
    return 0;
}

TEST(callbacks_run_in_the_order_of_chaining)
{
    weft_future(int) f = weft_future_new(int), then[10];
    struct recorded recorded[10];
    struct record record = {.count = 0};
    int value;

    for (int i = 0; i < 9; i++) {
        recorded[i] = (struct recorded){&record, i};
        then[i] = weft_then(f, int, note, NULL, &recorded[i]);
        MUST(then[i]);
        CHECK_EQ(weft_future_status(then[i]), -EAGAIN);
    }
    CHECK_EQ(record.count, 0);
    CHECK_EQ(weft_resolve(f, 100), 0);
    CHECK_EQ(record.count, 9);
    recorded[9] = (struct recorded){&record, 9};
    then[9] = weft_then(f, int, note, NULL, &recorded[9]); /* at once */
    CHECK_EQ(record.count, 10);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(record.seen[i], i);
        CHECK_EQ(weft_get(then[i], &value), 0);
        CHECK_EQ(value, 100 + i);
        weft_future_free(then[i]);
    }
    weft_future_free(f);
}

struct depth {
    size_t least, most;
    int calls;
};

static int add_one(const int *value, int *result, void *data)
{
    struct depth *depth = data;
    size_t used = weft_stack_used();

    depth->least = depth->calls == 0 || used < depth->least ? used : depth->least;
    depth->most = used > depth->most ? used : depth->most;
    depth->calls++;
    *result = *value + 1;
    return 0;
}

TEST_IN_TASK(a_long_chain_settles_on_one_stack_frame)
{
    int length = many(100000), value = 0;
    weft_future(int) first = weft_future_new(int), last = first;
    struct depth depth = {.calls = 0};

    for (int i = 0; i < length; i++) {
        weft_future(int) next = weft_then(last, int, add_one, NULL, &depth);

        MUST(next);
        if (last != first)
            weft_future_free(last); /* what is chained to it keeps what it needs */
        last = next;
    }
    CHECK_EQ(weft_resolve(first, 0), 0);
    CHECK_EQ(weft_get(last, &value), 0);
    CHECK_EQ(value, length);
    CHECK_EQ(depth.calls, length);
    CHECK_EQ(depth.most, depth.least);
    weft_future_free(first);
    weft_future_free(last);
    return 0;
}

TEST_IN_TASK(a_future_takes_any_number_of_callbacks)
{
    int width = many(100000);
    weft_future(int) *then = calloc((size_t)width, sizeof *then), f = weft_future_new(int);
    struct depth depth = {.calls = 0};

    MUST(then);
    for (int i = 0; i < width; i++)
        then[i] = weft_then(f, int, add_one, NULL, &depth);
    CHECK_EQ(weft_resolve(f, 1), 0);
    CHECK_EQ(depth.calls, width);
    weft_future_free(f);
    for (int i = 0; i < width; i++) {
        CHECK_EQ(weft_future_status(then[i]), 0);
        weft_future_free(then[i]);
    }
    free(then);
    return 0;
}

static int wait_for_other(const int *value, int *result, void *data)
{
    int other = 0, rc = weft_get((weft_future(int))data, &other);

    *result = *value + other;
    return rc;
}

struct settle_both {
    weft_future(int) first, second;
    atomic_int *resolved;
};

static int settle_both(struct settle_both *self)
{
    if (self->second)
        return weft_resolve(self->second, 30);
    CHECK_EQ(weft_resolve(self->first, 4), 0); /* returns when its callbacks have */
    atomic_store(self->resolved, 1);
    return 0;
}

TEST_IN_TASK(a_callback_may_wait)
{
    weft_future(int) first = weft_future_new(int), second = weft_future_new(int), sum;
    atomic_int resolved = 0;
    weft_scope scope;
    int value = 0;

    sum = weft_then(first, int, wait_for_other, NULL, second);
    weft_scope_open(&scope);
    weft_go(&scope, settle_both, .first = first, .resolved = &resolved);
    CHECK_EQ(weft_get(first, &value), 0); /* settled, and the callback under way */
    CHECK_EQ(resolved, 0);
    CHECK_EQ(weft_future_status(sum), -EAGAIN);
    weft_go(&scope, settle_both, .second = second);
    CHECK_EQ(weft_get(sum, &value), 0);
    CHECK_EQ(value, 34);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(resolved, 1);
    weft_future_free(first);
    weft_future_free(second);
    weft_future_free(sum);
    return 0;
}

static int resolve_other(const int *value, int *result, void *data)
{
    *result = *value;
    return weft_resolve((weft_future(int))data, *value * 2);
}

TEST(a_callback_may_settle_another_future)
{
    weft_future(int) f = weft_future_new(int), other = weft_future_new(int), then, after;
    struct record record = {.count = 0};
    struct recorded recorded = {&record, 1};
    int value = 0;

    then = weft_then(f, int, resolve_other, NULL, other);
    after = weft_then(other, int, note, NULL, &recorded);
    CHECK_EQ(weft_resolve(f, 21), 0);
    CHECK_EQ(weft_get(then, &value), 0);
    CHECK_EQ(value, 21);
    CHECK_EQ(weft_get(after, &value), 0);
    CHECK_EQ(value, 43);
    weft_future_free(then);
    weft_future_free(after);
    then = weft_then(f, int, resolve_other, NULL, other); /* it has been settled: that is the callback's own error */
    CHECK_EQ(weft_get(then, NULL), -EALREADY);
    weft_future_free(then);
    weft_future_free(other);
    weft_future_free(f);
}

static int must_not_run(const int *value, int *result, void *data)
{
    (void)data;
    CHECK(!"a rejected future has called back with a value");
    *result = *value;
    return 0;
}

static int mend(int rc, int *result, void *data)
{
    CHECK_EQ(rc, *(int *)data);
    *result = -rc;
    return 0;
}

static int replace(int rc, int *result, void *data)
{
    (void)result;
    (void)data;
    return rc == -EIO ? -ENOENT : -EINVAL;
}

TEST(an_error_passes_down_a_chain_until_it_is_mended)
{
    weft_future(int) f = weft_future_new(int), chain[5];
    int expected = -ENOENT, value = 0;
    struct depth depth = {.calls = 0};

    chain[0] = weft_then(f, int, must_not_run, NULL, NULL);
    chain[1] = weft_then(chain[0], int, must_not_run, replace, NULL);
    chain[2] = weft_then(chain[1], int, NULL, NULL, NULL);
    chain[3] = weft_then(chain[2], int, must_not_run, mend, &expected);
    chain[4] = weft_then(chain[3], int, add_one, NULL, &depth);
    CHECK_EQ(weft_reject(f, -EIO), 0);
    CHECK_EQ(weft_get(chain[0], NULL), -EIO);
    CHECK_EQ(weft_get(chain[1], NULL), -ENOENT);
    CHECK_EQ(weft_get(chain[2], NULL), -ENOENT);
    CHECK_EQ(weft_get(chain[3], &value), 0);
    CHECK_EQ(value, ENOENT);
    CHECK_EQ(weft_get(chain[4], &value), 0);
    CHECK_EQ(value, ENOENT + 1);
    for (int i = 0; i < 5; i++)
        weft_future_free(chain[i]);
    weft_future_free(f);
}

static int refuse(const int *value, int *result, void *data)
{
    (void)data;
    *result = *value;
    return -ERANGE;
}

TEST(a_callback_that_fails_rejects_what_it_is_to_give)
{
    weft_future(int) f = weft_future_new(int), then = weft_then(f, int, refuse, NULL, NULL);

    CHECK_EQ(weft_resolve(f, 1), 0);
    CHECK_EQ(weft_get(then, NULL), -ERANGE);
    CHECK_EQ(weft_get(f, NULL), 0);
    weft_future_free(then);
    weft_future_free(f);
}

TEST(without_callbacks_the_outcome_is_passed_on)
{
    weft_future(int) f = weft_future_new(int), same = weft_then(f, int, NULL, NULL, NULL);
    weft_future(char) small = weft_then(f, char, NULL, NULL, NULL);
    int value = 0;

    CHECK_EQ(weft_resolve(f, 77), 0);
    CHECK_EQ(weft_get(same, &value), 0);
    CHECK_EQ(value, 77);
    CHECK_EQ(weft_get(small, NULL), -EINVAL); /* it does not fit */
    weft_future_free(same);
    weft_future_free(small);
    weft_future_free(f);
}

static int count_call(const int *value, int *result, void *data)
{
    atomic_fetch_add((atomic_int *)data, *value);
    *result = *value;
    return 0;
}

struct chainer {
    weft_future(int) f;
    atomic_int *calls, *here;
};

static int chainer(struct chainer *self)
{
    atomic_fetch_add(self->here, 1);
    for (int i = 0; i < 20; i++) {
        weft_future(int) then = weft_then(self->f, int, count_call, NULL, self->calls);

        if (i % 4 == 0)
            (void)weft_yield();
        CHECK_EQ(weft_get(then, NULL), 0);
        weft_future_free(then);
    }
    return 0;
}

TEST_IN_TASK(what_is_chained_while_it_settles_runs_once)
{
    for (int round = 0; round < many(200); round++) {
        weft_future(int) f = weft_future_new(int);
        atomic_int calls = 0, here = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        for (int i = 0; i < 4; i++)
            weft_go(&scope, chainer, .f = f, .calls = &calls, .here = &here);
        await(&here, round % 4);
        CHECK_EQ(weft_resolve(f, 1), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(calls, 80);
        weft_future_free(f);
    }
    return 0;
}

/* ---- reports, and the end of a future ---- */

static int look_away(int rc, int *result, void *data)
{
    (void)data;
    *result = 0;
    return rc == -EIO ? 0 : rc;
}

/* How many reports it makes when a rejected future has been looked at in this way. */
static int reports_after(int how)
{
    weft_future(int) f = weft_future_new(int), then = NULL;
    int rc = 0, before = atomic_load(&reports);

    if (how == 3)
        then = weft_then(f, int, NULL, look_away, NULL);
    CHECK_EQ(weft_reject(f, -EIO), 0);
    if (how == 1)
        CHECK_EQ(weft_get(f, NULL), -EIO);
    if (how == 2)
        CHECK_EQ(weft_future_status(f), -EIO);
    if (how == 4)
        CHECK_EQ(weft_select(weft_on_future(f, NULL, &rc)), 0);
    if (how == 5)
        then = weft_then(f, int, must_not_run, NULL, NULL); /* the error is the new one's now */
    weft_future_free(f);
    weft_future_free(then);
    return atomic_load(&reports) - before;
}

TEST_IN_TASK(a_rejection_that_nobody_looked_at_is_reported_once)
{
    static const int expected[] = {1, 0, 0, 0, 0, 1};

    weft_on_report(keep_report);
    for (int how = 0; how < 6; how++)
        CHECK_EQ(reports_after(how), expected[how]);
    CHECK_HAS(last_report, "future_test.c:");
    CHECK_HAS(last_report, "EIO");
    weft_on_report(NULL);
    return 0;
}

TEST_IN_TASK(a_select_that_another_case_won_has_not_looked)
{
    weft_future(int) lost = weft_future_new(int), won = weft_future_new(int);
    int rc = 1, value = 0, before;

    weft_on_report(keep_report);
    before = atomic_load(&reports);
    CHECK_EQ(weft_resolve(won, 3), 0);
    CHECK_EQ(weft_reject(lost, -EIO), 0);
    CHECK_EQ(weft_select_first(weft_on_future(won, &value, NULL), weft_on_future(lost, NULL, &rc)), 0);
    CHECK_EQ(rc, 1);
    weft_future_free(won);
    weft_future_free(lost);
    CHECK_EQ(atomic_load(&reports), before + 1);
    weft_on_report(NULL);
    return 0;
}

TEST(freeing_a_pending_future_breaks_off_what_is_chained_to_it)
{
    weft_future(int) f = weft_future_new(int), lone = weft_future_new(int), mended, chain;
    weft_future(size_t) all;
    struct weft__future *members[2];
    int expected = -EPIPE, value = 0;

    mended = weft_then(f, int, must_not_run, mend, &expected);
    chain = weft_then(mended, int, NULL, NULL, NULL);
    members[0] = WEFT_FUTURE_ANY(lone);
    members[1] = WEFT_FUTURE_ANY(f);
    all = weft_future_all(members, 2);
    weft_future_free(mended);
    CHECK_EQ(weft_future_status(chain), -EAGAIN); /* it may still be mended: f can be settled */
    weft_future_free(f);
    CHECK_EQ(weft_get(chain, &value), 0);
    CHECK_EQ(value, EPIPE);
    CHECK_EQ(weft_get(all, NULL), -EPIPE);
    weft_future_free(lone);
    weft_future_free(chain);
    weft_future_free(all);
}

/* ---- several ---- */

enum { PENDING = 1, VALUE = 0 }; /* < 0: rejected so */

struct several {
    weft_future(size_t) (*how)(struct weft__future *const *futures, size_t count);
    int rcs[3];
    size_t count;
    int want; /* -EAGAIN: no outcome yet */
    size_t value;
};

static const struct several several[] = {
    {weft_future_all, {VALUE, VALUE, VALUE}, 3, 0, 3},
    {weft_future_all, {VALUE, PENDING, VALUE}, 3, -EAGAIN, 0},
    {weft_future_all, {PENDING, -EIO, -EPERM}, 3, -EIO, 0},
    {weft_future_all, {0}, 0, 0, 0},
    {weft_future_any, {-EIO, VALUE, VALUE}, 3, 0, 1},
    {weft_future_any, {-EIO, PENDING, -EPERM}, 3, -EAGAIN, 0},
    {weft_future_any, {-EIO, -ENOENT, -EPERM}, 3, -EPERM, 0},
    {weft_future_any, {0}, 0, -EINVAL, 0},
    {weft_future_race, {PENDING, VALUE, -EIO}, 3, 0, 1},
    {weft_future_race, {PENDING, -EIO, VALUE}, 3, -EIO, 0},
    {weft_future_race, {PENDING, PENDING, PENDING}, 3, -EAGAIN, 0},
    {weft_future_race, {0}, 0, -EINVAL, 0},
};

static void settle_as(weft_future(int) f, int rc)
{
    if (rc != PENDING)
        CHECK_EQ(rc == VALUE ? weft_resolve(f, 1) : weft_reject(f, rc), 0);
}

/* late: they are settled after they have been gathered. */
static void check_several(const struct several *test, int late)
{
    struct weft__future *members[3];
    weft_future(int) f[3];
    weft_future(size_t) target;
    size_t value = 99;

    for (size_t i = 0; i < 3; i++) {
        f[i] = weft_future_new(int);
        members[i] = WEFT_FUTURE_ANY(f[i]);
        if (!late && i < test->count)
            settle_as(f[i], test->rcs[i]);
    }
    target = test->how(members, test->count);
    MUST(target);
    for (size_t i = 0; late && i < test->count; i++)
        settle_as(f[i], test->rcs[i]);
    CHECK_EQ(weft_future_status(target), test->want);
    if (test->want == 0) {
        CHECK_EQ(weft_get(target, &value), 0);
        CHECK_EQ(value, test->value);
    }
    for (size_t i = 0; i < 3; i++)
        weft_future_free(f[i]);
    CHECK(weft_future_status(target) != -EAGAIN); /* nothing stays pending for good */
    weft_future_free(target);
}

TEST(all_any_and_race_give_what_they_promise)
{
    int before;

    weft_on_report(keep_report);
    before = atomic_load(&reports);
    for (size_t i = 0; i < sizeof several / sizeof several[0]; i++) {
        check_several(&several[i], 0);
        check_several(&several[i], 1);
    }
    CHECK_EQ(atomic_load(&reports), before); /* they look at the errors */
    weft_on_report(NULL);
}

TEST(NULL_among_several_rejects_them)
{
    weft_future(int) f = weft_future_new(int);
    struct weft__future *members[2] = {WEFT_FUTURE_ANY(f), NULL};
    weft_future(size_t) targets[4] = {weft_future_all(members, 2), weft_future_any(members, 2),
                                      weft_future_race(members, 2), weft_future_all(NULL, 1)};

    for (int i = 0; i < 4; i++) {
        CHECK_EQ(weft_get(targets[i], NULL), -EINVAL);
        weft_future_free(targets[i]);
    }
    CHECK_EQ(weft_resolve(f, 1), 0);
    weft_future_free(f);
}

TEST_IN_TASK(several_are_settled_from_many_tasks)
{
    enum { COUNT = 50 };
    for (int round = 0; round < many(100) + 1; round++) {
        weft_future(int) f[COUNT];
        struct weft__future *members[COUNT];
        weft_future(size_t) all, any;
        atomic_int won = 0;
        weft_scope scope;
        size_t value = 0;

        for (int i = 0; i < COUNT; i++)
            members[i] = WEFT_FUTURE_ANY(f[i] = weft_future_new(int));
        all = weft_future_all(members, COUNT);
        weft_scope_open(&scope);
        for (int i = 0; i < COUNT; i++)
            weft_go(&scope, resolver, .f = f[i], .value = 2 * i, .won = &won);
        any = weft_future_any(members, COUNT);
        CHECK_EQ(weft_get(all, &value), 0);
        CHECK_EQ(value, COUNT);
        CHECK_EQ(weft_get(any, &value), 0);
        CHECK(value < COUNT);
        CHECK_EQ(weft_scope_close(&scope), 0);
        for (int i = 0; i < COUNT; i++)
            weft_future_free(f[i]);
        weft_future_free(all);
        weft_future_free(any);
    }
    return 0;
}
