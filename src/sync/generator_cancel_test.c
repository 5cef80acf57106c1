/* Generators whose consumer is cancelled, or whose body is; and who come at the same time. */
#include "run.h"

#include <errno.h>

struct count {
    weft_generator(int) out;
    int from, to;
    int last;      /* what it returns when it has counted to the end */
    int *returned; /* or NULL: what the emit that ended it returned, 1 at the end */
};

static int count(struct count *self)
{
    int rc = 0;

    for (int i = self->from; i < self->to && rc == 0; i++)
        rc = weft_emit(self->out, i);
    if (self->returned)
        *self->returned = rc < 0 ? rc : 1;
    return rc < 0 ? rc : self->last;
}

/* A body that works when it is told to. */
struct worker {
    weft_generator(int) out;
    weft_waker *go;
    atomic_int *at_work;
    int *thrown; /* what the emit of 0 returned, or NULL */
    int *sent;   /* ... and received */
};

static int worker(struct worker *self)
{
    int rc = 0, sent = 0;

    for (int i = 0; rc >= 0; i++) {
        atomic_fetch_add(self->at_work, 1);
        if ((rc = weft_wait(self->go)) < 0)
            return rc;
        rc = weft_emit_recv(self->out, i, &sent);
        if (i == 0 && self->thrown)
            *self->thrown = rc;
        if (i == 0 && self->sent)
            *self->sent = sent;
        if (rc == -ERANGE)
            rc = 0;
    }
    return rc;
}

/* A next that its own deadline cuts short while the body is at work. */
static void next_in_vain(weft_generator(int) g)
{
    weft_scope scope;
    int n = -1;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_next(g, &n), -ETIMEDOUT);
    CHECK_EQ(weft_next(g, &n), -ETIMEDOUT); /* looks first */
    CHECK_EQ(n, -1);
    CHECK_EQ(weft_scope_close(&scope), 0);
}

/* Until its emit has been made: the body runs on, whoever waits. */
static void let_work(weft_waker *go, atomic_int *at_work)
{
    await(at_work, 1);
    weft_wake(go);
    for (int i = 0; i < 50; i++)
        (void)weft_yield();
}

TEST_IN_TASK(a_value_without_a_consumer_is_kept_for_the_next)
{
    for (int emitted = 0; emitted < 2; emitted++) {
        weft_waker go = WEFT_WAKER_INIT;
        atomic_int at_work = 0;
        weft_generator(int) g;
        weft_scope scope;
        int n = -1;

        weft_scope_open(&scope);
        g = weft_generator_new(&scope, int, worker, .go = &go, .at_work = &at_work);
        next_in_vain(g);
        if (emitted)
            let_work(&go, &at_work);
        else
            weft_wake(&go);
        CHECK_EQ(weft_next(g, &n), 0);
        CHECK_EQ(n, 0);
        weft_wake(&go);
        CHECK_EQ(weft_next(g, &n), 0);
        CHECK_EQ(n, 1);
        weft_generator_free(g);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

TEST_IN_TASK(nothing_is_sent_past_a_value_that_was_kept)
{
    weft_waker go = WEFT_WAKER_INIT;
    atomic_int at_work = 0;
    weft_generator(int) g;
    weft_scope scope;
    int n = -1, received = 0, sent = 0;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, worker, .go = &go, .at_work = &at_work, .thrown = &received, .sent = &sent);
    next_in_vain(g);
    CHECK_EQ(weft_send_in(g, 44, &n), -EAGAIN); /* it is at work */
    let_work(&go, &at_work);
    CHECK_EQ(weft_send_in(g, 44, &n), -EAGAIN); /* or waits with what nobody has seen */
    CHECK_EQ(weft_next(g, &n), 0);
    CHECK_EQ(n, 0);
    weft_wake(&go);
    CHECK_EQ(weft_send_in(g, 44, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(received, 1);
    CHECK_EQ(sent, 44);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(what_is_thrown_is_not_lost_while_the_body_is_at_work)
{
    for (int emitted = 0; emitted < 2; emitted++) {
        weft_waker go = WEFT_WAKER_INIT;
        atomic_int at_work = 0;
        weft_generator(int) g;
        weft_scope scope;
        int n = -1, thrown = 0;

        weft_scope_open(&scope);
        g = weft_generator_new(&scope, int, worker, .go = &go, .at_work = &at_work, .thrown = &thrown);
        next_in_vain(g);
        if (emitted)
            let_work(&go, &at_work);
        weft_wake(&go);
        CHECK_EQ(weft_throw(g, emitted ? -ERANGE : -EIO, &n), emitted ? 0 : -EIO);
        CHECK_EQ(thrown, emitted ? -ERANGE : -EIO);
        CHECK_EQ(n, emitted ? 1 : -1);
        weft_generator_free(g);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

TEST_IN_TASK(closing_ends_a_body_at_work_at_its_next_emit)
{
    for (int emitted = 0; emitted < 2; emitted++) {
        weft_waker go = WEFT_WAKER_INIT;
        atomic_int at_work = 0;
        weft_generator(int) g;
        weft_scope scope;
        int thrown = 0;

        weft_scope_open(&scope);
        g = weft_generator_new(&scope, int, worker, .go = &go, .at_work = &at_work, .thrown = &thrown);
        next_in_vain(g);
        if (emitted)
            let_work(&go, &at_work);
        weft_wake(&go);
        CHECK_EQ(weft_generator_close(g), 0);
        CHECK_EQ(thrown, -EPIPE);
        weft_generator_free(g);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

TEST_IN_TASK(a_cancelled_scope_ends_the_emit_that_waits)
{
    for (int started = 0; started < 2; started++) {
        weft_generator(int) numbers;
        int returned = 0, n;
        weft_scope scope, shield;

        weft_scope_open(&scope);
        numbers = weft_generator_new(&scope, int, count, .to = 3, .returned = &returned);
        if (started)
            CHECK_EQ(weft_next(numbers, &n), 0);
        weft_scope_cancel(&scope);
        CHECK_EQ(weft_next(numbers, &n), -ECANCELED); /* the consumer's own, it stands inside */
        weft_scope_open(&shield, .shield = 1);
        CHECK_EQ(weft_next(numbers, &n), -ECANCELED); /* the body's error */
        CHECK_EQ(weft_next(numbers, &n), -EPIPE);
        CHECK_EQ(weft_scope_close(&shield), 0);
        weft_generator_free(numbers); /* is not interrupted */
        CHECK(returned == -ECANCELED || (!started && returned == 0));
        CHECK(weft_scope_close(&scope) <= 0); /* whether the body was cut short before it was asked, or told us */
    }
    return 0;
}

struct shielded {
    weft_generator(int) out;
    int *got;
};

/* Emits where no cancellation reaches: what wakes it then wakes it for nothing. */
static int shielded(struct shielded *self)
{
    weft_scope shield;
    int rc = 0;

    weft_scope_open(&shield, .shield = 1);
    for (int i = 0; rc >= 0; i++)
        rc = weft_emit_recv(self->out, i, self->got);
    return weft_scope_close_with(&shield, rc);
}

TEST_IN_TASK(a_body_woken_for_nothing_takes_its_turn)
{
    for (int how = 0; how < 4; how++) {
        weft_generator(int) g;
        weft_scope scope, shield;
        int n = -1, got = -1;

        weft_scope_open(&scope);
        g = weft_generator_new(&scope, int, shielded, .got = &got);
        CHECK_EQ(weft_next(g, &n), 0);
        weft_scope_cancel(&scope); /* wakes the body, which goes on */
        weft_scope_open(&shield, .shield = 1);
        if (how == 0)
            CHECK_EQ(weft_next(g, &n), 0);
        if (how == 1)
            CHECK_EQ(weft_send_in(g, 66, &n), 0);
        if (how == 2)
            CHECK_EQ(weft_throw(g, -EIO, &n), -EIO);
        CHECK_EQ(weft_generator_close(g), 0);
        CHECK_EQ(n, how < 2);
        CHECK_EQ(got, how == 1 ? 66 : -1);
        weft_generator_free(g);
        CHECK_EQ(weft_scope_close(&shield), 0);
        (void)weft_scope_close(&scope);
    }
    return 0;
}

/* Takes what there is, and makes the body go on. */
struct consumer {
    weft_generator(int) g;
    weft_waker *go;
    int most; /* values, or -1: all */
};

static int consumer(struct consumer *self)
{
    int n = -1, rc = 0;

    for (int i = 0; i != self->most && (rc = weft_next(self->g, &n)) == 0; i++) {
        CHECK_EQ(n, i);
        weft_wake(self->go);
    }
    CHECK_EQ(rc, self->most < 0 ? -EPIPE : 0);
    return 0;
}

TEST_IN_TASK(one_consumer_waits_at_a_time)
{
    weft_waker go = WEFT_WAKER_INIT;
    weft_task *task = NULL;
    atomic_int at_work = 0;
    weft_generator(int) g;
    weft_scope scope;
    int n = -1;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, worker, .go = &go, .at_work = &at_work);
    weft_go_with(&scope, (.handle = &task), consumer, .g = g, .go = &go, .most = 1);
    await(&at_work, 1); /* the other one waits */
    CHECK_EQ(weft_next(g, &n), -EBUSY);
    CHECK_EQ(weft_send_in(g, 1, &n), -EBUSY);
    CHECK_EQ(weft_throw(g, -EIO, &n), -EBUSY);
    weft_wake(&go);
    CHECK_EQ(weft_join(task, NULL), 0);
    CHECK_EQ(weft_next(g, &n), 0);
    CHECK_EQ(n, 1);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(closing_tells_a_consumer_that_waits)
{
    for (int round = 0; round < many(100); round++) {
        weft_waker go = WEFT_WAKER_INIT;
        atomic_int at_work = 0;
        weft_generator(int) g;
        weft_scope scope, inner;

        weft_scope_open(&scope);
        g = weft_generator_new(&scope, int, worker, .go = &go, .at_work = &at_work);
        weft_scope_open(&inner);
        weft_go(&inner, consumer, .g = g, .go = &go, .most = -1);
        await(&at_work, 1);
        weft_wake(&go); /* from here on the two keep each other going */
        for (int i = 0; i < round % 7; i++)
            (void)weft_yield();
        CHECK_EQ(weft_generator_close(g), 0);
        CHECK_EQ(weft_scope_close(&inner), 0);
        weft_generator_free(g);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

struct cut_short {
    int rounds;
    uint32_t random;
    atomic_int *values;
};

/* Gets through all values, though its waits are cut short again and again. */
static int cut_short(struct cut_short *self)
{
    weft_generator(int) g;
    weft_scope scope, brief;
    int expected = 0, n = -1, rc;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, count, .from = 0, .to = self->rounds);
    do {
        self->random = self->random * 1664525 + 1013904223;
        weft_scope_open(&brief, .timeout = 1 + (self->random >> 16) % 4000);
        rc = weft_next(g, &n);
        (void)weft_scope_close(&brief);
        if (rc == 0)
            CHECK_EQ(n, expected++);
    } while (rc == 0 || rc == -ETIMEDOUT);
    CHECK_EQ(rc, -EPIPE);
    CHECK_EQ(expected, self->rounds);
    atomic_fetch_add(self->values, expected);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(no_value_is_lost_to_cancelled_consumers)
{
    atomic_int values = 0;
    int rounds = many(2000);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, cut_short, .rounds = rounds, .random = (uint32_t)i, .values = &values);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(values, 4 * rounds);
    return 0;
}
