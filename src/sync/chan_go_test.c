/* What Go's own tests of the language are after, here: test/chan/. (The longer programs stand in
 * chan_programs_test.c: [p].) src/runtime/chan_test.go has chan_goruntime_test.c.
 *
 *     doubleselect.go             a_select_never_sends_one_value_twice
 *     fifo.go                     a_buffer_gives_in_the_order_it_took, a_daisy_chain_reads_in_its_order
 *     goroutines.go               a_value_passes_through_a_chain_of_tasks
 *     nonblock.go                 trying_meets_whoever_waits_with_items_of_any_type
 *     powser1.go, powser2.go      [p] power_series_flow_through_demand_channels
 *     select.go                   cases_taken_out_one_by_one_end_in_the_default
 *     select2.go                  selects_take_no_memory
 *     select3.go                  what_blocks_and_what_does_not
 *     select4.go                  a_case_that_is_not_chosen_does_not_touch_its_place
 *     select5.go                  one_possible_case_is_found_among_any_others
 *     select6.go                  a_select_that_leaves_a_queue_leaves_it_whole
 *     select7.go                  every_sender_meets_every_receiver_that_drops
 *     sendstmt.go                 a_channel_is_sent_through_a_channel
 *     sieve1.go                   [p] a_chain_of_filters_sieves_primes
 *     sieve2.go                   [p] merged_multiples_sieve_primes
 *     zerosize.go                 a_channel_of_nothing_can_be_made_and_used
 *
 * Without a counterpart: perm.go (directions of channels are no part of their type here), select8.go (break in a
 * select is a statement of the language; so are the evaluation orders of select5.go: C leaves them open, and the nil
 * channels of select.go, select3.go and select5.go, which block for ever: here a case on NULL is refused).
 */
#include "chan_test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- doubleselect ---- */

struct spread {
    weft_chan(int) to[4];
    int count;
};

static int spread(struct spread *self)
{
    for (int i = 0; i < self->count; i++) {
        int rc = weft_select(weft_on_send(self->to[0], &i, NULL), weft_on_send(self->to[1], &i, NULL),
                             weft_on_send(self->to[2], &i, NULL), weft_on_send(self->to[3], &i, NULL));

        if (rc < 0)
            return rc;
    }
    for (int i = 0; i < 4; i++)
        weft_chan_close(self->to[i]);
    return 0;
}

struct forward {
    weft_chan(int) from, to;
    atomic_int *open; /* the last closes */
};

static int forward(struct forward *self)
{
    weft_chan_each(item, self->from) CHECK_EQ(weft_send(self->to, item), 0);
    if (self->open && atomic_fetch_sub(self->open, 1) == 1)
        weft_chan_close(self->to);
    return 0;
}

TEST_IN_TASK(a_select_never_sends_one_value_twice)
{
    int count = many(20000), got = 0;
    struct spread chans = {.count = count};
    weft_chan(int) all = weft_chan_new(int, 0);
    unsigned char *seen = calloc((size_t)count, 1);
    atomic_int open = 4;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++) {
        chans.to[i] = weft_chan_new(int, 0);
        weft_go(&scope, forward, .from = chans.to[i], .to = all, .open = &open);
    }
    weft_go_raw(&scope, (weft_entry *)(void (*)(void))spread, &chans, sizeof chans, _Alignof(struct spread), NULL);
    weft_chan_each(item, all)
    {
        MUST(item >= 0 && item < count);
        CHECK_EQ(seen[item]++, 0);
        got++;
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(got, count);
    for (int i = 0; i < 4; i++)
        weft_chan_free(chans.to[i]);
    weft_chan_free(all);
    free(seen);
    return 0;
}

/* ---- fifo ---- */

TEST_IN_TASK(a_buffer_gives_in_the_order_it_took)
{
    weft_chan(int) chan = weft_chan_new(int, 10);
    int value;

    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(weft_recv(chan, &value), 0);
        CHECK_EQ(value, i);
    }
    weft_chan_free(chan);
    return 0;
}

struct link_of_chain {
    weft_chan(int) chan, turn, next;
    int expected;
};

static int link_of_chain(struct link_of_chain *self)
{
    int value = -1;

    CHECK_EQ(weft_recv(self->turn, NULL), 0);
    CHECK_EQ(weft_recv(self->chan, &value), 0);
    CHECK_EQ(value, self->expected);
    return weft_send(self->next, 1);
}

TEST_IN_TASK(a_daisy_chain_reads_in_its_order)
{
    enum { LENGTH = 10 };
    weft_chan(int) chan = weft_chan_new(int, 0), turns[LENGTH + 1];
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i <= LENGTH; i++)
        turns[i] = weft_chan_new(int, 0);
    for (int i = 0; i < LENGTH; i++)
        weft_go(&scope, link_of_chain, .chan = chan, .turn = turns[i], .next = turns[i + 1], .expected = i);
    CHECK_EQ(weft_send(turns[0], 0), 0);
    for (int i = 0; i < LENGTH; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    CHECK_EQ(weft_recv(turns[LENGTH], NULL), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i <= LENGTH; i++)
        weft_chan_free(turns[i]);
    weft_chan_free(chan);
    return 0;
}

/* ---- goroutines ---- */

TEST_IN_TASK(a_value_passes_through_a_chain_of_tasks)
{
    int length = many(10000), value = 0;
    weft_chan(int) *chans = calloc((size_t)length + 1, sizeof *chans);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i <= length; i++)
        chans[i] = weft_chan_new(int, 0);
    for (int i = 0; i < length; i++)
        weft_go(&scope, forward, .from = chans[i + 1], .to = chans[i]);
    CHECK_EQ(weft_send(chans[length], 17), 0);
    CHECK_EQ(weft_recv(chans[0], &value), 0);
    CHECK_EQ(value, 17);
    for (int i = 0; i <= length; i++)
        weft_chan_close(chans[i]);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i <= length; i++)
        weft_chan_free(chans[i]);
    free(chans);
    return 0;
}

/* ---- nonblock ---- */

#define TRIES(name, type)                                                                                              \
    struct recv_##name {                                                                                               \
        weft_chan(type) chan;                                                                                          \
        type expected;                                                                                                 \
    };                                                                                                                 \
    static int recv_##name(struct recv_##name *self)                                                                   \
    {                                                                                                                  \
        type value = 0;                                                                                                \
                                                                                                                       \
        CHECK_EQ(weft_recv(self->chan, &value), 0);                                                                    \
        CHECK(value == self->expected);                                                                                \
        return 0;                                                                                                      \
    }                                                                                                                  \
    struct send_##name {                                                                                               \
        weft_chan(type) chan;                                                                                          \
        type value;                                                                                                    \
    };                                                                                                                 \
    static int send_##name(struct send_##name *self)                                                                   \
    {                                                                                                                  \
        return weft_send(self->chan, self->value);                                                                     \
    }                                                                                                                  \
    static void tries_##name(size_t room, type first, type second)                                                     \
    {                                                                                                                  \
        weft_chan(type) chan = weft_chan_new(type, room);                                                              \
        type value = 0;                                                                                                \
        weft_scope scope;                                                                                              \
                                                                                                                       \
        CHECK_EQ(weft_try_recv(chan, &value), -EAGAIN);                                                                \
        weft_scope_open(&scope);                                                                                       \
        weft_go(&scope, recv_##name, .chan = chan, .expected = first);                                                 \
        AWAIT_RECEIVERS(chan, 1);                                                                                      \
        CHECK_EQ(weft_try_send(chan, first), 0);                                                                       \
        CHECK_EQ(weft_scope_close(&scope), 0);                                                                         \
        weft_scope_open(&scope);                                                                                       \
        weft_go(&scope, send_##name, .chan = chan, .value = second);                                                   \
        while (weft_try_recv(chan, &value) == -EAGAIN)                                                                 \
            (void)weft_yield();                                                                                        \
        CHECK(value == second);                                                                                        \
        CHECK_EQ(weft_scope_close(&scope), 0);                                                                         \
        weft_chan_free(chan);                                                                                          \
    }

TRIES(i32, int32_t)
TRIES(i64, int64_t)
TRIES(bool, bool)
TRIES(text, const char *)

TEST_IN_TASK(trying_meets_whoever_waits_with_items_of_any_type)
{
    for (size_t room = 0; room < 2; room++) {
        tries_i32(room, 123, 234);
        tries_i64(room, 123456, INT64_MIN);
        tries_bool(room, true, true);
        tries_text(room, "hello", "hello again");
    }
    return 0;
}

/* ---- select, select2 ---- */

/* Sends powers of two to each of the channels once; how many. */
static int send_to_each(weft_chan(int) * chans, int count)
{
    int sent = 0;

    for (int value = 1;; value *= 2) {
        struct weft_case cases[3];
        int which;

        for (int i = 0; i < count; i++)
            cases[i] = weft_on_send(chans[i], &value, NULL);
        cases[count] = weft_on_default();
        which = weft_select_raw(cases, (size_t)count + 1, 0);
        if (which < 0 || which == count)
            return sent;
        sent++;
        chans[which] = chans[--count];
    }
}

TEST_IN_TASK(cases_taken_out_one_by_one_end_in_the_default)
{
    weft_chan(int) a = weft_chan_new(int, 1), b = weft_chan_new(int, 1);
    int values[2] = {0};

    CHECK_EQ(send_to_each((weft_chan(int)[]){a, b}, 2), 2);
    CHECK_EQ(weft_recv(a, &values[0]), 0);
    CHECK_EQ(weft_recv(b, &values[1]), 0);
    CHECK_EQ(values[0] | values[1], 3);
    CHECK_EQ(send_to_each((weft_chan(int)[]){a}, 1), 1);
    CHECK_EQ(send_to_each((weft_chan(int)[]){a}, 1), 0);
    weft_chan_free(a);
    weft_chan_free(b);
    return 0;
}

static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size, resident = -1;

    if (!file)
        return -1;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    fclose(file);
    return resident;
}

TEST_IN_TASK(selects_take_no_memory)
{
    weft_chan(int) chan = weft_chan_new(int, 0), never = weft_chan_new(int, 0);
    int count = many(100000), value;
    long before = 0;

    for (int round = 0; round < 2; round++) {
        weft_scope scope;

        before = resident_pages();
        weft_scope_open(&scope);
        weft_go(&scope, send_count, .chan = chan, .count = count);
        for (int i = 0; i < count; i++)
            CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_recv(never, &value, NULL)), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(chan);
    weft_chan_free(never);
    if (SANITIZED || before < 0 || test_emulated())
        SKIP_IN_TASK("the memory of the process is not the program's alone");
    CHECK((resident_pages() - before) * sysconf(_SC_PAGESIZE) < 1 << 20); /* the second time: ten bytes a select */
    return 0;
}

/* ---- select3, select4 ---- */

#define BLOCKS(call)                                                                                                   \
    do {                                                                                                               \
        weft_scope block;                                                                                              \
                                                                                                                       \
        weft_scope_open(&block, .timeout = WEFT_MICROSECOND * 100);                                                    \
        CHECK_EQ(call, -ETIMEDOUT);                                                                                    \
        CHECK_EQ(weft_scope_close(&block), 0);                                                                         \
    } while (0)

TEST_IN_TASK(what_blocks_and_what_does_not)
{
    weft_chan(int) hand = weft_chan_new(int, 0), room = weft_chan_new(int, 1), closed = weft_chan_new(int, 0);
    int value = 7, rc;

    CHECK_EQ(weft_chan_close(closed), 0);
    BLOCKS(weft_recv(hand, &value));
    BLOCKS(weft_send(hand, 7));
    BLOCKS(weft_recv(room, &value));
    CHECK_EQ(weft_send(room, 7), 0);
    BLOCKS(weft_send(room, 8));
    BLOCKS(weft_select(weft_on_recv(hand, &value, NULL)));
    BLOCKS(weft_select(weft_on_send(room, &value, NULL)));
    BLOCKS(weft_select(weft_on_send(hand, &value, NULL), weft_on_recv(hand, &value, NULL)));
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_recv(closed, &value), -EPIPE);
    CHECK_EQ(weft_send(closed, 7), -EPIPE);
    CHECK_EQ(weft_select(weft_on_default()), 0);
    CHECK_EQ(weft_select(weft_on_recv(room, &value, NULL), weft_on_default()), 0);
    CHECK_EQ(value, 7);
    CHECK_EQ(weft_select(weft_on_send(room, &value, NULL), weft_on_default()), 0);
    CHECK_EQ(weft_select(weft_on_recv(closed, &value, &rc)), 0);
    CHECK_EQ(rc, -EPIPE);
    CHECK_EQ(weft_select(weft_on_send(closed, &value, &rc)), 0);
    CHECK_EQ(rc, -EPIPE);
    weft_chan_free(hand);
    weft_chan_free(room);
    weft_chan_free(closed);
    return 0;
}

TEST_IN_TASK(a_case_that_is_not_chosen_does_not_touch_its_place)
{
    weft_chan(int) full = weft_chan_new(int, 1), empty = weft_chan_new(int, 0);
    int *nowhere = (int *)(uintptr_t)16, *nothing = (int *)(uintptr_t)32, value = 0;

    for (int i = 0; i < 20; i++) {
        CHECK_EQ(weft_send(full, 42), 0);
        CHECK_EQ(weft_select(weft_on_recv(empty, nowhere, nothing), weft_on_recv(full, &value, NULL)), 1);
        CHECK_EQ(value, 42);
        CHECK_EQ(weft_select(weft_on_send(empty, nowhere, nothing), weft_on_default()), 1);
    }
    weft_chan_free(full);
    weft_chan_free(empty);
    return 0;
}

/* ---- select5 ---- */

enum { WITH_DEFAULT = 1, WITH_SEND = 2, WITH_RECV = 4, WITH_TIMEOUT = 8, WITH_TWICE = 16, WAYS = 32 };

/* One case that can happen at place `at` among those that cannot. */
static void one_of(weft_chan(int) chan, weft_chan(int) never, int ways, int at, bool sends, bool in_order)
{
    struct weft_case cases[8];
    int value = 5, other = 0, rc = 1;
    size_t count = 0;

    for (int i = 0; i <= 5; i++) {
        if (i == at)
            cases[count++] = sends ? weft_on_send(chan, &value, &rc) : weft_on_recv(chan, &value, &rc);
        if (!(ways & 1 << i) || i == 5)
            continue;
        cases[count++] = i == 0   ? weft_on_default()
                         : i == 1 ? weft_on_send(never, &other, NULL)
                         : i == 2 ? weft_on_recv(never, &other, NULL)
                         : i == 3 ? weft_on_timeout(3600 * WEFT_SECOND)
                                  : weft_on_recv(never, NULL, NULL);
    }
    CHECK_EQ(weft_select_raw(cases, count, in_order), __builtin_popcount((unsigned)ways & ((1u << at) - 1)));
    CHECK_EQ(rc, 0);
    CHECK_EQ(other, 0);
    CHECK_EQ(weft_chan_count(chan), sends);
    CHECK_EQ(value, sends ? 5 : 6);
}

TEST_IN_TASK(one_possible_case_is_found_among_any_others)
{
    weft_chan(int) chan = weft_chan_new(int, 1), never = weft_chan_new(int, 0);

    for (int ways = 0; ways < WAYS; ways++)
        for (int at = 0; at <= 5; at++)
            for (int in_order = 0; in_order < 2; in_order++) {
                one_of(chan, never, ways, at, true, in_order);
                CHECK_EQ(weft_recv(chan, NULL), 0);
                CHECK_EQ(weft_send(chan, 6), 0);
                one_of(chan, never, ways, at, false, in_order);
            }
    CHECK_EQ(SENDERS(never) + RECEIVERS(never), 0);
    weft_chan_free(chan);
    weft_chan_free(never);
    return 0;
}

/* ---- select6, TestSelectDuplicateChannel ---- */

struct recv_either {
    weft_chan(int) twice, other, done;
    bool again;
};

static int recv_either(struct recv_either *self)
{
    int value = 0;

    CHECK_EQ(weft_select(weft_on_recv(self->twice, NULL, NULL), weft_on_recv(self->twice, NULL, NULL),
                         weft_on_recv(self->other, &value, NULL)),
             2);
    CHECK_EQ(value, 7);
    CHECK_EQ(weft_send(self->done, 9), 0);
    return self->again ? weft_recv(self->twice, NULL) : 0;
}

/* The select stands at the end of the queue, or at its head, when it leaves. */
static int leaves_a_queue(bool at_the_end)
{
    weft_chan(int) queue = weft_chan_new(int, 0), other = weft_chan_new(int, 0), done = weft_chan_new(int, 0);
    weft_scope scope;

    weft_scope_open(&scope);
    if (at_the_end) {
        weft_go(&scope, recv_one, .chan = queue, .value = 8);
        AWAIT_RECEIVERS(queue, 1);
    }
    weft_go(&scope, recv_either, .twice = queue, .other = other, .done = done, .again = at_the_end);
    AWAIT_RECEIVERS(other, 1);
    if (!at_the_end) {
        weft_go(&scope, recv_one, .chan = queue, .value = 8);
        AWAIT_RECEIVERS(queue, 3);
    }
    CHECK_EQ(weft_send(other, 7), 0);
    CHECK_EQ(weft_recv(done, NULL), 0);
    CHECK_EQ(weft_send(queue, 8), 0);
    if (at_the_end)
        CHECK_EQ(weft_send(queue, 8), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(queue);
    weft_chan_free(other);
    weft_chan_free(done);
    return 0;
}

TEST_IN_TASK(a_select_that_leaves_a_queue_leaves_it_whole)
{
    return leaves_a_queue(true);
}

TEST_IN_TASK(a_select_twice_in_a_queue_leaves_it_whole)
{
    return leaves_a_queue(false);
}

/* ---- select7 ---- */

struct drop {
    weft_chan(int) chan, never;
    int way;
};

static int drop(struct drop *self)
{
    switch (self->way) {
    case 0:
        return weft_recv(self->chan, NULL);
    case 1:
        return weft_select(weft_on_recv(self->chan, NULL, NULL));
    default:
        return weft_select(weft_on_recv(self->chan, NULL, NULL), weft_on_recv(self->never, NULL, NULL));
    }
}

TEST_IN_TASK(every_sender_meets_every_receiver_that_drops)
{
    weft_chan(int) chan = weft_chan_new(int, 0), never = weft_chan_new(int, 0), nor_this = weft_chan_new(int, 0);
    int value = 1;

    for (int way = 0; way < 9; way++) {
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, drop, .chan = chan, .never = never, .way = way / 3);
        (void)weft_yield();
        CHECK_EQ(way % 3 == 0   ? weft_send(chan, 1)
                 : way % 3 == 1 ? weft_select(weft_on_send(chan, &value, NULL))
                                : weft_select(weft_on_send(chan, &value, NULL), weft_on_send(nor_this, &value, NULL)),
                 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(chan);
    weft_chan_free(never);
    weft_chan_free(nor_this);
    return 0;
}

/* ---- sendstmt, zerosize ---- */

TEST_IN_TASK(a_channel_is_sent_through_a_channel)
{
    weft_chan(int) chan = weft_chan_new(int, 1), got = NULL;
    weft_chan(weft_chan(int)) chans = weft_chan_new(weft_chan(int), 1);
    int value = 2;

    CHECK_EQ(weft_send(chans, chan), 0);
    CHECK_EQ(weft_recv(chans, &got), 0);
    CHECK(got == chan);
    CHECK_EQ(weft_select(weft_on_send(got, &value, NULL), weft_on_default()), 0);
    value = 0;
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 2);
    weft_chan_free(chans);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_channel_of_nothing_can_be_made_and_used)
{
    struct nothing {
    };
    weft_chan(struct nothing) chan = weft_chan_new(struct nothing, 2);
    struct nothing nothing;

    CHECK_EQ(weft_send(chan, (struct nothing){}), 0);
    CHECK_EQ(weft_send(chan, (struct nothing){}), 0);
    CHECK_EQ(weft_try_send(chan, (struct nothing){}), -EAGAIN);
    CHECK_EQ(weft_recv(chan, &nothing), 0);
    CHECK_EQ(weft_chan_count(chan), 1);
    weft_chan_free(chan);
    return 0;
}
