#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

TEST_IN_TASK(a_wake_before_the_wait_is_kept_and_counts_once)
{
    weft_waker waker = WEFT_WAKER_INIT;

    weft_wake(&waker);
    weft_wake(&waker);
    CHECK_EQ(weft_wait(&waker), 0);
    CHECK_EQ(weft_wait_until(&waker, weft_now() + WEFT_MILLISECOND), -ETIMEDOUT);
    weft_wake(&waker);
    CHECK_EQ(weft_wait(&waker), 0);
    return 0;
}

TEST_IN_TASK(a_wait_is_never_over_early)
{
    weft_waker waker = WEFT_WAKER_INIT;
    int64_t deadline = weft_now() + 2 * WEFT_MILLISECOND;

    CHECK_EQ(weft_wait_until(&waker, deadline), -ETIMEDOUT);
    CHECK(weft_now() >= deadline);
    CHECK_EQ(weft_wait_until(&waker, 0), -ETIMEDOUT);
    weft_wake(&waker);
    CHECK_EQ(weft_wait_until(&waker, 0), 0);
    return 0;
}

struct ping {
    weft_waker *mine, *yours;
    int rounds;
    int64_t deadline;
};

static int ping(struct ping *self)
{
    for (int i = 0; i < self->rounds; i++) {
        int rc = self->deadline ? weft_wait_until(self->mine, self->deadline) : weft_wait(self->mine);

        if (rc < 0)
            return rc;
        weft_wake(self->yours);
    }
    return 0;
}

TEST_IN_TASK(tasks_wake_each_other)
{
    weft_waker wakers[2] = {WEFT_WAKER_INIT};
    int rounds = many(20000);
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, ping, .mine = &wakers[0], .yours = &wakers[1], .rounds = rounds);
    weft_go(&scope, ping, .mine = &wakers[1], .yours = &wakers[0], .rounds = rounds,
            .deadline = weft_now() + 3600 * WEFT_SECOND);
    weft_wake(&wakers[0]);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

static int is_ready(const weft_waker *waker)
{
    return __atomic_load_n(&waker->weft__state, __ATOMIC_ACQUIRE) > 1;
}

struct waits {
    weft_waker *waker;
};

static int waits(struct waits *self)
{
    return weft_wait(self->waker);
}

TEST_IN_TASK(a_second_waiter_is_refused)
{
    weft_waker waker = WEFT_WAKER_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, waits, .waker = &waker);
    while (!is_ready(&waker))
        (void)weft_yield();
    CHECK_EQ(weft_wait(&waker), -EBUSY);
    CHECK_EQ(weft_wait_until(&waker, weft_now() + 3600 * WEFT_SECOND), -EBUSY);
    weft_wake(&waker);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_cancelled_wait_consumes_nothing)
{
    weft_waker waker = WEFT_WAKER_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, waits, .waker = &waker);
    while (!is_ready(&waker))
        (void)weft_yield();
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    weft_wake(&waker);
    CHECK_EQ(weft_wait(&waker), 0);
    return 0;
}

struct late {
    weft_waker *waker;
    int yields;
};

static int late(struct late *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    weft_wake(self->waker);
    return 0;
}

TEST_IN_TASK(waking_races_with_cancelling_and_no_wake_is_lost)
{
    int rounds = is_seeded() ? 30 : 1000;

    for (int i = 0; i < rounds; i++) {
        weft_waker waker = WEFT_WAKER_INIT;
        weft_scope scope, outer;
        int rc;

        weft_scope_open(&outer);
        weft_scope_open(&scope);
        weft_go(&scope, waits, .waker = &waker);
        weft_go(&outer, late, .waker = &waker, .yields = i % 4);
        for (int j = 0; j < i % 3; j++)
            (void)weft_yield();
        weft_scope_cancel(&scope);
        rc = weft_scope_close(&scope);
        CHECK_EQ(weft_scope_close(&outer), 0);
        if (rc == -ECANCELED)
            CHECK_EQ(weft_wait(&waker), 0);
        else
            CHECK_EQ(weft_wait_until(&waker, 0), -ETIMEDOUT);
    }
    return 0;
}

TEST_IN_TASK(waking_races_with_the_deadline_and_no_wake_is_lost)
{
    int rounds = is_seeded() ? 30 : 500;

    for (int i = 0; i < rounds; i++) {
        weft_waker waker = WEFT_WAKER_INIT;
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, late, .waker = &waker, .yields = i % 10);
        if (weft_wait_until(&waker, weft_now() + i % 50 * 1000) < 0)
            CHECK_EQ(weft_wait(&waker), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    return 0;
}

/* ---- plain threads ---- */

static void *wake_in_thread(void *waker)
{
    weft_wake(waker);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_wakes_a_task)
{
    for (int i = 0; i < 50; i++) {
        weft_waker waker = WEFT_WAKER_INIT;
        pthread_t thread;

        MUST(pthread_create(&thread, NULL, wake_in_thread, &waker) == 0);
        CHECK_EQ(weft_wait(&waker), 0);
        pthread_join(thread, NULL);
    }
    return 0;
}

TEST(a_plain_thread_waits)
{
    for (int i = 0; i < 50; i++) {
        weft_waker waker = WEFT_WAKER_INIT;
        pthread_t thread;

        MUST(pthread_create(&thread, NULL, wake_in_thread, &waker) == 0);
        CHECK_EQ(weft_wait(&waker), 0);
        pthread_join(thread, NULL);
    }
}

TEST(a_plain_thread_waits_until_its_deadline)
{
    weft_waker waker = WEFT_WAKER_INIT;
    int64_t deadline = weft_now() + 2 * WEFT_MILLISECOND;

    if (is_seeded())
        SKIP("a thread's sleep moves no virtual time");
    CHECK_EQ(weft_wait_until(&waker, deadline), -ETIMEDOUT);
    CHECK(weft_now() >= deadline);
    weft_wake(&waker);
    CHECK_EQ(weft_wait_until(&waker, 0), 0);
    CHECK_EQ(weft_wait_until(&waker, 0), -ETIMEDOUT);
}

struct link {
    weft_waker to_task, to_thread;
    int rounds;
};

static void *answer_in_thread(void *argument)
{
    struct link *link = argument;

    for (int i = 0; i < link->rounds; i++) {
        CHECK_EQ(weft_wait(&link->to_thread), 0);
        weft_wake(&link->to_task);
    }
    return NULL;
}

TEST_IN_TASK(a_task_and_a_thread_play_ping_pong)
{
    struct link link = {.rounds = is_seeded() ? 20 : 1000};
    pthread_t thread;

    MUST(pthread_create(&thread, NULL, answer_in_thread, &link) == 0);
    for (int i = 0; i < link.rounds; i++) {
        weft_wake(&link.to_thread);
        CHECK_EQ(weft_wait(&link.to_task), 0);
    }
    pthread_join(thread, NULL);
    return 0;
}

TEST_IN_TASK(threads_and_tasks_by_the_dozen)
{
    struct link links[8];
    pthread_t threads[8];
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 8; i++) {
        links[i] = (struct link){.rounds = is_seeded() ? 10 : 300};
        MUST(pthread_create(&threads[i], NULL, answer_in_thread, &links[i]) == 0);
        weft_go(&scope, ping, .mine = &links[i].to_task, .yours = &links[i].to_thread, .rounds = links[i].rounds - 1);
        weft_wake(&links[i].to_thread);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

/* ---- signal handlers ---- */

static weft_waker signalled;

static void on_signal(int number UNUSED)
{
    weft_wake(&signalled);
}

static void handle_SIGUSR1(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGUSR1, &action, NULL);
    signalled = (weft_waker)WEFT_WAKER_INIT;
}

struct waits_often {
    int times;
};

static int waits_often(struct waits_often *self)
{
    for (int i = 0; i < self->times; i++) {
        int rc = weft_wait(&signalled);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static void *call_in_thread(void *times)
{
    CHECK_EQ(weft_call(waits_often, .times = *(int *)times), 0);
    atomic_store(&reports, 1);
    return NULL;
}

TEST(a_signal_handler_on_a_plain_thread_wakes_a_task)
{
    int times = is_seeded() ? 20 : 200;
    pthread_t thread;

    handle_SIGUSR1();
    reports = 0;
    MUST(weft_start(NULL) == 0);
    MUST(pthread_create(&thread, NULL, call_in_thread, &times) == 0);
    while (!reports)
        raise(SIGUSR1);
    pthread_join(thread, NULL);
    CHECK_EQ(weft_stop(), 0);
}

TEST_IN_TASK(a_signal_handler_on_a_workers_own_thread_wakes_a_task)
{
    sigset_t set, old;
    weft_scope scope;

    handle_SIGUSR1();
    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++) {
        weft_go(&scope, waits_often, .times = 1);
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        pthread_sigmask(SIG_UNBLOCK, &set, &old);
        raise(SIGUSR1);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        while (weft_scope_count(&scope))
            (void)weft_yield();
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}
