#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* What a program says of itself under a seed, without an exploration: a report, and it goes on. */

struct hold {
    weft_rwlock *first, *second;
};
static int hold(struct hold *self)
{
    int rc = weft_rwlock_write(self->first);

    if (rc < 0)
        return rc;
    (void)weft_sleep(1);
    rc = weft_rwlock_write(self->second);
    if (rc == 0)
        weft_rwlock_write_unlock(self->second);
    weft_rwlock_write_unlock(self->first);
    return rc;
}

struct circle {
    int unused;
};
static int circle(struct circle *self UNUSED)
{
    weft_rwlock a = WEFT_RWLOCK_INIT, b = WEFT_RWLOCK_INIT;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope, .timeout = WEFT_SECOND);
    weft_go_with(&scope, (.name = "left"), hold, .first = &a, .second = &b);
    weft_go_with(&scope, (.name = "right"), hold, .first = &b, .second = &a);
    rc = weft_scope_close(&scope);
    CHECK_EQ(rc, -ETIMEDOUT);
    return 0;
}

TEST_PROCESS(a_circle)
{
    weft_on_report(keep_report);
    CHECK_EQ(RUN(circle), 0);
    puts(last_report);
}

TEST(a_circle_of_waits_is_reported_and_the_program_goes_on)
{
    char output[1024];

    CHECK_EQ(test_process("a_circle", (const char *const[]){"WEFT_SEED=3", NULL}, output, sizeof output), 0);
    CHECK_HAS(output, "deadlock: a circle of waits: task ");
    CHECK_HAS(output, "'left' waits ");
    CHECK_HAS(output, "'right' waits ");
    CHECK_HAS(output, "held by task ");
}

static weft_chan(int) silent;

static void print_and_exit(const char *line)
{
    puts(line);
    fflush(stdout);
    _exit(0); /* nothing else would end it */
}

struct standstill {
    int unused;
};
static int standstill(struct standstill *self UNUSED)
{
    return weft_recv(silent, NULL);
}

TEST_PROCESS(a_standstill)
{
    silent = weft_chan_new(int, 1);
    weft_on_report(print_and_exit);
    (void)RUN(standstill);
}

TEST(a_standstill_is_reported_with_place_and_number)
{
    char output[1024];

    CHECK_EQ(test_process("a_standstill", (const char *const[]){"WEFT_SEED=1", NULL}, output, sizeof output), 0);
    CHECK_HAS(output, "deadlock: the only task there is waits for ever: task 1 'standstill' waits to receive at ");
    CHECK_HAS(output, "detect_test.c:");
}

/* ---- the claim of replay ---- */

struct be_woken {
    weft_waker waker;
};
static void *wake_it(void *argument)
{
    weft_wake(argument);
    return NULL;
}

static int be_woken(struct be_woken *self)
{
    pthread_t thread;

    for (int i = 0; i < 1000 && !atomic_load(&reports); i++) { /* it may come before the wait */
        MUST(pthread_create(&thread, NULL, wake_it, &self->waker) == 0);
        CHECK_EQ(weft_wait(&self->waker), 0);
        pthread_join(thread, NULL);
    }
    return 0;
}

TEST_PROCESS(be_woken_from_outside)
{
    weft_on_report(keep_report);
    CHECK_EQ(RUN(be_woken), 0);
    printf("%d %s\n", atomic_load(&reports), last_report);
}

TEST(strictly_the_end_of_the_claim_is_reported_once)
{
    char output[1024];

    CHECK_EQ(test_process("be_woken_from_outside", (const char *const[]){"WEFT_SEED=1", "WEFT_STRICT=1", NULL}, output,
                          sizeof output),
             0);
    CHECK_STR(output, "1 not replayable from here: a plain thread woke task 1 'be_woken'\n");
}

TEST(otherwise_nothing_is_said_of_it)
{
    char output[1024];

    CHECK_EQ(test_process("be_woken_from_outside", (const char *const[]){"WEFT_SEED=1", "WEFT_STRICT=0", NULL}, output,
                          sizeof output),
             0);
    CHECK_STR(output, "0 \n");
}
