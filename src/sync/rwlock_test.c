#include "locks_test.h"

enum { QUEUE = sizeof(struct weft__guard) };

/* ---- results ---- */

TEST_IN_TASK(a_null_rwlock_is_refused)
{
    CHECK_EQ(weft_rwlock_read(NULL), -EINVAL);
    CHECK_EQ(weft_rwlock_write(NULL), -EINVAL);
    CHECK_EQ(weft_rwlock_try_read(NULL), -EINVAL);
    CHECK_EQ(weft_rwlock_try_write(NULL), -EINVAL);
    CHECK_EQ(weft_rwlock_read_unlock(NULL), -EINVAL);
    CHECK_EQ(weft_rwlock_write_unlock(NULL), -EINVAL);
    return 0;
}

TEST(many_read_or_one_writes_also_without_a_runtime)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(weft_rwlock_read(&lock), 0);
        CHECK_EQ(weft_rwlock_try_read(&lock), 0);
        CHECK_EQ(weft_rwlock_try_write(&lock), -EBUSY);
        CHECK_EQ(weft_rwlock_write_unlock(&lock), -EPERM);
        CHECK_EQ(weft_rwlock_read_unlock(&lock), 0);
        CHECK_EQ(weft_rwlock_try_write(&lock), -EBUSY);
        CHECK_EQ(weft_rwlock_read_unlock(&lock), 0);
        CHECK_EQ(weft_rwlock_read_unlock(&lock), -EPERM);
        CHECK_EQ(i ? weft_rwlock_write(&lock) : weft_rwlock_try_write(&lock), 0);
        CHECK_EQ(weft_rwlock_read_unlock(&lock), -EPERM);
        CHECK_EQ(weft_rwlock_write_unlock(&lock), 0);
        CHECK_EQ(weft_rwlock_write_unlock(&lock), -EPERM);
    }
}

static int holds_for_writing(weft_rwlock *lock)
{
    CHECK_EQ(weft_rwlock_write(lock), 0);
    CHECK_EQ(weft_rwlock_write(lock), -EDEADLK);
    CHECK_EQ(weft_rwlock_read(lock), -EDEADLK);
    CHECK_EQ(weft_rwlock_try_write(lock), -EDEADLK);
    CHECK_EQ(weft_rwlock_try_read(lock), -EDEADLK);
    CHECK_EQ(weft_rwlock_write_unlock(lock), 0);
    CHECK_EQ(weft_rwlock_try_read(lock), 0);
    return weft_rwlock_read_unlock(lock);
}

TEST(a_writer_that_locks_again_is_told_on_a_thread_too)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;

    CHECK_EQ(holds_for_writing(&lock), 0);
}

TEST_IN_TASK(a_writer_that_locks_again_is_told)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;

    return holds_for_writing(&lock);
}

static void *strange_thread(void *lock)
{
    CHECK_EQ(weft_rwlock_try_read(lock), -EBUSY);
    CHECK_EQ(weft_rwlock_try_write(lock), -EBUSY);
    CHECK_EQ(weft_rwlock_write_unlock(lock), -EPERM);
    CHECK_EQ(weft_rwlock_read_unlock(lock), -EPERM);
    return NULL;
}

struct stranger {
    weft_rwlock *lock;
};

static int stranger(struct stranger *self)
{
    (void)strange_thread(self->lock);
    return 0;
}

TEST_IN_TASK(only_the_writer_unlocks_what_it_writes)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    weft_scope scope;
    pthread_t thread;

    CHECK_EQ(weft_rwlock_write(&lock), 0);
    thread = run_thread(strange_thread, &lock);
    join_threads(&thread, 1);
    weft_scope_open(&scope);
    weft_go(&scope, stranger, .lock = &lock);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return weft_rwlock_write_unlock(&lock);
}

/* ---- the order of coming ---- */

/* Takes the lock, notes itself, and gives it back when it is told. */
struct user {
    weft_rwlock *lock;
    int id;
    int writes;
    weft_event *done; /* may be NULL */
};

static int user(struct user *self)
{
    int rc = self->writes ? weft_rwlock_write(self->lock) : weft_rwlock_read(self->lock);

    if (rc < 0)
        return rc;
    note(self->id);
    if (self->done)
        CHECK_EQ(weft_event_wait(self->done), 0);
    CHECK_EQ(self->writes ? weft_rwlock_write_unlock(self->lock) : weft_rwlock_read_unlock(self->lock), 0);
    return 0;
}

static int has_noted(int first, int last, int id)
{
    for (int i = first; i < last; i++)
        if (notes[i] == id)
            return 1;
    return 0;
}

TEST_IN_TASK(a_writer_waits_for_earlier_readers_and_later_readers_wait_for_it)
{
    weft_event done[3] = {0};
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    weft_scope scope;

    noted = 0;
    CHECK_EQ(weft_rwlock_read(&lock), 0);
    weft_scope_open(&scope);
    weft_go(&scope, user, .lock = &lock, .id = 1, .done = &done[0]); /* reads beside us */
    await(&noted, 1);
    weft_go(&scope, user, .lock = &lock, .id = 2, .writes = 1, .done = &done[1]);
    await_queued(&lock, QUEUE, 1);
    CHECK_EQ(weft_rwlock_try_read(&lock), -EBUSY);
    for (int i = 3; i <= 5; i++)
        weft_go(&scope, user, .lock = &lock, .id = i, .done = &done[2]);
    await_queued(&lock, QUEUE, 4);
    weft_go(&scope, user, .lock = &lock, .id = 6, .writes = 1);
    await_queued(&lock, QUEUE, 5);
    weft_go(&scope, user, .lock = &lock, .id = 7);
    await_queued(&lock, QUEUE, 6);
    CHECK_EQ(weft_rwlock_read_unlock(&lock), 0);
    CHECK_EQ(queued(&lock, QUEUE), 6); /* one reader is there yet */
    CHECK_EQ(weft_event_set(&done[0]), 0);
    await(&noted, 2);
    CHECK_EQ(notes[1], 2);
    CHECK_EQ(queued(&lock, QUEUE), 5);
    CHECK_EQ(weft_event_set(&done[1]), 0);
    await(&noted, 5); /* the three readers are in together */
    CHECK(has_noted(2, 5, 3) && has_noted(2, 5, 4) && has_noted(2, 5, 5));
    CHECK_EQ(queued(&lock, QUEUE), 2);
    CHECK_EQ(weft_event_set(&done[2]), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(notes[5], 6);
    CHECK_EQ(notes[6], 7);
    return 0;
}

struct looker {
    weft_rwlock *lock;
    const long *value; /* plain: the lock orders it */
    atomic_int *here;
    atomic_int *gone; /* how many have left; for TSan nothing but the lock orders anything */
    int turn;
};

static int looker(struct looker *self)
{
    CHECK_EQ(weft_rwlock_read(self->lock), 0);
    atomic_fetch_add_explicit(self->here, 1, memory_order_relaxed);
    CHECK_EQ(*self->value, 1);
    while (atomic_load_explicit(self->gone, memory_order_relaxed) != self->turn)
        (void)weft_yield();
    CHECK_EQ(weft_rwlock_read_unlock(self->lock), 0);
    atomic_fetch_add_explicit(self->gone, 1, memory_order_relaxed);
    return 0;
}

struct leaver {
    weft_rwlock *lock;
    atomic_int *gone;
};

/* Lets the readers go when the writer waits for them. */
static int leaver(struct leaver *self)
{
    await_queued(self->lock, QUEUE, 1);
    atomic_fetch_add_explicit(self->gone, 1, memory_order_relaxed);
    return 0;
}

TEST_IN_TASK(what_every_reader_saw_comes_before_what_the_writer_writes)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    atomic_int here = 0, gone = -1;
    weft_scope scope;
    long value = 1;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, looker, .lock = &lock, .value = &value, .here = &here, .gone = &gone, .turn = i);
    while (atomic_load_explicit(&here, memory_order_relaxed) < 4)
        (void)weft_yield();
    weft_go(&scope, leaver, .lock = &lock, .gone = &gone);
    CHECK_EQ(weft_rwlock_write(&lock), 0);
    value = 2;
    CHECK_EQ(weft_rwlock_write_unlock(&lock), 0);
    return weft_scope_close(&scope);
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_writer_lets_the_readers_behind_it_pass)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    weft_scope scope;
    weft_task *writer;
    int rc;

    noted = 0;
    CHECK_EQ(weft_rwlock_read(&lock), 0);
    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &writer), user, .lock = &lock, .writes = 1);
    await_queued(&lock, QUEUE, 1);
    for (int i = 1; i <= 3; i++)
        weft_go(&scope, user, .lock = &lock, .id = i);
    await_queued(&lock, QUEUE, 4);
    CHECK_EQ(weft_cancel(writer), 0);
    CHECK_EQ(weft_join(writer, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), 0); /* while we still read */
    CHECK_EQ(noted, 3);
    CHECK_EQ(weft_rwlock_read_unlock(&lock), 0);
    CHECK_EQ(weft_rwlock_try_write(&lock), 0);
    return weft_rwlock_write_unlock(&lock);
}

TEST_IN_TASK(a_cancelled_reader_has_not_the_lock_and_the_writer_behind_it_gets_it)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    weft_scope scope;
    weft_task *reader;
    int rc;

    noted = 0;
    CHECK_EQ(weft_rwlock_write(&lock), 0);
    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &reader), user, .lock = &lock, .id = 1);
    await_queued(&lock, QUEUE, 1);
    weft_go(&scope, user, .lock = &lock, .id = 2, .writes = 1);
    await_queued(&lock, QUEUE, 2);
    CHECK_EQ(weft_cancel(reader), 0);
    CHECK_EQ(weft_join(reader, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(weft_rwlock_write_unlock(&lock), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(noted, 1);
    CHECK_EQ(notes[0], 2);
    CHECK_EQ(weft_rwlock_read_unlock(&lock), -EPERM);
    return 0;
}

struct holder {
    weft_rwlock *lock;
    weft_waker *here, *done;
};

static int holder(struct holder *self)
{
    CHECK_EQ(weft_rwlock_write(self->lock), 0);
    weft_wake(self->here);
    CHECK_EQ(weft_wait(self->done), 0);
    return weft_rwlock_write_unlock(self->lock);
}

TEST_IN_TASK(deadlines_and_cancellation_end_the_wait_and_nothing_is_taken)
{
    weft_waker here = WEFT_WAKER_INIT, done = WEFT_WAKER_INIT;
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    weft_scope scope, inner;

    weft_scope_open(&scope);
    weft_go(&scope, holder, .lock = &lock, .here = &here, .done = &done);
    CHECK_EQ(weft_wait(&here), 0);
    for (int i = 0; i < 2; i++) {
        weft_scope_open(&inner, .timeout = WEFT_MILLISECOND);
        CHECK_EQ(i ? weft_rwlock_read(&lock) : weft_rwlock_write(&lock), -ETIMEDOUT);
        CHECK_EQ(queued(&lock, QUEUE), 0);
        CHECK_EQ(weft_rwlock_try_read(&lock), -ETIMEDOUT);
        CHECK_EQ(weft_rwlock_try_write(&lock), -ETIMEDOUT);
        CHECK_EQ(weft_scope_close(&inner), 0);
    }
    weft_wake(&done);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_rwlock_read(&lock), -ECANCELED);
    CHECK_EQ(weft_rwlock_write(&lock), -ECANCELED);
    (void)weft_scope_close(&scope);
    CHECK_EQ(weft_rwlock_try_write(&lock), 0);
    return weft_rwlock_write_unlock(&lock);
}

/* ---- many, and mixed ---- */

TEST_IN_TASK(ten_thousand_wait_for_one_lock)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    int count = many(10000);
    weft_scope scope;

    noted = 0;
    CHECK_EQ(weft_rwlock_write(&lock), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, user, .lock = &lock, .id = 1, .writes = i % 100 == 0);
    while (queued(&lock, QUEUE) != count)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    CHECK_EQ(weft_rwlock_write_unlock(&lock), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(noted, count);
    return 0;
}

struct clerk {
    weft_rwlock *lock;
    int rounds, id;
    long *ledger; /* two columns, always equal; lock */
    atomic_long *written;
    atomic_int *readers;
    atomic_int *writers;
};

static void clerk_writes(struct clerk *self)
{
    CHECK_EQ(atomic_fetch_add(self->writers, 1), 0);
    CHECK_EQ(atomic_load(self->readers), 0);
    self->ledger[0]++;
    (void)weft_yield();
    self->ledger[1]++;
    atomic_fetch_add(self->written, 1);
    atomic_fetch_sub(self->writers, 1);
    CHECK_EQ(weft_rwlock_write_unlock(self->lock), 0);
}

static void clerk_reads(struct clerk *self)
{
    atomic_fetch_add(self->readers, 1);
    CHECK_EQ(atomic_load(self->writers), 0);
    CHECK_EQ(self->ledger[0], self->ledger[1]);
    (void)weft_yield();
    CHECK_EQ(self->ledger[0], self->ledger[1]);
    atomic_fetch_sub(self->readers, 1);
    CHECK_EQ(weft_rwlock_read_unlock(self->lock), 0);
}

/* Some clerks are impatient; in a thread the deadlines count for nothing. */
static int clerk(struct clerk *self)
{
    for (int i = 0; i < self->rounds; i++) {
        int writes = (self->id + i) % 4 == 0, tries = i % 5 == 0, rc;
        weft_scope scope;
        int is_open =
            self->id % 2 && weft_scope_open(&scope, .timeout = 1 + (self->id * 13 + i) % 50 * WEFT_MICROSECOND) == 0;

        if (writes)
            rc = tries ? weft_rwlock_try_write(self->lock) : weft_rwlock_write(self->lock);
        else
            rc = tries ? weft_rwlock_try_read(self->lock) : weft_rwlock_read(self->lock);
        CHECK(rc == 0 || (rc == -EBUSY && tries) || (rc == -ETIMEDOUT && is_open));
        if (rc == 0 && writes)
            clerk_writes(self);
        else if (rc == 0)
            clerk_reads(self);
        if (is_open)
            CHECK_EQ(weft_scope_close(&scope), 0);
        if (i % 16 == 0)
            (void)weft_sleep(5 * WEFT_MICROSECOND);
    }
    return 0;
}

static void *clerk_in_thread(void *self)
{
    (void)clerk(self);
    return NULL;
}

TEST_IN_TASK(tasks_and_threads_keep_a_ledger_that_always_agrees)
{
    weft_rwlock lock = WEFT_RWLOCK_INIT;
    atomic_int readers = 0, writers = 0;
    atomic_long written = 0;
    long ledger[2] = {0};
    struct clerk clerks = {&lock, many(1000), 0, ledger, &written, &readers, &writers};
    pthread_t threads[2];
    weft_scope scope;

    for (int i = 0; i < 2; i++)
        threads[i] = run_thread(clerk_in_thread, &clerks);
    weft_scope_open(&scope);
    for (int i = 0; i < 8; i++)
        weft_go(&scope, clerk, &lock, clerks.rounds, i, ledger, &written, &readers, &writers);
    CHECK_EQ(weft_scope_close(&scope), 0);
    join_threads(threads, 2);
    CHECK_EQ(ledger[0], written);
    CHECK_EQ(ledger[1], written);
    CHECK_EQ(weft_rwlock_try_write(&lock), 0);
    return weft_rwlock_write_unlock(&lock);
}
