#include "run.h"

#include <errno.h>
#include <pthread.h>

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

/* ---- the turns ---- */

TEST_IN_TASK(values_come_in_order_and_then_the_end)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int to = 0; to < 5; to++) {
        weft_generator(int) numbers = weft_generator_new(&scope, int, count, .from = 0, .to = to);
        int n = -1;

        MUST(numbers);
        for (int i = 0; i < to; i++) {
            CHECK_EQ(weft_next(numbers, &n), 0);
            CHECK_EQ(n, i);
        }
        n = 77;
        CHECK_EQ(weft_next(numbers, &n), -EPIPE);
        CHECK_EQ(weft_next(numbers, &n), -EPIPE);
        CHECK_EQ(weft_send_in(numbers, 1, &n), -EPIPE);
        CHECK_EQ(weft_throw(numbers, -EIO, &n), -EPIPE);
        CHECK_EQ(n, 77);
        CHECK_EQ(weft_generator_close(numbers), 0);
        weft_generator_free(numbers);
    }
    return weft_scope_close(&scope);
}

TEST_IN_TASK(each_runs_the_block_with_every_value)
{
    weft_generator(int) numbers;
    weft_scope scope;
    int sum = 0;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .from = 1, .to = many(10000) + 1);
    weft_generator_each(n, numbers) sum += n;
    CHECK_EQ(sum, many(10000) * (many(10000) + 1) / 2);
    CHECK_EQ(weft_next(numbers, NULL), -EPIPE);
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_value_may_be_skipped)
{
    weft_generator(int) numbers;
    weft_scope scope;
    int n = 0;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .from = 1, .to = 10);
    CHECK_EQ(weft_next(numbers, NULL), 0);
    CHECK_EQ(weft_next(numbers, &n), 0);
    CHECK_EQ(n, 2);
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(NULL_is_no_generator)
{
    weft_generator(int) none = NULL;
    int n;

    CHECK_EQ(weft_next(none, &n), -EINVAL);
    CHECK_EQ(weft_send_in(none, 1, &n), -EINVAL);
    CHECK_EQ(weft_throw(none, -EIO, &n), -EINVAL);
    CHECK_EQ(weft_generator_close(none), -EINVAL);
    CHECK_EQ(weft_emit(none, 1), -EINVAL);
    CHECK_EQ(weft_emit_recv(none, 1, &n), -EINVAL);
    weft_generator_free(none);
    CHECK(weft_generator_new(NULL, int, count, .to = 1) == NULL);
    return 0;
}

TEST_IN_TASK(a_scope_that_takes_no_task_takes_no_generator)
{
    weft_scope scope;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK(weft_generator_new(&scope, int, count, .to = 1) == NULL);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    return 0;
}

TEST_IN_TASK(what_cannot_be_said_is_refused)
{
    weft_generator(int) numbers;
    weft_scope scope;
    int n = 0;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .from = 3, .to = 5);
    CHECK_EQ(weft_send_in(numbers, 1, &n), -EAGAIN); /* nobody waits for it yet */
    CHECK_EQ(weft_throw(numbers, 0, &n), -EINVAL);
    CHECK_EQ(weft_throw(numbers, 7, &n), -EINVAL);
    CHECK_EQ(weft_emit(numbers, 9), -EPERM); /* that is for the body */
    CHECK_EQ(weft_next(numbers, &n), 0);
    CHECK_EQ(n, 3);
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

struct turns {
    weft_generator(int) out;
    int *turn; /* 0: the consumer's, 1: the body's */
    int rounds;
};

static int turns(struct turns *self)
{
    for (int i = 0; i < self->rounds; i++) {
        CHECK_EQ(*self->turn, 1);
        for (int j = 0; j < i % 3; j++)
            CHECK_EQ(weft_yield(), 0);
        *self->turn = 0;
        if (weft_emit(self->out, i) < 0)
            break;
    }
    *self->turn = 0;
    return 0;
}

TEST_IN_TASK(one_of_the_two_runs_at_a_time)
{
    weft_generator(int) g;
    int turn = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, turns, .turn = &turn, .rounds = many(3000));
    for (int i = 0; i < many(3000); i++) {
        CHECK_EQ(turn, 0); /* not atomic: a race here is TSan's to report */
        turn = 1;
        CHECK_EQ(weft_next(g, NULL), 0);
        if (i % 5 == 0)
            CHECK_EQ(weft_yield(), 0);
    }
    turn = 1;
    CHECK_EQ(weft_next(g, NULL), -EPIPE);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

struct wide {
    char bytes[300];
    int number;
};

struct wides {
    weft_generator(struct wide) out;
    char aligned[64] __attribute__((aligned(64)));
};

static int wides(struct wides *self)
{
    struct wide sent = {.number = 0};
    int rc = 0;

    CHECK_EQ((uintptr_t)self->aligned % 64, 0);
    CHECK_STR(weft_task_name(), "wides");
    for (int i = 0; i < 10; i++) {
        struct wide wide = {.number = i + sent.number};

        memset(wide.bytes, 'a' + i, sizeof wide.bytes);
        rc = weft_emit_recv(self->out, wide, &sent);
        CHECK_EQ(rc, 1);
        CHECK_EQ(sent.bytes[299], 'A' + i);
    }
    return 0;
}

TEST_IN_TASK(values_of_any_size_go_both_ways)
{
    weft_generator(struct wide) g;
    struct wide got, say = {.number = 1000};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, struct wide, wides, .aligned = "");
    rc = weft_next(g, &got);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(rc, 0);
        CHECK_EQ(got.bytes[299], 'a' + i);
        CHECK_EQ(got.number, i ? i + 1000 : 0);
        memset(say.bytes, 'A' + i, sizeof say.bytes);
        rc = weft_send_in(g, say, &got);
    }
    CHECK_EQ(rc, -EPIPE);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

/* ---- the conversation ---- */

struct mean {
    weft_generator(double) out; /* what is sent in, it averages */
    int *errors;
};

static int mean(struct mean *self)
{
    double sum = 0, sent = -1;
    int count = 0, rc;

    for (;;) {
        rc = weft_emit_recv(self->out, count ? sum / count : 0, &sent);
        if (rc == -ERANGE) {
            ++*self->errors;
            sum = count = 0;
        } else if (rc < 0) {
            return rc;
        } else if (rc == 1) {
            sum += sent;
            count++;
        } else {
            CHECK_EQ(sent, -1); /* nothing was sent: it is left alone */
        }
        sent = -1;
    }
}

TEST_IN_TASK(what_is_sent_in_the_emit_receives)
{
    weft_generator(double) g;
    weft_scope scope;
    double value = -1;
    int errors = 0;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, double, mean, .errors = &errors);
    CHECK_EQ(weft_next(g, &value), 0);
    CHECK(value == 0);
    CHECK_EQ(weft_send_in(g, 10, &value), 0);
    CHECK(value == 10);
    CHECK_EQ(weft_send_in(g, 20, NULL), 0);
    CHECK_EQ(weft_next(g, &value), 0);
    CHECK(value == 15);
    CHECK_EQ(weft_throw(g, -ERANGE, &value), 0);
    CHECK(value == 0);
    CHECK_EQ(errors, 1);
    CHECK_EQ(weft_throw(g, -EIO, &value), -EIO); /* not caught: the body's end, told once */
    CHECK_EQ(weft_next(g, &value), -EPIPE);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(what_is_sent_to_a_plain_emit_is_dropped)
{
    weft_generator(int) numbers;
    weft_scope scope;
    int n = 0;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .from = 0, .to = 3);
    CHECK_EQ(weft_next(numbers, &n), 0);
    CHECK_EQ(weft_send_in(numbers, 55, &n), 0);
    CHECK_EQ(n, 1);
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_throw_before_the_start_is_the_end)
{
    weft_generator(int) numbers;
    int n = 5, returned = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .to = 3, .returned = &returned);
    CHECK_EQ(weft_throw(numbers, -EIO, &n), -EIO);
    CHECK_EQ(weft_next(numbers, &n), -EPIPE);
    CHECK_EQ(n, 5);
    CHECK_EQ(returned, 0); /* it never ran */
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

/* ---- the end ---- */

TEST_IN_TASK(an_error_of_the_body_is_told_once)
{
    weft_generator(int) numbers;
    weft_scope scope;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .to = 1, .last = -EILSEQ);
    CHECK_EQ(weft_next(numbers, NULL), 0);
    CHECK_EQ(weft_next(numbers, NULL), -EILSEQ);
    CHECK_EQ(weft_next(numbers, NULL), -EPIPE);
    CHECK_EQ(weft_generator_close(numbers), 0);
    weft_generator_free(numbers);
    return weft_scope_close(&scope); /* 0: who was told, deals with it */
}

TEST_IN_TASK(a_positive_result_is_the_end_like_any_other)
{
    weft_generator(int) numbers;
    weft_scope scope;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .last = 12);
    CHECK_EQ(weft_next(numbers, NULL), -EPIPE);
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(closing_before_the_start_never_starts_it)
{
    weft_generator(int) numbers;
    int returned = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .to = 3, .returned = &returned);
    CHECK_EQ(weft_generator_close(numbers), 0);
    CHECK_EQ(returned, 0);
    CHECK_EQ(weft_next(numbers, NULL), -EPIPE);
    CHECK_EQ(weft_generator_close(numbers), 0);
    weft_generator_free(numbers);
    numbers = weft_generator_new(&scope, int, count, .to = 3, .returned = &returned);
    weft_generator_free(numbers);
    CHECK_EQ(returned, 0);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(closing_in_the_middle_ends_the_emit_that_waits)
{
    weft_generator(int) numbers;
    int returned = 0, n;
    weft_scope scope;

    weft_scope_open(&scope);
    numbers = weft_generator_new(&scope, int, count, .to = 3, .returned = &returned);
    CHECK_EQ(weft_next(numbers, &n), 0);
    CHECK_EQ(weft_generator_close(numbers), 0);
    CHECK_EQ(returned, -EPIPE);
    CHECK_EQ(weft_next(numbers, &n), -EPIPE);
    weft_generator_free(numbers);
    return weft_scope_close(&scope);
}

struct stubborn {
    weft_generator(int) out;
    int emits, last;
    int *refused;
};

/* Takes no notice of errors. */
static int stubborn(struct stubborn *self)
{
    for (int i = 0; i < self->emits; i++)
        if (weft_emit(self->out, i) == -EPIPE)
            ++*self->refused;
    return self->last;
}

TEST_IN_TASK(a_body_that_goes_on_after_the_close_is_refused_every_time)
{
    weft_generator(int) g;
    int refused = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, stubborn, .emits = 7, .refused = &refused);
    CHECK_EQ(weft_next(g, NULL), 0);
    CHECK_EQ(weft_next(g, NULL), 0);
    CHECK_EQ(weft_generator_close(g), 0);
    CHECK_EQ(refused, 6);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(close_gives_the_bodys_error)
{
    weft_generator(int) g;
    int refused = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, stubborn, .emits = 2, .last = -ENOSPC, .refused = &refused);
    CHECK_EQ(weft_next(g, NULL), 0);
    CHECK_EQ(weft_generator_close(g), -ENOSPC);
    CHECK_EQ(weft_generator_close(g), 0);
    CHECK_EQ(weft_next(g, NULL), -EPIPE);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(an_error_that_free_meets_is_the_scopes)
{
    weft_generator(int) g;
    int refused = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, stubborn, .emits = 2, .last = -ENOSPC, .refused = &refused);
    CHECK_EQ(weft_next(g, NULL), 0);
    weft_generator_free(g);
    CHECK_EQ(weft_scope_close(&scope), -ENOSPC);
    return 0;
}

struct inward {
    weft_generator(int) out;
};

static int inward(struct inward *self)
{
    int n, rc = weft_emit(self->out, 1);

    CHECK_EQ(weft_next(self->out, &n), -EDEADLK);
    CHECK_EQ(weft_send_in(self->out, 1, &n), -EDEADLK);
    CHECK_EQ(weft_throw(self->out, -EIO, &n), -EDEADLK);
    CHECK_EQ(weft_generator_close(self->out), -EDEADLK);
    return rc < 0 ? rc : weft_emit(self->out, 2);
}

TEST_IN_TASK(a_body_cannot_consume_itself)
{
    weft_generator(int) g;
    weft_scope scope;
    int n = 0;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, inward, .out = NULL);
    CHECK_EQ(weft_next(g, &n), 0);
    CHECK_EQ(weft_next(g, &n), 0);
    CHECK_EQ(n, 2);
    CHECK_EQ(weft_next(g, &n), -EPIPE);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

/* ---- who consumes ---- */

struct outside {
    weft_scope *scope;
    weft_generator(int) g;
    int count;
    atomic_int done;
};

static void *consume_outside(void *argument)
{
    struct outside *self = argument;
    weft_generator(int) own = weft_generator_new(self->scope, int, count, .from = 0, .to = 5);
    int n = -1;

    for (int i = 0; i < self->count; i++) {
        CHECK_EQ(weft_next(self->g, &n), 0);
        CHECK_EQ(n, i);
    }
    CHECK_EQ(weft_next(self->g, &n), -EPIPE);
    CHECK_EQ(weft_next(own, &n), 0);
    CHECK_EQ(weft_send_in(own, 3, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(weft_throw(own, -EIO, &n), -EIO);
    CHECK_EQ(weft_generator_close(own), 0);
    weft_generator_free(own);
    atomic_store(&self->done, 1);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_consumes)
{
    struct outside outside = {.count = many(300)};
    pthread_t thread;
    weft_scope scope;

    weft_scope_open(&scope);
    outside.scope = &scope;
    outside.g = weft_generator_new(&scope, int, count, .from = 0, .to = many(300));
    MUST(pthread_create(&thread, NULL, consume_outside, &outside) == 0);
    await(&outside.done, 1);
    MUST(pthread_join(thread, NULL) == 0);
    weft_generator_free(outside.g);
    return weft_scope_close(&scope);
}

struct hand_on {
    weft_generator(int) g;
    int first, count;
};

static int hand_on(struct hand_on *self)
{
    int n = -1;

    for (int i = self->first; i < self->first + self->count; i++) {
        CHECK_EQ(weft_next(self->g, &n), 0);
        CHECK_EQ(n, i);
    }
    return 0;
}

TEST_IN_TASK(consumers_may_follow_each_other)
{
    weft_generator(int) g;
    weft_scope scope;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, count, .from = 0, .to = 100);
    for (int i = 0; i < 10; i++) {
        weft_task *task = NULL;

        weft_go_with(&scope, (.handle = &task), hand_on, .g = g, .first = i * 10, .count = 10);
        CHECK_EQ(weft_join(task, NULL), 0);
    }
    CHECK_EQ(weft_next(g, NULL), -EPIPE);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}

/* ---- what a body may do ---- */

struct filter {
    weft_generator(int) out, in;
    int prime;
};

static int filter(struct filter *self)
{
    int n, rc;

    while ((rc = weft_next(self->in, &n)) == 0)
        if (n % self->prime != 0 && (rc = weft_emit(self->out, n)) < 0)
            break;
    return rc;
}

TEST_IN_TASK(generators_feed_generators)
{
    enum { FILTERS = 30 };
    weft_generator(int) stages[FILTERS + 1];
    weft_scope scope;
    int prime = 0;

    weft_scope_open(&scope);
    stages[0] = weft_generator_new(&scope, int, count, .from = 2, .to = 1000000);
    for (int i = 0; i < FILTERS; i++) {
        CHECK_EQ(weft_next(stages[i], &prime), 0);
        stages[i + 1] = weft_generator_new(&scope, int, filter, .in = stages[i], .prime = prime);
    }
    CHECK_EQ(prime, 113); /* the thirtieth */
    for (int i = FILTERS; i >= 0; i--)
        weft_generator_free(stages[i]);
    return weft_scope_close(&scope);
}

struct tree {
    weft_generator(int) out;
    int low, high;
};

/* In order, each half by a generator of its own, in a scope of this body. */
static int tree(struct tree *self)
{
    int middle = self->low + (self->high - self->low) / 2, rc = 0, n;
    weft_generator(int) half;
    weft_scope scope;

    if (self->low >= self->high)
        return 0;
    weft_scope_open(&scope);
    half = weft_generator_new(&scope, int, tree, .low = self->low, .high = middle);
    while (rc == 0 && (rc = weft_next(half, &n)) == 0)
        rc = weft_emit(self->out, n);
    weft_generator_free(half);
    rc = rc == -EPIPE ? weft_emit(self->out, middle) : rc;
    if (rc == 0) {
        half = weft_generator_new(&scope, int, tree, .low = middle + 1, .high = self->high);
        while (rc == 0 && (rc = weft_next(half, &n)) == 0)
            rc = weft_emit(self->out, n);
        weft_generator_free(half);
    }
    return weft_scope_close_with(&scope, rc == -EPIPE ? 0 : rc);
}

TEST_IN_TASK(a_body_may_have_generators_of_its_own)
{
    weft_generator(int) g;
    int expected = 0, n;
    weft_scope scope;

    weft_scope_open(&scope);
    g = weft_generator_new(&scope, int, tree, .low = 0, .high = 63);
    while (weft_next(g, &n) == 0)
        CHECK_EQ(n, expected++);
    CHECK_EQ(expected, 63);
    weft_generator_free(g);
    g = weft_generator_new(&scope, int, tree, .low = 0, .high = 63);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(weft_next(g, &n), 0);
    weft_generator_free(g); /* in the middle of it all */
    return weft_scope_close(&scope);
}

struct long_work {
    weft_generator(int) out;
    int rounds;
};

/* Computes so long that its worker is given to others; it comes back on another thread. */
static int long_work(struct long_work *self)
{
    int rc = 0;

    for (int i = 0; i < self->rounds && rc == 0; i++) {
        int64_t until = weft_now() + 20 * WEFT_MILLISECOND;

        while (!is_seeded() && weft_now() < until)
            ;
        rc = weft_emit(self->out, i);
    }
    return rc;
}

struct pass_time {
    atomic_int *stop;
};

static int pass_time(struct pass_time *self)
{
    while (!atomic_load(self->stop))
        (void)weft_yield();
    return 0;
}

TEST_IN_TASK(a_body_that_computes_long_keeps_its_turn)
{
    atomic_int stop = 0;
    weft_generator(int) g;
    weft_scope scope;
    int n = -1;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, pass_time, .stop = &stop);
    g = weft_generator_new(&scope, int, long_work, .rounds = 5);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(weft_next(g, &n), 0);
        CHECK_EQ(n, i);
    }
    CHECK_EQ(weft_next(g, &n), -EPIPE);
    atomic_store(&stop, 1);
    weft_generator_free(g);
    return weft_scope_close(&scope);
}
