/* What libdill's tests of channels are after, here: tests/chan.c and tests/choose.c.
 *
 *     chan.c    receiver waits for sender          a_receiver_waits_for_its_sender
 *               sender waits for receiver          a_sender_waits_for_its_receiver
 *               two simultaneous senders           two_senders_are_served_in_turn
 *               two simultaneous receivers         two_receivers_are_served_in_turn
 *               chdone, simple                     a_channel_that_is_done_says_so_each_time
 *               chdone unblocks receivers          done_wakes_receivers_which_may_go_on_elsewhere
 *               chdone unblocks senders            done_wakes_three_senders
 *               cancelation                        a_cancelled_receiver_is_cancelled_again_each_time
 *               zero-byte messages, both ways      messages_without_bytes_pass_both_ways
 *               deadline of an empty channel       a_deadline_ends_the_wait_for_a_message
 *     choose.c  receiver case, at once, blocking   choose_receives_at_once_and_later
 *               sender case, at once, blocking     choose_sends_at_once_and_later
 *               two channels                       choose_takes_the_channel_that_has_something
 *               immediate timeout                  choose_ends_at_once_if_it_may_not_wait
 *               two senders against choose         choose_receives_from_two_senders_in_turn
 *               two receivers against choose       choose_sends_to_two_receivers_in_turn
 *               choose against choose              choose_meets_choose
 *               a large object                     choose_carries_a_large_object
 *               in on a done channel               choose_sees_that_a_channel_is_done
 *               deadline expires, does not         choose_keeps_its_deadline
 *               the first channel is prioritized   choose_prefers_what_is_written_first
 *               the same channel twice             choose_may_wait_twice_on_one_channel
 *
 * Two of chan.c are otherwise here: a channel has one end and not two, so that in "chdone unblocks receivers" the
 * woken answer on another channel; and closing the handle of a channel is freeing it, which nobody may wait through:
 * freeing_a_channel_somebody_waits_on_stops_the_program (chan_test.c). An empty list of choose.c is refused:
 * as_many_as_64_cases_are_waited_for_and_no_more (select_test.c). Without a counterpart: a channel in storage of the
 * caller's; bundle.c, go*.c, threads*.c, which touch no channel.
 */
#include "chan_test.h"

#include <errno.h>

struct post {
    weft_chan(int) chan;
    int value, yields;
};

static int post(struct post *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    return weft_send(self->chan, self->value);
}

struct pick_up {
    weft_chan(int) chan;
    int expected, yields;
};

static int pick_up(struct pick_up *self)
{
    int value = -1;

    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    CHECK_EQ(weft_recv(self->chan, &value), 0);
    CHECK_EQ(value, self->expected);
    return 0;
}

/* ---- chan.c ---- */

static int receives_from_a_sender(int yields)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope);
    weft_go(&scope, post, .chan = chan, .value = 333, .yields = yields);
    if (yields == 0)
        AWAIT_SENDERS(chan, 1);
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 333);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_receiver_waits_for_its_sender)
{
    return receives_from_a_sender(3);
}

TEST_IN_TASK(a_sender_waits_for_its_receiver)
{
    return receives_from_a_sender(0);
}

TEST_IN_TASK(two_senders_are_served_in_turn)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope);
    weft_go(&scope, post, .chan = chan, .value = 888);
    AWAIT_SENDERS(chan, 1);
    weft_go(&scope, post, .chan = chan, .value = 999);
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 888);
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_recv(chan, &value), 0);
    CHECK_EQ(value, 999);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(two_receivers_are_served_in_turn)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, pick_up, .chan = chan, .expected = 333);
    AWAIT_RECEIVERS(chan, 1);
    weft_go(&scope, pick_up, .chan = chan, .expected = 444);
    CHECK_EQ(weft_send(chan, 333), 0);
    CHECK_EQ(weft_send(chan, 444), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(a_channel_that_is_done_says_so_each_time)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int value = 5;

    CHECK_EQ(weft_chan_close(chan), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_recv(chan, &value), -EPIPE);
    CHECK_EQ(value, 5);
    weft_chan_free(chan);
    return 0;
}

struct answer_when_done {
    weft_chan(int) chan, answers;
};

static int answer_when_done(struct answer_when_done *self)
{
    CHECK_EQ(weft_recv(self->chan, NULL), -EPIPE);
    return weft_send(self->answers, 0);
}

TEST_IN_TASK(done_wakes_receivers_which_may_go_on_elsewhere)
{
    weft_chan(int) chan = weft_chan_new(int, 0), answers = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 5;

    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++)
        weft_go(&scope, answer_when_done, .chan = chan, .answers = answers);
    AWAIT_RECEIVERS(chan, 2);
    CHECK_EQ(weft_chan_close(chan), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(weft_recv(answers, &value), 0);
        CHECK_EQ(value, 0);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    weft_chan_free(answers);
    return 0;
}

TEST_IN_TASK(done_wakes_three_senders)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, send_one, .chan = chan, .value = 0, .want = -EPIPE);
    AWAIT_SENDERS(chan, 3);
    CHECK_EQ(weft_chan_close(chan), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

struct is_cancelled {
    weft_chan(int) chan;
};

static int is_cancelled(struct is_cancelled *self)
{
    CHECK_EQ(weft_recv(self->chan, NULL), -ECANCELED);
    return weft_recv(self->chan, NULL);
}

TEST_IN_TASK(a_cancelled_receiver_is_cancelled_again_each_time)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_task *task = NULL;
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), is_cancelled, .chan = chan);
    AWAIT_RECEIVERS(chan, 1);
    CHECK_EQ(weft_cancel(task), 0);
    CHECK_EQ(weft_join(task, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

struct post_nothing {
    struct weft__chan *chan;
    int yields;
};

static int post_nothing(struct post_nothing *self)
{
    char nothing;

    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    return weft_send_raw(self->chan, &nothing);
}

TEST_IN_TASK(messages_without_bytes_pass_both_ways)
{
    for (int yields = 0; yields < 3; yields++) {
        struct weft__chan *chan = weft_chan_new_raw(0, 0);
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, post_nothing, .chan = chan, .yields = yields);
        CHECK_EQ(weft_recv_raw(chan, NULL), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        weft_chan_free_raw(chan);
    }
    return 0;
}

TEST_IN_TASK(a_deadline_ends_the_wait_for_a_message)
{
    struct weft__chan *chan = weft_chan_new_raw(0, 0);
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_recv_raw(chan, NULL), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free_raw(chan);
    return 0;
}

/* ---- choose.c ---- */

TEST_IN_TASK(choose_receives_at_once_and_later)
{
    weft_chan(int) chan = weft_chan_new(int, 0);

    for (int yields = 0; yields < 4; yields++) {
        weft_scope scope;
        int value = 0;

        weft_scope_open(&scope);
        weft_go(&scope, post, .chan = chan, .value = 555 + yields, .yields = yields);
        CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL)), 0);
        CHECK_EQ(value, 555 + yields);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(choose_sends_at_once_and_later)
{
    weft_chan(int) chan = weft_chan_new(int, 0);

    for (int yields = 0; yields < 4; yields++) {
        int value = 777 + yields;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, pick_up, .chan = chan, .expected = value, .yields = yields);
        CHECK_EQ(weft_select(weft_on_send(chan, &value, NULL)), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(choose_takes_the_channel_that_has_something)
{
    weft_chan(int) chans[2] = {weft_chan_new(int, 0), weft_chan_new(int, 0)};

    for (int round = 0; round < 4; round++) {
        weft_scope scope;
        int value = 0;

        weft_scope_open(&scope);
        weft_go(&scope, post, .chan = chans[1 - round % 2], .value = round, .yields = round / 2);
        CHECK_EQ(weft_select(weft_on_recv(chans[0], &value, NULL), weft_on_recv(chans[1], &value, NULL)),
                 1 - round % 2);
        CHECK_EQ(value, round);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(chans[0]);
    weft_chan_free(chans[1]);
    return 0;
}

TEST_IN_TASK(choose_ends_at_once_if_it_may_not_wait)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int value = 5;

    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_default()), 1);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_timeout(0)), 1);
    CHECK_EQ(value, 5);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(choose_receives_from_two_senders_in_turn)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++) {
        weft_go(&scope, post, .chan = chan, .value = i + 888);
        AWAIT_SENDERS(chan, i + 1);
    }
    for (int i = 0; i < 2; i++) {
        int value = 0;

        CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL)), 0);
        CHECK_EQ(value, i + 888);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(choose_sends_to_two_receivers_in_turn)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++) {
        weft_go(&scope, pick_up, .chan = chan, .expected = i + 333);
        AWAIT_RECEIVERS(chan, i + 1);
    }
    for (int i = 333; i < 335; i++)
        CHECK_EQ(weft_select(weft_on_send(chan, &i, NULL)), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

struct choose_to_send {
    weft_chan(int) chan;
    int value;
};

static int choose_to_send(struct choose_to_send *self)
{
    return weft_select(weft_on_send(self->chan, &self->value, NULL));
}

TEST_IN_TASK(choose_meets_choose)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 0;

    weft_scope_open(&scope);
    weft_go(&scope, choose_to_send, .chan = chan, .value = 111);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL)), 0);
    CHECK_EQ(value, 111);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

struct large {
    char bytes[1024];
};

struct post_large {
    weft_chan(struct large) chan;
};

static int post_large(struct post_large *self)
{
    struct large large;

    memset(&large, 'w', sizeof large);
    return weft_send(self->chan, large);
}

TEST_IN_TASK(choose_carries_a_large_object)
{
    weft_chan(struct large) chan = weft_chan_new(struct large, 0);
    struct large large = {{0}};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, post_large, .chan = chan);
    CHECK_EQ(weft_select(weft_on_recv(chan, &large, NULL)), 0);
    for (size_t i = 0; i < sizeof large.bytes; i++)
        CHECK_EQ(large.bytes[i], 'w');
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(choose_sees_that_a_channel_is_done)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int value = 5, rc = 0;

    CHECK_EQ(weft_chan_close(chan), 0);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, &rc)), 0);
    CHECK_EQ(rc, -EPIPE);
    CHECK_EQ(value, 5);
    weft_chan_free(chan);
    return 0;
}

struct post_late {
    weft_chan(int) chan;
    int value;
};

static int post_late(struct post_late *self)
{
    int rc = weft_sleep(WEFT_MILLISECOND);

    return rc < 0 ? rc : weft_send(self->chan, self->value);
}

TEST_IN_TASK(choose_keeps_its_deadline)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int64_t deadline = weft_now() + WEFT_MILLISECOND;
    weft_scope scope;
    int value = 5;

    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_deadline(deadline)), 1);
    CHECK(weft_now() >= deadline);
    CHECK_EQ(value, 5);
    weft_scope_open(&scope);
    weft_go(&scope, post_late, .chan = chan, .value = 4444);
    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_timeout(3600 * WEFT_SECOND)), 0);
    CHECK_EQ(value, 4444);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_chan_free(chan);
    return 0;
}

TEST_IN_TASK(choose_prefers_what_is_written_first)
{
    weft_chan(int) first = weft_chan_new(int, 0), second = weft_chan_new(int, 0);
    weft_scope scope;
    int value = 0;

    for (int i = 0; i < 10; i++) {
        weft_scope_open(&scope);
        weft_go(&scope, post, .chan = second, .value = 2);
        AWAIT_SENDERS(second, 1);
        weft_go(&scope, post, .chan = first, .value = 1);
        AWAIT_SENDERS(first, 1);
        CHECK_EQ(weft_select_first(weft_on_recv(first, &value, NULL), weft_on_recv(second, &value, NULL)), 0);
        CHECK_EQ(value, 1);
        CHECK_EQ(weft_recv(second, &value), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    weft_chan_free(first);
    weft_chan_free(second);
    return 0;
}

TEST_IN_TASK(choose_may_wait_twice_on_one_channel)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    int value = 5;

    CHECK_EQ(weft_select(weft_on_recv(chan, &value, NULL), weft_on_recv(chan, &value, NULL),
                         weft_on_timeout(WEFT_MILLISECOND)),
             2);
    CHECK_EQ(value, 5);
    CHECK_EQ(RECEIVERS(chan), 0);
    weft_chan_free(chan);
    return 0;
}
