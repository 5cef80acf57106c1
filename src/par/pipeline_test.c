#include "run.h"

#include <errno.h>

struct count {
    int next, to;
    atomic_int *made;
};

static int count(struct count *self, int *out)
{
    if (self->next == self->to)
        return -EPIPE;
    *out = self->next++;
    if (self->made)
        atomic_fetch_add(self->made, 1);
    return 0;
}

struct square {
    int fail_at, stop_at, skip_odd;
    atomic_int *flying, *most;
};

static int square(struct square *self, const int *in, long *out)
{
    int rc = 0;

    if (self->flying) {
        int flying = atomic_fetch_add(self->flying, 1) + 1, most = atomic_load(self->most);

        while (flying > most && !atomic_compare_exchange_weak(self->most, &most, flying))
            ;
    }
    for (int i = 0; i < (*in * 7) % 5; i++)
        (void)weft_yield();
    *out = (long)*in * *in;
    if (self->fail_at && *in == self->fail_at)
        rc = -EIO;
    else if (self->stop_at && *in >= self->stop_at)
        rc = -EPIPE;
    else if (self->skip_odd && *in % 2)
        rc = WEFT_SKIP;
    if (self->flying)
        atomic_fetch_sub(self->flying, 1);
    return rc;
}

struct check {
    int *seen;
    int step, stop_at;
};

static int check(struct check *self, const long *in)
{
    long root = (long)*self->seen * self->step;

    CHECK_EQ(*in, root * root);
    ++*self->seen;
    return self->stop_at && *self->seen == self->stop_at ? -EPIPE : 0;
}

/* ---- the whole ---- */

TEST_IN_TASK(a_pipeline_passes_every_item_in_order)
{
    static const int counts[] = {0, 1, 2, 100};

    for (int k = 0; k < 4; k++)
        for (uint32_t width = 1; width <= 9; width += 4) {
            int seen = 0;

            CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = counts[k]),
                                   weft_pipeline_stage_with((.width = width), int, long, square, 0),
                                   weft_pipeline_sink(long, check, .seen = &seen, .step = 1)),
                     0);
            CHECK_EQ(seen, counts[k]);
        }
    return 0;
}

TEST_IN_TASK(a_stage_may_skip_items)
{
    for (uint32_t width = 1; width <= 5; width += 4) {
        int seen = 0;

        CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 100),
                               weft_pipeline_stage_with((.width = width), int, long, square, .skip_odd = 1),
                               weft_pipeline_sink(long, check, .seen = &seen, .step = 2)),
                 0);
        CHECK_EQ(seen, 50);
    }
    return 0;
}

TEST_IN_TASK(an_error_of_a_stage_is_the_pipelines_and_cancels_it)
{
    for (uint32_t width = 1; width <= 5; width += 4) {
        int seen = 0;

        CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = -1),
                               weft_pipeline_stage_with((.width = width), int, long, square, .fail_at = 50),
                               weft_pipeline_sink(long, check, .seen = &seen, .step = 1)),
                 -EIO);
        CHECK(seen <= 50);
        CHECK_EQ(weft_check(), 0);
    }
    return 0;
}

TEST_IN_TASK(a_stage_ends_the_stream_before_an_item)
{
    for (uint32_t width = 1; width <= 5; width += 4) {
        int seen = 0;

        CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = -1),
                               weft_pipeline_stage_with((.width = width), int, long, square, .stop_at = 50),
                               weft_pipeline_sink(long, check, .seen = &seen, .step = 1)),
                 0);
        CHECK_EQ(seen, 50);
    }
    return 0;
}

TEST_IN_TASK(enough_travels_up_to_the_source)
{
    for (uint32_t width = 1; width <= 5; width += 4) {
        atomic_int made = 0;
        int seen = 0;

        CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = -1, .made = &made),
                               weft_pipeline_stage_with((.width = width, .room = 2), int, long, square, 0),
                               weft_pipeline_sink(long, check, .seen = &seen, .step = 1, .stop_at = 20)),
                 0);
        CHECK_EQ(seen, 20);
        CHECK(made <= 20 + 1 + 1 + (int)width + 2 + 1); /* source, room, stage, room, sink */
    }
    return 0;
}

struct hold {
    atomic_int *made;
    weft_event *go;
    int *seen;
};

static int hold(struct hold *self, const long *in)
{
    (void)in;
    ++*self->seen;
    return weft_event_wait(self->go);
}

struct opens {
    weft_event *go;
    atomic_int *made;
    int most;
};

/* Lets everybody run until nothing moves any more. */
static int opens(struct opens *self)
{
    await(self->made, self->most);
    for (int i = 0; i < 200; i++)
        (void)weft_yield();
    CHECK_EQ(*self->made, self->most);
    weft_event_set(self->go);
    return 0;
}

TEST_IN_TASK(back_pressure_bounds_the_items_in_flight)
{
    weft_event go = WEFT_EVENT_INIT;
    atomic_int made = 0, flying = 0, most = 0;
    weft_scope scope;
    int seen = 0, rc;

    weft_scope_open(&scope);
    weft_go(&scope, opens, .go = &go, .made = &made, .most = 1 + 3 + 4 + 2 + 1);
    rc = weft_pipeline(
        weft_pipeline_source_with((.room = 3), int, count, .to = 100, .made = &made),
        weft_pipeline_stage_with((.width = 4, .room = 2), int, long, square, .flying = &flying, .most = &most),
        weft_pipeline_sink(long, hold, .go = &go, .seen = &seen));
    CHECK_EQ(weft_scope_close_with(&scope, rc), 0);
    CHECK_EQ(seen, 100);
    CHECK(most <= 4);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_a_pipeline)
{
    weft_event never = WEFT_EVENT_INIT;
    weft_scope scope;
    int seen = 0, rc;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    rc = weft_pipeline(weft_pipeline_source(int, count, .to = 100), weft_pipeline_stage(int, long, square, 0),
                       weft_pipeline_sink(long, hold, .go = &never, .seen = &seen));
    CHECK_EQ(rc, -ETIMEDOUT);
    rc = weft_pipeline(weft_pipeline_source(int, count, .to = 100), weft_pipeline_stage(int, long, square, 0),
                       weft_pipeline_sink(long, hold, .go = &never, .seen = &seen));
    CHECK_EQ(rc, -ETIMEDOUT);
    CHECK_EQ(weft_scope_close_with(&scope, rc), -ETIMEDOUT);
    CHECK(seen <= 1);
    return 0;
}

struct take_int {
    int unused;
};

static int take_int(struct take_int *self, const int *in)
{
    (void)self;
    (void)in;
    return 0;
}

TEST_IN_TASK(stages_that_do_not_fit_are_refused)
{
    int seen = 0;

    CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 1),
                           weft_pipeline_sink(long, check, .seen = &seen, .step = 1)),
             -EINVAL);
    CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 1)), -EINVAL);
    CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 1), weft_pipeline_stage(int, long, square, 0)),
             -EINVAL);
    CHECK_EQ(weft_pipeline(weft_pipeline_stage(int, long, square, 0),
                           weft_pipeline_sink(long, check, .seen = &seen, .step = 1)),
             -EINVAL);
    CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 1),
                           weft_pipeline_sink_with((.width = 65537), int, take_int, 0)),
             -EINVAL);
    CHECK_EQ(weft_pipeline_raw(NULL, 2), -EINVAL);
    CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 1), weft_pipeline_sink(int, take_int, 0)), 0);
    return 0;
}

TEST(a_pipeline_outside_a_task_is_refused)
{
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_pipeline(weft_pipeline_source(int, count, .to = 1), weft_pipeline_sink(int, take_int, 0)), -EPERM);
    CHECK_EQ(weft_stop(), 0);
}

/* ---- single stages, on channels ---- */

TEST_IN_TASK(stages_stand_between_channels)
{
    weft_chan(int) numbers = weft_chan_new(int, 2);
    weft_chan(long) squares = weft_chan_new(long, 2);
    weft_scope scope;
    long item, i = 0;
    int rc;

    weft_scope_open(&scope);
    CHECK_EQ(weft_source(&scope, numbers, count, .to = 50), 0);
    CHECK_EQ(weft_stage_with(&scope, (.width = 4), numbers, squares, square, 0), 0);
    while ((rc = weft_recv(squares, &item)) == 0) {
        CHECK_EQ(item, i * i);
        i++;
    }
    CHECK_EQ(rc, -EPIPE);
    CHECK_EQ(i, 50);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(numbers);
    weft_chan_free(squares);
    return 0;
}

TEST_IN_TASK(channels_may_have_no_room)
{
    weft_chan(int) numbers = weft_chan_new(int, 0);
    weft_chan(long) squares = weft_chan_new(long, 0);
    weft_scope scope;
    int seen = 0;

    weft_scope_open(&scope);
    weft_source(&scope, numbers, count, .to = 50);
    weft_stage_with(&scope, (.width = 3), numbers, squares, square, 0);
    weft_sink(&scope, squares, check, .seen = &seen, .step = 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(seen, 50);
    weft_chan_free(numbers);
    weft_chan_free(squares);
    return 0;
}

struct slow_first {
    atomic_int *done;
};

static int slow_first(struct slow_first *self, const int *in, int *out)
{
    if (*in == 0)
        await(self->done, 3);
    *out = *in;
    return 0;
}

TEST_IN_TASK(a_map_into_a_channel_delivers_as_completed)
{
    static const int items[] = {0, 1, 2, 3};
    weft_chan(int) out = weft_chan_new(int, 4);
    atomic_int done = 0;
    weft_scope scope;
    int item, last = -1;

    weft_scope_open(&scope);
    CHECK_EQ(weft_map_chan_with(&scope, (.width = 2, .unordered = 1), items, 4, out, slow_first, .done = &done), 0);
    while (weft_recv(out, &item) == 0) {
        last = item;
        atomic_fetch_add(&done, 1);
    }
    CHECK_EQ(last, 0);
    CHECK_EQ(done, 4);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(out);
    return 0;
}

TEST_IN_TASK(a_map_into_a_channel_keeps_the_order_otherwise)
{
    for (size_t many_items = 0; many_items <= 40; many_items += 20) {
        weft_chan(long) out = weft_chan_new(long, 1);
        int items[40], seen = 0;
        weft_scope scope;

        for (int i = 0; i < 40; i++)
            items[i] = i;
        weft_scope_open(&scope);
        weft_map_chan_with(&scope, (.width = 5), items, many_items, out, square, 0);
        weft_sink(&scope, out, check, .seen = &seen, .step = 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(seen, many_items);
        weft_chan_free(out);
    }
    return 0;
}

TEST_IN_TASK(a_failed_stage_closes_its_channels_in_a_scope_that_goes_on)
{
    weft_chan(int) numbers = weft_chan_new(int, 2);
    weft_chan(long) squares = weft_chan_new(long, 2);
    weft_scope scope;
    int seen = 0;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_source(&scope, numbers, count, .to = -1);
    weft_stage(&scope, numbers, squares, square, .fail_at = 10);
    weft_sink(&scope, squares, check, .seen = &seen, .step = 1);
    CHECK_EQ(weft_scope_close(&scope), -EIO);
    CHECK_EQ(seen, 10);
    weft_chan_free(numbers);
    weft_chan_free(squares);
    return 0;
}

struct ends {
    weft_scope *scope;
    int *orderly;
};

static int never_ends(struct ends *self, weft_chan(long) in)
{
    long item;
    int rc;

    while ((rc = weft_recv(in, &item)) == 0)
        ;
    *self->orderly = rc == -EPIPE;
    return rc;
}

TEST_IN_TASK(nobody_takes_a_broken_stream_for_a_whole_one)
{
    weft_chan(int) numbers = weft_chan_new(int, 2);
    weft_chan(long) squares = weft_chan_new(long, 2);
    weft_scope scope;
    int orderly = 0, rc;

    weft_scope_open(&scope);
    weft_source(&scope, numbers, count, .to = -1);
    weft_stage(&scope, numbers, squares, square, .fail_at = 10);
    rc = never_ends(&(struct ends){&scope, &orderly}, squares);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_scope_close_with(&scope, rc), -EIO);
    CHECK(!orderly);
    weft_chan_free(numbers);
    weft_chan_free(squares);
    return 0;
}

TEST_IN_TASK(a_stage_that_cannot_start_closes_its_channels)
{
    weft_chan(int) numbers = weft_chan_new(int, 2);
    weft_scope scope;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_source(&scope, numbers, count, .to = 1), -ECANCELED);
    CHECK_EQ(weft_chan_close(numbers), -EPIPE);
    (void)weft_scope_close(&scope);
    weft_chan_free(numbers);
    return 0;
}

TEST_IN_TASK(a_stage_without_an_end_is_refused)
{
    struct weft_stage stage = {.fn = (void (*)(void))count, .in_size = 4, .out_size = 4};
    weft_chan(int) numbers = weft_chan_new(int, 2);
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_stage_raw(&scope, stage, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_stage_raw(&scope, stage, WEFT__CHAN(numbers), NULL), -EINVAL);
    CHECK_EQ(weft_source(NULL, numbers, count, .to = 1), -EINVAL);
    CHECK_EQ(weft_source_with(&scope, (.width = 65537), numbers, count, .to = 1), -EINVAL);
    weft_chan_free(numbers);
    return weft_scope_close(&scope);
}
