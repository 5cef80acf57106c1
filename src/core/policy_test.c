#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

/* ---- one seed, one schedule ---- */

static int trace[4096];
static atomic_int traced;

struct actor {
    int id;
    weft_scope *scope;
};

static int actor(struct actor *self)
{
    weft_scope scope;

    for (int i = 0; i < 8; i++) {
        trace[traced++ % 4096] = self->id;
        if (i % 3 == 0)
            (void)weft_sleep((self->id * 7 + i) % 5 * 1000);
        else
            (void)weft_yield();
    }
    weft_scope_open(&scope);
    if (self->id < 100)
        weft_go(&scope, actor, .id = self->id + 100);
    return weft_scope_close(&scope);
}

struct play {
    char unused;
};

static int play(struct play *self UNUSED)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, actor, .id = i);
    return weft_scope_close(&scope);
}

TEST_PROCESS(print_trace)
{
    uint64_t hash = 14695981039346656037u;

    CHECK_EQ(RUN(play), 0);
    for (int i = 0; i < traced; i++)
        hash = (hash ^ (uint64_t)trace[i]) * 1099511628211u;
    printf("%d steps %016llx\n", traced, (unsigned long long)hash);
}

TEST(the_same_seed_gives_the_same_trace_and_others_differ)
{
    static const char *const seeds[] = {"WEFT_SEED=1", "WEFT_SEED=1", "WEFT_SEED=2", "WEFT_SEED=18446744073709551615"};
    char outputs[4][256];

    for (int i = 0; i < 4; i++) {
        CHECK_EQ(test_process("print_trace", (const char *const[]){seeds[i], NULL}, outputs[i], sizeof outputs[i]), 0);
        CHECK_HAS(outputs[i], "160 steps");
    }
    CHECK_STR(outputs[0], outputs[1]);
    CHECK(strcmp(outputs[0], outputs[2]) != 0);
    CHECK(strcmp(outputs[0], outputs[3]) != 0);
}

/* ---- virtual time ---- */

struct jump {
    char unused;
};

static int jump(struct jump *self UNUSED)
{
    int64_t start = weft_now();
    weft_scope scope;

    CHECK_EQ(weft_sleep(3600 * WEFT_SECOND), 0);
    CHECK_EQ(weft_now(), start + 3600 * WEFT_SECOND);
    for (int i = 0; i < 100; i++)
        (void)weft_yield();
    CHECK_EQ(weft_now(), start + 3600 * WEFT_SECOND);
    weft_scope_open(&scope, .timeout = 24 * 3600 * WEFT_SECOND);
    weft_go(&scope, stay);
    CHECK_EQ(weft_scope_close(&scope), -ETIMEDOUT);
    CHECK_EQ(weft_now(), start + 25 * 3600 * WEFT_SECOND);
    return 0;
}

TEST_PROCESS(jump_an_hour)
{
    CHECK_EQ(RUN(jump), 0);
}

TEST(virtual_time_jumps_an_hour_and_stands_still_while_tasks_run)
{
    char output[1024];

    CHECK_EQ(test_process("jump_an_hour", (const char *const[]){"WEFT_SEED=7", "TEST_LIMIT=10", NULL}, output,
                          sizeof output),
             0);
    CHECK_STR(output, "");
}

/* ---- variables ---- */

TEST_PROCESS(start_badly)
{
    weft_on_report(keep_report);
    CHECK_EQ(weft_start(NULL), -EINVAL);
    CHECK_EQ(reports, 1);
    puts(last_report);
}

TEST(a_malformed_variable_is_refused_by_name)
{
    static const char *const bad[] = {"WEFT_SEED=x",    "WEFT_SEED=-1",    "WEFT_SEED=18446744073709551616",
                                      "WEFT_WORKERS=0", "WEFT_WORKERS=2k", "WEFT_SPAWN=sideways",
                                      "WEFT_DEMOTE=2",  "WEFT_THREADS=0",  "WEFT_WORKERS=99999999999999999999999"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char output[512];

        CHECK_EQ(test_process("start_badly", (const char *const[]){bad[i], NULL}, output, sizeof output), 0);
        CHECK_HAS(output, bad[i]);
    }
}

TEST_PROCESS(start_well)
{
    struct weft_stats stats;

    CHECK_EQ(RUN(play), 0);
    MUST(weft_start(&(struct weft_options){.workers = 7}) == 0);
    CHECK_EQ(weft_stats(&stats), 0);
    printf("%u\n", stats.workers);
    CHECK_EQ(weft_stop(), 0);
}

TEST(empty_variables_and_the_largest_seed_are_fine)
{
    char output[512];

    CHECK_EQ(test_process("start_well",
                          (const char *const[]){
                              "WEFT_SEED=", "WEFT_WORKERS=", "WEFT_SPAWN=", "WEFT_DEMOTE=", "WEFT_THREADS=", NULL},
                          output, sizeof output),
             0);
    CHECK_STR(output, "7\n");
    CHECK_EQ(test_process("start_well", (const char *const[]){"WEFT_SEED=18446744073709551615", NULL}, output,
                          sizeof output),
             0);
    CHECK_STR(output, "1\n");
}
