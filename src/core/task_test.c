#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- spawning ---- */

struct add {
    atomic_int *sum;
    int n;
    int yields;
};

static int add(struct add *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    atomic_fetch_add(self->sum, self->n);
    return 0;
}

TEST_IN_TASK(closing_a_scope_waits_for_its_children)
{
    atomic_int sum = 0;
    weft_scope scope;

    CHECK_EQ(weft_scope_open(&scope), 0);
    for (int i = 1; i <= 100; i++)
        CHECK_EQ(weft_go(&scope, add, .sum = &sum, .n = i, .yields = i % 3), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, 5050);
    return 0;
}

struct answer {
    int value;
};

static int answer(struct answer *self)
{
    return self->value;
}

TEST(a_call_returns_what_the_root_task_returned)
{
    CHECK_EQ(RUN(answer, .value = 42), 42);
    CHECK_EQ(RUN(answer, .value = -EIO), -EIO);
    CHECK_EQ(RUN(answer), 0);
}

TEST_IN_TASK(a_call_in_a_task_runs_in_a_scope_of_its_own)
{
    CHECK_EQ(weft_call(answer, .value = 7), 7);
    CHECK_EQ(weft_call(answer, .value = -EIO), -EIO);
    CHECK_EQ(weft_check(), 0);
    return 0;
}

TEST_IN_TASK(arguments_are_copied_at_the_spawn)
{
    struct add arguments;
    atomic_int sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++) {
        arguments = (struct add){.sum = &sum, .n = 1, .yields = 5};
        CHECK_EQ(weft_go_raw(&scope, (weft_entry *)(void (*)(void))add, &arguments, sizeof arguments,
                             _Alignof(struct add), NULL),
                 0);
        memset(&arguments, 0xff, sizeof arguments);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, 10);
    return 0;
}

static struct {
    size_t size, align;
    atomic_int ran;
} expected;

static int check_bytes(void *arguments)
{
    const unsigned char *bytes = arguments;
    int bad = 0;

    CHECK_EQ((uintptr_t)arguments % expected.align, 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < expected.size; i++)
            bad += bytes[i] != (unsigned char)(i * 31 + expected.size);
        (void)weft_yield();
    }
    CHECK_EQ(bad, 0);
    atomic_fetch_add(&expected.ran, 1);
    return 0;
}

TEST_IN_TASK(arguments_of_any_size_and_alignment_arrive)
{
    static const size_t sizes[] = {0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 100, 4095, 4096, 4097, 32768, 65535, 65536};
    static _Alignas(64) unsigned char bytes[65536];
    int count = 0;

    expected.ran = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t align = 1; align <= 64; align *= 2, count++) {
            weft_scope scope;

            expected.size = sizes[i];
            expected.align = align;
            for (size_t j = 0; j < sizes[i]; j++)
                bytes[j] = (unsigned char)(j * 31 + sizes[i]);
            weft_scope_open(&scope);
            CHECK_EQ(weft_go_raw(&scope, check_bytes, sizes[i] ? bytes : NULL, sizes[i], align, NULL), 0);
            CHECK_EQ(weft_scope_close(&scope), 0);
        }
    CHECK_EQ(expected.ran, count);
    return 0;
}

TEST_IN_TASK(arguments_over_64_KiB_or_misaligned_are_refused)
{
    static char bytes[65537];
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_go_raw(&scope, check_bytes, bytes, sizeof bytes, 1, NULL), -EINVAL);
    CHECK_EQ(weft_go_raw(&scope, check_bytes, bytes, 8, 128, NULL), -EINVAL);
    CHECK_EQ(weft_go_raw(&scope, check_bytes, bytes, 8, 3, NULL), -EINVAL);
    CHECK_EQ(weft_go_raw(&scope, check_bytes, NULL, 8, 8, NULL), -EINVAL);
    CHECK_EQ(weft_go_raw(&scope, NULL, bytes, 8, 8, NULL), -EINVAL);
    CHECK_EQ(weft_go_raw(NULL, check_bytes, bytes, 8, 8, NULL), -EINVAL);
    (void)weft_scope_close(&scope);
    return 0;
}

struct aligned {
    _Alignas(64) char line[64];
    atomic_int *ran;
};

static int aligned(struct aligned *self)
{
    CHECK_EQ((uintptr_t)self % 64, 0);
    CHECK_STR(self->line, "line");
    atomic_fetch_add(self->ran, 1);
    return 0;
}

TEST_IN_TASK(a_struct_aligned_to_a_cache_line_stays_so)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(weft_go(&scope, aligned, .line = "line", .ran = &ran), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(ran, 20);
    return 0;
}

struct chain {
    weft_scope *scope;
    atomic_int *count;
    int left;
};

static int chain(struct chain *self)
{
    atomic_fetch_add(self->count, 1);
    if (self->left > 0)
        CHECK_EQ(weft_go(self->scope, chain, .scope = self->scope, .count = self->count, .left = self->left - 1), 0);
    if (self->left % 3 == 0)
        (void)weft_yield();
    return 0;
}

TEST_IN_TASK(a_child_may_spawn_into_its_parents_scope)
{
    atomic_int count = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(weft_go(&scope, chain, .scope = &scope, .count = &count, .left = 49), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 200);
    return 0;
}

struct tree {
    int depth;
    int *result;
};

static int tree(struct tree *self)
{
    int left = 0, right = 0, rc;
    weft_scope scope;

    if (self->depth < 2) {
        *self->result = self->depth;
        return 0;
    }
    weft_scope_open(&scope);
    weft_go(&scope, tree, .depth = self->depth - 1, .result = &left);
    weft_go(&scope, tree, .depth = self->depth - 2, .result = &right);
    rc = weft_scope_close(&scope);
    *self->result = left + right;
    return rc;
}

TEST_IN_TASK(a_tree_of_spawns_adds_up)
{
    weft_scope scope;
    int result = 0;

    weft_scope_open(&scope);
    weft_go(&scope, tree, .depth = is_seeded() ? 10 : 18, .result = &result);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(result, is_seeded() ? 55 : 2584);
    return 0;
}

struct deep {
    int depth;
};

static int deep(struct deep *self)
{
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope);
    if (self->depth > 0)
        rc = weft_go(&scope, deep, .depth = self->depth - 1);
    else
        rc = weft_yield();
    return weft_scope_close_with(&scope, rc);
}

TEST(spawns_nest_thousands_deep)
{
    CHECK_EQ(RUN(deep, .depth = many(5000)), 0);
}

TEST_IN_TASK(a_scope_takes_100000_children)
{
    int count = many(100000);
    atomic_int sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        if (weft_go(&scope, add, .sum = &sum, .n = 1, .yields = i % 1000 == 0) != 0)
            CHECK(!"spawned");
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, count);
    return 0;
}

TEST_IN_TASK(ten_thousand_children_park_and_are_all_cancelled)
{
    int count = many(10000);
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < count; i++)
        weft_go(&scope, stay, .here = &here, .woken = &woken);
    await(&here, count);
    CHECK_EQ(weft_scope_count(&scope), count);
    CHECK_EQ(weft_scope_cancel(&scope), 0);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(woken, count);
    return 0;
}

/* ---- yielding ---- */

struct set_flag {
    atomic_int *flag;
};

static int set_flag(struct set_flag *self)
{
    (void)weft_yield();
    (void)weft_yield();
    atomic_store(self->flag, 1);
    return 0;
}

TEST_IN_TASK(a_task_that_yields_lets_others_get_on)
{
    atomic_int flag = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, set_flag, .flag = &flag);
    while (!flag)
        CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

struct yielder {
    atomic_int *order;
    int *log;
    int id;
};

static int yielder(struct yielder *self)
{
    for (int i = 0; i < 5; i++) {
        self->log[atomic_fetch_add(self->order, 1)] = self->id;
        (void)weft_yield();
    }
    return 0;
}

struct take_turns {
    char unused;
};

static int take_turns(struct take_turns *self UNUSED)
{
    atomic_int order = 0;
    int log[15] = {0}, turns[4] = {0};
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 1; i <= 3; i++)
        weft_go(&scope, yielder, .order = &order, .log = log, .id = i);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(order, 15);
    for (int i = 0; i < 15; i++) {
        turns[log[i]]++;
        for (int j = 1; j <= 3; j++)
            CHECK(turns[log[i]] - turns[j] <= 2);
    }
    return 0;
}

TEST_PROCESS(take_turns_on_one_worker)
{
    CHECK_EQ(RUN(take_turns), 0);
}

TEST(tasks_that_yield_take_turns)
{
    char output[1024];

    if (is_seeded())
        SKIP("a seed chooses any order");
    CHECK_EQ(
        test_process("take_turns_on_one_worker", (const char *const[]){"WEFT_WORKERS=1", NULL}, output, sizeof output),
        0);
    CHECK_STR(output, "");
}

TEST(a_thread_may_yield_and_check)
{
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_check(), 0);
    CHECK_EQ(weft_stack_used(), 0);
    CHECK_EQ(weft_stack_size(), 0);
    CHECK_STR(weft_task_name(), "");
    CHECK_EQ(weft_task_rename("x"), -EPERM);
}

/* ---- names ---- */

struct named {
    const char *want;
    atomic_int *ran;
};

static int named(struct named *self)
{
    CHECK_STR(weft_task_name(), self->want);
    (void)weft_yield();
    CHECK_STR(weft_task_name(), self->want);
    CHECK_EQ(weft_task_rename("other"), 0);
    (void)weft_yield();
    CHECK_STR(weft_task_name(), "other");
    CHECK_EQ(weft_task_rename(NULL), 0);
    CHECK_STR(weft_task_name(), "");
    atomic_fetch_add(self->ran, 1);
    return 0;
}

TEST_IN_TASK(a_task_has_its_functions_name_or_its_own)
{
    atomic_int ran = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, named, .want = "named", .ran = &ran);
    weft_go_with(&scope, (.name = "Ada"), named, .want = "Ada", .ran = &ran);
    weft_go_with(&scope, (.name = "pinned", .pin = 1), named, .want = "pinned", .ran = &ran);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(ran, 3);
    CHECK_STR(weft_task_name(), "a_task_has_its_functions_name_or_its_own_body");
    return 0;
}

/* ---- stacks ---- */

__attribute__((noinline)) static int eat(size_t bytes)
{
    volatile char frame[1024];

    frame[0] = frame[1023] = (char)bytes;
    return bytes > sizeof frame ? eat(bytes - sizeof frame) + frame[0] : frame[1023];
}

struct use_stack {
    size_t asked;
    atomic_int *ran;
};

static int use_stack(struct use_stack *self)
{
    size_t size = weft_stack_size();

    CHECK(size <= self->asked);
    CHECK(size + 128 * 1024 >= self->asked);
    CHECK(weft_stack_used() < 16384);
    if (!SANITIZED) /* whose frames are bigger */
        (void)eat((size - weft_stack_used()) / 4 * 3 / 2);
    atomic_fetch_add(self->ran, 1);
    return 0;
}

TEST_IN_TASK(a_task_gets_the_stack_it_asks_for)
{
    static const size_t asked[] = {1, 4096, 262144, 262145, 1 << 20, 3 << 20, 8 << 20};
    static const size_t given[] = {262144, 262144, 262144, 524288, 1 << 20, 4 << 20, 8 << 20};
    atomic_int ran = 0;
    weft_scope scope;

    for (int round = 0; round < 3; round++) {
        weft_scope_open(&scope);
        for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
            CHECK_EQ(weft_go_with(&scope, (.stack_size = asked[i]), use_stack, .asked = given[i], .ran = &ran), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    CHECK_EQ(ran, 21);
    return 0;
}

TEST_IN_TASK(a_stack_may_have_a_GiB_and_not_more)
{
    atomic_int sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_go_with(&scope, (.stack_size = (size_t)1 << 30), add, .sum = &sum, .n = 1), 0);
    CHECK_EQ(weft_go_with(&scope, (.stack_size = ((size_t)1 << 30) + 1), add, .sum = &sum, .n = 1), -EINVAL);
    CHECK_EQ(weft_go_with(&scope, (.stack_size = SIZE_MAX), add, .sum = &sum, .n = 1), -EINVAL);
    (void)weft_scope_close(&scope);
    CHECK_EQ(sum, 1);
    return 0;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif

struct overflow {
    char unused;
};

static int overflow(struct overflow *self UNUSED)
{
    return eat(SIZE_MAX);
}

struct overflowing_root {
    char unused;
};

static int overflowing_root(struct overflowing_root *self UNUSED)
{
    weft_scope scope;

    weft_scope_open(&scope);
    (void)weft_yield();
    weft_go_with(&scope, (.name = "Gargantua"), overflow);
    return weft_scope_close(&scope);
}

TEST_PROCESS(overflows)
{
    struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    MUST(weft_start(&(struct weft_options){.overflow = 1}) == 0);
    weft_on_report(NULL);
    (void)weft_call(overflowing_root);
}

TEST(a_stack_overflow_is_reported_with_the_tasks_name)
{
    char output[4096];
    int status;

    if (SANITIZED)
        SKIP("the sanitizer has the handler");
    if (test_emulated())
        SKIP("the emulator takes the fault");
    status = test_process("overflows", NULL, output, sizeof output);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK_HAS(output, "Gargantua");
    CHECK_HAS(output, "overflow");
}

struct hungry {
    char unused;
};

static int hungry(struct hungry *self UNUSED)
{
    atomic_int here = 0, woken = 0, sum = 0;
    int count, rc = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (count = 0; count < 1000000; count++)
        if ((rc = weft_go(&scope, stay, .here = &here, .woken = &woken)) != 0)
            break;
    CHECK_EQ(rc, -ENOMEM);
    CHECK(count > 16);
    CHECK_EQ(weft_scope_close(&scope), -ENOMEM);
    CHECK_EQ(woken, count); /* cancelled by the first error; none is lost */
    weft_scope_open(&scope);
    for (int i = 0; i < 16; i++)
        CHECK_EQ(weft_go(&scope, add, .sum = &sum, .n = 1, .yields = 3), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(sum, 16);
    return 0;
}

TEST_PROCESS(out_of_memory)
{
    rlim_t bytes = (rlim_t)(is_seeded() ? 512 : 2048) << 20; /* threads and their heaps need some of it */
    struct rlimit limit = {bytes, bytes};

    MUST(weft_start(NULL) == 0);
    MUST(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK_EQ(weft_call(hungry), 0);
    CHECK_EQ(weft_stop(), 0);
}

TEST(out_of_memory_for_stacks_is_an_error_and_nothing_is_lost)
{
    char output[4096];

    if (SANITIZED)
        SKIP("a sanitizer needs address space without limit");
    if (test_emulated())
        SKIP("the emulator's own address space would be limited");
    CHECK_EQ(test_process("out_of_memory", NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
}

TEST_IN_TASK(stacks_are_used_again)
{
    struct weft_stats before, after;
    atomic_int sum = 0;

    CHECK_EQ(weft_stats(&before), 0);
    for (int i = 0; i < 50; i++) {
        weft_scope scope;

        weft_scope_open(&scope);
        for (int j = 0; j < 20; j++)
            weft_go(&scope, add, .sum = &sum, .n = 1, .yields = 2);
        CHECK_EQ(weft_scope_close(&scope), 0);
    }
    CHECK_EQ(weft_stats(&after), 0);
    CHECK_EQ(sum, 1000);
    CHECK(after.stacks - before.stacks < 500);
    return 0;
}

/* ---- cancelled before the start ---- */

TEST_IN_TASK(spawning_into_a_cancelled_scope_fails_and_nothing_runs)
{
    atomic_int sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_go(&scope, add, .sum = &sum, .n = 1), -ECANCELED);
    CHECK_EQ(weft_go_with(&scope, (.pin = 1), add, .sum = &sum, .n = 1), -ECANCELED);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    CHECK_EQ(sum, 0);
    return 0;
}

TEST(a_runtime_starts_and_stops_many_times)
{
    for (int i = 0; i < 20; i++)
        CHECK_EQ(RUN(answer, .value = i), i);
}
