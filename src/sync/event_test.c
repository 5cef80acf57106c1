#include "locks_test.h"

enum { QUEUE = sizeof(struct weft__guard) };

/* ---- results ---- */

TEST_IN_TASK(a_null_event_is_refused)
{
    CHECK_EQ(weft_event_set(NULL), -EINVAL);
    CHECK_EQ(weft_event_clear(NULL), -EINVAL);
    CHECK_EQ(weft_event_is_set(NULL), 0);
    CHECK_EQ(weft_event_wait(NULL), -EINVAL);
    CHECK_EQ(weft_select(weft_on_event((weft_event *)NULL)), -EINVAL);
    return 0;
}

TEST(an_event_stays_set_until_it_is_cleared_and_needs_no_runtime)
{
    weft_event event = WEFT_EVENT_INIT;

    CHECK_EQ(weft_event_is_set(&event), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(weft_event_set(&event), 0);
        CHECK_EQ(weft_event_set(&event), 0);
        CHECK_EQ(weft_event_is_set(&event), 1);
        CHECK_EQ(weft_event_wait(&event), 0);
        CHECK_EQ(weft_event_wait(&event), 0);
        CHECK_EQ(weft_event_clear(&event), 0);
        CHECK_EQ(weft_event_clear(&event), 0);
        CHECK_EQ(weft_event_is_set(&event), 0);
    }
}

/* ---- waiting ---- */

struct watcher {
    weft_event *event;
    atomic_int *seen;
    const int *value; /* plain: written before the event is set */
};

static int watcher(struct watcher *self)
{
    int rc = weft_event_wait(self->event);

    if (rc == 0 && self->value)
        CHECK_EQ(*self->value, 42);
    if (rc == 0)
        atomic_fetch_add(self->seen, 1);
    return rc;
}

static void *watch_in_thread(void *self)
{
    CHECK_EQ(watcher(self), 0);
    return NULL;
}

TEST_IN_TASK(ten_thousand_tasks_and_some_threads_see_one_set)
{
    weft_event event = WEFT_EVENT_INIT;
    int count = many(10000), value = 0;
    atomic_int seen = 0;
    struct watcher in_thread = {&event, &seen, &value};
    pthread_t threads[3];
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        threads[i] = run_thread(watch_in_thread, &in_thread);
    for (int i = 0; i < count; i++)
        weft_go(&scope, watcher, .event = &event, .seen = &seen, .value = &value);
    while (queued(&event, QUEUE) != count + 3)
        (void)weft_sleep(WEFT_MILLISECOND); /* looking is a walk */
    CHECK_EQ(seen, 0);
    value = 42;
    CHECK_EQ(weft_event_set(&event), 0);
    weft_go(&scope, watcher, .event = &event, .seen = &seen, .value = &value); /* late */
    CHECK_EQ(weft_scope_close(&scope), 0);
    join_threads(threads, 3);
    CHECK_EQ(seen, count + 4);
    return 0;
}

TEST_IN_TASK(who_was_woken_has_seen_it_though_it_is_cleared_right_after)
{
    weft_event event = WEFT_EVENT_INIT;
    int rounds = many(1000);

    for (int i = 0; i < rounds; i++) {
        atomic_int seen = 0;
        weft_scope scope;

        weft_scope_open(&scope);
        for (int j = 0; j < 3; j++)
            weft_go(&scope, watcher, .event = &event, .seen = &seen);
        await_queued(&event, QUEUE, 3);
        CHECK_EQ(weft_event_set(&event), 0);
        CHECK_EQ(weft_event_clear(&event), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(seen, 3);
    }
    return 0;
}

/* ---- cancellation ---- */

TEST_IN_TASK(a_cancelled_waiter_leaves_and_the_others_stay)
{
    weft_event event = WEFT_EVENT_INIT;
    atomic_int seen = 0;
    weft_task *tasks[3];
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go_with(&scope, (.handle = &tasks[i]), watcher, .event = &event, .seen = &seen);
    await_queued(&event, QUEUE, 3);
    CHECK_EQ(weft_cancel(tasks[1]), 0);
    CHECK_EQ(weft_join(tasks[1], &rc), 0);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(queued(&event, QUEUE), 2);
    CHECK_EQ(weft_event_set(&event), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(seen, 2);
    return 0;
}

TEST_IN_TASK(cancellation_and_deadlines_go_ahead_of_an_event_that_is_set)
{
    weft_event event = WEFT_EVENT_INIT;
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_event_wait(&event), -ETIMEDOUT);
    CHECK_EQ(queued(&event, QUEUE), 0);
    CHECK_EQ(weft_event_set(&event), 0); /* never suspends, and so works */
    CHECK_EQ(weft_event_is_set(&event), 1);
    CHECK_EQ(weft_event_wait(&event), -ETIMEDOUT);
    CHECK_EQ(weft_select(weft_on_event(&event)), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_event_wait(&event), -ECANCELED);
    (void)weft_scope_close(&scope);
    CHECK_EQ(weft_event_wait(&event), 0);
    return 0;
}

/* ---- in a select ---- */

TEST_IN_TASK(a_select_sees_the_event_that_is_set_and_clears_nothing)
{
    weft_event first = WEFT_EVENT_INIT, second = WEFT_EVENT_INIT;

    CHECK_EQ(weft_select(weft_on_event(&first), weft_on_event(&second), weft_on_default()), 2);
    CHECK_EQ(weft_select(weft_on_event(&first), weft_on_timeout(WEFT_MILLISECOND)), 1);
    CHECK_EQ(weft_event_set(&second), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_select(weft_on_event(&first), weft_on_event(&second)), 1);
    CHECK_EQ(weft_event_set(&first), 0);
    CHECK_EQ(weft_select_first(weft_on_event(&first), weft_on_event(&second)), 0);
    CHECK_EQ(queued(&first, QUEUE), 0);
    return 0;
}

struct chooser {
    weft_event *events; /* three */
    int wanted;
    atomic_int *seen;
};

static int chooser(struct chooser *self)
{
    int rc =
        weft_select(weft_on_event(&self->events[0]), weft_on_event(&self->events[1]), weft_on_event(&self->events[2]));

    CHECK_EQ(rc, self->wanted);
    atomic_fetch_add(self->seen, 1);
    return rc;
}

TEST_IN_TASK(a_set_wakes_every_select_and_takes_it_out_of_the_other_queues)
{
    weft_event events[3] = {WEFT_EVENT_INIT, WEFT_EVENT_INIT, WEFT_EVENT_INIT};
    atomic_int seen = 0;
    weft_scope scope;

    for (int i = 0; i < 3; i++) {
        seen = 0;
        weft_scope_open(&scope);
        for (int j = 0; j < 10; j++)
            weft_go(&scope, chooser, .events = events, .wanted = i, .seen = &seen);
        for (int j = 0; j < 3; j++)
            await_queued(&events[j], QUEUE, 10);
        CHECK_EQ(weft_event_set(&events[i]), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(seen, 10);
        for (int j = 0; j < 3; j++)
            CHECK_EQ(queued(&events[j], QUEUE), 0);
        CHECK_EQ(weft_event_clear(&events[i]), 0);
    }
    return 0;
}

TEST_IN_TASK(a_cancelled_select_leaves_every_queue)
{
    weft_event events[3] = {WEFT_EVENT_INIT, WEFT_EVENT_INIT, WEFT_EVENT_INIT};
    atomic_int seen = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, chooser, .events = events, .wanted = -ECANCELED, .seen = &seen);
    await_queued(&events[2], QUEUE, 10);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(seen, 10);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(queued(&events[i], QUEUE), 0);
    return 0;
}

static void *choose_in_thread(void *events)
{
    weft_event *both = events;

    CHECK_EQ(weft_select(weft_on_event(&both[0]), weft_on_event(&both[1])), 1);
    return NULL;
}

TEST_IN_TASK(a_thread_selects_too)
{
    weft_event events[2] = {WEFT_EVENT_INIT, WEFT_EVENT_INIT};
    pthread_t thread = run_thread(choose_in_thread, events);

    await_queued(&events[1], QUEUE, 1);
    CHECK_EQ(weft_event_set(&events[1]), 0);
    join_threads(&thread, 1);
    CHECK_EQ(queued(&events[0], QUEUE), 0);
    return 0;
}

/* ---- a stress: two sides that wait for each other's events ---- */

struct player {
    weft_event *mine, *yours;
    int rounds;
    long *ball; /* whose event is set */
};

static int player(struct player *self)
{
    for (int i = 0; i < self->rounds; i++) {
        CHECK_EQ(i % 2 ? weft_event_wait(self->mine) : weft_select(weft_on_event(self->mine)), 0);
        CHECK_EQ(weft_event_clear(self->mine), 0);
        ++*self->ball;
        CHECK_EQ(weft_event_set(self->yours), 0);
    }
    return 0;
}

static void *play_in_thread(void *self)
{
    (void)player(self);
    return NULL;
}

TEST_IN_TASK(tasks_and_threads_throw_a_ball_and_none_is_lost)
{
    enum { PAIRS = 4 };
    weft_event events[PAIRS][2] = {0};
    struct player players[PAIRS];
    long balls[PAIRS] = {0};
    int rounds = many(3000);
    pthread_t threads[PAIRS / 2];
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < PAIRS; i++) {
        weft_go(&scope, player, .mine = &events[i][0], .yours = &events[i][1], .rounds = rounds, .ball = &balls[i]);
        players[i] = (struct player){&events[i][1], &events[i][0], rounds, &balls[i]};
        if (i % 2)
            threads[i / 2] = run_thread(play_in_thread, &players[i]);
        else
            weft_go(&scope, player, players[i].mine, players[i].yours, rounds, &balls[i]);
        CHECK_EQ(weft_event_set(&events[i][0]), 0);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    join_threads(threads, PAIRS / 2);
    for (int i = 0; i < PAIRS; i++)
        CHECK_EQ(balls[i], 2L * rounds);
    return 0;
}
