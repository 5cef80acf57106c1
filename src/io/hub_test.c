/* Hubs: calls from tasks and threads run on the hub's thread, in their order. */
#include "run.h"
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static int seen[64], seen_count;

static void note(void *argument)
{
    if (seen_count < 64)
        seen[seen_count++] = (int)(intptr_t)argument;
}

static int readable(const weft_hub *hub)
{
    struct pollfd entry = {.fd = weft_hub_fd(hub), .events = POLLIN};

    return poll(&entry, 1, 0);
}

TEST(calls_run_at_the_next_poll_in_the_order_of_posting)
{
    weft_hub *hub = weft_hub_new();

    MUST(hub);
    seen_count = 0;
    CHECK_EQ(readable(hub), 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_hub_post(hub, note, (void *)(intptr_t)i), 0);
    CHECK_EQ(seen_count, 0);
    CHECK_EQ(readable(hub), 1);
    CHECK_EQ(weft_hub_poll(hub, 0), 10);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(seen[i], i);
    CHECK_EQ(readable(hub), 0);
    CHECK_EQ(weft_hub_poll(hub, 0), 0);
    CHECK_EQ(weft_hub_free(hub), 0);
}

TEST(a_hub_without_calls_times_out_at_the_deadline)
{
    weft_hub *hub = weft_hub_new();

    MUST(hub);
    CHECK_EQ(weft_hub_poll(hub, weft_now() + WEFT_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(weft_hub_poll(hub, 1), -ETIMEDOUT); /* long past */
    CHECK_EQ(weft_hub_post(hub, note, NULL), 0);
    CHECK_EQ(weft_hub_poll(hub, 1), 1); /* what is there goes before the deadline */
    weft_hub_free(hub);
}

TEST(calls_that_never_ran_are_counted_when_the_hub_is_freed)
{
    weft_hub *hub = weft_hub_new();

    MUST(hub);
    seen_count = 0;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_hub_post(hub, note, NULL), 0);
    CHECK_EQ(weft_hub_free(hub), 3);
    CHECK_EQ(seen_count, 0);
}

TEST(no_hub_and_no_function_are_einval)
{
    weft_hub *hub = weft_hub_new();

    MUST(hub);
    CHECK_EQ(weft_hub_post(NULL, note, NULL), -EINVAL);
    CHECK_EQ(weft_hub_post(hub, NULL, NULL), -EINVAL);
    CHECK_EQ(weft_hub_poll(NULL, 0), -EINVAL);
    CHECK_EQ(weft_hub_fd(NULL), -EINVAL);
    CHECK_EQ(weft_hub_free(NULL), 0);
    CHECK_EQ(weft_hub_free(hub), 0);
}

static weft_hub *again_hub;

static void post_again(void *argument)
{
    intptr_t left = (intptr_t)argument;

    seen_count++;
    if (left > 0)
        CHECK_EQ(weft_hub_post(again_hub, post_again, (void *)(left - 1)), 0);
}

TEST(a_call_may_post_the_next_one)
{
    int polls = 0;

    again_hub = weft_hub_new();
    MUST(again_hub);
    seen_count = 0;
    CHECK_EQ(weft_hub_post(again_hub, post_again, (void *)4), 0);
    while (weft_hub_poll(again_hub, 0) > 0)
        polls++;
    CHECK_EQ(seen_count, 5);
    CHECK_EQ(polls, 5); /* each at the next poll: a loop is never kept from its other work */
    weft_hub_free(again_hub);
}

/* ---- from tasks ---- */

struct total {
    weft_hub *hub;
    int calls; /* of the hub's thread */
};

static void count(void *argument)
{
    ((struct total *)argument)->calls++;
}

struct poster {
    struct total *total;
    int count;
};

static int poster(struct poster *self)
{
    for (int i = 0; i < self->count; i++) {
        CHECK_EQ(weft_hub_post(self->total->hub, count, self->total), 0);
        if (i % 7 == 0)
            CHECK_EQ(weft_yield(), 0);
    }
    return 0;
}

struct posters {
    struct total *total;
    int tasks, each;
};

static int posters(struct posters *self)
{
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->tasks; i++)
        CHECK_EQ(weft_go(&scope, poster, .total = self->total, .count = self->each), 0);
    return weft_scope_close(&scope);
}

static void *call_posters(void *argument)
{
    CHECK_EQ(weft_call(posters, .total = argument, .tasks = 8, .each = 50), 0);
    return NULL;
}

TEST(tasks_post_to_a_thread_that_sleeps_in_poll)
{
    struct total total = {weft_hub_new(), 0};
    pthread_t thread;

    MUST(total.hub);
    MUST(weft_start(NULL) == 0);
    MUST(pthread_create(&thread, NULL, call_posters, &total) == 0);
    while (total.calls < 400)
        CHECK(weft_hub_poll(total.hub, WEFT_FOREVER) > 0);
    CHECK_EQ(total.calls, 400);
    pthread_join(thread, NULL);
    MUST(weft_stop() == 0);
    CHECK_EQ(weft_hub_free(total.hub), 0);
}

static void wake_it(void *waker)
{
    weft_wake(waker);
}

struct ping {
    weft_hub *hub;
    int rounds;
    atomic_int *done;
};

/* A task asks the foreign loop and waits for its answer. */
static int ping(struct ping *self)
{
    for (int i = 0; i < self->rounds; i++) {
        weft_waker answer = WEFT_WAKER_INIT;

        CHECK_EQ(weft_hub_post(self->hub, wake_it, &answer), 0);
        CHECK_EQ(weft_wait(&answer), 0);
    }
    atomic_fetch_add(self->done, 1);
    CHECK_EQ(weft_hub_post(self->hub, note, NULL), 0);
    return 0;
}

struct pings {
    weft_hub *hub;
    atomic_int *done;
};

static int pings(struct pings *self)
{
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(weft_go(&scope, ping, .hub = self->hub, .rounds = 50, .done = self->done), 0);
    return weft_scope_close(&scope);
}

static void *call_pings(void *argument)
{
    struct pings *p = argument;

    CHECK_EQ(weft_call(pings, .hub = p->hub, .done = p->done), 0);
    return NULL;
}

TEST(a_task_gets_answers_from_the_foreign_loop)
{
    atomic_int done = 0;
    struct pings p = {weft_hub_new(), &done};
    pthread_t thread;

    MUST(p.hub);
    MUST(weft_start(NULL) == 0);
    MUST(pthread_create(&thread, NULL, call_pings, &p) == 0);
    while (atomic_load(&done) < 4)
        CHECK(weft_hub_poll(p.hub, WEFT_FOREVER) > 0);
    pthread_join(thread, NULL);
    weft_hub_free(p.hub);
    MUST(weft_stop() == 0);
}

static void *post_from_thread(void *argument)
{
    struct total *total = argument;

    for (int i = 0; i < 500; i++)
        CHECK_EQ(weft_hub_post(total->hub, count, total), 0);
    return NULL;
}

TEST(plain_threads_post_without_any_runtime)
{
    struct total total = {weft_hub_new(), 0};
    pthread_t threads[3];

    MUST(total.hub);
    for (int i = 0; i < 3; i++)
        MUST(pthread_create(&threads[i], NULL, post_from_thread, &total) == 0);
    while (total.calls < 1500)
        CHECK(weft_hub_poll(total.hub, WEFT_FOREVER) > 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(weft_hub_free(total.hub), 0);
}
