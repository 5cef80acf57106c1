/* The runtime as a guest in a program that has its own main, threads, signals; and weft_main, the owner. */
#include "run.h"
#include "test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT = 4096 };

#define EXITED(status, code) (WIFEXITED(status) && WEXITSTATUS(status) == (code))

struct give {
    int rc;
};

static int give(struct give *self)
{
    return self->rc;
}

/* ---- starting, calling, stopping ---- */

TEST(calls_give_the_roots_result)
{
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_call(give, .rc = 3), 3);
    CHECK_EQ(weft_call(give, .rc = -EIO), -EIO);
    CHECK_EQ(weft_call(give), 0);
    CHECK_EQ(weft_stop(), 0);
}

TEST(without_a_start_everything_is_eperm)
{
    struct weft_stats stats;

    CHECK_EQ(weft_call(give, .rc = 3), -EPERM);
    CHECK_EQ(weft_stop(), -EPERM);
    CHECK_EQ(weft_stats(&stats), -EPERM);
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_stats(&stats), 0);
    CHECK(stats.workers > 0 && stats.threads >= stats.workers);
    CHECK_EQ(weft_stop(), 0);
    CHECK_EQ(weft_call(give, .rc = 3), -EPERM);
    CHECK_EQ(weft_stop(), -EPERM);
}

TEST(two_users_share_one_runtime_and_the_last_stop_ends_it)
{
    struct weft_options five = {.workers = 5};
    struct weft_stats before, after;

    MUST(weft_start(NULL) == 0);
    MUST(weft_stats(&before) == 0);
    CHECK_EQ(weft_start(&five), 0); /* counted; its options are not looked at */
    MUST(weft_stats(&after) == 0);
    CHECK_EQ(after.workers, before.workers);
    CHECK_EQ(weft_stop(), 0);
    CHECK_EQ(weft_call(give, .rc = 4), 4);
    CHECK_EQ(weft_stop(), 0);
    CHECK_EQ(weft_call(give, .rc = 4), -EPERM);
}

TEST(the_options_count_where_no_variable_is_set)
{
    struct weft_options five = {.workers = 5};
    struct weft_stats stats;

    if (getenv("WEFT_WORKERS") || is_seeded())
        SKIP("a variable goes before the options");
    MUST(weft_start(&five) == 0);
    MUST(weft_stats(&stats) == 0);
    CHECK_EQ(stats.workers, 5);
    CHECK_EQ(weft_stop(), 0);
}

struct inside {
    int unused;
};

static int inside(struct inside *self)
{
    (void)self;
    CHECK_EQ(weft_stop(), -EPERM);
    CHECK_EQ(weft_start(NULL), 0); /* a library that a task uses */
    CHECK_EQ(weft_call(give, .rc = 9), 9);
    CHECK_EQ(weft_stop(), -EPERM);
    return 5;
}

TEST(a_task_may_start_and_call_but_not_stop)
{
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_call(inside), 5);
    CHECK_EQ(weft_stop(), 0); /* of the task's start */
    CHECK_EQ(weft_stop(), 0);
    CHECK_EQ(weft_stop(), -EPERM);
}

struct hold {
    weft_waker *here, *go;
};

static int hold(struct hold *self)
{
    weft_wake(self->here);
    return weft_wait(self->go);
}

static weft_waker held, let_go;

static void *call_hold(void *argument)
{
    (void)argument;
    CHECK_EQ(weft_call(hold, .here = &held, .go = &let_go), 0);
    return NULL;
}

TEST(stopping_while_a_call_is_in_flight_is_ebusy_and_harmless)
{
    pthread_t thread;

    held = let_go = (weft_waker)WEFT_WAKER_INIT;
    MUST(weft_start(NULL) == 0);
    MUST(pthread_create(&thread, NULL, call_hold, NULL) == 0);
    CHECK_EQ(weft_wait(&held), 0);
    CHECK_EQ(weft_stop(), -EBUSY);
    CHECK_EQ(weft_stop(), -EBUSY);
    CHECK_EQ(weft_call(give, .rc = 2), 2);
    weft_wake(&let_go);
    pthread_join(thread, NULL);
    CHECK_EQ(weft_stop(), 0);
}

/* ---- nothing is left behind ---- */

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;

    MUST(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int count_lines(const char *path)
{
    FILE *file = fopen(path, "re");
    int count = 0, c;

    MUST(file);
    while ((c = getc(file)) != EOF)
        count += c == '\n';
    fclose(file);
    return count;
}

struct spawn_some {
    int count;
};

static int spawn_some(struct spawn_some *self)
{
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->count; i++)
        CHECK_EQ(weft_go(&scope, give), 0);
    return weft_scope_close(&scope);
}

static void start_and_stop(int times)
{
    for (int i = 0; i < times; i++)
        CHECK_EQ(RUN(spawn_some, .count = i % 10), 0);
}

/* In a process of its own: its count of mappings is nobody else's. */
TEST_PROCESS(a_thousand_starts)
{
    int fds, tasks, maps;

    start_and_stop(50); /* the C library's arenas and caches of stacks have settled by then */
    fds = count_entries("/proc/self/fd");
    tasks = count_entries("/proc/self/task");
    maps = count_lines("/proc/self/maps");
    start_and_stop(is_seeded() ? 50 : SANITIZED ? 200 : 1000);
    CHECK_EQ(count_entries("/proc/self/fd"), fds);
    for (int i = 0; i < 10000 && count_entries("/proc/self/task") > tasks; i++)
        sched_yield(); /* a thread that has been joined may be seen there for a moment, then as now */
    CHECK(count_entries("/proc/self/task") <= tasks);
    if (!SANITIZED)
        CHECK(count_lines("/proc/self/maps") <= maps + 4);
}

TEST(a_thousand_starts_and_stops_leak_no_fd_thread_or_mapping)
{
    char output[OUTPUT];
    int status = test_process("a_thousand_starts", NULL, output, sizeof output);

    CHECK(EXITED(status, 0));
    CHECK_STR(output, "");
}

static void *start_and_stop_here(void *argument)
{
    for (int i = 0; i < 20; i++) {
        int rc;

        MUST(weft_start(NULL) == 0);
        CHECK_EQ(weft_call(spawn_some, .count = 5), 0);
        while ((rc = weft_stop()) == -EBUSY) /* another's call is in flight, and this stop would be the last */
            sched_yield();
        CHECK_EQ(rc, 0);
    }
    return argument;
}

TEST(threads_start_and_stop_side_by_side)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        MUST(pthread_create(&threads[i], NULL, start_and_stop_here, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(weft_stop(), -EPERM);
}

/* ---- a quiet guest ---- */

static void own_handler(int number)
{
    (void)number;
}

static void check_handlers(const struct sigaction *before)
{
    for (int i = 1; i < 32; i++) {
        struct sigaction now;

        if (sigaction(i, NULL, &now) == 0 && now.sa_handler != before[i].sa_handler)
            test__failed(__FILE__, __LINE__, "the handler of signal %d was changed", i);
    }
}

static int equal_masks(const sigset_t *a, const sigset_t *b)
{
    int different = 0;

    for (int i = 1; i < SIGRTMAX; i++)
        different += sigismember(a, i) != sigismember(b, i);
    return different == 0;
}

TEST(the_hosts_handlers_and_mask_are_left_alone)
{
    struct sigaction before[32], own = {.sa_handler = own_handler}, old;
    sigset_t mask, now;

    MUST(sigaction(SIGUSR1, &own, &old) == 0);
    for (int i = 1; i < 32; i++)
        sigaction(i, NULL, &before[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_call(spawn_some, .count = 10), 0);
    check_handlers(before);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    CHECK(equal_masks(&mask, &now));
    CHECK_EQ(weft_stop(), 0);
    check_handlers(before);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    CHECK(equal_masks(&mask, &now));
    sigaction(SIGUSR1, &old, NULL);
}

static pthread_t handled_on;
static atomic_int handled;

static void note_thread(int number)
{
    (void)number;
    handled_on = pthread_self();
    atomic_fetch_add(&handled, 1);
}

TEST(signals_of_the_process_never_run_on_our_threads)
{
    struct sigaction own = {.sa_handler = note_thread}, old;

    MUST(sigaction(SIGUSR2, &own, &old) == 0);
    MUST(weft_start(NULL) == 0);
    for (int i = 0; i < 20; i++) {
        atomic_store(&handled, 0);
        MUST(kill(getpid(), SIGUSR2) == 0);
        while (!atomic_load(&handled))
            sched_yield();
        CHECK(pthread_equal(handled_on, pthread_self()));
    }
    CHECK_EQ(weft_stop(), 0);
    sigaction(SIGUSR2, &old, NULL);
}

TEST_PROCESS(a_fork)
{
    struct weft_stats stats;
    pid_t child;
    int status;

    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_call(spawn_some, .count = 10), 0);
    child = fork();
    MUST(child >= 0);
    if (child == 0) {
        if (weft_call(give, .rc = 1) != -EPERM || weft_stop() != -EPERM || weft_stats(&stats) != -EPERM)
            _exit(1);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child);
    CHECK(EXITED(status, 0));
    CHECK_EQ(weft_call(give, .rc = 1), 1); /* the parent's goes on */
    CHECK_EQ(weft_stop(), 0);
}

struct fork_in_task {
    int unused;
};

static int fork_in_task(struct fork_in_task *self)
{
    pid_t child = fork();
    int status;

    (void)self;
    MUST(child >= 0);
    if (child == 0)
        _exit(weft_call(give, .rc = 1) == -EPERM && weft_stop() == -EPERM ? 0 : 1);
    MUST(waitpid(child, &status, 0) == child);
    CHECK(EXITED(status, 0));
    return weft_yield();
}

TEST_PROCESS(a_fork_in_a_task)
{
    CHECK_EQ(RUN(fork_in_task), 0);
}

TEST(a_forked_child_has_no_runtime)
{
    char output[OUTPUT];

    CHECK(EXITED(test_process("a_fork", NULL, output, sizeof output), 0));
    CHECK_STR(output, "");
    CHECK(EXITED(test_process("a_fork_in_a_task", NULL, output, sizeof output), 0));
    CHECK_STR(output, "");
}

/* ---- variables ---- */

static void print_report(const char *line)
{
    fprintf(stderr, "report: %s\n", line);
}

TEST_PROCESS(start_fails)
{
    CHECK_EQ(weft_start(NULL), -EINVAL); /* and without a sink: in silence */
    weft_on_report(print_report);
    CHECK_EQ(weft_start(NULL), -EINVAL);
    CHECK_EQ(weft_stop(), -EPERM);
    CHECK_EQ(weft_call(give, .rc = 1), -EPERM);
    unsetenv("WEFT_WORKERS");
    unsetenv("WEFT_THREADS");
    unsetenv("WEFT_SEED");
    unsetenv("WEFT_SPAWN");
    unsetenv("WEFT_DEMOTE");
    CHECK_EQ(weft_start(NULL), 0);
    CHECK_EQ(weft_call(give, .rc = 1), 1);
    CHECK_EQ(weft_stop(), 0);
}

TEST(malformed_variables_are_einval_and_reported_by_name)
{
    static const char *const bad[] = {
        "WEFT_WORKERS=0",   "WEFT_WORKERS=x",
        "WEFT_WORKERS=-1",  "WEFT_WORKERS=2 ",
        "WEFT_WORKERS=1e3", "WEFT_WORKERS=99999",
        "WEFT_THREADS=0",   "WEFT_THREADS=many",
        "WEFT_SEED=abc",    "WEFT_SEED=99999999999999999999999",
        "WEFT_SPAWN=both",  "WEFT_DEMOTE=2",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *env[] = {bad[i], NULL};
        char output[OUTPUT];

        if (is_seeded() && i % 6 != 0)
            continue;
        CHECK(EXITED(test_process("start_fails", env, output, sizeof output), 0));
        CHECK_HAS(output, "report: ");
        CHECK_HAS(output, bad[i]);
        CHECK(strchr(output, '\n') == strrchr(output, '\n')); /* once */
    }
}

TEST(errors_have_names)
{
    CHECK_STR(weft_error_name(-EPIPE), "EPIPE");
    CHECK_STR(weft_error_name(-ECANCELED), "ECANCELED");
    CHECK_STR(weft_error_name(0), "E?");
    CHECK_STR(weft_error_name(5), "E?");
    CHECK_STR(weft_error_name(-99999), "E?");
    CHECK_STR(weft_version(), "0.1.0");
}

/* ---- weft_main ---- */

TEST_PROCESS(main_succeeds)
{
    int rc = weft_main(give, .rc = 7);

    exit(rc);
}

TEST_PROCESS(main_fails)
{
    exit(weft_main(give, .rc = -EADDRINUSE));
}

TEST_PROCESS(main_is_canceled_by_itself)
{
    exit(weft_main(give, .rc = -ECANCELED));
}

TEST(weft_main_gives_an_exit_code_and_names_the_error)
{
    const char *env[] = {"WEFT_WORKERS=none", NULL};
    char output[OUTPUT];

    CHECK(EXITED(test_process("main_succeeds", NULL, output, sizeof output), 0));
    CHECK_STR(output, "");
    CHECK(EXITED(test_process("main_fails", NULL, output, sizeof output), 1));
    CHECK_HAS(output, "give");
    CHECK_HAS(output, "EADDRINUSE");
    CHECK(EXITED(test_process("main_is_canceled_by_itself", NULL, output, sizeof output), 1));
    CHECK_HAS(output, "ECANCELED");
    CHECK(EXITED(test_process("main_succeeds", env, output, sizeof output), 1));
    CHECK_HAS(output, "WEFT_WORKERS=none");
    CHECK_HAS(output, "EINVAL");
}

struct interrupt {
    int signal, then;
};

static int interrupt(struct interrupt *self)
{
    weft_waker never = WEFT_WAKER_INIT;

    MUST(kill(getpid(), self->signal) == 0);
    CHECK_EQ(weft_wait(&never), -ECANCELED);
    CHECK_EQ(weft_check(), -ECANCELED);
    printf("cleaned up\n");
    fflush(stdout);
    return self->then;
}

TEST_PROCESS(main_gets_sigint)
{
    exit(weft_main(interrupt, .signal = SIGINT, .then = -ECANCELED));
}

TEST_PROCESS(main_gets_sigterm)
{
    exit(weft_main(interrupt, .signal = SIGTERM, .then = -ECANCELED));
}

TEST_PROCESS(main_gets_sigterm_and_fails)
{
    exit(weft_main(interrupt, .signal = SIGTERM, .then = -EIO));
}

TEST(sigint_and_sigterm_cancel_the_root_and_count_as_success)
{
    char output[OUTPUT];

    CHECK(EXITED(test_process("main_gets_sigint", NULL, output, sizeof output), 0));
    CHECK_STR(output, "cleaned up\n");
    CHECK(EXITED(test_process("main_gets_sigterm", NULL, output, sizeof output), 0));
    CHECK_STR(output, "cleaned up\n");
    CHECK(EXITED(test_process("main_gets_sigterm_and_fails", NULL, output, sizeof output), 1));
    CHECK_HAS(output, "EIO");
}

struct stubborn {
    int signal;
};

/* Cancelled, it does not end. */
static int stubborn(struct stubborn *self)
{
    weft_waker never = WEFT_WAKER_INIT;
    weft_scope shield;

    MUST(kill(getpid(), self->signal) == 0);
    CHECK_EQ(weft_wait(&never), -ECANCELED);
    MUST(weft_scope_open(&shield, .shield = 1) == 0);
    MUST(kill(getpid(), self->signal) == 0);
    CHECK_EQ(weft_wait(&never), 0);
    return weft_scope_close(&shield);
}

TEST_PROCESS(main_is_stubborn)
{
    exit(weft_main(stubborn, .signal = SIGINT));
}

TEST(a_second_signal_ends_the_program)
{
    char output[OUTPUT];
    int status = test_process("main_is_stubborn", NULL, output, sizeof output);

    CHECK(EXITED(status, 128 + SIGINT) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
}

struct overflow {
    int depth;
};

/* The volatile array is used after the call: no tail call, no reuse. */
static int deeper(int depth)
{
    volatile char room[1024];

    room[0] = (char)depth;
    return depth > 0 ? deeper(depth - 1) + room[0] : 0;
}

static int overflow(struct overflow *self)
{
    return deeper(self->depth);
}

TEST_PROCESS(main_overflows)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    exit(weft_main(overflow, .depth = 10000000) & 1);
}

TEST(a_stack_overflow_names_the_task)
{
    char output[OUTPUT];
    int status;

    if (SANITIZED)
        SKIP("the sanitizer reports it first");
    if (test_emulated())
        SKIP("the emulator takes the fault");
    status = test_process("main_overflows", NULL, output, sizeof output);
    CHECK(WIFSIGNALED(status));
    CHECK_HAS(output, "stack overflow in task 'overflow'");
}

/* ---- loaded at run time ---- */

static const char *library_path(void)
{
    static const char *const places[] = {"libweft.so.0", "./libweft.so.0", "../libweft.so.0", "build/libweft.so.0",
                                         NULL};
    const char *given = getenv("WEFT_LIBRARY");

    if (given)
        return given;
    for (int i = 0; places[i]; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

static int entry_of_a_guest(void *argument)
{
    return *(int *)argument + 1;
}

static void load_and_unload(const char *path)
{
    static const struct weft_site site = {"guest", __FILE__, entry_of_a_guest, 1, sizeof(int), _Alignof(int)};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    int (*start)(const struct weft_options *), (*stop)(void), (*call)(const struct weft_site *, const void *), n = 4;

    if (!library)
        printf("%s\n", dlerror());
    MUST(library);
    start = (__typeof__(start))dlsym(library, "weft_start");
    stop = (__typeof__(stop))dlsym(library, "weft_stop");
    call = (__typeof__(call))dlsym(library, "weft__call");
    MUST(start && stop && call);
    CHECK(start != weft_start); /* not the one that is linked into this program */
    CHECK_EQ(start(NULL), 0);
    CHECK_EQ(call(&site, &n), 5);
    CHECK_EQ(stop(), 0);
    CHECK_EQ(dlclose(library), 0);
}

TEST_PROCESS(load_twice)
{
    const char *path = library_path();
    int tasks = count_entries("/proc/self/task");

    for (int i = 0; i < 2; i++) {
        char absolute[4096];

        MUST(realpath(path, absolute));
        load_and_unload(absolute);
        CHECK_EQ(count_entries("/proc/self/task"), tasks);
    }
}

TEST(the_shared_library_is_loaded_and_unloaded_twice)
{
    char output[OUTPUT];

    if (!library_path())
        SKIP("no libweft.so.0 here (WEFT_LIBRARY=path)");
    if (SANITIZED || getenv("TEST_WRAPPER"))
        SKIP("not with a sanitizer or an emulator");
    CHECK(EXITED(test_process("load_twice", NULL, output, sizeof output), 0));
    CHECK_STR(output, "");
}
