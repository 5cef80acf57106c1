#include "run.h"

#include <errno.h>
#include <pthread.h>

/* ---- for ---- */

struct mark {
    atomic_int *seen;
    atomic_int *pieces;
};

static int mark(struct mark *self, size_t begin, size_t end)
{
    CHECK(begin < end);
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&self->seen[i], 1);
    if (self->pieces)
        atomic_fetch_add(self->pieces, 1);
    return 0;
}

static void check_marks(atomic_int *seen, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++)
        wrong += seen[i] != 1;
    CHECK_EQ(wrong, 0);
}

TEST_IN_TASK(each_iteration_runs_once)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 100, 1001};

    for (int k = 0; k < 7; k++)
        for (size_t grain = 0; grain <= 4; grain += 2) {
            atomic_int *seen = calloc(counts[k] + 1, sizeof *seen);

            MUST(seen);
            CHECK_EQ(weft_for_with((.grain = grain), 0, counts[k], mark, .seen = seen), 0);
            check_marks(seen, counts[k]);
            CHECK_EQ(seen[counts[k]], 0);
            free(seen);
        }
    return 0;
}

TEST_IN_TASK(many_iterations_run_once)
{
    size_t count = (size_t)many(1000000);
    atomic_int *seen = calloc(count, sizeof *seen);

    MUST(seen);
    CHECK_EQ(weft_for(0, count, mark, .seen = seen), 0);
    check_marks(seen, count);
    free(seen);
    return 0;
}

TEST_IN_TASK(a_range_that_ends_before_it_begins_is_empty)
{
    CHECK_EQ(weft_for(7, 7, mark, .seen = NULL), 0);
    CHECK_EQ(weft_for(8, 7, mark, .seen = NULL), 0);
    return 0;
}

struct far {
    size_t offset;
    atomic_int *seen;
};

static int far(struct far *self, size_t i)
{
    atomic_fetch_add(&self->seen[i - self->offset], 1);
    return 0;
}

TEST_IN_TASK(a_range_may_lie_at_the_end_of_all_numbers)
{
    atomic_int seen[10] = {0};

    CHECK_EQ(weft_for_each_with((.grain = 4), SIZE_MAX - 10, SIZE_MAX, far, .offset = SIZE_MAX - 10, .seen = seen), 0);
    check_marks(seen, 10);
    return 0;
}

TEST_IN_TASK(a_grain_is_the_size_of_pieces)
{
    atomic_int seen[100] = {0}, pieces = 0;

    CHECK_EQ(weft_for_with((.grain = 30), 0, 100, mark, .seen = seen, .pieces = &pieces), 0);
    CHECK_EQ(pieces, 4);
    check_marks(seen, 100);
    return 0;
}

struct meet {
    atomic_int *here;
    int wanted;
    weft_event *all;
};

static int meet(struct meet *self, size_t i)
{
    (void)i;
    if (atomic_fetch_add(self->here, 1) + 1 == self->wanted)
        weft_event_set(self->all);
    return weft_event_wait(self->all);
}

TEST_IN_TASK(a_width_lets_so_many_bodies_wait_at_once)
{
    weft_event all = WEFT_EVENT_INIT;
    atomic_int here = 0;

    CHECK_EQ(weft_for_each_with((.width = 50), 0, 50, meet, .here = &here, .wanted = 50, .all = &all), 0);
    CHECK_EQ(here, 50);
    return 0;
}

struct crowd {
    atomic_int *here, *most;
};

static int crowd(struct crowd *self, size_t i)
{
    int here = atomic_fetch_add(self->here, 1) + 1, most = atomic_load(self->most);

    while (here > most && !atomic_compare_exchange_weak(self->most, &most, here))
        ;
    for (size_t n = 0; n < i % 3; n++)
        (void)weft_yield();
    atomic_fetch_sub(self->here, 1);
    return 0;
}

TEST_IN_TASK(no_more_than_the_width_run_at_once)
{
    atomic_int here = 0, most = 0;

    CHECK_EQ(weft_for_each_with((.width = 3), 0, 200, crowd, .here = &here, .most = &most), 0);
    CHECK(most <= 3);
    return 0;
}

/* ---- errors and cancellation ---- */

struct fails {
    size_t at;
    atomic_int *ran;
};

static int fails(struct fails *self, size_t i)
{
    atomic_fetch_add(self->ran, 1);
    return i == self->at ? -EIO : 0;
}

TEST_IN_TASK(an_error_ends_the_loop_and_is_its_result)
{
    static const size_t places[] = {0, 1, 500, 999};
    struct weft_stats stats;

    CHECK_EQ(weft_stats(&stats), 0);
    for (int k = 0; k < 4; k++) {
        atomic_int ran = 0;

        CHECK_EQ(weft_for_each_with((.grain = 1), 0, 1000, fails, .at = places[k], .ran = &ran), -EIO);
        CHECK(ran + (int)stats.workers > (int)places[k]); /* each of the others may have taken one, and not begun it */
        CHECK_EQ(weft_check(), 0);
    }
    return 0;
}

struct fail_first {
    atomic_int *here;
    weft_waker *never;
};

static int fail_first(struct fail_first *self, size_t i)
{
    if (i == 0) {
        await(self->here, 7);
        return -EIO;
    }
    atomic_fetch_add(self->here, 1);
    CHECK_EQ(weft_sleep(WEFT_FOREVER), -ECANCELED);
    return -EPROTO; /* too late to be the first */
}

TEST_IN_TASK(the_first_error_counts_and_cancels_the_others)
{
    atomic_int here = 0;

    CHECK_EQ(weft_for_each_with((.width = 8, .grain = 1), 0, 100, fail_first, .here = &here), -EIO);
    CHECK_EQ(here, 7);
    return 0;
}

struct waits {
    atomic_int *begun;
};

static int waits(struct waits *self, size_t i)
{
    (void)i;
    atomic_fetch_add(self->begun, 1);
    return weft_sleep(3600 * WEFT_SECOND);
}

TEST_IN_TASK(a_deadline_ends_a_loop)
{
    atomic_int begun = 0;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    rc = weft_for_each_with((.width = 4), 0, 100, waits, .begun = &begun);
    CHECK_EQ(rc, -ETIMEDOUT);
    CHECK_EQ(weft_scope_close_with(&scope, rc), -ETIMEDOUT);
    CHECK(begun <= 4);
    return 0;
}

struct runs_loop {
    atomic_int *begun;
};

static int runs_loop(struct runs_loop *self)
{
    return weft_for_each_with((.width = 4), 0, 100, waits, .begun = self->begun);
}

TEST_IN_TASK(cancelling_ends_a_loop)
{
    atomic_int begun = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, runs_loop, .begun = &begun);
    await(&begun, 4);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(begun, 4);
    return 0;
}

struct cancels {
    weft_scope *scope;
    atomic_int *ran;
};

static int cancels(struct cancels *self, size_t i)
{
    atomic_fetch_add(self->ran, 1);
    if (i == 5)
        weft_scope_cancel(self->scope);
    return 0;
}

TEST_IN_TASK(a_loop_that_only_computes_sees_a_cancellation)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_for_each_with((.width = 1), 0, 1000000, cancels, .scope = &scope, .ran = &ran), -ECANCELED);
    CHECK_EQ(ran, 6);
    CHECK_EQ(weft_for_each(0, 10, cancels, .scope = &scope, .ran = &ran), -ECANCELED);
    CHECK_EQ(weft_for(0, 0, mark, .seen = NULL), -ECANCELED);
    CHECK_EQ(ran, 6);
    (void)weft_scope_close(&scope);
    return 0;
}

TEST_IN_TASK(a_loop_that_was_done_before_the_cancellation_succeeds)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_for_each_with((.width = 1), 0, 6, cancels, .scope = &scope, .ran = &ran), 0);
    (void)weft_scope_close(&scope);
    CHECK_EQ(ran, 6);
    return 0;
}

/* ---- nesting, callers ---- */

struct inner {
    atomic_int *row;
};

static int inner(struct inner *self, size_t i)
{
    atomic_fetch_add(&self->row[i], 1);
    return 0;
}

struct outer {
    atomic_int (*rows)[40];
};

static int outer(struct outer *self, size_t i)
{
    return weft_for_each_with((.grain = i % 3), 0, 40, inner, .row = self->rows[i]);
}

TEST_IN_TASK(loops_nest)
{
    static atomic_int rows[40][40];

    memset(rows, 0, sizeof rows);
    CHECK_EQ(weft_for_each(0, 40, outer, .rows = rows), 0);
    check_marks(&rows[0][0], 40 * 40);
    return 0;
}

struct pinned {
    atomic_int *seen;
};

static int pinned(struct pinned *self)
{
    return weft_for(0, 1000, mark, .seen = self->seen);
}

TEST_IN_TASK(a_pinned_task_runs_loops_too)
{
    static atomic_int seen[1000];
    weft_scope scope;

    memset(seen, 0, sizeof seen);
    weft_scope_open(&scope);
    weft_go_with(&scope, (.pin = 1), pinned, .seen = seen);
    CHECK_EQ(weft_scope_close(&scope), 0);
    check_marks(seen, 1000);
    return 0;
}

TEST(a_loop_outside_a_task_is_refused)
{
    int in[1] = {0}, out[1] = {0};

    CHECK_EQ(weft_for(0, 10, mark, .seen = NULL), -EPERM);
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_for(0, 10, mark, .seen = NULL), -EPERM);
    CHECK_EQ(weft_map_raw(in, 4, out, 4, 1, (weft_map_fn *)(void (*)(void))mark, NULL, NULL), -EPERM);
    CHECK_EQ(weft_stop(), 0);
}

TEST_IN_TASK(a_loop_without_a_body_is_refused)
{
    int one = 0;

    CHECK_EQ(weft_for_raw(0, 1, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_for_each_raw(0, 1, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_map_raw(&one, 4, &one, 4, 1, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_map_raw(NULL, 4, &one, 4, 1, (weft_map_fn *)(void (*)(void))mark, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_map_raw(&one, 4, NULL, 4, 1, (weft_map_fn *)(void (*)(void))mark, NULL, NULL), -EINVAL);
    return 0;
}

struct named {
    const char *want;
    weft_task *own;
};

static int named(struct named *self, size_t i)
{
    (void)i;
    if (strcmp(weft_task_name(), "named_own") != 0)
        CHECK_STR(weft_task_name(), self->want);
    return 0;
}

TEST_IN_TASK(tasks_of_a_loop_have_the_name_of_the_body)
{
    weft_task_rename("named_own");
    CHECK_EQ(weft_for_each_with((.width = 4), 0, 100, named, .want = "named"), 0);
    CHECK_EQ(weft_for_each_with((.width = 4, .name = "x"), 0, 100, named, .want = "x"), 0);
    return 0;
}

/* ---- map ---- */

struct squares {
    int fail_at;
};

static int squares(struct squares *self, const int *in, long *out)
{
    *out = (long)*in * *in;
    return *in == self->fail_at ? -EDOM : 0;
}

TEST_IN_TASK(a_map_keeps_each_result_in_its_place)
{
    enum { COUNT = 1000 };
    static int in[COUNT];
    static long out[COUNT];
    size_t wrong = 0;

    for (int i = 0; i < COUNT; i++)
        in[i] = i;
    CHECK_EQ(weft_map(in, out, COUNT, squares, .fail_at = -1), 0);
    for (int i = 0; i < COUNT; i++)
        wrong += out[i] != (long)i * i;
    CHECK_EQ(wrong, 0);
    CHECK_EQ(weft_map(in, out, COUNT, squares, .fail_at = 700), -EDOM);
    CHECK_EQ(weft_map(in, out, 0, squares, .fail_at = 0), 0);
    return 0;
}

/* ---- reduce ---- */

struct total {
    size_t fail_at;
};

static int total(struct total *self, size_t begin, size_t end, uint64_t *sum)
{
    for (size_t i = begin; i < end; i++) {
        *sum += i;
        if (i == self->fail_at)
            return -EIO;
    }
    return 0;
}

static int add(struct total *self, uint64_t *left, uint64_t *right)
{
    (void)self;
    *left += *right;
    return 0;
}

TEST_IN_TASK(a_reduction_adds_every_iteration_once)
{
    static const size_t counts[] = {0, 1, 2, 1000, 100000};

    for (int k = 0; k < 5; k++)
        for (int unordered = 0; unordered < 2; unordered++)
            for (size_t grain = 0; grain < 2; grain++) {
                size_t count = grain ? counts[k] / 10 : counts[k];
                uint64_t sum = 0;

                CHECK_EQ(weft_reduce_with((.width = 4, .grain = grain, .unordered = (unsigned char)unordered), 0, count,
                                          &sum, total, add, .fail_at = SIZE_MAX),
                         0);
                CHECK_EQ(sum, count ? count * (count - 1) / 2 : 0);
            }
    return 0;
}

/* A value that does not commute: a run of numbers. It owns memory, so that a leak would be seen. */
struct run_of {
    size_t first, count;
    char *owned;
};

struct gather {
    atomic_int *alive, *most;
    size_t fail_at;
    int wander;
};

static int gather(struct gather *self, size_t begin, size_t end, struct run_of *run)
{
    if (!run->owned) {
        int alive = atomic_fetch_add(self->alive, 1) + 1, most = atomic_load(self->most);

        while (alive > most && !atomic_compare_exchange_weak(self->most, &most, alive))
            ;
        run->owned = malloc(1);
        run->first = begin;
    }
    CHECK_EQ(run->first + run->count, begin);
    run->count += end - begin;
    for (size_t i = 0; self->wander && i < begin % 5; i++)
        (void)weft_yield();
    return begin <= self->fail_at && self->fail_at < end ? -EIO : 0;
}

static int append(struct gather *self, struct run_of *left, struct run_of *right)
{
    if (self->fail_at == SIZE_MAX)
        CHECK_EQ(left->first + left->count, right->first);
    CHECK(left->first < right->first);
    left->count += right->count;
    free(right->owned);
    atomic_fetch_sub(self->alive, 1);
    return 0;
}

TEST_IN_TASK(a_reduction_combines_in_order_and_keeps_few_values)
{
    for (uint32_t width = 1; width <= 9; width += 4) {
        struct run_of run = {0};
        atomic_int alive = 0, most = 0;

        CHECK_EQ(weft_reduce_with((.width = width, .grain = 1), 100, 600, &run, gather, append, .alive = &alive,
                                  .most = &most, .fail_at = SIZE_MAX, .wander = 1),
                 0);
        CHECK_EQ(run.first, 100);
        CHECK_EQ(run.count, 500);
        CHECK_EQ(alive, 1);
        CHECK(most <= 2 * (int)width + 1);
        free(run.owned);
    }
    return 0;
}

TEST_IN_TASK(a_reduction_that_fails_loses_no_value)
{
    for (uint32_t width = 1; width <= 9; width += 4) {
        struct run_of run = {0};
        atomic_int alive = 0, most = 0;

        CHECK_EQ(weft_reduce_with((.width = width, .grain = 3), 0, 500, &run, gather, append, .alive = &alive,
                                  .most = &most, .fail_at = 250, .wander = 1),
                 -EIO);
        CHECK_EQ(alive, 1);
        CHECK(run.count >= 3 && run.count <= 500);
        free(run.owned);
    }
    return 0;
}

struct both {
    atomic_int *here;
};

static int both(struct both *self, size_t begin, size_t end, int *value)
{
    *value += (int)(end - begin);
    atomic_fetch_add(self->here, 1);
    await(self->here, 2);
    return 0;
}

static int refuse(struct both *self, int *left, int *right)
{
    (void)self;
    *left += *right;
    return -EDOM;
}

TEST_IN_TASK(an_error_of_combine_is_the_reductions)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        atomic_int here = 0;
        int sum = 0;

        CHECK_EQ(weft_reduce_with((.width = 2, .unordered = (unsigned char)unordered), 0, 2, &sum, both, refuse,
                                  .here = &here),
                 -EDOM);
        CHECK_EQ(sum, 2);
    }
    return 0;
}

TEST_IN_TASK(a_reduction_without_a_body_is_refused)
{
    uint64_t sum = 0;

    CHECK_EQ(weft_reduce_raw(0, 1, &sum, 8, NULL, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_map_reduce_raw(NULL, &sum, 8, NULL, NULL, NULL, NULL), -EINVAL);
    return 0;
}

/* ---- map-reduce over a channel ---- */

struct feed {
    weft_chan(size_t) out;
    size_t count;
    atomic_int *flying, *most;
};

static int feed(struct feed *self)
{
    int rc = 0;

    for (size_t i = 0; i < self->count && rc == 0; i++)
        rc = weft_send(self->out, i);
    weft_chan_close(self->out);
    return rc == -EPIPE ? 0 : rc;
}

struct collect {
    atomic_int *flying, *most;
    size_t fail_at;
};

static int collect(struct collect *self, const size_t *item, struct run_of *run)
{
    int flying = atomic_fetch_add(self->flying, 1) + 1, most = atomic_load(self->most);
    size_t i = *item;

    while (flying > most && !atomic_compare_exchange_weak(self->most, &most, flying))
        ;
    if (run->count == 0)
        run->first = i;
    CHECK_EQ(run->first + run->count, i);
    run->count++;
    for (size_t n = 0; n < i % 4; n++)
        (void)weft_yield();
    atomic_fetch_sub(self->flying, 1);
    return i == self->fail_at ? -EIO : 0;
}

static int extend(struct collect *self, struct run_of *left, struct run_of *right)
{
    if (self->fail_at == SIZE_MAX)
        CHECK_EQ(left->first + left->count, right->first);
    left->count += right->count;
    return 0;
}

TEST_IN_TASK(a_map_reduce_takes_a_stream_in_order_with_few_in_flight)
{
    for (size_t count = 0; count <= 300; count = count ? count * 300 : 1)
        for (uint32_t width = 1; width <= 6; width += 5) {
            weft_chan(size_t) chan = weft_chan_new(size_t, 2);
            struct run_of run = {0};
            atomic_int flying = 0, most = 0;
            weft_scope scope;
            int rc;

            weft_scope_open(&scope);
            weft_go(&scope, feed, .out = chan, .count = count);
            rc = weft_map_reduce_with((.width = width), chan, &run, collect, extend, .flying = &flying, .most = &most,
                                      .fail_at = SIZE_MAX);
            CHECK_EQ(weft_scope_close_with(&scope, rc), 0);
            CHECK_EQ(run.first, 0);
            CHECK_EQ(run.count, count);
            CHECK(most <= (int)width);
            weft_chan_free(chan);
        }
    return 0;
}

TEST_IN_TASK(a_map_reduce_that_fails_lets_its_sender_go)
{
    weft_chan(size_t) chan = weft_chan_new(size_t, 2);
    struct run_of run = {0};
    atomic_int flying = 0, most = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, feed, .out = chan, .count = 1000);
    CHECK_EQ(weft_map_reduce_with((.width = 4), chan, &run, collect, extend, .flying = &flying, .most = &most,
                                  .fail_at = 100),
             -EIO);
    CHECK_EQ(weft_scope_close(&scope), 0); /* the sender got -EPIPE */
    CHECK(run.count > 1 && run.count < 1000);
    weft_chan_free(chan);
    return 0;
}

struct sum_items {
    int unused;
};

static int sum_items(struct sum_items *self, const size_t *item, uint64_t *sum)
{
    (void)self;
    *sum += *item;
    return 0;
}

static int add_sums(struct sum_items *self, uint64_t *left, uint64_t *right)
{
    (void)self;
    *left += *right;
    return 0;
}

TEST_IN_TASK(a_map_reduce_need_not_keep_the_order)
{
    size_t count = (size_t)many(20000);
    weft_chan(size_t) chan = weft_chan_new(size_t, 16);
    uint64_t sum = 0;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, feed, .out = chan, .count = count);
    rc = weft_map_reduce_with((.unordered = 1), chan, &sum, sum_items, add_sums, 0);
    CHECK_EQ(weft_scope_close_with(&scope, rc), 0);
    CHECK_EQ(sum, count * (count - 1) / 2);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_a_map_reduce)
{
    weft_chan(size_t) chan = weft_chan_new(size_t, 2);
    uint64_t sum = 0;
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_map_reduce(chan, &sum, sum_items, add_sums, 0), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0); /* it cut no child of this scope short */
    CHECK_EQ(weft_chan_close(chan), -EPIPE);
    weft_chan_free(chan);
    return 0;
}
