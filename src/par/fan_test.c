#include "run.h"

#include <errno.h>

struct feed {
    weft_chan(int) out;
    int from, to, rc;
};

static int feed(struct feed *self)
{
    int rc = 0;

    for (int i = self->from; i < self->to && rc == 0; i++)
        rc = weft_send(self->out, i);
    weft_chan_close(self->out);
    return rc == -EPIPE ? 0 : rc;
}

struct sum {
    weft_chan(int) in;
    atomic_int *sum, *count;
    int stop_at, in_order;
};

static int sum(struct sum *self)
{
    int item, count = 0, rc, last = -1;

    while ((rc = weft_recv(self->in, &item)) == 0) {
        atomic_fetch_add(self->sum, item);
        atomic_fetch_add(self->count, 1);
        if (self->in_order)
            CHECK(item > last);
        last = item;
        if (++count == self->stop_at) {
            weft_chan_close(self->in);
            return 0;
        }
    }
    return rc == -EPIPE ? 0 : rc;
}

/* Three channels and a fourth. */
struct channels {
    weft_chan(int) one;
    weft_chan(int) many[3];
};

static struct channels make(size_t room)
{
    struct channels c = {weft_chan_new(int, room), {NULL}};

    for (int i = 0; i < 3; i++)
        c.many[i] = weft_chan_new(int, room);
    return c;
}

static void drop(struct channels *c)
{
    weft_chan_free(c->one);
    for (int i = 0; i < 3; i++)
        weft_chan_free(c->many[i]);
}

TEST_IN_TASK(a_fan_in_merges_all_of_its_inputs)
{
    for (size_t room = 0; room < 3; room++) {
        struct channels c = make(room);
        atomic_int total = 0, count = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, feed, .out = c.many[0], .from = 0, .to = 50);
        weft_go(&scope, feed, .out = c.many[1], .from = 0, .to = 0);
        weft_go(&scope, feed, .out = c.many[2], .from = 50, .to = 51);
        CHECK_EQ(weft_fan_in(&scope, c.one, c.many[0], c.many[1], c.many[2]), 0);
        weft_go(&scope, sum, .in = c.one, .sum = &total, .count = &count);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(count, 51);
        CHECK_EQ(total, 50 * 51 / 2);
        drop(&c);
    }
    return 0;
}

TEST_IN_TASK(a_fan_in_that_nobody_reads_lets_its_senders_go)
{
    struct channels c = make(1);
    atomic_int total = 0, count = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, feed, .out = c.many[i], .from = 0, .to = 1000);
    weft_fan_in(&scope, c.one, c.many[0], c.many[1], c.many[2]);
    weft_go(&scope, sum, .in = c.one, .sum = &total, .count = &count, .stop_at = 5);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 5);
    drop(&c);
    return 0;
}

TEST_IN_TASK(a_fan_out_gives_each_item_to_one)
{
    for (size_t room = 0; room < 3; room++) {
        struct channels c = make(room);
        atomic_int total = 0, count = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, feed, .out = c.one, .from = 0, .to = 100);
        CHECK_EQ(weft_fan_out(&scope, c.one, c.many[0], c.many[1], c.many[2]), 0);
        for (int i = 0; i < 3; i++)
            weft_go(&scope, sum, .in = c.many[i], .sum = &total, .count = &count, .in_order = 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(count, 100);
        CHECK_EQ(total, 99 * 100 / 2);
        drop(&c);
    }
    return 0;
}

TEST_IN_TASK(a_fan_out_goes_on_without_a_closed_output)
{
    struct channels c = make(0);
    atomic_int total = 0, count = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, feed, .out = c.one, .from = 0, .to = 100);
    weft_fan_out(&scope, c.one, c.many[0], c.many[1], c.many[2]);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, sum, .in = c.many[i], .sum = &total, .count = &count, .stop_at = i < 2 ? 1 : 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 100); /* no item was lost with the two that left */
    drop(&c);
    return 0;
}

TEST_IN_TASK(a_fan_out_that_nobody_reads_lets_its_sender_go)
{
    struct channels c = make(0);
    atomic_int total = 0, count = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, feed, .out = c.one, .from = 0, .to = 1000);
    weft_fan_out(&scope, c.one, c.many[0], c.many[1], c.many[2]);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, sum, .in = c.many[i], .sum = &total, .count = &count, .stop_at = 2);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 6);
    drop(&c);
    return 0;
}

TEST_IN_TASK(a_broadcast_gives_each_item_to_all)
{
    for (size_t room = 0; room < 3; room++) {
        struct channels c = make(room);
        atomic_int total = 0, count = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, feed, .out = c.one, .from = 0, .to = 100);
        CHECK_EQ(weft_broadcast(&scope, c.one, c.many[0], c.many[1], c.many[2]), 0);
        for (int i = 0; i < 3; i++)
            weft_go(&scope, sum, .in = c.many[i], .sum = &total, .count = &count, .in_order = 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(count, 300);
        CHECK_EQ(total, 3 * 99 * 100 / 2);
        drop(&c);
    }
    return 0;
}

TEST_IN_TASK(a_broadcast_goes_on_without_a_closed_output)
{
    for (int gone = 0; gone < 3; gone++) {
        struct channels c = make(1);
        atomic_int total = 0, count = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, feed, .out = c.one, .from = 0, .to = 100);
        weft_broadcast(&scope, c.one, c.many[0], c.many[1], c.many[2]);
        for (int i = 0; i < 3; i++)
            weft_go(&scope, sum, .in = c.many[i], .sum = &total, .count = &count, .in_order = 1,
                    .stop_at = i == gone ? 7 : 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(count, 207);
        drop(&c);
    }
    return 0;
}

TEST_IN_TASK(a_tee_is_a_broadcast_to_two)
{
    struct channels c = make(1);
    atomic_int total = 0, count = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, feed, .out = c.one, .from = 0, .to = 10);
    CHECK_EQ(weft_tee(&scope, c.one, c.many[0], c.many[1]), 0);
    weft_go(&scope, sum, .in = c.many[0], .sum = &total, .count = &count);
    weft_go(&scope, sum, .in = c.many[1], .sum = &total, .count = &count, .stop_at = 3);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 13);
    drop(&c);
    return 0;
}

TEST_IN_TASK(cancelling_ends_a_fan)
{
    struct channels c = make(1);
    weft_scope scope;
    int item;

    weft_scope_open(&scope);
    weft_fan_in(&scope, c.one, c.many[0], c.many[1]);
    weft_tee(&scope, c.many[2], c.many[0], c.many[1]);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(weft_recv(c.one, &item), -EPIPE);
    CHECK_EQ(weft_recv(c.many[2], &item), -EPIPE);
    drop(&c);
    return 0;
}

TEST_IN_TASK(a_fan_that_cannot_start_closes_its_channels)
{
    struct channels c = make(1);
    weft_scope scope;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_fan_in(&scope, c.one, c.many[0], c.many[1]), -ECANCELED);
    (void)weft_scope_close(&scope);
    CHECK_EQ(weft_chan_close(c.one), -EPIPE);
    CHECK_EQ(weft_chan_close(c.many[1]), -EPIPE);
    drop(&c);
    return 0;
}

TEST_IN_TASK(a_fan_of_nothing_is_refused)
{
    struct channels c = make(1);
    weft_chan(int) missing = NULL;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_fan_in(&scope, missing, c.one), -EINVAL);
    CHECK_EQ(weft_fan_in(&scope, c.one, missing), -EINVAL);
    CHECK_EQ(weft_fan_in(NULL, c.one, c.many[0]), -EINVAL);
    CHECK_EQ(weft_fan_in_raw(&scope, WEFT__CHAN(c.one), c.many, 0), -EINVAL);
    CHECK_EQ(weft_fan_in_raw(&scope, WEFT__CHAN(c.one), c.many, 65), -EINVAL);
    CHECK_EQ(weft_scope_close(&scope), 0);
    drop(&c);
    return 0;
}
