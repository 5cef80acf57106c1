#include "chan_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- handing over ---- */

TEST_IN_TASK(a_send_without_room_waits_for_its_receiver)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    atomic_int done = 0;
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope);
    weft_go(&scope, send_one, .chan = chan, .value = 7, .done = &done);
    AWAIT_SENDERS(chan, 1);
    CHECK_EQ(done, 0);
    CHECK_EQ(weft_chan_count(chan), 0);
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 7);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(done, 1);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_receiver_that_waits_gets_the_item_past_the_buffer)
{
    for (size_t capacity = 0; capacity < 3; capacity++) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        atomic_int done = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, recv_one, .chan = chan, .value = 8, .done = &done);
        AWAIT_RECEIVERS(chan, 1);
        CHECK_EQ(done, 0);
        CHECK_EQ(weft_send(chan, 8), 0);
        CHECK_EQ(weft_chan_count(chan), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(done, 1);
        weft_chan_free(chan);
    }
    return 0;
}

TEST_IN_TASK(a_send_waits_only_when_there_is_no_room)
{
    weft_chan(int) chan = weft_chan_new(int, 3);
    atomic_int done = 0;
    weft_scope scope;
    int value;

    CHECK_EQ(weft_chan_capacity(chan), 3);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(weft_chan_count(chan), i);
        CHECK_EQ(weft_send(chan, i), 0);
    }
    CHECK_EQ(weft_try_send(chan, 9), -EAGAIN);
    weft_scope_open(&scope);
    weft_go(&scope, send_one, .chan = chan, .value = 3, .done = &done);
    AWAIT_SENDERS(chan, 1);
    CHECK_EQ(done, 0);
    CHECK_EQ(weft_chan_count(chan), 3);
    for (int i = 0; i < 4; i++) { /* the one that waits moves up: it comes last */
        CHECK_EQ(weft_recv(chan, &value), 0);
        CHECK_EQ(value, i);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(done, 1);
    CHECK_EQ(weft_chan_count(chan), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(the_ring_wraps_at_every_place)
{
    for (size_t capacity = 1; capacity <= 9; capacity++) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        int in = 0, out = 0, value = 0;

        for (int round = 0; round < 40; round++) {
            for (int burst = round % (int)capacity + 1; burst > 0 && weft_try_send(chan, in) == 0; burst--)
                in++;
            for (int burst = round % 3 + 1; burst > 0 && weft_try_recv(chan, &value) == 0; burst--)
                CHECK_EQ(value, out++);
            CHECK_EQ(weft_chan_count(chan), in - out);
        }
        while (weft_try_recv(chan, &value) == 0)
            CHECK_EQ(value, out++);
        CHECK_EQ(in, out);
        weft_chan_free(chan);
    }
    return 0;
}

/* ---- items of every size ---- */

enum { SIZE_MAX_TESTED = 1000, SIZED_ITEMS = 20, BEYOND = 0x5a };

static void fill(unsigned char *item, size_t size, int number)
{
    for (size_t i = 0; i < size; i++)
        item[i] = (unsigned char)(number * 31 + (int)i);
}

struct send_sized {
    struct weft__chan *chan;
    size_t size;
};

static int send_sized(struct send_sized *self)
{
    unsigned char item[SIZE_MAX_TESTED];

    for (int i = 0; i < SIZED_ITEMS; i++) {
        fill(item, self->size, i);
        CHECK_EQ(weft_send_raw(self->chan, item), 0);
    }
    return 0;
}

struct recv_sized {
    struct weft__chan *chan;
    size_t size;
};

static int recv_sized(struct recv_sized *self)
{
    unsigned char item[SIZE_MAX_TESTED + 1], expected[SIZE_MAX_TESTED];

    for (int i = 0; i < SIZED_ITEMS; i++) {
        memset(item, BEYOND, sizeof item);
        fill(expected, self->size, i);
        CHECK_EQ(weft_recv_raw(self->chan, item), 0);
        CHECK(memcmp(item, expected, self->size) == 0);
        CHECK_EQ(item[self->size], BEYOND);
    }
    return 0;
}

TEST_IN_TASK(items_of_every_size_arrive_whole_and_write_nothing_else)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 7, 8, 9, 16, 24, SIZE_MAX_TESTED};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t capacity = 0; capacity <= 5; capacity++) {
            struct weft__chan *chan = weft_chan_new_raw(sizes[i], capacity);
            weft_scope scope;

            MUST(chan);
            weft_scope_open(&scope);
            if (capacity % 2) /* both begin */
                weft_go(&scope, send_sized, .chan = chan, .size = sizes[i]);
            weft_go(&scope, recv_sized, .chan = chan, .size = sizes[i]);
            if (capacity % 2 == 0)
                weft_go(&scope, send_sized, .chan = chan, .size = sizes[i]);
            CHECK_EQ(weft_scope_close(&scope), 0);
            CHECK_EQ(weft_chan_count_raw(chan), 0);
            weft_chan_free_raw(chan);
        }
    return 0;
}

TEST_IN_TASK(items_without_size_are_counted)
{
    struct weft__chan *chan = weft_chan_new_raw(0, UINT32_MAX); /* the largest ring takes no memory */
    char nothing[1];

    MUST(chan);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(weft_send_raw(chan, nothing), 0);
    CHECK_EQ(weft_chan_count_raw(chan), 100);
    CHECK_EQ(weft_chan_capacity_raw(chan), UINT32_MAX);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(weft_recv_raw(chan, i % 2 ? nothing : NULL), 0);
    CHECK_EQ(weft_try_recv_raw(chan, nothing), -EAGAIN);
    weft_chan_free_raw(chan);
    return 0;
}

/* ---- types ---- */

struct point {
    int x, y;
};

static int sum_of(weft_chan(struct point) points)
{
    struct point point;

    return weft_recv(points, &point) < 0 ? -1 : point.x + point.y;
}

TEST_IN_TASK(a_channels_type_is_the_same_wherever_it_is_written)
{
    struct {
        weft_chan(struct point) points;
        weft_chan(const char *) words;
        weft_chan(weft_chan(int)) channels;
    } all = {weft_chan_new(struct point, 1), weft_chan_new(const char *, 1), weft_chan_new(weft_chan(int), 1)};
    weft_chan(int) ints = weft_chan_new(int, 1);
    weft_chan(int) same;
    const char *word;
    int value;

    CHECK_EQ(weft_send(all.points, (struct point){2, 3}), 0);
    CHECK_EQ(sum_of(all.points), 5);
    CHECK_EQ(weft_send(all.words, "warp"), 0);
    CHECK_EQ(weft_recv(all.words, &word), 0);
    CHECK_STR(word, "warp");
    CHECK_EQ(weft_send(all.channels, ints), 0);
    CHECK_EQ(weft_recv(all.channels, &same), 0);
    CHECK_EQ(weft_send(same, 4), 0);
    CHECK_EQ(weft_recv(ints, &value), 0);
    CHECK_EQ(value, 4);
    weft_chan_free(all.points);
    weft_chan_free(all.words);
    weft_chan_free(all.channels);
    weft_chan_free(ints);
    return 0;
}

static int chan_uses;

static weft_chan(int) used(weft_chan(int) chan)
{
    chan_uses++;
    return chan;
}

TEST_IN_TASK(arguments_are_evaluated_once)
{
    weft_chan(int) chan = weft_chan_new(int, 4);
    int values[4] = {0}, *place = values, next = 1;

    chan_uses = 0;
    CHECK_EQ(weft_send(used(chan), next++), 0);
    CHECK_EQ(weft_try_send(used(chan), next++), 0);
    CHECK_EQ(weft_chan_count(used(chan)), 2);
    CHECK_EQ(weft_chan_capacity(used(chan)), 4);
    CHECK_EQ(weft_recv(used(chan), place++), 0);
    CHECK_EQ(weft_try_recv(used(chan), place++), 0);
    CHECK_EQ(weft_chan_close(used(chan)), 0);
    CHECK_EQ(chan_uses, 7);
    CHECK_EQ(next, 3);
    CHECK_EQ(place - values, 2);
    CHECK_EQ(values[0] * 10 + values[1], 12);
    weft_chan_free(used(chan));
    CHECK_EQ(chan_uses, 8);
    return 0;
}

/* ---- order ---- */

TEST_IN_TASK(senders_are_served_in_the_order_of_their_coming)
{
    for (size_t capacity = 0; capacity <= 2; capacity++) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        weft_scope scope;
        int value;

        for (int i = 0; i < (int)capacity; i++)
            CHECK_EQ(weft_send(chan, i), 0);
        weft_scope_open(&scope);
        for (int i = 0; i < 10; i++) {
            weft_go(&scope, send_one, .chan = chan, .value = (int)capacity + i);
            AWAIT_SENDERS(chan, i + 1);
        }
        for (int i = 0; i < 10 + (int)capacity; i++) {
            CHECK_EQ(weft_recv(chan, &value), 0);
            CHECK_EQ(value, i);
        }
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_chan_free(chan);
    }
    return 0;
}

TEST_IN_TASK(receivers_are_served_in_the_order_of_their_coming)
{
    weft_chan(int) chan = weft_chan_new(int, 2);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++) {
        weft_go(&scope, recv_one, .chan = chan, .value = i);
        AWAIT_RECEIVERS(chan, i + 1);
    }
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

/* ---- closing ---- */

TEST_IN_TASK(closing_a_channel_wakes_every_receiver)
{
    weft_chan(int) chan = weft_chan_new(int, 2);
    atomic_int done = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, recv_one, .chan = chan, .value = 5, .want = -EPIPE, .done = &done);
    AWAIT_RECEIVERS(chan, 10);
    CHECK_EQ(weft_chan_close(chan), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(done, 10);
    CHECK_EQ(RECEIVERS(chan), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(closing_a_channel_wakes_every_sender_and_sends_nothing_of_theirs)
{
    for (int capacity = 0; capacity <= 2; capacity++) {
        weft_chan(int) chan = weft_chan_new(int, (size_t)capacity);
        atomic_int done = 0;
        weft_scope scope;
        int value;

        for (int i = 0; i < capacity; i++)
            CHECK_EQ(weft_send(chan, i), 0);
        weft_scope_open(&scope);
        for (int i = 0; i < 10; i++)
            weft_go(&scope, send_one, .chan = chan, .value = 100, .want = -EPIPE, .done = &done);
        AWAIT_SENDERS(chan, 10);
        CHECK_EQ(weft_chan_close(chan), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(done, 10);
        for (int i = 0; i < capacity; i++) {
            CHECK_EQ(weft_recv(chan, &value), 0);
            CHECK_EQ(value, i);
        }
        CHECK_EQ(weft_recv(chan, &value), -EPIPE);
        weft_chan_free(chan);
    }
    return 0;
}

TEST_IN_TASK(a_closed_channel_is_drained_and_then_says_so_for_good)
{
    weft_chan(int) chan = weft_chan_new(int, 3);
    int value = 0;

    CHECK_EQ(weft_send(chan, 1), 0);
    CHECK_EQ(weft_send(chan, 2), 0);
    CHECK_EQ(weft_chan_close(chan), 0);
    CHECK_EQ(weft_chan_close(chan), -EPIPE);
    CHECK_EQ(weft_send(chan, 3), -EPIPE);
    CHECK_EQ(weft_try_send(chan, 3), -EPIPE);
    CHECK_EQ(weft_chan_count(chan), 2);
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(weft_try_recv(chan, &value), 0);
    CHECK_EQ(value, 2);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(weft_recv(chan, &value), -EPIPE);
        CHECK_EQ(weft_try_recv(chan, &value), -EPIPE);
        CHECK_EQ(weft_recv(chan, NULL), -EPIPE);
        CHECK_EQ(weft_chan_close(chan), -EPIPE);
    }
    CHECK_EQ(value, 2);
    weft_chan_free(chan);
    return 0;
}

/* ---- trying ---- */

TEST_IN_TASK(trying_does_what_needs_no_waiting)
{
    weft_chan(int) hand = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 5;

    CHECK_EQ(weft_try_recv(hand, &value), -EAGAIN);
    CHECK_EQ(weft_try_send(hand, 1), -EAGAIN);
    CHECK_EQ(value, 5);
    weft_scope_open(&scope);
    weft_go(&scope, recv_one, .chan = hand, .value = 2);
    AWAIT_RECEIVERS(hand, 1);
    CHECK_EQ(weft_try_recv(hand, &value), -EAGAIN);
    CHECK_EQ(weft_try_send(hand, 2), 0);
    weft_go(&scope, send_one, .chan = hand, .value = 3);
    AWAIT_SENDERS(hand, 1);
    CHECK_EQ(weft_try_send(hand, 1), -EAGAIN);
    CHECK_EQ(weft_try_recv(hand, &value), 0);
    CHECK_EQ(value, 3);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_try_recv(hand, &value), -EAGAIN);
    weft_chan_free(hand);
    return 0;
}

TEST_IN_TASK(a_receive_into_null_drops_the_item)
{
    weft_chan(int) chan = weft_chan_new(int, 2);
    struct weft__chan *raw = WEFT__CHAN(chan);
    weft_scope scope;
    int value = 0;

    for (int i = 1; i <= 2; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    weft_scope_open(&scope);
    for (int i = 3; i <= 4; i++) {
        weft_go(&scope, send_one, .chan = chan, .value = i);
        AWAIT_SENDERS(chan, i - 2);
    }
    CHECK_EQ(weft_recv(chan, NULL), 0);
    CHECK_EQ(weft_try_recv(chan, NULL), 0);
    CHECK_EQ(weft_recv_raw(raw, NULL), 0);
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 4);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

struct drop_one {
    weft_chan(int) chan;
};

static int drop_one(struct drop_one *self)
{
    return weft_recv(self->chan, NULL);
}

TEST_IN_TASK(a_receiver_that_waits_may_drop_the_item_too)
{
    for (size_t capacity = 0; capacity <= 1; capacity++) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, drop_one, .chan = chan);
        AWAIT_RECEIVERS(chan, 1);
        CHECK_EQ(weft_try_send(chan, 1), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(weft_chan_count(chan), 0);
        weft_chan_free(chan);
    }
    return 0;
}

/* ---- what is refused ---- */

TEST_IN_TASK(a_null_channel_is_refused)
{
    weft_chan(int) none = NULL;
    int value = 5;

    CHECK_EQ(weft_send(none, 1), -EINVAL);
    CHECK_EQ(weft_recv(none, &value), -EINVAL);
    CHECK_EQ(weft_try_send(none, 1), -EINVAL);
    CHECK_EQ(weft_try_recv(none, &value), -EINVAL);
    CHECK_EQ(weft_chan_close(none), -EINVAL);
    CHECK_EQ(weft_chan_count(none), 0);
    CHECK_EQ(weft_chan_capacity(none), 0);
    weft_chan_free(none);
    weft_chan_each(item, none) CHECK_EQ(item, 0);
    CHECK_EQ(value, 5);
    return 0;
}

TEST(a_channel_that_no_memory_holds_is_null)
{
    CHECK(weft_chan_new(int, SIZE_MAX) == NULL);
    CHECK(weft_chan_new(int, (size_t)UINT32_MAX + 1) == NULL);
    CHECK(weft_chan_new_raw(SIZE_MAX, 1) == NULL);
    CHECK(weft_chan_new_raw((size_t)UINT32_MAX + 1, 0) == NULL);
    CHECK(weft_chan_new_raw(SIZE_MAX, SIZE_MAX) == NULL);
    if (!SANITIZED) { /* their allocators end the program instead */
        CHECK(weft_chan_new_raw(UINT32_MAX, UINT32_MAX) == NULL);
        CHECK(weft_chan_new_raw(UINT32_MAX, UINT32_MAX / 2) == NULL);
    }
}

TEST(a_channel_is_freed_with_what_is_in_it)
{
    weft_chan(int) chan = weft_chan_new(int, 3);

    CHECK_EQ(weft_try_send(chan, 1), 0);
    CHECK_EQ(weft_try_send(chan, 2), 0);
    weft_chan_free(chan);
}

TEST_PROCESS(frees_a_channel_somebody_waits_on)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    struct beside thread;

    BESIDE(&thread, recv_one, .chan = chan);
    AWAIT_RECEIVERS(chan, 1);
    weft_chan_free(chan);
}

TEST(freeing_a_channel_somebody_waits_on_stops_the_program)
{
    char output[4096];
    int status = test_process("frees_a_channel_somebody_waits_on", NULL, output, sizeof output);

    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    CHECK_HAS(output, "weft_chan_free");
}

/* ---- each ---- */

struct send_to {
    weft_chan(int) chan;
    int first, count;
    bool closes;
};

static int send_to(struct send_to *self)
{
    int rc = 0;

    for (int i = 0; i < self->count && rc == 0; i++)
        rc = weft_send(self->chan, self->first + i);
    if (self->closes)
        CHECK_EQ(weft_chan_close(self->chan), 0);
    return rc;
}

TEST_IN_TASK(each_runs_until_the_channel_is_closed_and_empty)
{
    for (size_t capacity = 0; capacity <= 200; capacity += 100) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        weft_scope scope;
        int next = 0;

        weft_scope_open(&scope);
        weft_go(&scope, send_to, .chan = chan, .count = 150, .closes = true);
        weft_chan_each(item, chan)
        {
            if (item == 3) {
                next++;
                continue;
            }
            CHECK_EQ(item, next++);
        }
        CHECK_EQ(next, 150);
        CHECK_EQ(weft_scope_status(NULL), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_chan_free(chan);
    }
    return 0;
}

TEST_IN_TASK(each_ends_with_the_scope_and_the_status_tells)
{
    weft_chan(int) chan = weft_chan_new(int, 1);
    weft_scope scope;
    int count = 0;

    CHECK_EQ(weft_send(chan, 1), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    weft_chan_each(item, chan) count += item;
    CHECK_EQ(weft_scope_status(NULL), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 1);
    weft_chan_free(chan);
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_scope_sends_and_takes_nothing)
{
    weft_chan(int) full = weft_chan_new(int, 1), empty = weft_chan_new(int, 1);
    weft_scope scope, shield;
    int value = 5;

    CHECK_EQ(weft_send(full, 1), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_recv(full, &value), -ECANCELED);
    CHECK_EQ(weft_try_recv(full, &value), -ECANCELED);
    CHECK_EQ(weft_send(empty, 2), -ECANCELED);
    CHECK_EQ(weft_try_send(empty, 2), -ECANCELED);
    CHECK_EQ(value, 5);
    CHECK_EQ(weft_chan_count(full), 1);
    CHECK_EQ(weft_chan_count(empty), 0);
    weft_scope_open(&shield, .shield = 1);
    CHECK_EQ(weft_recv(full, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(weft_send(empty, 2), 0);
    CHECK_EQ(weft_scope_close(&shield), 0);
    CHECK_EQ(weft_chan_close(full), 0); /* closing does not wait, and is not cancelled */
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_chan_count(empty), 1);
    weft_chan_free(full);
    weft_chan_free(empty);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_a_receive_and_a_send_without_effect)
{
    weft_chan(int) empty = weft_chan_new(int, 1), full = weft_chan_new(int, 1);
    weft_scope scope;
    int value = 5;

    CHECK_EQ(weft_send(full, 1), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_recv(empty, &value), -ETIMEDOUT);
    CHECK_EQ(value, 5);
    CHECK_EQ(RECEIVERS(empty), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_send(full, 2), -ETIMEDOUT);
    CHECK_EQ(SENDERS(full), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_recv(full, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(weft_try_recv(full, &value), -EAGAIN);
    weft_chan_free(empty);
    weft_chan_free(full);
    return 0;
}

TEST_IN_TASK(a_cancelled_receiver_is_passed_over)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_task *tasks[3] = {NULL};
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 3; i++) {
        weft_go_with(&scope, (.handle = &tasks[i]), recv_one, .chan = chan, .value = 7, .want = i < 2 ? -ECANCELED : 0);
        AWAIT_RECEIVERS(chan, i + 1);
    }
    weft_cancel(tasks[0]);
    CHECK_EQ(weft_join(tasks[0], NULL), 0);
    weft_cancel(tasks[1]); /* this one may still be in the queue when the item comes */
    CHECK_EQ(weft_send(chan, 7), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_cancelled_sender_is_passed_over)
{
    for (size_t capacity = 0; capacity <= 1; capacity++) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        weft_task *tasks[3] = {NULL};
        weft_scope scope;
        int value = 0;

        if (capacity)
            CHECK_EQ(weft_send(chan, 100), 0);
        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        for (int i = 0; i < 3; i++) {
            weft_go_with(&scope, (.handle = &tasks[i]), send_one, .chan = chan, .value = i,
                         .want = i < 2 ? -ECANCELED : 0);
            AWAIT_SENDERS(chan, i + 1);
        }
        weft_cancel(tasks[0]);
        CHECK_EQ(weft_join(tasks[0], NULL), 0);
        weft_cancel(tasks[1]);
        if (capacity) {
            CHECK_EQ(weft_recv(chan, &value), 0);
            CHECK_EQ(value, 100);
        }
        CHECK_EQ(weft_recv(chan, &value), 0);
        CHECK_EQ(value, 2);
        CHECK_EQ(weft_try_recv(chan, &value), -EAGAIN);
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_chan_free(chan);
    }
    return 0;
}

TEST_IN_TASK(cancelling_another_scope_keeps_ones_place_in_the_queue)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope, other;

    weft_scope_open(&scope);
    weft_go(&scope, recv_one, .chan = chan, .value = 1);
    AWAIT_RECEIVERS(chan, 1);
    weft_scope_open(&other);
    weft_scope_cancel(&other); /* moves the process-wide epoch */
    CHECK_EQ(weft_scope_close(&other), 0);
    weft_go(&scope, recv_one, .chan = chan, .value = 2);
    AWAIT_RECEIVERS(chan, 2);
    CHECK_EQ(weft_send(chan, 1), 0);
    CHECK_EQ(weft_send(chan, 2), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

/* ---- plain threads ---- */

TEST(plain_threads_use_channels_without_a_runtime)
{
    weft_chan(int) chan = weft_chan_new(int, 0), full = weft_chan_new(int, 2);
    struct beside threads[4];

    BESIDE(&threads[0], recv_one, .chan = chan, .value = 1);
    CHECK_EQ(weft_send(chan, 1), 0);
    CHECK_EQ(join_beside(&threads[0]), 0);
    BESIDE(&threads[0], send_to, .chan = full, .count = 100, .closes = true);
    for (int i = 0; i < 100; i++) {
        int value = -1;

        CHECK_EQ(weft_recv(full, &value), 0);
        CHECK_EQ(value, i);
    }
    CHECK_EQ(weft_recv(full, NULL), -EPIPE);
    CHECK_EQ(join_beside(&threads[0]), 0);
    for (int i = 0; i < 4; i++)
        BESIDE(&threads[i], recv_one, .chan = chan, .want = -EPIPE);
    AWAIT_RECEIVERS(chan, 4);
    CHECK_EQ(weft_chan_close(chan), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(join_beside(&threads[i]), 0);
    weft_chan_free(chan);
    weft_chan_free(full);
}

struct sum_up {
    weft_chan(int) chan;
    long long *sum;
};

static int sum_up(struct sum_up *self)
{
    weft_chan_each(item, self->chan) *self->sum += item;
    return 0;
}

TEST_IN_TASK(items_go_from_a_plain_thread_to_a_task_and_back)
{
    for (size_t capacity = 0; capacity <= 4; capacity += 4) {
        weft_chan(int) to_task = weft_chan_new(int, capacity), to_thread = weft_chan_new(int, capacity);
        int count = is_seeded() ? 20 : 1000;
        long long in_task = 0, in_thread = 0, expected = (long long)count * (count - 1) / 2;
        struct beside sender, receiver;
        weft_scope scope;

        BESIDE(&sender, send_to, .chan = to_task, .count = count, .closes = true);
        BESIDE(&receiver, sum_up, .chan = to_thread, .sum = &in_thread);
        weft_scope_open(&scope);
        weft_go(&scope, sum_up, .chan = to_task, .sum = &in_task);
        weft_go(&scope, send_to, .chan = to_thread, .count = count, .closes = true);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(JOIN_BESIDE(&sender), 0);
        CHECK_EQ(JOIN_BESIDE(&receiver), 0);
        CHECK_EQ(in_task, expected);
        CHECK_EQ(in_thread, expected);
        weft_chan_free(to_task);
        weft_chan_free(to_thread);
    }
    return 0;
}

TEST_IN_TASK(pinned_tasks_use_channels)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    long long sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.pin = 1), send_to, .chan = chan, .count = 50, .closes = true);
    weft_go_with(&scope, (.pin = 1), sum_up, .chan = chan, .sum = &sum);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, 50 * 49 / 2);
    weft_chan_free(chan);
    return 0;
}

/* ---- the life of a channel ---- */

struct use_long {
    weft_chan(int) chan;
    int times;
};

static int use_long(struct use_long *self)
{
    for (int i = 0; i < self->times; i++) {
        int value = -1;

        CHECK_EQ(weft_send(self->chan, i), 0);
        CHECK_EQ(weft_recv(self->chan, &value), 0);
        CHECK_EQ(value, i);
    }
    return 0;
}

TEST(a_channel_outlives_the_runtime_that_used_it)
{
    weft_chan(int) chan = weft_chan_new(int, 2);

    for (int round = 0; round < 4; round++) {
        CHECK_EQ(RUN(use_long, .chan = chan, .times = 200), 0);
        use_long(&(struct use_long){.chan = chan, .times = 20});
    }
    weft_chan_free(chan);
}

TEST_IN_TASK(a_channel_may_be_freed_as_soon_as_the_last_item_is_there)
{
    int rounds = many(5000);

    for (int i = 0; i < rounds; i++) {
        weft_chan(int) chan = weft_chan_new(int, (size_t)(i % 2));
        weft_scope scope;
        int value = -1;

        weft_scope_open(&scope);
        weft_go(&scope, send_one, .chan = chan, .value = i);
        CHECK_EQ(weft_recv(chan, &value), 0);
        CHECK_EQ(value, i);
        weft_chan_free(chan);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}
