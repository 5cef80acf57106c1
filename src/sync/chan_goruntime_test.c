/* What the tests of channels in Go's runtime are after, here: src/runtime/chan_test.go.
 *
 *     TestChan                    a_channel_of_any_capacity_keeps_its_promises
 *     TestNonblockRecvRace        trying_to_receive_races_with_closing
 *     TestSelfSelect              two_selects_on_one_channel_do_not_receive_from_themselves
 *     TestSelectStress            sends_receives_and_selects_mix
 *     TestSelectFairness          both_of_two_possible_cases_have_their_turns
 *     TestChanSendInterface       trying_to_send_pointers_to_a_full_channel
 *     TestPseudoRandomSend        a_select_sends_both_of_two_values
 *     TestMultiConsumer           many_consumers_take_all_there_is
 *     TestSelectDuplicateChannel  a_select_twice_in_a_queue_leaves_it_whole (in chan_go_test.c)
 *     TestNonblockSelectRace, 2   a_select_with_a_default_loses_nothing_to_a_race, which says less: there a select with
 *                                 a default sees all its channels at one moment, here it looks at them one by one
 *
 * Without a counterpart: TestShrinkStackDuringBlockedSend, TestNoShrinkStackWhileParking, TestSelectStackAdjust (stacks
 * do not move); TestChanSendSelectBarrier, TestChanSendBarrier (no garbage is collected).
 */
#include "chan_test.h"

#include <errno.h>

/* ---- TestChan ---- */

static void waits_when_empty_and_when_full(int capacity)
{
    weft_chan(int) chan = weft_chan_new(int, (size_t)capacity);
    atomic_int done = 0;
    weft_scope scope;

    CHECK_EQ(weft_chan_count(chan), 0);
    CHECK_EQ(weft_chan_capacity(chan), capacity);
    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++)
        weft_go(&scope, recv_one, .chan = chan, .value = 0, .done = &done);
    AWAIT_RECEIVERS(chan, 2);
    CHECK_EQ(done, 0);
    CHECK_EQ(weft_try_recv(chan, NULL), -EAGAIN);
    CHECK_EQ(weft_select(weft_on_recv(chan, NULL, NULL), weft_on_default()), 1);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(weft_send(chan, 0), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < capacity; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    CHECK_EQ(weft_chan_count(chan), capacity);
    weft_scope_open(&scope);
    weft_go(&scope, send_one, .chan = chan, .value = 0, .done = &done);
    AWAIT_SENDERS(chan, 1);
    CHECK_EQ(done, 2);
    CHECK_EQ(weft_try_send(chan, 0), -EAGAIN);
    CHECK_EQ(weft_recv(chan, NULL), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
}

static void closes(int capacity)
{
    weft_chan(int) chan = weft_chan_new(int, (size_t)capacity), empty = weft_chan_new(int, (size_t)capacity);
    weft_scope scope;
    int value = -1;

    for (int i = 0; i < capacity; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    CHECK_EQ(weft_chan_close(chan), 0);
    for (int i = 0; i < capacity; i++) {
        CHECK_EQ(weft_recv(chan, &value), 0);
        CHECK_EQ(value, i);
    }
    CHECK_EQ(weft_recv(chan, &value), -EPIPE);
    weft_scope_open(&scope);
    weft_go(&scope, recv_one, .chan = empty, .value = 5, .want = -EPIPE);
    AWAIT_RECEIVERS(empty, 1);
    CHECK_EQ(weft_chan_close(empty), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    weft_chan_free(empty);
}

struct count_items {
    weft_chan(int) chan;
    int count;
    atomic_int *times; /* of each value */
};

static int count_items(struct count_items *self)
{
    for (int i = 0; i < self->count; i++) {
        int value = -1, rc = weft_recv(self->chan, &value);

        if (rc < 0)
            return rc;
        atomic_fetch_add(&self->times[value], 1);
    }
    return 0;
}

static void carries(int capacity)
{
    enum { PAIRS = 4, ITEMS = 200 };
    weft_chan(int) chan = weft_chan_new(int, (size_t)capacity);
    int count = is_seeded() ? ITEMS / 10 : ITEMS, value;
    atomic_int times[ITEMS] = {0};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, send_count, .chan = chan, .count = count);
    for (int i = 0; i < count; i++) {
        CHECK_EQ(weft_recv(chan, &value), 0);
        CHECK_EQ(value, i);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < PAIRS; i++) {
        weft_go(&scope, send_count, .chan = chan, .count = count);
        weft_go(&scope, count_items, .chan = chan, .count = count, .times = times);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < count; i++)
        CHECK_EQ(times[i], PAIRS);
    weft_chan_free(chan);
}

TEST_IN_TASK(a_channel_of_any_capacity_keeps_its_promises)
{
    int most = is_seeded() || SANITIZED ? 5 : 50;

    for (int capacity = 0; capacity < most; capacity++) {
        waits_when_empty_and_when_full(capacity);
        closes(capacity);
        carries(capacity);
    }
    return 0;
}

/* ---- TestNonblockRecvRace, TestNonblockSelectRace ---- */

struct try_one {
    weft_chan(int) chan;
};

static int try_one(struct try_one *self)
{
    int rc = weft_try_recv(self->chan, NULL);

    CHECK(rc == 0 || rc == -EPIPE); /* never: would wait */
    return 0;
}

TEST_IN_TASK(trying_to_receive_races_with_closing)
{
    int rounds = many(5000);

    for (int i = 0; i < rounds; i++) {
        weft_chan(int) chan = weft_chan_new(int, 1);
        weft_scope scope;
        int rc;

        CHECK_EQ(weft_send(chan, 1), 0);
        weft_scope_open(&scope);
        weft_go(&scope, try_one, .chan = chan);
        CHECK_EQ(weft_chan_close(chan), 0);
        rc = weft_recv(chan, NULL);
        CHECK(rc == 0 || rc == -EPIPE);
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_chan_free(chan);
    }
    return 0;
}

struct try_two {
    weft_chan(int) a, b;
    int *got;
};

static int try_two(struct try_two *self)
{
    int rc = 1,
        which = weft_select(weft_on_recv(self->a, NULL, &rc), weft_on_recv(self->b, NULL, &rc), weft_on_default());

    *self->got = which < 2 && rc == 0;
    return which < 0 ? which : 0;
}

TEST_IN_TASK(a_select_with_a_default_loses_nothing_to_a_race)
{
    int rounds = many(5000);

    for (int i = 0; i < rounds; i++) {
        weft_chan(int) a = weft_chan_new(int, 1), b = weft_chan_new(int, 1);
        int got = 0, taken, left = 0;
        weft_scope scope;

        CHECK_EQ(weft_send(a, 1), 0);
        weft_scope_open(&scope);
        weft_go(&scope, try_two, .a = a, .b = b, .got = &got);
        CHECK_EQ(i % 2 ? weft_send(b, 1) : weft_chan_close(b), 0);
        taken = weft_try_recv(a, NULL) == 0;
        CHECK_EQ(weft_scope_close(&scope), 0);
        left = (int)(weft_chan_count(a) + weft_chan_count(b));
        CHECK_EQ(got + taken + left, i % 2 ? 2 : 1);
        weft_chan_free(a);
        weft_chan_free(b);
    }
    return 0;
}

/* ---- TestSelfSelect ---- */

struct self_select {
    weft_chan(int) chan;
    int self, rounds;
};

static int self_select(struct self_select *self)
{
    bool hand_to_hand = weft_chan_capacity(self->chan) == 0;

    for (int i = 0; i < self->rounds; i++) {
        bool sends_first = self->self == 0 || i % 2 == 0;
        int in = -1,
            which = sends_first
                        ? weft_select(weft_on_send(self->chan, &self->self, NULL), weft_on_recv(self->chan, &in, NULL))
                        : weft_select(weft_on_recv(self->chan, &in, NULL), weft_on_send(self->chan, &self->self, NULL));

        MUST(which == 0 || which == 1);
        if (which == sends_first) /* received */
            CHECK(hand_to_hand ? in == !self->self : in == 0 || in == 1);
    }
    return 0;
}

TEST_IN_TASK(two_selects_on_one_channel_do_not_receive_from_themselves)
{
    for (size_t capacity = 0; capacity <= 10; capacity += 10) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        int rounds = many(10000);
        weft_scope scope;

        weft_scope_open(&scope);
        for (int i = 0; i < 2; i++)
            weft_go(&scope, self_select, .chan = chan, .self = i, .rounds = rounds);
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_chan_free(chan);
    }
    return 0;
}

/* ---- TestSelectStress ---- */

enum { MIXED = 4 };

struct plain_side {
    weft_chan(int) chan;
    int count;
    bool sends;
};

static int plain_side(struct plain_side *self)
{
    int rc = 0;

    for (int i = 0; i < self->count && rc == 0; i++)
        rc = self->sends ? weft_send(self->chan, 0) : weft_recv(self->chan, NULL);
    return rc;
}

struct select_side {
    weft_chan(int) chans[MIXED];
    int count; /* on each */
    bool sends;
};

static int select_side(struct select_side *self)
{
    int left[MIXED], open = MIXED, item = 0;

    for (int i = 0; i < MIXED; i++)
        left[i] = self->count;
    while (open > 0) {
        struct weft_case cases[MIXED];
        int which;

        for (int i = 0; i < open; i++)
            cases[i] =
                self->sends ? weft_on_send(self->chans[i], &item, NULL) : weft_on_recv(self->chans[i], NULL, NULL);
        which = weft_select_raw(cases, (size_t)open, 0);
        if (which < 0)
            return which;
        if (--left[which] > 0)
            continue;
        open--;
        left[which] = left[open];
        self->chans[which] = self->chans[open];
    }
    return 0;
}

TEST_IN_TASK(sends_receives_and_selects_mix)
{
    weft_chan(int)
        chans[MIXED] = {weft_chan_new(int, 0), weft_chan_new(int, 0), weft_chan_new(int, 2), weft_chan_new(int, 3)};
    int count = many(10000);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int sends = 0; sends < 2; sends++) {
        struct select_side side = {{chans[0], chans[1], chans[2], chans[3]}, count, sends};

        for (int i = 0; i < MIXED; i++)
            weft_go(&scope, plain_side, .chan = chans[i], .count = count, .sends = sends);
        weft_go_raw(&scope, (weft_entry *)(void (*)(void))select_side, &side, sizeof side, _Alignof(struct select_side),
                    NULL);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < MIXED; i++) {
        CHECK_EQ(weft_chan_count(chans[i]), 0);
        weft_chan_free(chans[i]);
    }
    return 0;
}

/* ---- TestSelectFairness, TestPseudoRandomSend, TestChanSendInterface ---- */

TEST_IN_TASK(both_of_two_possible_cases_have_their_turns)
{
    enum { TRIALS = 1000 };
    weft_chan(char) full[2] = {weft_chan_new(char, TRIALS), weft_chan_new(char, TRIALS)};
    weft_chan(char) never[2] = {weft_chan_new(char, 0), weft_chan_new(char, 0)};
    int times[4] = {0};
    char value;

    for (int i = 0; i < 2 * TRIALS; i++)
        CHECK_EQ(weft_send(full[i % 2], 1), 0);
    for (int i = 0; i < TRIALS; i++) {
        int which = weft_select(weft_on_recv(never[0], &value, NULL), weft_on_recv(never[1], &value, NULL),
                                weft_on_recv(full[0], &value, NULL), weft_on_recv(full[1], &value, NULL));

        MUST(which == 2 || which == 3);
        times[which]++;
    }
    CHECK(times[2] > TRIALS / 10);
    CHECK(times[3] > TRIALS / 10);
    for (int i = 0; i < 2; i++) {
        weft_chan_free(full[i]);
        weft_chan_free(never[i]);
    }
    return 0;
}

TEST_IN_TASK(a_select_sends_both_of_two_values)
{
    enum { COUNT = 100 };

    for (size_t capacity = 0; capacity <= COUNT; capacity += COUNT) {
        weft_chan(int) chan = weft_chan_new(int, capacity);
        atomic_int times[2] = {0};
        int zero = 0, one = 1;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, count_items, .chan = chan, .count = COUNT, .times = times);
        for (int i = 0; i < COUNT; i++) {
            (void)weft_yield();
            CHECK(weft_select(weft_on_send(chan, &one, NULL), weft_on_send(chan, &zero, NULL)) >= 0);
        }
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(times[0] + times[1], COUNT);
        if (capacity) { /* hand to hand the receiver, which waits first for one of both, may decide */
            CHECK(times[0] > COUNT / 10);
            CHECK(times[1] > COUNT / 10);
        }
        weft_chan_free(chan);
    }
    return 0;
}

TEST_IN_TASK(trying_to_send_pointers_to_a_full_channel)
{
    weft_chan(void *) chan = weft_chan_new(void *, 1);
    void *a = &chan, *b = &a;

    CHECK_EQ(weft_send(chan, a), 0);
    CHECK_EQ(weft_select(weft_on_send(chan, &a, NULL), weft_on_default()), 1);
    CHECK_EQ(weft_select(weft_on_send(chan, &a, NULL), weft_on_send(chan, &b, NULL), weft_on_default()), 2);
    CHECK_EQ(weft_recv(chan, &b), 0);
    CHECK(b == a);
    weft_chan_free(chan);
    return 0;
}

/* ---- TestMultiConsumer ---- */

static const int factors[] = {2, 3, 7, 11, 13, 17, 19, 23, 27, 31};
enum { FACTORS = sizeof factors / sizeof factors[0], CONSUMERS = 23 };

struct consume {
    weft_chan(int) from, to;
    int yields_at;
};

static int consume(struct consume *self)
{
    weft_chan_each(item, self->from)
    {
        if (item == self->yields_at)
            (void)weft_yield();
        CHECK_EQ(weft_send(self->to, item), 0);
    }
    return 0;
}

struct feed {
    weft_chan(int) work, results;
    int count;
};

static int feed(struct feed *self)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < CONSUMERS; i++)
        weft_go(&scope, consume, .from = self->work, .to = self->results, .yields_at = factors[i % FACTORS]);
    for (int i = 0; i < self->count; i++)
        CHECK_EQ(weft_send(self->work, factors[i % FACTORS]), 0);
    CHECK_EQ(weft_chan_close(self->work), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return weft_chan_close(self->results);
}

TEST_IN_TASK(many_consumers_take_all_there_is)
{
    weft_chan(int) work = weft_chan_new(int, CONSUMERS * 3), results = weft_chan_new(int, CONSUMERS * 3);
    int count = many(50000), got = 0;
    long long sum = 0, expected = 0;
    weft_scope scope;

    for (int i = 0; i < count; i++)
        expected += factors[i % FACTORS];
    weft_scope_open(&scope);
    weft_go(&scope, feed, .work = work, .results = results, .count = count);
    weft_chan_each(item, results)
    {
        got++;
        sum += item;
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(got, count);
    CHECK_EQ(sum, expected);
    weft_chan_free(work);
    weft_chan_free(results);
    return 0;
}
