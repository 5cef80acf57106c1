/* The test harness: a test is a claim and a body; a failed check is recorded and the body goes on.
 *
 *     #include "test.h"
 *
 *     TEST(closing_a_channel_wakes_every_sender)
 *     {
 *         CHECK(woken);
 *         CHECK_EQ(rc, -EPIPE);
 *     }
 *
 * A program links one X_test.c with test_main.c. `./X_test` runs every test in the order of the file, `./X_test
 * NAME...` some of them, `--list` names them. Each prints one line: `ok NAME`, `FAILED NAME file:line: what`, or
 * `skipped: NAME: why`. A test that takes over 60 s (TEST_LIMIT=seconds) ends the program, and so does a crash: both
 * with the test's name. Checks may stand in any thread or task.
 */
#ifndef WEFT_TESTS_TEST_H
#define WEFT_TESTS_TEST_H

#include <stddef.h>
#include <stdint.h>

#define TEST(claim) TEST__DEFINE(claim, 0)

/* A body that runs only in a process of its own, started by test_process(): for what ends a process or needs a fresh
 * one. If it returns, the process exits with 0, or with 1 after a failed check. */
#define TEST_PROCESS(name) TEST__DEFINE(name, 1)

/* Runs that body, with the variables of env ("NAME=value", NULL-terminated; or NULL) added to the environment. Gives
 * its wait status, and in output (size bytes, always terminated) the first of what it wrote to stdout and stderr. */
int test_process(const char *name, const char *const *env, char *output, size_t size);

/* Whether the program runs under an emulator of another machine, where limits and faults are not the kernel's own. */
int test_emulated(void);

#define CHECK(condition) ((condition) ? (void)0 : test__failed(__FILE__, __LINE__, "%s", #condition))

/* For integers and pointers; says what was got and what was expected. */
#define CHECK_EQ(got, expected)                                                                                        \
    test__check_equal(__FILE__, __LINE__, #got " == " #expected, (intmax_t)(got), (intmax_t)(expected))

/* For strings: equal, or the first holding the second. NULL equals NULL only. */
#define CHECK_STR(got, expected) test__check_string(__FILE__, __LINE__, #got, (got), (expected), 0)
#define CHECK_HAS(text, part) test__check_string(__FILE__, __LINE__, #text, (text), (part), 1)

/* For what the rest of the program cannot do without: a failure ends the program. */
#define MUST(condition) ((condition) ? (void)0 : test__gave_up(__FILE__, __LINE__, #condition))

/* Ends the test's own function: it cannot run here, and why. */
#define SKIP(why)                                                                                                      \
    do {                                                                                                               \
        test__skipped(why);                                                                                            \
        return;                                                                                                        \
    } while (0)

/* The rest is the harness's own. */

struct test__case {
    const char *name;
    void (*body)(void);
    int process; /* a TEST_PROCESS */
    struct test__case *next;
};

#define TEST__DEFINE(id, in_process)                                                                                   \
    static void id(void);                                                                                              \
    __attribute__((constructor)) static void test__register_##id(void)                                                 \
    {                                                                                                                  \
        static struct test__case test = {#id, id, in_process, NULL};                                                   \
        test__register(&test);                                                                                         \
    }                                                                                                                  \
    static void id(void)

void test__register(struct test__case *test);
void test__failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void test__gave_up(const char *file, int line, const char *condition);
void test__check_equal(const char *file, int line, const char *expression, intmax_t got, intmax_t expected);
void test__check_string(const char *file, int line, const char *expression, const char *got, const char *want,
                        int part);
void test__skipped(const char *why);

#endif
