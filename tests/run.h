/* Tests of the runtime: start, one root task, stop.
 *
 *     TEST_IN_TASK(a_claim)
 *     {
 *         CHECK_EQ(weft_yield(), 0);
 *         return 0;
 *     }
 */
#ifndef WEFT_TESTS_RUN_H
#define WEFT_TESTS_RUN_H

#include "test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define UNUSED __attribute__((unused))

/* The result of fn as the root task of a runtime of its own. */
#define RUN(fn, ...)                                                                                                   \
    __extension__({                                                                                                    \
        int run__rc;                                                                                                   \
        MUST(weft_start(NULL) == 0);                                                                                   \
        run__rc = weft_call(fn, __VA_ARGS__);                                                                          \
        CHECK_EQ(weft_stop(), 0);                                                                                      \
        run__rc;                                                                                                       \
    })

/* A test whose body is the root task; it returns 0. */
#define TEST_IN_TASK(claim)                                                                                            \
    struct claim##_body {                                                                                              \
        char unused;                                                                                                   \
    };                                                                                                                 \
    static int claim##_body(struct claim##_body *self);                                                                \
    TEST(claim)                                                                                                        \
    {                                                                                                                  \
        CHECK_EQ(RUN(claim##_body), 0);                                                                                \
    }                                                                                                                  \
    static int claim##_body(struct claim##_body *self UNUSED)

/* In such a body. */
#define SKIP_IN_TASK(why)                                                                                              \
    do {                                                                                                               \
        test__skipped(why);                                                                                            \
        return 0;                                                                                                      \
    } while (0)

UNUSED static int is_seeded(void)
{
    const char *seed = getenv("WEFT_SEED");

    return seed && *seed;
}

/* How many of a big number: a hundredth under a seed, of which there are a hundred; a tenth under a sanitizer. */
UNUSED static int many(int count)
{
    return is_seeded() ? count / 100 : SANITIZED ? count / 10 : count;
}

/* Parks until cancelled. */
struct stay {
    atomic_int *here; /* counts those that have come, may be NULL */
    atomic_int *woken;
};

UNUSED static int stay(struct stay *self)
{
    weft_waker never = WEFT_WAKER_INIT;
    int rc;

    if (self->here)
        atomic_fetch_add(self->here, 1);
    rc = weft_wait(&never);
    if (self->woken)
        atomic_fetch_add(self->woken, 1);
    return rc;
}

/* Lets others run until a counter has reached what is wanted. */
UNUSED static void await(atomic_int *counter, int wanted)
{
    while (atomic_load(counter) < wanted)
        (void)weft_yield();
}

/* The last report. */
static char last_report[256];
static atomic_int reports;

UNUSED static void keep_report(const char *line)
{
    strncpy(last_report, line, sizeof last_report - 1);
    atomic_fetch_add(&reports, 1);
}

#endif
