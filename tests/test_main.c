/* The main of every test program; see test.h.
 *
 * All tests run in this one process, in the order of the file. Output goes through one write() a line: a check may fail
 * in any thread, and what was printed before a crash is seen. A constructor runs before main, and those of one file in
 * its order, so that the list needs no sorting.
 */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 60
#define LINE_MAX_LEN 1024
#define EXIT_ALL_SKIPPED 77

static struct test__case *first, **last = &first;
static const char *program;
static const struct test__case *running;
static atomic_int failures; /* of the running test */
static const char *skip_reason;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (len >= (int)sizeof line) {
        len = sizeof line - 1;
        line[len - 1] = '\n';
    }
    (void)!write(STDOUT_FILENO, line, (size_t)len);
}

void test__register(struct test__case *test)
{
    *last = test;
    last = &test->next;
}

/* How to see the failure again: under a seed the schedule is part of it. */
static void say_replay(void)
{
    const char *seed = getenv("WEFT_SEED");

    if (seed != NULL)
        say("replay: WEFT_SEED=%s %s %s\n", seed, program, running->name);
}

void test__failed(const char *file, int line, const char *format, ...)
{
    char what[LINE_MAX_LEN / 2];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    say("FAILED %s %s:%d: %s\n", running->name, file, line, what);
}

void test__gave_up(const char *file, int line, const char *condition)
{
    test__failed(file, line, "%s (the program ends here)", condition);
    say_replay();
    _exit(1);
}

void test__check_equal(const char *file, int line, const char *expression, intmax_t got, intmax_t expected)
{
    if (got != expected)
        test__failed(file, line, "%s (got %jd, expected %jd)", expression, got, expected);
}

void test__check_string(const char *file, int line, const char *expression, const char *got, const char *want, int part)
{
    int equal = got == want;

    if (got != NULL && want != NULL)
        equal = part ? strstr(got, want) != NULL : strcmp(got, want) == 0;
    if (!equal)
        test__failed(file, line, "%s (got \"%s\", expected %s\"%s\")", expression, got ? got : "NULL",
                     part ? "in it " : "", want ? want : "NULL");
}

void test__skipped(const char *why)
{
    skip_reason = why;
}

/* What ends the program without a word says at least in which test. */
static void on_fatal_signal(int number)
{
    const char *what = number == SIGALRM ? "it hangs: no end within its time limit" : strsignal(number);

    say("FAILED %s %s: %s\n", running->name, program, what);
    say_replay();
    if (number == SIGALRM)
        _exit(1);
    raise(number); /* SA_RESETHAND: now the default action */
}

static void watch(void)
{
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    struct sigaction action = {.sa_handler = on_fatal_signal, .sa_flags = SA_RESETHAND | SA_ONSTACK}, old;

    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) /* a sanitizer's stays */
            sigaction(fatal[i], &action, NULL);
}

static unsigned limit_s(void)
{
    const char *limit = getenv("TEST_LIMIT");

    return limit != NULL ? (unsigned)atoi(limit) : LIMIT_S;
}

/* Runs one test. Gives 1 if it passed, 0 if it was skipped, -1 if it failed. */
static int run(const struct test__case *test)
{
    running = test;
    skip_reason = NULL;
    atomic_store_explicit(&failures, 0, memory_order_relaxed);
    alarm(limit_s());
    test->body();
    alarm(0);
    if (atomic_load_explicit(&failures, memory_order_relaxed) != 0) {
        say_replay();
        return -1;
    }
    if (skip_reason != NULL) {
        say("skipped: %s: %s\n", test->name, skip_reason);
        return 0;
    }
    say("ok %s\n", test->name);
    return 1;
}

static const struct test__case *find(const char *name, int process)
{
    for (const struct test__case *test = first; test != NULL; test = test->next)
        if (test->process == process && strcmp(test->name, name) == 0)
            return test;
    fprintf(stderr, "%s: no test is called %s; --list names them\n", program, name);
    exit(2);
}

static int run_process(const char *name)
{
    running = find(name, 1);
    alarm(limit_s());
    running->body();
    return atomic_load_explicit(&failures, memory_order_relaxed) != 0;
}

/* The program itself again. Where it runs under an emulator, TEST_WRAPPER names that, with its options. */
_Noreturn static void exec_self(const char *name, const char *const *env)
{
    const char *wrapper = getenv("TEST_WRAPPER");
    char words[LINE_MAX_LEN], *argv[16];
    size_t argc = 0;

    for (; env != NULL && *env != NULL; env++)
        putenv((char *)*env); /* putenv takes no const for history's sake */
    snprintf(words, sizeof words, "%s", wrapper != NULL ? wrapper : "");
    for (char *word = strtok(words, " "); word != NULL && argc < 12; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc++] = (char *)program;
    argv[argc++] = (char *)"--process";
    argv[argc++] = (char *)name;
    argv[argc] = NULL;
    execvp(argv[0], argv);
    _exit(127);
}

int test_emulated(void)
{
    return getenv("TEST_WRAPPER") != NULL;
}

/* Reads to the end, keeps what fits. */
static void drain(int fd, char *output, size_t size)
{
    char scrap[LINE_MAX_LEN];
    size_t used = 0;
    ssize_t len;

    while ((len = read(fd, scrap, sizeof scrap)) > 0 || (len < 0 && errno == EINTR)) {
        if (len < 0)
            continue;
        if ((size_t)len > size - 1 - used)
            len = (ssize_t)(size - 1 - used);
        memcpy(output + used, scrap, (size_t)len);
        used += (size_t)len;
    }
    output[used] = 0;
}

int test_process(const char *name, const char *const *env, char *output, size_t size)
{
    int ends[2], status;
    pid_t child;

    find(name, 1);
    MUST(pipe(ends) == 0);
    child = fork();
    MUST(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        exec_self(name, env);
    }
    close(ends[1]);
    drain(ends[0], output, size);
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0)
        MUST(errno == EINTR);
    return status;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0, skipped = 0;

    program = argv[0];
    if (argc == 3 && strcmp(argv[1], "--process") == 0)
        return run_process(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const struct test__case *test = first; test != NULL; test = test->next)
            if (!test->process)
                say("%s\n", test->name);
        return 0;
    }
    watch();
    for (const struct test__case *test = first; test != NULL; test = test->next) {
        int wanted = !test->process && argc == 1, rc;

        for (int i = 1; i < argc && !wanted; i++)
            wanted = test == find(argv[i], 0);
        if (!wanted)
            continue;
        rc = run(test);
        passed += rc > 0;
        skipped += rc == 0;
        failed += rc < 0;
    }
    say("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    if (failed != 0)
        return 1;
    return passed == 0 && skipped != 0 ? EXIT_ALL_SKIPPED : 0;
}
