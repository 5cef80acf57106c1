#include "io/io_test.h"

/* TSan runs a handler at the next call that it intercepts: a thread that is parked for good comes to none. */
#if defined(__SANITIZE_THREAD__)
#define HOLDS_SIGNALS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOLDS_SIGNALS 1
#endif
#endif
#ifndef HOLDS_SIGNALS
#define HOLDS_SIGNALS 0
#endif

/* A signal whose delivery is over when this returns. Threads that a task starts have all signals blocked. */
static void *raise_here(void *number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, *(int *)number);
    MUST(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
    MUST(raise(*(int *)number) == 0);
    return NULL;
}

static void raise_outside(int number)
{
    pthread_t thread;

    MUST(pthread_create(&thread, NULL, raise_here, &number) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

/* As await, for what comes by way of the kernel: under a seed it is asked only when no task is ready. */
static void await_io(atomic_int *counter, int wanted)
{
    while (atomic_load(counter) < wanted)
        (void)weft_sleep(WEFT_MILLISECOND);
}

/* Whether one is there, which is received then. */
static int is_there(int number)
{
    int rc = weft_select(weft_on_signal(number), weft_on_default());

    CHECK(rc == 0 || rc == 1);
    return rc == 0;
}

TEST_IN_TASK(signals_are_kept_until_somebody_waits)
{
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK(!is_there(SIGUSR1));
    for (int i = 0; i < 3; i++)
        raise_outside(SIGUSR1);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_signal_wait(SIGUSR1), 0);
    CHECK(!is_there(SIGUSR1)); /* each is received once */
    return weft_signal_unwatch(SIGUSR1);
}

TEST_IN_TASK(signals_do_not_mix)
{
    if (test_emulated())
        SKIP_IN_TASK("the emulator keeps the last real-time signals for itself");
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK_EQ(weft_signal_watch(SIGRTMIN), 0);
    CHECK_EQ(weft_signal_watch(SIGRTMAX), 0);
    raise_outside(SIGRTMIN);
    CHECK(!is_there(SIGUSR1));
    CHECK(!is_there(SIGRTMAX));
    CHECK_EQ(weft_select(weft_on_signal(SIGUSR1), weft_on_signal(SIGRTMAX), weft_on_signal(SIGRTMIN)), 2);
    raise_outside(SIGRTMAX);
    CHECK_EQ(weft_signal_wait(SIGRTMAX), 0);
    CHECK_EQ(weft_signal_unwatch(SIGRTMAX), 0);
    CHECK_EQ(weft_signal_unwatch(SIGRTMIN), 0);
    return weft_signal_unwatch(SIGUSR1);
}

struct waits {
    int number;
    atomic_int *here, *got;
    int want;
};

static int waits(struct waits *self)
{
    atomic_fetch_add(self->here, 1);
    CHECK_EQ(weft_signal_wait(self->number), self->want);
    atomic_fetch_add(self->got, 1);
    return 0;
}

TEST_IN_TASK(of_two_who_wait_each_gets_one)
{
    for (int round = 0; round < 20; round++) {
        atomic_int here = 0, got = 0;
        weft_scope scope;

        CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
        weft_scope_open(&scope);
        weft_go(&scope, waits, .number = SIGUSR1, .here = &here, .got = &got);
        weft_go(&scope, waits, .number = SIGUSR1, .here = &here, .got = &got);
        await(&here, 2);
        for (int i = 0; i < round; i++)
            (void)weft_yield();
        raise_outside(SIGUSR1);
        await_io(&got, 1);
        settle();
        CHECK_EQ(got, 1);
        raise_outside(SIGUSR1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK(!is_there(SIGUSR1));
        CHECK_EQ(weft_signal_unwatch(SIGUSR1), 0);
    }
    return 0;
}

static atomic_int handled;

static void handle(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

TEST_IN_TASK(unwatching_restores_the_former_handler)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_NODEFER}, old, now;

    atomic_store(&handled, 0);
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    MUST(sigaction(SIGUSR1, &action, &old) == 0);
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0); /* counted */
    raise_outside(SIGUSR1);
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), 0);
    raise_outside(SIGUSR1);
    CHECK_EQ(handled, 0);
    CHECK_EQ(weft_signal_wait(SIGUSR1), 0);
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), 0);
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), -EINVAL);
    raise_outside(SIGUSR1);
    CHECK_EQ(handled, 1);
    MUST(sigaction(SIGUSR1, &old, &now) == 0);
    CHECK(now.sa_handler == handle);
    CHECK(now.sa_flags & SA_NODEFER);
    CHECK(sigismember(&now.sa_mask, SIGUSR2) == 1);
    return 0;
}

TEST_IN_TASK(unwatching_drops_what_was_kept)
{
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    raise_outside(SIGUSR1);
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), 0);
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK(!is_there(SIGUSR1));
    return weft_signal_unwatch(SIGUSR1);
}

TEST_IN_TASK(what_cannot_be_handled_is_EINVAL)
{
    static const int bad[] = {0, -1, INT_MIN, INT_MAX, 65, SIGKILL, SIGSTOP};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(weft_signal_watch(bad[i]), -EINVAL);
        CHECK_EQ(weft_signal_wait(bad[i]), -EINVAL);
        CHECK_EQ(weft_signal_unwatch(bad[i]), -EINVAL);
        CHECK_EQ(weft_select(weft_on_signal(bad[i]), weft_on_default()), -EINVAL);
    }
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), -EINVAL);
    return 0;
}

TEST_IN_TASK(out_of_descriptors_nothing_is_watched)
{
    struct rlimit limit, none;

    MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = (struct rlimit){0, limit.rlim_max};
    MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK_EQ(weft_signal_watch(SIGUSR1), -EMFILE);
    CHECK_EQ(weft_signal_wait(SIGUSR1), -EMFILE);
    MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), -EINVAL);
    return 0;
}

TEST_IN_TASK(waiting_watches_from_then_on)
{
    CHECK(!is_there(SIGUSR1)); /* the first use */
    raise_outside(SIGUSR1);    /* its default would end the program */
    raise_outside(SIGUSR1);
    CHECK_EQ(weft_signal_wait(SIGUSR1), 0);
    CHECK(is_there(SIGUSR1));
    return weft_signal_unwatch(SIGUSR1);
}

TEST_IN_TASK(a_wait_that_is_cancelled_receives_nothing)
{
    atomic_int here = 0, got = 0;
    weft_scope scope;

    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_signal_wait(SIGUSR1), -ETIMEDOUT);
    raise_outside(SIGUSR1);
    CHECK_EQ(weft_signal_wait(SIGUSR1), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_signal_wait(SIGUSR1), 0);
    weft_scope_open(&scope);
    weft_go(&scope, waits, .number = SIGUSR1, .here = &here, .got = &got, .want = -ECANCELED);
    await(&here, 1);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    raise_outside(SIGUSR1);
    CHECK(is_there(SIGUSR1));
    return weft_signal_unwatch(SIGUSR1);
}

TEST_IN_TASK(a_select_with_a_signal_has_one_effect)
{
    weft_chan(int) items = weft_chan_new(int, 1);
    int item = 4, rc = 1;

    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK_EQ(weft_select(weft_on_signal(SIGUSR1), weft_on_timeout(WEFT_MICROSECOND)), 1);
    raise_outside(SIGUSR1);
    CHECK_EQ(weft_send(items, 5), 0);
    CHECK_EQ(weft_select_first(weft_on_recv(items, &item, &rc), weft_on_signal(SIGUSR1)), 0);
    CHECK_EQ(item, 5);
    CHECK_EQ(weft_select_first(weft_on_timeout(0), weft_on_signal(SIGUSR1)), 0);
    CHECK_EQ(weft_send(items, 6), 0);
    CHECK_EQ(weft_select_first(weft_on_signal(SIGUSR1), weft_on_recv(items, &item, &rc)), 0);
    CHECK_EQ(item, 5); /* the other is still there */
    CHECK_EQ(weft_recv(items, &item), 0);
    CHECK_EQ(item, 6);
    CHECK(!is_there(SIGUSR1));
    weft_chan_free(items);
    return weft_signal_unwatch(SIGUSR1);
}

struct outside {
    atomic_int here, got;
};

static void *wait_outside(void *argument)
{
    struct outside *self = argument;

    atomic_store(&self->here, 1);
    CHECK_EQ(weft_signal_wait(SIGUSR1), 0);
    if (!is_seeded()) /* virtual time waits for tasks, not for threads */
        CHECK_EQ(weft_select(weft_on_signal(SIGUSR1), weft_on_timeout(WEFT_MILLISECOND)), 1);
    atomic_store(&self->got, 1);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_waits_for_signals)
{
    struct outside outside = {.here = 0};
    pthread_t thread;

    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    MUST(pthread_create(&thread, NULL, wait_outside, &outside) == 0);
    await(&outside.here, 1);
    raise_outside(SIGUSR1);
    await_io(&outside.got, 1);
    MUST(pthread_join(thread, NULL) == 0);
    return weft_signal_unwatch(SIGUSR1);
}

TEST(stopping_gives_every_signal_back)
{
    struct sigaction now;

    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
    CHECK_EQ(weft_signal_watch(SIGUSR2), 0);
    CHECK_EQ(weft_stop(), 0);
    MUST(sigaction(SIGUSR1, NULL, &now) == 0);
    CHECK(now.sa_handler == SIG_DFL);
    MUST(sigaction(SIGUSR2, NULL, &now) == 0);
    CHECK(now.sa_handler == SIG_DFL);
    CHECK_EQ(weft_signal_unwatch(SIGUSR1), -EINVAL);
}

/* ---- while signals rain ---- */

struct rain {
    atomic_int *stop;
};

static void *rain(void *argument)
{
    struct rain *self = argument;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    MUST(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
    while (!atomic_load(self->stop))
        MUST(raise(SIGUSR1) == 0);
    return NULL;
}

TEST_IN_TASK(no_signal_goes_to_a_descriptor_that_came_after)
{
    struct sigaction action = {.sa_handler = handle}, old;
    atomic_int stop = 0;
    struct rain shared = {&stop};
    pthread_t thread;

    sigemptyset(&action.sa_mask);
    MUST(sigaction(SIGUSR1, &action, &old) == 0);
    MUST(pthread_create(&thread, NULL, rain, &shared) == 0);
    for (int i = 0; i < many(1000); i++) {
        char bytes[8];
        int ends[2];

        CHECK_EQ(weft_signal_watch(SIGUSR1), 0);
        if (i % 4 == 0)
            CHECK_EQ(weft_signal_wait(SIGUSR1), 0);
        CHECK_EQ(weft_signal_unwatch(SIGUSR1), 0);
        pair(ends); /* takes the number that has become free */
        CHECK_EQ(recv(ends[0], bytes, sizeof bytes, MSG_DONTWAIT), -1);
        CHECK_EQ(recv(ends[1], bytes, sizeof bytes, MSG_DONTWAIT), -1);
        close_both(ends);
    }
    atomic_store(&stop, 1);
    MUST(pthread_join(thread, NULL) == 0);
    MUST(sigaction(SIGUSR1, &old, NULL) == 0);
    return 0;
}

/* ---- under weft_main ---- */

struct program {
    int number; /* a signal to watch */
};

static int program(struct program *self)
{
    weft_waker never = WEFT_WAKER_INIT;

    CHECK_EQ(weft_signal_watch(self->number), 0);
    for (int i = 0; i < 3; i++) {
        MUST(kill(getpid(), self->number) == 0);
        CHECK_EQ(weft_signal_wait(self->number), 0);
    }
    CHECK_EQ(weft_check(), 0);
    CHECK_EQ(weft_signal_unwatch(self->number), 0);
    printf("received\n");
    if (self->number != SIGTERM)
        return 0;
    MUST(kill(getpid(), SIGTERM) == 0);
    return weft_wait(&never);
}

TEST_PROCESS(watches_sigterm)
{
    CHECK_EQ(weft_main(program, .number = SIGTERM), 0);
}

TEST_PROCESS(watches_sighup)
{
    CHECK_EQ(weft_main(program, .number = SIGHUP), 0);
}

TEST(under_weft_main_a_watched_signal_does_not_cancel)
{
    char output[1000];

    CHECK_EQ(test_process("watches_sigterm", NULL, output, sizeof output), 0);
    CHECK_STR(output, "received\n");
    if (HOLDS_SIGNALS)
        return;
    CHECK_EQ(test_process("watches_sighup", NULL, output, sizeof output), 0);
    CHECK_STR(output, "received\n");
}
