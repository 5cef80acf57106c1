#include "chan_test.h"

#include <errno.h>

enum { UNTOUCHED = 77 };

/* ---- what can be done at once ---- */

TEST_IN_TASK(a_receive_that_is_possible_happens)
{
    weft_chan(int) chan = weft_chan_new(int, 1);
    int value = 0, rc = UNTOUCHED;

    CHECK_EQ(weft_send(chan, 5), 0);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc)), 0);
    CHECK_EQ(rc, 0);
    CHECK_EQ(value, 5);
    CHECK_EQ(weft_chan_count(chan), 0);
    CHECK_EQ(weft_send(chan, 6), 0);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_default()), 0);
    CHECK_EQ(value, 6);
    CHECK_EQ(weft_send(chan, 7), 0);
    CHECK_EQ(weft_select(weft_on_recv(chan, NULL, &rc)), 0); /* dropped */
    CHECK_EQ(weft_chan_count(chan), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_send_that_is_possible_happens)
{
    weft_chan(int) chan = weft_chan_new(int, 1);
    int value = 5, got = 0, rc = UNTOUCHED;

    CHECK_EQ(weft_select(weft_on_send(chan, &value, &rc)), 0);
    CHECK_EQ(rc, 0);
    CHECK_EQ(weft_recv(chan, &got), 0);
    CHECK_EQ(got, 5);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_send(chan, &value, NULL)), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_send(chan, &value, NULL)), 0);
    CHECK_EQ(weft_chan_count(chan), 1);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(the_default_happens_when_nothing_else_can)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_semaphore none = {0};
    weft_event event = WEFT_EVENT_INIT;
    weft_latch latch;
    int value = UNTOUCHED, rc = UNTOUCHED;

    weft_latch_init(&latch, 1);
    CHECK_EQ(weft_select(weft_on_default()), 0);
    CHECK_EQ(weft_select_first(weft_on_default()), 0);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_send(chan, &value, &rc), weft_on_semaphore(&none),
                             weft_on_default(), weft_on_event(&event), weft_on_latch(&latch),
                             weft_on_timeout(WEFT_SECOND)),
                 3);
        CHECK_EQ(weft_select_first(weft_on_default(), weft_on_recv(chan, &value, &rc)), 0);
    }
    CHECK_EQ(value, UNTOUCHED);
    CHECK_EQ(rc, UNTOUCHED);
    CHECK_EQ(SENDERS(chan) + RECEIVERS(chan), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_default_does_not_come_before_what_is_possible)
{
    weft_semaphore semaphore;
    weft_event event = WEFT_EVENT_INIT;
    weft_latch latch = {0};

    weft_semaphore_init(&semaphore, .count = 1);
    weft_event_set(&event);
    CHECK_EQ(weft_select_first(weft_on_default(), weft_on_semaphore(&semaphore)), 1);
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    CHECK_EQ(weft_select_first(weft_on_default(), weft_on_semaphore(&semaphore)), 0);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_event(&event)), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_latch(&latch)), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_timeout(0)), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_timeout(-WEFT_SECOND)), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_deadline(weft_now())), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_deadline(0)), 1);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_timeout(WEFT_FOREVER)), 0);
    CHECK_EQ(weft_select(weft_on_default(), weft_on_deadline(WEFT_FOREVER)), 0);
    return 0;
}

/* ---- what must be waited for ---- */

/* Waits for one of everything; says which it was. */
struct wait_for_all {
    weft_chan(int) in, out;
    weft_semaphore *semaphore;
    weft_event *event;
    weft_latch *latch;
    int64_t timeout;
    int *value, *rc;
    atomic_int *which;
};

static int wait_for_all(struct wait_for_all *self)
{
    int item = 9, rcs[2] = {UNTOUCHED, UNTOUCHED}, which;

    which = weft_select(weft_on_recv(self->in, self->value, &rcs[0]), weft_on_send(self->out, &item, &rcs[1]),
                        weft_on_semaphore(self->semaphore), weft_on_event(self->event), weft_on_latch(self->latch),
                        weft_on_timeout(self->timeout));
    CHECK_EQ(item, 9);
    *self->rc = which < 0 || which > 1 ? UNTOUCHED : rcs[which];
    for (int i = 0; i < 2; i++)
        CHECK(i == which || rcs[i] == UNTOUCHED);
    atomic_store(self->which, which);
    return 0;
}

enum { CLOSE_IN = 5, CLOSE_OUT, CANCEL_ALL, WAYS };

/* Everything it may wait for, and one way to end that. */
static void one_of_all(int way, struct wait_for_all *self, weft_scope *scope)
{
    int got = 0;

    if (way == 0)
        CHECK_EQ(weft_try_send(self->in, 8), 0);
    else if (way == 1) {
        CHECK_EQ(weft_try_recv(self->out, &got), 0);
        CHECK_EQ(got, 9);
    } else if (way == 2)
        CHECK_EQ(weft_semaphore_release(self->semaphore), 0);
    else if (way == 3)
        CHECK_EQ(weft_event_set(self->event), 0);
    else if (way == 4)
        CHECK_EQ(weft_latch_done(self->latch), 0);
    else if (way == CLOSE_IN)
        CHECK_EQ(weft_chan_close(self->in), 0);
    else if (way == CLOSE_OUT)
        CHECK_EQ(weft_chan_close(self->out), 0);
    else
        CHECK_EQ(weft_scope_cancel(scope), 0);
}

static int ends_each_way(bool in_thread)
{
    static const int wanted[WAYS] = {0, 1, 2, 3, 4, 0, 1, -ECANCELED};
    static const int wanted_rc[WAYS] = {0, 0, UNTOUCHED, UNTOUCHED, UNTOUCHED, -EPIPE, -EPIPE, UNTOUCHED};

    for (int way = 0; way < WAYS - in_thread; way++) {
        weft_chan(int) in = weft_chan_new(int, 0), out = weft_chan_new(int, 0);
        weft_semaphore semaphore = {0};
        weft_event event = WEFT_EVENT_INIT;
        weft_latch latch;
        int value = UNTOUCHED, rc = UNTOUCHED;
        atomic_int which = UNTOUCHED;
        int64_t timeout = in_thread && is_seeded() ? WEFT_FOREVER : 3600 * WEFT_SECOND;
        struct wait_for_all all = {in, out, &semaphore, &event, &latch, timeout, &value, &rc, &which};
        struct beside thread = {.entry = (weft_entry *)(void (*)(void))wait_for_all, .arguments = &all};
        weft_scope scope;

        weft_latch_init(&latch, 1);
        weft_scope_open(&scope);
        if (in_thread)
            MUST(pthread_create(&thread.thread, NULL, run_beside, &thread) == 0);
        else
            weft_go_raw(&scope, thread.entry, &all, sizeof all, _Alignof(struct wait_for_all), NULL);
        AWAIT_RECEIVERS(in, 1);
        AWAIT_SENDERS(out, 1);
        one_of_all(way, &all, &scope);
        if (in_thread)
            MUST(pthread_join(thread.thread, NULL) == 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(which, wanted[way]);
        CHECK_EQ(rc, wanted_rc[way]);
        CHECK_EQ(value, way == 0 ? 8 : UNTOUCHED);
        CHECK_EQ(RECEIVERS(in) + SENDERS(out), 0); /* the others are left without a trace */
        CHECK_EQ(weft_semaphore_count(&semaphore), 0);
        CHECK_EQ(weft_semaphore_release(&semaphore), 0);
        CHECK_EQ(weft_semaphore_count(&semaphore), 1);
        CHECK_EQ(weft_chan_count(in) + weft_chan_count(out), 0);
        weft_chan_free(in);
        weft_chan_free(out);
    }
    return 0;
}

TEST_IN_TASK(a_select_waits_for_each_kind_and_leaves_the_others_alone)
{
    return ends_each_way(false);
}

TEST_IN_TASK(a_plain_thread_selects_like_a_task)
{
    return ends_each_way(true);
}

TEST_IN_TASK(a_timeout_ends_a_select_and_is_never_early)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int64_t deadline = weft_now() + 2 * WEFT_MILLISECOND;
    int value = UNTOUCHED, rc = UNTOUCHED;

    CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_deadline(deadline)), 1);
    CHECK(weft_now() >= deadline);
    deadline = weft_now() + 2 * WEFT_MILLISECOND;
    CHECK_EQ(weft_select(weft_on_timeout(2 * WEFT_MILLISECOND), weft_on_send(chan, &value, &rc)), 0);
    CHECK(weft_now() >= deadline);
    CHECK_EQ(weft_select(weft_on_timeout(WEFT_MILLISECOND)), 0);
    CHECK_EQ(SENDERS(chan) + RECEIVERS(chan), 0);
    CHECK_EQ(value, UNTOUCHED);
    CHECK_EQ(rc, UNTOUCHED);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(the_earliest_of_several_timeouts_ends_a_select)
{
    CHECK_EQ(weft_select(weft_on_timeout(3600 * WEFT_SECOND), weft_on_timeout(WEFT_MILLISECOND),
                         weft_on_timeout(WEFT_FOREVER), weft_on_deadline(weft_now() + 60 * WEFT_SECOND)),
             1);
    return 0;
}

TEST_IN_TASK(a_timeout_that_is_not_needed_leaves_no_timer)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int rounds = many(2000), value;
    weft_scope scope;

    for (int i = 0; i < rounds; i++) {
        weft_scope_open(&scope);
        weft_go(&scope, send_one, .chan = chan, .value = i);
        CHECK_EQ(weft_select(weft_on_timeout(3600 * WEFT_SECOND), weft_on_recv(chan, &value, NULL)), 1);
        CHECK_EQ(value, i);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(chan);
    return 0;
}

/* ---- exactly one ---- */

TEST_IN_TASK(of_several_possible_cases_exactly_one_happens)
{
    weft_chan(int) a = weft_chan_new(int, 1), b = weft_chan_new(int, 1), c = weft_chan_new(int, 1);
    weft_semaphore semaphore;

    for (int i = 0; i < 200; i++) {
        int values[2] = {UNTOUCHED, UNTOUCHED}, rcs[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED}, item = 3, which;

        CHECK_EQ(weft_send(a, 1), 0);
        CHECK_EQ(weft_send(b, 2), 0);
        weft_semaphore_init(&semaphore, .count = 1);
        which = weft_select(weft_on_recv(a, &values[0], &rcs[0]), weft_on_recv(b, &values[1], &rcs[1]),
                            weft_on_send(c, &item, &rcs[2]), weft_on_semaphore(&semaphore));
        CHECK_EQ(weft_chan_count(a), which != 0);
        CHECK_EQ(weft_chan_count(b), which != 1);
        CHECK_EQ(weft_chan_count(c), which == 2);
        CHECK_EQ(weft_semaphore_count(&semaphore), which != 3);
        for (int j = 0; j < 3; j++)
            CHECK_EQ(rcs[j], j == which ? 0 : UNTOUCHED);
        CHECK_EQ(values[0], which == 0 ? 1 : UNTOUCHED);
        CHECK_EQ(values[1], which == 1 ? 2 : UNTOUCHED);
        (void)weft_try_recv(a, NULL); /* empty all of them */
        (void)weft_try_recv(b, NULL);
        (void)weft_try_recv(c, NULL);
    }
    weft_chan_free(a);
    weft_chan_free(b);
    weft_chan_free(c);
    return 0;
}

/* Makes cases of the first `count` channels: receives, with values and rcs of their own. */
static void receive_cases(struct weft_case *cases, weft_chan(int) * chans, int *values, int count)
{
    for (int i = 0; i < count; i++)
        cases[i] = weft_on_recv(chans[i], &values[i], NULL);
}

TEST_IN_TASK(no_case_is_starved)
{
    enum { COUNT = 8 };
    weft_chan(int) chans[COUNT];
    struct weft_case cases[COUNT];
    int values[COUNT], times[COUNT] = {0};

    for (int i = 0; i < COUNT; i++)
        chans[i] = weft_chan_new(int, 1);
    receive_cases(cases, chans, values, COUNT);
    for (int round = 0; round < 1000; round++) {
        int which;

        for (int i = 0; i < COUNT; i++)
            (void)weft_try_send(chans[i], i);
        which = weft_select_raw(cases, COUNT, 0);
        MUST(which >= 0 && which < COUNT);
        CHECK_EQ(values[which], which);
        times[which]++;
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK(times[i] > 30); /* 125 are expected; 30 and less come once in 10^20 */
        weft_chan_free(chans[i]);
    }
    return 0;
}

TEST_IN_TASK(with_priority_the_first_possible_case_happens)
{
    weft_chan(int) chans[3] = {weft_chan_new(int, 1), weft_chan_new(int, 1), weft_chan_new(int, 1)};
    int value;

    for (int mask = 1; mask < 8; mask++)
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 3; i++)
                if (mask >> i & 1)
                    (void)weft_try_send(chans[i], i);
            CHECK_EQ(weft_select_first(weft_on_recv(chans[0], &value, NULL), weft_on_recv(chans[1], &value, NULL),
                                       weft_on_recv(chans[2], &value, NULL)),
                     __builtin_ctz((unsigned)mask));
            CHECK_EQ(value, __builtin_ctz((unsigned)mask));
            for (int i = 0; i < 3; i++)
                (void)weft_try_recv(chans[i], NULL);
        }
    for (int i = 0; i < 3; i++)
        weft_chan_free(chans[i]);
    return 0;
}

TEST_IN_TASK(a_select_with_priority_waits_like_any_other)
{
    weft_chan(int) a = weft_chan_new(int, 0), b = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope);
    weft_go(&scope, send_one, .chan = b, .value = 6);
    CHECK_EQ(weft_select_first(weft_on_recv(a, &value, NULL), weft_on_recv(b, &value, NULL)), 1);
    CHECK_EQ(value, 6);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(a);
    weft_chan_free(b);
    return 0;
}

/* ---- one channel more than once ---- */

struct recv_twice {
    weft_chan(int) chan;
    atomic_int *sum;
};

static int recv_twice(struct recv_twice *self)
{
    int values[2] = {0},
        which = weft_select(weft_on_recv(self->chan, &values[0], NULL), weft_on_recv(self->chan, &values[1], NULL));

    MUST(which == 0 || which == 1);
    CHECK_EQ(values[!which], 0);
    atomic_fetch_add(self->sum, values[which]);
    return 0;
}

TEST_IN_TASK(a_channel_in_two_cases_gives_one_item)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    atomic_int sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, recv_twice, .chan = chan, .sum = &sum);
    AWAIT_RECEIVERS(chan, 6);
    for (int i = 1; i <= 3; i++)
        CHECK_EQ(weft_send(chan, i), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, 6);
    CHECK_EQ(weft_try_send(chan, 9), -EAGAIN);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(closing_ends_a_select_that_waits_twice_on_it_once)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int item = 1, rcs[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED}, which;

    CHECK_EQ(weft_chan_close(chan), 0);
    which = weft_select(weft_on_recv(chan, &item, &rcs[0]), weft_on_recv(chan, &item, &rcs[1]),
                        weft_on_send(chan, &item, &rcs[2]));
    MUST(which >= 0 && which < 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rcs[i], i == which ? -EPIPE : UNTOUCHED);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_select_does_not_meet_itself)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int out = 1, in = UNTOUCHED;

    CHECK_EQ(weft_select(weft_on_send(chan, &out, NULL), weft_on_recv(chan, &in, NULL), weft_on_default()), 2);
    CHECK_EQ(
        weft_select(weft_on_recv(chan, &in, NULL), weft_on_send(chan, &out, NULL), weft_on_timeout(WEFT_MILLISECOND)),
        2);
    CHECK_EQ(in, UNTOUCHED);
    CHECK_EQ(SENDERS(chan) + RECEIVERS(chan), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(with_room_a_select_may_meet_itself_in_the_buffer)
{
    weft_chan(int) chan = weft_chan_new(int, 1);
    int out = 1, in = 0, sent = 0, received = 0;

    for (int i = 0; i < 100; i++) {
        int which = weft_select(weft_on_send(chan, &out, NULL), weft_on_recv(chan, &in, NULL));

        CHECK_EQ(which, i % 2); /* full after a send, empty after a receive */
        sent += which == 0;
        received += which == 1;
    }
    CHECK_EQ(sent, 50);
    CHECK_EQ(received, 50);
    weft_chan_free(chan);
    return 0;
}

/* ---- selects that face each other ---- */

/* Sends or receives, whichever comes, so many times; the others' numbers it got. */
struct both_ways {
    weft_chan(int) chan;
    int self, times;
    atomic_int *sent, *received;
};

static int both_ways(struct both_ways *self)
{
    for (int i = 0; i < self->times; i++) {
        int in = -1, rc = UNTOUCHED;

        switch (weft_select(weft_on_send(self->chan, &self->self, &rc), weft_on_recv(self->chan, &in, &rc))) {
        case 0:
            CHECK_EQ(rc, 0);
            atomic_fetch_add(self->sent, 1);
            break;
        case 1:
            CHECK_EQ(rc, 0);
            CHECK_EQ(in, !self->self);
            atomic_fetch_add(self->received, 1);
            break;
        default:
            CHECK(0);
        }
    }
    return 0;
}

TEST_IN_TASK(two_selects_meet_that_both_send_and_receive)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    atomic_int sent = 0, received = 0;
    int times = many(20000);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++)
        weft_go(&scope, both_ways, .chan = chan, .self = i, .times = times, .sent = &sent, .received = &received);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sent, times);
    CHECK_EQ(received, times);
    weft_chan_free(chan);
    return 0;
}

struct crossing {
    weft_chan(int) a, b;
    int times;
    bool sends;
    long long *sum;
};

static int crossing(struct crossing *self)
{
    for (int i = 0; i < self->times; i++) {
        int value = i, other = i;
        int which = self->sends ? weft_select(weft_on_send(self->a, &value, NULL), weft_on_send(self->b, &other, NULL))
                                : weft_select(weft_on_recv(self->b, &value, NULL), weft_on_recv(self->a, &other, NULL));

        MUST(which == 0 || which == 1);
        if (!self->sends)
            CHECK_EQ(which == 0 ? value : other, i); /* one pair: in order, by whichever way */
        *self->sum += which == 0 ? value : other;
    }
    return 0;
}

TEST_IN_TASK(two_selects_that_face_each_other_on_two_channels_do_not_hold_each_other_up)
{
    weft_chan(int) a = weft_chan_new(int, 0), b = weft_chan_new(int, 0);
    long long sums[2] = {0};
    int times = many(20000);
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, crossing, .a = a, .b = b, .times = times, .sends = true, .sum = &sums[0]);
    weft_go(&scope, crossing, .a = a, .b = b, .times = times, .sends = false, .sum = &sums[1]);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sums[0], sums[1]);
    CHECK_EQ(sums[0], (long long)times * (times - 1) / 2);
    weft_chan_free(a);
    weft_chan_free(b);
    return 0;
}

TEST_IN_TASK(selects_of_tasks_and_plain_threads_face_each_other)
{
    for (int thread_sends = 0; thread_sends < 2; thread_sends++) {
        weft_chan(int) a = weft_chan_new(int, 0), b = weft_chan_new(int, 0);
        int times = is_seeded() ? 20 : 1000;
        long long sums[2] = {0};
        struct beside thread;
        weft_scope scope;

        weft_scope_open(&scope);
        BESIDE(&thread, crossing, .a = a, .b = b, .times = times, .sends = thread_sends, .sum = &sums[0]);
        weft_go(&scope, crossing, .a = a, .b = b, .times = times, .sends = !thread_sends, .sum = &sums[1]);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(JOIN_BESIDE(&thread), 0);
        CHECK_EQ(sums[0], sums[1]);
        weft_chan_free(a);
        weft_chan_free(b);
    }
    return 0;
}

/* ---- closed channels ---- */

TEST_IN_TASK(a_closed_channel_is_a_case_that_happens)
{
    weft_chan(int) closed = weft_chan_new(int, 2), open = weft_chan_new(int, 0);
    int value = UNTOUCHED, rc = UNTOUCHED;

    CHECK_EQ(weft_send(closed, 1), 0);
    CHECK_EQ(weft_chan_close(closed), 0);
    CHECK_EQ(weft_select(weft_on_recv(open, &value, NULL), weft_on_recv(closed, &value, &rc)), 1);
    CHECK_EQ(rc, 0);
    CHECK_EQ(value, 1);
    for (int i = 0; i < 3; i++) {
        rc = UNTOUCHED;
        CHECK_EQ(weft_select(weft_on_recv(open, &value, NULL), weft_on_recv(closed, &value, &rc)), 1);
        CHECK_EQ(rc, -EPIPE);
        rc = UNTOUCHED;
        CHECK_EQ(weft_select(weft_on_send(closed, &value, &rc), weft_on_default()), 0);
        CHECK_EQ(rc, -EPIPE);
    }
    CHECK_EQ(value, 1);
    weft_chan_free(closed);
    weft_chan_free(open);
    return 0;
}

/* ---- what is refused ---- */

TEST_IN_TASK(as_many_as_64_cases_are_waited_for_and_no_more)
{
    weft_chan(int) chans[WEFT_SELECT_MAX + 1];
    struct weft_case cases[WEFT_SELECT_MAX + 1];
    int values[WEFT_SELECT_MAX + 1];

    for (int i = 0; i <= WEFT_SELECT_MAX; i++)
        chans[i] = weft_chan_new(int, 0);
    receive_cases(cases, chans, values, WEFT_SELECT_MAX + 1);
    for (int i = 0; i < WEFT_SELECT_MAX; i += 7) {
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, send_one, .chan = chans[i], .value = i);
        CHECK_EQ(weft_select_raw(cases, WEFT_SELECT_MAX, i % 2), i);
        CHECK_EQ(values[i], i);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    CHECK_EQ(weft_select_raw(cases, WEFT_SELECT_MAX + 1, 0), -EINVAL);
    CHECK_EQ(weft_select_raw(cases, SIZE_MAX, 0), -EINVAL);
    CHECK_EQ(weft_select_raw(cases, 0, 0), -EINVAL);
    CHECK_EQ(weft_select_raw(NULL, 1, 0), -EINVAL);
    for (int i = 0; i <= WEFT_SELECT_MAX; i++) {
        CHECK_EQ(RECEIVERS(chans[i]), 0);
        weft_chan_free(chans[i]);
    }
    return 0;
}

TEST_IN_TASK(a_case_on_null_is_refused)
{
    weft_chan(int) none = NULL, open = weft_chan_new(int, 0);
    weft_semaphore *semaphore = NULL;
    weft_event *event = NULL;
    weft_latch *latch = NULL;
    int value = UNTOUCHED, rc = UNTOUCHED;

    CHECK_EQ(weft_select(weft_on_recv(none, &value, &rc)), -EINVAL);
    CHECK_EQ(weft_select(weft_on_send(none, &value, &rc)), -EINVAL);
    CHECK_EQ(weft_select(weft_on_semaphore(semaphore)), -EINVAL);
    CHECK_EQ(weft_select(weft_on_event(event)), -EINVAL);
    CHECK_EQ(weft_select(weft_on_latch(latch)), -EINVAL);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(weft_select(weft_on_recv(none, &value, &rc), weft_on_default()), -EINVAL);
        CHECK_EQ(weft_select(weft_on_recv(open, &value, &rc), weft_on_send(none, &value, &rc)), -EINVAL);
        CHECK_EQ(weft_select(weft_on_recv(open, &value, &rc), weft_on_event(event), weft_on_timeout(WEFT_FOREVER)),
                 -EINVAL);
    }
    CHECK_EQ(value, UNTOUCHED);
    CHECK_EQ(rc, UNTOUCHED);
    CHECK_EQ(SENDERS(open) + RECEIVERS(open), 0);
    weft_chan_free(open);
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_select_in_a_cancelled_scope_does_nothing)
{
    weft_chan(int) full = weft_chan_new(int, 1), empty = weft_chan_new(int, 1);
    weft_semaphore semaphore;
    weft_scope scope;
    int value = UNTOUCHED;

    weft_semaphore_init(&semaphore, .count = 1);
    CHECK_EQ(weft_send(full, 1), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_select(weft_on_recv(full, &value, NULL), weft_on_send(empty, &value, NULL),
                         weft_on_semaphore(&semaphore), weft_on_timeout(0)),
             -ECANCELED);
    CHECK_EQ(weft_select(weft_on_recv(empty, &value, NULL), weft_on_default()), -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(value, UNTOUCHED);
    CHECK_EQ(weft_chan_count(full), 1);
    CHECK_EQ(weft_chan_count(empty), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 1);
    weft_chan_free(full);
    weft_chan_free(empty);
    return 0;
}

TEST_IN_TASK(a_scopes_deadline_is_not_a_case)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int value = UNTOUCHED, rc = UNTOUCHED;
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_timeout(3600 * WEFT_SECOND)), -ETIMEDOUT);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_timeout(0)), -ETIMEDOUT);
    CHECK_EQ(weft_scope_status(NULL), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(value, UNTOUCHED);
    CHECK_EQ(rc, UNTOUCHED);
    CHECK_EQ(RECEIVERS(chan), 0);
    weft_chan_free(chan);
    return 0;
}

/* Takes what it can by a select; what it got. */
struct select_one {
    weft_chan(int) a, b;
    int *got;
};

static int select_one(struct select_one *self)
{
    int rc = weft_select(weft_on_recv(self->a, self->got, NULL), weft_on_recv(self->b, self->got, NULL));

    return rc < 0 ? rc : 0;
}

TEST_IN_TASK(a_select_that_races_with_its_cancellation_loses_no_item)
{
    weft_chan(int) a = weft_chan_new(int, 0), b = weft_chan_new(int, 0);
    int rounds = many(5000);

    for (int i = 0; i < rounds; i++) {
        weft_task *task = NULL;
        weft_scope scope;
        int got = 0, rc = 0, sent;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        weft_go_with(&scope, (.handle = &task), select_one, .a = a, .b = b, .got = &got);
        if (i % 3 == 0)
            (void)weft_yield();
        if (i % 2)
            weft_cancel(task);
        sent = weft_try_send(i % 5 ? a : b, i + 1);
        weft_cancel(task);
        CHECK_EQ(weft_join(task, &rc), 0);
        CHECK_EQ(got, sent == 0 ? i + 1 : 0);
        CHECK_EQ(rc, sent == 0 ? 0 : -ECANCELED);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(RECEIVERS(a) + RECEIVERS(b), 0);
    }
    weft_chan_free(a);
    weft_chan_free(b);
    return 0;
}

/* ---- plain threads ---- */

TEST(a_plain_thread_selects_without_a_runtime)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int64_t deadline = weft_now() + WEFT_MILLISECOND;
    int value = UNTOUCHED, rc = UNTOUCHED;
    struct beside thread;

    CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_default()), 1);
    if (!is_seeded()) { /* virtual time stands still when nothing runs */
        CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_deadline(deadline)), 1);
        CHECK(weft_now() >= deadline);
        CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc), weft_on_timeout(3600 * WEFT_SECOND),
                             weft_on_timeout(WEFT_MILLISECOND)),
                 2);
    }
    CHECK_EQ(value, UNTOUCHED);
    CHECK_EQ(RECEIVERS(chan), 0);
    BESIDE(&thread, send_one, .chan = chan, .value = 6);
    CHECK_EQ(weft_select(weft_on_timeout(WEFT_FOREVER), weft_on_recv(chan, &value, &rc)), 1);
    CHECK_EQ(value, 6);
    CHECK_EQ(rc, 0);
    CHECK_EQ(join_beside(&thread), 0);
    weft_chan_free(chan);
}

struct timed_select {
    weft_chan(int) chan;
};

static int timed_select(struct timed_select *self)
{
    int value = UNTOUCHED;

    CHECK_EQ(weft_select(weft_on_recv(self->chan, &value, NULL), weft_on_timeout(WEFT_MILLISECOND)), 1);
    CHECK_EQ(value, UNTOUCHED);
    return 0;
}

TEST_IN_TASK(a_plain_threads_timeout_ends_its_select)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    struct beside thread;

    if (is_seeded()) /* its clock is not the runtime's */
        SKIP_IN_TASK("a plain thread beside virtual time");
    BESIDE(&thread, timed_select, .chan = chan);
    CHECK_EQ(JOIN_BESIDE(&thread), 0);
    CHECK_EQ(RECEIVERS(chan), 0);
    weft_chan_free(chan);
    return 0;
}
