#include "locks_test.h"

enum { QUEUE = sizeof(struct weft__guard) + 2 * sizeof(uint32_t) };

/* ---- results ---- */

TEST_IN_TASK(a_null_semaphore_is_refused)
{
    CHECK_EQ(weft_semaphore_init(NULL, .count = 1), -EINVAL);
    CHECK_EQ(weft_semaphore_acquire(NULL), -EINVAL);
    CHECK_EQ(weft_semaphore_try_acquire(NULL), -EINVAL);
    CHECK_EQ(weft_semaphore_release(NULL), -EINVAL);
    CHECK_EQ(weft_semaphore_count(NULL), 0);
    CHECK_EQ(weft_select(weft_on_semaphore((weft_semaphore *)NULL)), -EINVAL);
    return 0;
}

TEST(a_semaphore_counts_without_a_runtime)
{
    weft_semaphore semaphore;

    CHECK_EQ(weft_semaphore_init(&semaphore, .count = 2), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 2);
    CHECK_EQ(weft_semaphore_acquire(&semaphore), 0);
    CHECK_EQ(weft_semaphore_try_acquire(&semaphore), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    CHECK_EQ(weft_semaphore_try_acquire(&semaphore), -EAGAIN);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_acquire(&semaphore), 0);
    memset(&semaphore, 0, sizeof semaphore);
    CHECK_EQ(weft_semaphore_try_acquire(&semaphore), -EAGAIN);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_acquire(&semaphore), 0);
}

TEST(a_release_beyond_the_maximum_is_refused)
{
    weft_semaphore semaphore;

    CHECK_EQ(weft_semaphore_init(&semaphore, .count = 4, .max = 3), -EINVAL);
    CHECK_EQ(weft_semaphore_init(&semaphore, .count = 2, .max = 3), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), -EOVERFLOW);
    CHECK_EQ(weft_semaphore_count(&semaphore), 3);
    CHECK_EQ(weft_semaphore_acquire(&semaphore), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_init(&semaphore, .count = UINT32_MAX), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), -EOVERFLOW);
    CHECK_EQ(weft_semaphore_count(&semaphore), UINT32_MAX);
}

/* ---- the order of coming ---- */

struct taker {
    weft_semaphore *semaphore;
    int id;
    atomic_int *taken; /* may be NULL */
};

static int taker(struct taker *self)
{
    int rc = weft_semaphore_acquire(self->semaphore);

    if (rc == 0 && self->taken)
        atomic_fetch_add(self->taken, 1);
    if (rc == 0 && self->id)
        note(self->id);
    return rc;
}

TEST_IN_TASK(units_go_to_waiters_in_the_order_of_their_coming)
{
    weft_semaphore semaphore = {0};
    weft_scope scope;

    noted = 0;
    weft_scope_open(&scope);
    for (int i = 1; i <= 20; i++) {
        weft_go(&scope, taker, .semaphore = &semaphore, .id = i);
        await_queued(&semaphore, QUEUE, i);
    }
    for (int i = 1; i <= 20; i++) {
        CHECK_EQ(weft_semaphore_release(&semaphore), 0);
        await(&noted, i);
        CHECK_EQ(notes[i - 1], i);
    }
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(a_released_unit_is_the_waiters_at_once)
{
    weft_semaphore semaphore;
    weft_scope scope;

    CHECK_EQ(weft_semaphore_init(&semaphore, .max = 1), 0);
    weft_scope_open(&scope);
    weft_go(&scope, taker, .semaphore = &semaphore);
    weft_go(&scope, taker, .semaphore = &semaphore);
    await_queued(&semaphore, QUEUE, 2);
    for (int i = 0; i < 2; i++) { /* also where the maximum is 1 */
        CHECK_EQ(weft_semaphore_release(&semaphore), 0);
        CHECK_EQ(weft_semaphore_count(&semaphore), 0);
        CHECK_EQ(weft_semaphore_try_acquire(&semaphore), -EAGAIN);
    }
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), -EOVERFLOW);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 1);
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_waiter_takes_no_unit_and_the_next_is_served)
{
    weft_semaphore semaphore = {0};
    weft_task *tasks[3];
    weft_scope scope;
    int rc;

    noted = 0;
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++) {
        weft_go_with(&scope, (.handle = &tasks[i]), taker, .semaphore = &semaphore, .id = i + 1);
        await_queued(&semaphore, QUEUE, i + 1);
    }
    CHECK_EQ(weft_cancel(tasks[0]), 0);
    CHECK_EQ(weft_join(tasks[0], &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(queued(&semaphore, QUEUE), 2);
    for (int i = 1; i <= 2; i++) {
        CHECK_EQ(weft_semaphore_release(&semaphore), 0);
        await(&noted, i);
        CHECK_EQ(notes[i - 1], i + 1);
    }
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 1);
    return weft_scope_close(&scope);
}

TEST_IN_TASK(in_a_cancelled_scope_no_unit_is_taken_and_one_can_be_given)
{
    weft_semaphore semaphore;
    weft_scope scope;

    CHECK_EQ(weft_semaphore_init(&semaphore, .count = 1), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_semaphore_acquire(&semaphore), -ECANCELED);
    CHECK_EQ(weft_semaphore_try_acquire(&semaphore), -ECANCELED);
    CHECK_EQ(weft_select(weft_on_semaphore(&semaphore)), -ECANCELED);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 2);
    (void)weft_scope_close(&scope);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_the_wait_for_a_unit)
{
    weft_semaphore semaphore = {0};
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_semaphore_acquire(&semaphore), -ETIMEDOUT);
    CHECK_EQ(queued(&semaphore, QUEUE), 0);
    CHECK_EQ(weft_semaphore_try_acquire(&semaphore), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 1);
    return 0;
}

/* ---- in a select ---- */

struct chooser {
    weft_semaphore *semaphore;
    weft_event *event;
    int id;
};

static int chooser(struct chooser *self)
{
    int rc = weft_select(weft_on_semaphore(self->semaphore), weft_on_event(self->event));

    if (rc >= 0)
        note(rc == 0 ? self->id : -self->id);
    return rc;
}

TEST_IN_TASK(a_select_takes_a_unit_and_the_case_that_lost_takes_none)
{
    weft_semaphore semaphore;
    weft_event event = WEFT_EVENT_INIT;

    CHECK_EQ(weft_semaphore_init(&semaphore, .count = 1), 0);
    CHECK_EQ(weft_select(weft_on_semaphore(&semaphore), weft_on_event(&event)), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    CHECK_EQ(weft_select(weft_on_semaphore(&semaphore), weft_on_default()), 1);
    CHECK_EQ(weft_select(weft_on_semaphore(&semaphore), weft_on_timeout(WEFT_MILLISECOND)), 1);
    CHECK_EQ(queued(&semaphore, QUEUE), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_event_set(&event), 0);
    CHECK_EQ(weft_select_first(weft_on_event(&event), weft_on_semaphore(&semaphore)), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 1);
    CHECK_EQ(weft_select_first(weft_on_semaphore(&semaphore), weft_on_event(&event)), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    return 0;
}

TEST_IN_TASK(selects_and_others_stand_in_one_queue)
{
    weft_event event = WEFT_EVENT_INIT;
    weft_semaphore semaphore = {0};
    weft_scope scope;

    noted = 0;
    weft_scope_open(&scope);
    for (int i = 1; i <= 6; i++) {
        if (i % 2)
            weft_go(&scope, chooser, .semaphore = &semaphore, .event = &event, .id = i);
        else
            weft_go(&scope, taker, .semaphore = &semaphore, .id = i);
        await_queued(&semaphore, QUEUE, i);
    }
    for (int i = 1; i <= 4; i++) {
        CHECK_EQ(weft_semaphore_release(&semaphore), 0);
        await(&noted, i);
        CHECK_EQ(notes[i - 1], i);
    }
    CHECK_EQ(weft_event_set(&event), 0); /* takes the fifth out of the queue, without a unit */
    await(&noted, 5);
    CHECK_EQ(notes[4], -5);
    await_queued(&semaphore, QUEUE, 1);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(notes[5], 6);
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    return 0;
}

TEST_IN_TASK(a_cancelled_select_takes_no_unit)
{
    weft_event event = WEFT_EVENT_INIT;
    weft_semaphore semaphore = {0};
    weft_task *task;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go_with(&scope, (.handle = &task), chooser, .semaphore = &semaphore, .event = &event);
    await_queued(&semaphore, QUEUE, 1);
    CHECK_EQ(weft_cancel(task), 0);
    CHECK_EQ(weft_join(task, &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(queued(&semaphore, QUEUE), 0);
    CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_semaphore_count(&semaphore), 1);
    return weft_scope_close(&scope);
}

/* ---- many, and mixed ---- */

TEST_IN_TASK(ten_thousand_wait_for_units)
{
    weft_semaphore semaphore = {0};
    int count = many(10000);
    atomic_int taken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, taker, .semaphore = &semaphore, .taken = &taken);
    while (queued(&semaphore, QUEUE) != count)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    CHECK_EQ(taken, 0);
    for (int i = 0; i < count; i++)
        CHECK_EQ(weft_semaphore_release(&semaphore), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(taken, count);
    CHECK_EQ(weft_semaphore_count(&semaphore), 0);
    return 0;
}

struct guest {
    weft_semaphore *semaphore;
    int rounds, most;
    atomic_int *inside;
    long *counts; /* one for each unit; whoever is alone in its place writes it */
};

/* At most so many are here at once. */
static int guest(struct guest *self)
{
    for (int i = 0; i < self->rounds; i++) {
        CHECK_EQ(weft_semaphore_acquire(self->semaphore), 0);
        CHECK(atomic_fetch_add(self->inside, 1) < self->most);
        if (self->most == 1)
            ++*self->counts; /* plain: a unit handed on orders what was done with it */
        (void)weft_yield();
        atomic_fetch_sub(self->inside, 1);
        CHECK_EQ(weft_semaphore_release(self->semaphore), 0);
    }
    return 0;
}

static void *guest_in_thread(void *guests)
{
    (void)guest(guests);
    return NULL;
}

TEST_IN_TASK(no_more_tasks_and_threads_are_inside_than_there_are_units)
{
    int rounds = many(1000);

    for (int most = 1; most <= 3; most++) {
        weft_semaphore semaphore;
        atomic_int inside = 0;
        pthread_t threads[3];
        weft_scope scope;
        long count = 0;
        struct guest in_thread = {&semaphore, rounds, most, &inside, &count};

        CHECK_EQ(weft_semaphore_init(&semaphore, .count = (uint32_t)most, .max = (uint32_t)most), 0);
        for (int i = 0; i < 3; i++)
            threads[i] = run_thread(guest_in_thread, &in_thread);
        weft_scope_open(&scope);
        for (int i = 0; i < 6; i++)
            weft_go(&scope, guest, &semaphore, rounds, most, &inside, &count);
        CHECK_EQ(weft_scope_close(&scope), 0);
        join_threads(threads, 3);
        CHECK_EQ(weft_semaphore_count(&semaphore), most);
        CHECK_EQ(count, most == 1 ? 9L * rounds : 0);
    }
    return 0;
}

struct hasty {
    weft_semaphore *semaphore;
    int rounds, id;
    atomic_long *taken;
};

/* Takes units for good, against short deadlines, now and then by a select. */
static int hasty(struct hasty *self)
{
    for (int i = 0; i < self->rounds; i++) {
        weft_scope scope;
        int rc;

        weft_scope_open(&scope, .timeout = 1 + (self->id * 13 + i) % 50 * WEFT_MICROSECOND);
        if (i % 2)
            rc = weft_semaphore_acquire(self->semaphore);
        else
            rc = weft_select(weft_on_semaphore(self->semaphore),
                             weft_on_timeout((self->id + i) % 20 * WEFT_MICROSECOND));
        CHECK(rc == 0 || rc == -ETIMEDOUT || (rc == 1 && i % 2 == 0));
        if (rc == 0)
            atomic_fetch_add(self->taken, 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

struct giver {
    weft_semaphore *semaphore;
    int rounds;
};

static int giver(struct giver *self)
{
    for (int i = 0; i < self->rounds; i++) {
        CHECK_EQ(weft_semaphore_release(self->semaphore), 0);
        (void)(i % 4 ? weft_yield() : weft_sleep(10 * WEFT_MICROSECOND));
    }
    return 0;
}

TEST_IN_TASK(deadlines_race_with_releases_and_no_unit_is_lost)
{
    weft_semaphore semaphore = {0};
    int rounds = many(2000);
    atomic_long taken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 6; i++)
        weft_go(&scope, hasty, .semaphore = &semaphore, .rounds = rounds, .id = i, .taken = &taken);
    for (int i = 0; i < 2; i++)
        weft_go(&scope, giver, .semaphore = &semaphore, .rounds = rounds);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(taken + weft_semaphore_count(&semaphore), 2L * rounds);
    return 0;
}
