#include "locks_test.h"
#include "sync/mutex.h"

enum { QUEUE = sizeof(struct weft__guard), MUTEX_QUEUE = offsetof(struct weft__mutex, waiters) };

/* ---- results ---- */

TEST_IN_TASK(a_null_condition_or_mutex_is_refused)
{
    weft_condition condition = WEFT_CONDITION_INIT;
    weft_mutex mutex = WEFT_MUTEX_INIT;

    CHECK_EQ(weft_condition_wait(NULL, &mutex), -EINVAL);
    CHECK_EQ(weft_condition_wait(&condition, NULL), -EINVAL);
    CHECK_EQ(weft_condition_signal(NULL), -EINVAL);
    CHECK_EQ(weft_condition_broadcast(NULL), -EINVAL);
    return 0;
}

static void *wait_without(void *mutex)
{
    weft_condition condition = WEFT_CONDITION_INIT;

    CHECK_EQ(weft_condition_wait(&condition, mutex), -EPERM);
    return NULL;
}

TEST_IN_TASK(only_who_holds_the_mutex_waits)
{
    weft_condition condition = WEFT_CONDITION_INIT;
    weft_mutex mutex = WEFT_MUTEX_INIT;
    pthread_t thread;

    CHECK_EQ(weft_condition_wait(&condition, &mutex), -EPERM);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    thread = run_thread(wait_without, &mutex);
    join_threads(&thread, 1);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    return 0;
}

TEST_IN_TASK(a_recursive_mutex_must_be_locked_once)
{
    weft_condition condition = WEFT_CONDITION_INIT;
    weft_mutex mutex;
    weft_scope scope;

    CHECK_EQ(weft_mutex_init(&mutex, .recursive = 1), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    CHECK_EQ(weft_condition_wait(&condition, &mutex), -EPERM);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_condition_wait(&condition, &mutex), -ETIMEDOUT);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    CHECK_EQ(weft_mutex_unlock(&mutex), -EPERM);
    return weft_scope_close(&scope);
}

TEST(a_signal_that_nobody_waits_for_is_nothing)
{
    weft_condition condition = WEFT_CONDITION_INIT;

    CHECK_EQ(weft_condition_signal(&condition), 0); /* without a runtime, too */
    CHECK_EQ(weft_condition_broadcast(&condition), 0);
}

/* ---- the order of coming ---- */

struct place {
    weft_mutex mutex;
    weft_condition changed;
    int open; /* mutex: how many may pass */
};

struct passer {
    struct place *place;
    int id;
    atomic_int *passed; /* may be NULL */
};

/* Waits until it may pass; it holds the mutex after every wait, whatever that gave. */
static int passer(struct passer *self)
{
    int rc = weft_mutex_lock(&self->place->mutex);

    if (rc < 0)
        return rc;
    while (self->place->open == 0 && rc == 0)
        rc = weft_condition_wait(&self->place->changed, &self->place->mutex);
    if (rc == 0) {
        self->place->open--;
        if (self->id)
            note(self->id);
        if (self->passed)
            atomic_fetch_add(self->passed, 1);
    }
    CHECK_EQ(weft_mutex_unlock(&self->place->mutex), 0);
    return rc;
}

static void open_for(struct place *place, int count)
{
    CHECK_EQ(weft_mutex_lock(&place->mutex), 0);
    place->open += count;
    CHECK_EQ(weft_mutex_unlock(&place->mutex), 0);
}

TEST_IN_TASK(signals_wake_waiters_in_the_order_of_their_coming)
{
    struct place place = {0};
    weft_scope scope;

    noted = 0;
    weft_scope_open(&scope);
    for (int i = 1; i <= 20; i++) {
        weft_go(&scope, passer, .place = &place, .id = i);
        await_queued(&place.changed, QUEUE, i);
    }
    for (int i = 1; i <= 20; i++) {
        open_for(&place, 1);
        CHECK_EQ(weft_condition_signal(&place.changed), 0); /* the mutex need not be held */
        await(&noted, i);
        CHECK_EQ(notes[i - 1], i);
        CHECK_EQ(queued(&place.changed, QUEUE), 20 - i);
    }
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_broadcast_wakes_all_and_a_signal_under_the_mutex_one)
{
    struct place place = {0};
    weft_scope scope;

    noted = 0;
    weft_scope_open(&scope);
    for (int i = 1; i <= 10; i++) {
        weft_go(&scope, passer, .place = &place, .id = i);
        await_queued(&place.changed, QUEUE, i);
    }
    CHECK_EQ(weft_mutex_lock(&place.mutex), 0);
    place.open = 1;
    CHECK_EQ(weft_condition_signal(&place.changed), 0);
    CHECK_EQ(queued(&place.changed, QUEUE), 9);
    CHECK_EQ(noted, 0);
    CHECK_EQ(weft_mutex_unlock(&place.mutex), 0);
    await(&noted, 1);
    CHECK_EQ(notes[0], 1);
    open_for(&place, 9);
    CHECK_EQ(weft_condition_broadcast(&place.changed), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(noted, 10);
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_wait_consumes_no_signal_and_has_the_mutex)
{
    struct place place = {0};
    weft_task *tasks[3];
    weft_scope scope;
    int rc;

    noted = 0;
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++) {
        weft_go_with(&scope, (.handle = &tasks[i]), passer, .place = &place, .id = i + 1);
        await_queued(&place.changed, QUEUE, i + 1);
    }
    CHECK_EQ(weft_mutex_lock(&place.mutex), 0);
    CHECK_EQ(weft_cancel(tasks[0]), 0);
    await_queued(&place.changed, QUEUE, 2);
    await_queued(&place.mutex, MUTEX_QUEUE, 1); /* cancelled, it waits for the mutex all the same */
    CHECK_EQ(weft_mutex_unlock(&place.mutex), 0);
    CHECK_EQ(weft_join(tasks[0], &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    for (int i = 1; i <= 2; i++) {
        open_for(&place, 1);
        CHECK_EQ(weft_condition_signal(&place.changed), 0);
        await(&noted, i);
        CHECK_EQ(notes[i - 1], i + 1);
    }
    return weft_scope_close(&scope);
}

TEST_IN_TASK(in_a_cancelled_scope_a_wait_keeps_the_mutex)
{
    weft_condition condition = WEFT_CONDITION_INIT;
    weft_mutex mutex = WEFT_MUTEX_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_condition_wait(&condition, &mutex), -ECANCELED);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    (void)weft_scope_close(&scope);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_the_wait_for_a_signal)
{
    weft_condition condition = WEFT_CONDITION_INIT;
    weft_mutex mutex = WEFT_MUTEX_INIT;
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_mutex_lock(&mutex), 0);
    while (rc == 0)
        rc = weft_condition_wait(&condition, &mutex);
    CHECK_EQ(rc, -ETIMEDOUT);
    CHECK_EQ(queued(&condition, QUEUE), 0);
    CHECK_EQ(weft_condition_wait(&condition, &mutex), -ETIMEDOUT);
    CHECK_EQ(weft_mutex_unlock(&mutex), 0);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(cancelling_races_with_signalling_and_no_signal_is_lost)
{
    int rounds = many(2000);

    for (int i = 0; i < rounds; i++) {
        struct place place = {.open = 0};
        atomic_int passed = 0;
        weft_task *tasks[2];
        weft_scope scope;
        int rc = 0;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        for (int j = 0; j < 2; j++) {
            weft_go_with(&scope, (.handle = &tasks[j]), passer, .place = &place, .passed = &passed);
            await_queued(&place.changed, QUEUE, j + 1);
        }
        open_for(&place, 1);
        if (i % 2)
            CHECK_EQ(weft_cancel(tasks[0]), 0);
        CHECK_EQ(weft_condition_signal(&place.changed), 0);
        if (i % 2 == 0)
            CHECK_EQ(weft_cancel(tasks[0]), 0);
        CHECK_EQ(weft_join(tasks[0], &rc), 0);
        CHECK(rc == 0 || rc == -ECANCELED);
        if (rc == 0) { /* the signal was its own: another for the other */
            open_for(&place, 1);
            CHECK_EQ(weft_condition_signal(&place.changed), 0);
        }
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(passed, rc == 0 ? 2 : 1);
    }
    return 0;
}

/* ---- many, and mixed ---- */

TEST_IN_TASK(ten_thousand_wait_for_a_broadcast)
{
    struct place place = {0};
    int count = many(10000);
    atomic_int passed = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, passer, .place = &place, .passed = &passed);
    while (queued(&place.changed, QUEUE) != count)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    open_for(&place, count);
    CHECK_EQ(weft_condition_broadcast(&place.changed), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(passed, count);
    return 0;
}

/* A bounded buffer, as in the books. */
struct buffer {
    weft_mutex mutex;
    weft_condition not_full, not_empty;
    int items[8], count; /* mutex */
};

struct producer {
    struct buffer *buffer;
    int first, last;
};

static int producer(struct producer *self)
{
    struct buffer *buffer = self->buffer;

    for (int i = self->first; i <= self->last; i++) {
        CHECK_EQ(weft_mutex_lock(&buffer->mutex), 0);
        while (buffer->count == 8)
            CHECK_EQ(weft_condition_wait(&buffer->not_full, &buffer->mutex), 0);
        buffer->items[buffer->count++] = i;
        CHECK_EQ(weft_condition_signal(&buffer->not_empty), 0);
        CHECK_EQ(weft_mutex_unlock(&buffer->mutex), 0);
    }
    return 0;
}

struct consumer {
    struct buffer *buffer;
    int count;
    atomic_long *sum;
};

static int consumer(struct consumer *self)
{
    struct buffer *buffer = self->buffer;

    for (int i = 0; i < self->count; i++) {
        CHECK_EQ(weft_mutex_lock(&buffer->mutex), 0);
        while (buffer->count == 0)
            CHECK_EQ(weft_condition_wait(&buffer->not_empty, &buffer->mutex), 0);
        atomic_fetch_add(self->sum, buffer->items[--buffer->count]);
        CHECK_EQ(weft_mutex_unlock(&buffer->mutex), 0);
        CHECK_EQ(weft_condition_signal(&buffer->not_full), 0);
    }
    return 0;
}

static void *produce_in_thread(void *self)
{
    (void)producer(self);
    return NULL;
}

static void *consume_in_thread(void *self)
{
    (void)consumer(self);
    return NULL;
}

TEST_IN_TASK(tasks_and_threads_pass_items_through_a_bounded_buffer)
{
    int share = many(3000);

    for (int fifo = 0; fifo < 2; fifo++) {
        struct buffer buffer = {.count = 0};
        struct producer produces = {&buffer, 1, share};
        atomic_long sum = 0;
        struct consumer consumes = {&buffer, share, &sum};
        pthread_t threads[2];
        weft_scope scope;

        CHECK_EQ(weft_mutex_init(&buffer.mutex, .fifo = (unsigned char)fifo), 0);
        threads[0] = run_thread(produce_in_thread, &produces);
        threads[1] = run_thread(consume_in_thread, &consumes);
        weft_scope_open(&scope);
        for (int i = 1; i <= 3; i++) {
            weft_go(&scope, producer, .buffer = &buffer, .first = i * share + 1, .last = (i + 1) * share);
            weft_go(&scope, consumer, .buffer = &buffer, .count = share, .sum = &sum);
        }
        CHECK_EQ(weft_scope_close(&scope), 0);
        join_threads(threads, 2);
        CHECK_EQ(buffer.count, 0);
        CHECK_EQ(sum, 4L * share * (4L * share + 1) / 2);
    }
    return 0;
}

/* ---- what once went wrong ---- */

struct duel {
    weft_mutex mutex;
    weft_condition condition;
    atomic_int over;
};

/* Queues on the condition, and then wakes the other by giving the mutex back, before it is off its stack. */
struct sleeps {
    struct duel *duel;
};

static int sleeps(struct sleeps *self)
{
    struct duel *duel = self->duel;
    int rc = 0;

    for (int left = many(100000); left > 0 && rc == 0; left--) {
        CHECK_EQ(weft_mutex_lock(&duel->mutex), 0);
        rc = weft_condition_wait(&duel->condition, &duel->mutex);
        CHECK_EQ(weft_mutex_unlock(&duel->mutex), 0);
    }
    atomic_store(&duel->over, 1);
    return rc;
}

/* Wakes the other, and then queues on the mutex, before it is off its stack. */
struct calls {
    struct duel *duel;
};

static int calls(struct calls *self)
{
    struct duel *duel = self->duel;

    while (!atomic_load(&duel->over)) {
        CHECK_EQ(weft_condition_signal(&duel->condition), 0);
        CHECK_EQ(weft_mutex_lock(&duel->mutex), 0);
        CHECK_EQ(weft_mutex_unlock(&duel->mutex), 0);
        (void)weft_yield();
    }
    return 0;
}

/* Keeps both workers at it. */
static void *disturbs(void *self)
{
    struct duel *duels = self;

    while (!duels[0].over || !duels[1].over || !duels[2].over)
        for (int i = 0; i < 3; i++)
            if (weft_mutex_try_lock(&duels[i].mutex) == 0)
                CHECK_EQ(weft_mutex_unlock(&duels[i].mutex), 0);
    return NULL;
}

TEST_IN_TASK(two_that_wake_each_other_while_they_park_go_on)
{
    struct duel duels[3] = {0};
    pthread_t thread;
    weft_scope scope;
    int rc;

    MUST(pthread_create(&thread, NULL, disturbs, duels) == 0);

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++) {
        weft_go(&scope, sleeps, .duel = &duels[i]);
        weft_go(&scope, calls, .duel = &duels[i]);
    }
    rc = weft_scope_close(&scope);
    pthread_join(thread, NULL);
    return rc;
}
