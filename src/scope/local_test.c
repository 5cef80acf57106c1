#include "run.h"

#include <errno.h>
#include <pthread.h>

static weft_key plain, counted, other;
static atomic_int destroyed;
static int order[8], ordered;

static void count_one(void *value)
{
    CHECK_STR(weft_task_name(), "holder");
    atomic_fetch_add(&destroyed, *(int *)value);
}

static void note(void *value)
{
    if (ordered < 8)
        order[ordered++] = *(int *)value;
}

static void make_keys(void)
{
    if (!plain.weft__index) {
        CHECK_EQ(weft_key_new(&plain, NULL), 0);
        CHECK_EQ(weft_key_new(&counted, count_one), 0);
        CHECK_EQ(weft_key_new(&other, NULL), 0);
    }
}

struct holder {
    int *value;
};

static int holder(struct holder *self)
{
    CHECK(weft_local_get(plain) == NULL);
    CHECK(weft_local_get(counted) == NULL);
    CHECK_EQ(weft_local_set(plain, self), 0);
    CHECK_EQ(weft_local_set(counted, self->value), 0);
    for (int i = 0; i < 3; i++) {
        (void)weft_yield();
        CHECK(weft_local_get(plain) == self);
        CHECK(weft_local_get(counted) == self->value);
        CHECK(weft_local_get(other) == NULL);
    }
    return 0;
}

TEST_IN_TASK(each_task_has_values_of_its_own_and_they_are_destroyed)
{
    weft_scope scope;
    int one = 1;

    make_keys();
    destroyed = 0;
    CHECK_EQ(weft_local_set(plain, &scope), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++)
        weft_go(&scope, holder, .value = &one);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(destroyed, 20);
    CHECK(weft_local_get(plain) == &scope);
    CHECK_EQ(weft_local_set(plain, NULL), 0);
    CHECK(weft_local_get(plain) == NULL);
    return 0;
}

struct unset {
    int *value;
};

static int unset(struct unset *self)
{
    CHECK_EQ(weft_local_set(counted, self->value), 0);
    CHECK_EQ(weft_local_set(counted, NULL), 0);
    return 0;
}

TEST_IN_TASK(a_value_taken_back_is_not_destroyed)
{
    weft_scope scope;
    int one = 1;

    make_keys();
    destroyed = 0;
    weft_scope_open(&scope);
    weft_go(&scope, unset, .value = &one);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(destroyed, 0);
    return 0;
}

static weft_key first, second, third;

struct three {
    int *values;
};

static int three(struct three *self)
{
    CHECK_EQ(weft_local_set(second, &self->values[1]), 0);
    CHECK_EQ(weft_local_set(first, &self->values[0]), 0);
    CHECK_EQ(weft_local_set(third, &self->values[2]), 0);
    return 0;
}

TEST_IN_TASK(the_newest_key_is_destroyed_first)
{
    int values[3] = {1, 2, 3};
    weft_scope scope;

    CHECK_EQ(weft_key_new(&first, note), 0);
    CHECK_EQ(weft_key_new(&second, note), 0);
    CHECK_EQ(weft_key_new(&third, note), 0);
    ordered = 0;
    weft_scope_open(&scope);
    weft_go(&scope, three, .values = values);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(ordered, 3);
    CHECK_EQ(order[0], 3);
    CHECK_EQ(order[1], 2);
    CHECK_EQ(order[2], 1);
    return 0;
}

static void waits(void *value)
{
    CHECK_EQ(weft_yield(), 0);
    CHECK_EQ(weft_sleep(1000), 0);
    atomic_fetch_add((atomic_int *)value, 1);
}

static weft_key waiting;

struct sets_waiting {
    atomic_int *count;
};

static int sets_waiting(struct sets_waiting *self)
{
    return weft_local_set(waiting, self->count);
}

TEST_IN_TASK(a_destructor_may_wait)
{
    atomic_int count = 0;
    weft_scope scope;

    if (!waiting.weft__index)
        CHECK_EQ(weft_key_new(&waiting, waits), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, sets_waiting, .count = &count);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(count, 10);
    return 0;
}

static weft_key again;

static void set_again(void *value)
{
    atomic_fetch_add((atomic_int *)value, 1);
    (void)weft_local_set(again, value);
}

struct sets_again {
    atomic_int *count;
};

static int sets_again(struct sets_again *self)
{
    return weft_local_set(again, self->count);
}

TEST_IN_TASK(a_destructor_that_sets_again_does_so_a_few_times_only)
{
    atomic_int count = 0;
    weft_scope scope;

    CHECK_EQ(weft_key_new(&again, set_again), 0);
    weft_scope_open(&scope);
    weft_go(&scope, sets_again, .count = &count);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK(count >= 1 && count <= 8);
    return 0;
}

TEST_IN_TASK(a_key_not_made_is_refused)
{
    CHECK_EQ(weft_local_set((weft_key){0}, &plain), -EINVAL);
    CHECK_EQ(weft_local_set((weft_key){65}, &plain), -EINVAL);
    CHECK(weft_local_get((weft_key){0}) == NULL);
    CHECK(weft_local_get((weft_key){65}) == NULL);
    return 0;
}

TEST(a_thread_has_no_values)
{
    make_keys();
    CHECK_EQ(weft_local_set(plain, &plain), -EPERM);
    CHECK(weft_local_get(plain) == NULL);
}

TEST_PROCESS(takes_all_keys)
{
    weft_key key;

    for (int i = 0; i < 64; i++)
        CHECK_EQ(weft_key_new(&key, NULL), 0);
    CHECK_EQ(weft_key_new(&key, NULL), -EAGAIN);
    CHECK_EQ(key.weft__index, 64);
}

TEST(there_are_64_keys)
{
    char output[512];

    CHECK_EQ(test_process("takes_all_keys", NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
}
