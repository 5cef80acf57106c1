#include "run.h"

#include <errno.h>

/* What the function of the flights looks at. */
struct world {
    atomic_int flown, asking;
    weft_event go_on; /* set: flights end */
    int rc;
};

static int number(const void *key, size_t size, long *value, void *context)
{
    struct world *world = context;
    int rc;

    atomic_fetch_add(&world->flown, 1);
    CHECK_EQ(*value, 0);
    if ((rc = weft_event_wait(&world->go_on)) < 0)
        return rc;
    for (size_t i = 0; i < size; i++)
        *value = *value * 10 + ((const char *)key)[i] - '0';
    return world->rc;
}

struct ask {
    weft_flight(long) flights;
    const char *key;
    struct world *world;
    int want_rc;
    long want;
};

static int ask(struct ask *self)
{
    long value = -1;

    atomic_fetch_add(&self->world->asking, 1);
    CHECK_EQ(weft_flight_get(self->flights, self->key, strlen(self->key), &value), self->want_rc);
    CHECK_EQ(value, self->want);
    return 0;
}

TEST_IN_TASK(those_who_ask_at_the_same_time_share_one_flight)
{
    struct world world = {.rc = 3};
    weft_scope scope, askers;
    weft_flight(long) flights;

    weft_scope_open(&scope);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    weft_scope_open(&askers);
    for (int i = 0; i < 50; i++)
        weft_go(&askers, ask, .flights = flights, .key = i % 2 ? "42" : "17", .world = &world, .want_rc = 3,
                .want = i % 2 ? 42 : 17);
    await(&world.asking, 50);
    if (is_seeded())
        for (int i = 0; i < 1000; i++)
            CHECK_EQ(weft_yield(), 0);
    else
        await(&world.flown, 2);
    if (is_seeded())
        CHECK_EQ(world.flown, 2);
    CHECK_EQ(weft_event_set(&world.go_on), 0);
    CHECK_EQ(weft_scope_close(&askers), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_flight_free(flights);
    return 0;
}

TEST_IN_TASK(a_result_is_not_kept)
{
    struct world world = {0};
    long value = 0;
    weft_scope scope;
    weft_flight(long) flights;

    weft_event_set(&world.go_on);
    weft_scope_open(&scope);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    for (int i = 1; i <= 5; i++) {
        CHECK_EQ(weft_flight_get(flights, "815", 3, &value), 0);
        CHECK_EQ(value, 815);
        CHECK_EQ(world.flown, i);
    }
    CHECK_EQ(weft_flight_get(flights, "815", 3, NULL), 0);
    CHECK_EQ(weft_flight_get(flights, NULL, 0, &value), 0);
    CHECK_EQ(value, 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_flight_free(flights);
    return 0;
}

TEST_IN_TASK(an_error_is_shared_and_not_kept)
{
    struct world world = {.rc = -EIO};
    weft_scope scope, askers;
    long value = 0;
    weft_flight(long) flights;

    weft_scope_open(&scope);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    weft_scope_open(&askers);
    for (int i = 0; i < 10; i++)
        weft_go(&askers, ask, .flights = flights, .key = "5", .world = &world, .want_rc = -EIO, .want = -1);
    await(&world.asking, 10);
    weft_event_set(&world.go_on);
    CHECK_EQ(weft_scope_close(&askers), 0);
    world.rc = 0;
    CHECK_EQ(weft_flight_get(flights, "5", 1, &value), 0);
    CHECK_EQ(value, 5);
    CHECK_EQ(weft_scope_status(&scope), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_flight_free(flights);
    return 0;
}

TEST_IN_TASK(a_cancelled_waiter_does_not_stop_the_flight)
{
    struct world world = {0};
    weft_scope scope, askers, brief;
    long value = -1;
    weft_flight(long) flights;

    weft_scope_open(&scope);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    weft_scope_open(&brief, .timeout = WEFT_MILLISECOND); /* the one who started it */
    CHECK_EQ(weft_flight_get(flights, "8", 1, &value), -ETIMEDOUT);
    CHECK_EQ(weft_flight_get(flights, "8", 1, &value), -ETIMEDOUT);
    CHECK_EQ(value, -1);
    CHECK_EQ(weft_scope_close(&brief), 0);
    weft_scope_open(&askers);
    weft_go(&askers, ask, .flights = flights, .key = "8", .world = &world, .want = 8);
    await(&world.asking, 1);
    await(&world.flown, 1);
    while (weft_scope_count(&scope) == 0)
        CHECK_EQ(weft_yield(), 0);
    weft_event_set(&world.go_on);
    CHECK_EQ(weft_scope_close(&askers), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK(world.flown <= 2); /* the second asker may have come too late for the first flight */
    weft_flight_free(flights);
    return 0;
}

TEST_IN_TASK(a_forgotten_flight_goes_on_and_the_next_is_another)
{
    struct world world = {0};
    weft_scope scope, askers;
    weft_flight(long) flights;

    weft_scope_open(&scope);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    CHECK_EQ(weft_flight_forget(flights, "1", 1), -ENOENT);
    weft_scope_open(&askers);
    for (int i = 1; i <= 3; i++) {
        weft_go(&askers, ask, .flights = flights, .key = "1", .world = &world, .want = 1);
        await(&world.flown, i);
        CHECK_EQ(weft_flight_forget(flights, "1", 1), 0);
        CHECK_EQ(weft_flight_forget(flights, "1", 1), -ENOENT);
    }
    weft_event_set(&world.go_on);
    CHECK_EQ(weft_scope_close(&askers), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(world.flown, 3);
    weft_flight_free(flights);
    return 0;
}

TEST_IN_TASK(a_cancelled_scope_ends_its_flights)
{
    struct world world = {0};
    weft_scope scope, askers;
    long value;
    weft_flight(long) flights;

    weft_scope_open(&scope);
    weft_scope_open(&askers, .shield = 1);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    weft_go(&askers, ask, .flights = flights, .key = "1", .world = &world, .want_rc = -ECANCELED, .want = -1);
    await(&world.flown, 1);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&askers), 0);
    weft_scope_open(&askers, .shield = 1);
    CHECK_EQ(weft_flight_get(flights, "1", 1, &value), -ECANCELED); /* cannot start */
    CHECK_EQ(weft_scope_close(&askers), 0);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    weft_flight_free(flights);
    return 0;
}

struct wanderer {
    weft_flight(long) flights;
    struct world *world;
    int rounds, start;
};

static int wanderer(struct wanderer *self)
{
    for (int i = 0; i < self->rounds; i++) {
        int n = (self->start + i * 7) % 300;
        char key[3] = {(char)('0' + n / 100), (char)('0' + n / 10 % 10), (char)('0' + n % 10)};
        long value = -1;

        CHECK_EQ(weft_flight_get(self->flights, key, 3, &value), 0);
        CHECK_EQ(value, n);
        if (i % 5 == 0)
            (void)weft_flight_forget(self->flights, key, 3);
    }
    return 0;
}

TEST_IN_TASK(many_keys_fly_at_once)
{
    struct world world = {0};
    weft_scope scope, askers;
    weft_flight(long) flights;

    weft_event_set(&world.go_on);
    weft_scope_open(&scope);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    weft_scope_open(&askers);
    for (int i = 0; i < 20; i++)
        weft_go(&askers, wanderer, .flights = flights, .world = &world, .rounds = many(1000), .start = i / 3);
    CHECK_EQ(weft_scope_close(&askers), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK(world.flown <= 20 * many(1000));
    weft_flight_free(flights);
    return 0;
}

TEST_IN_TASK(flights_refuse_what_makes_no_sense)
{
    struct world world = {0};
    weft_scope scope;
    weft_flight(long) none = NULL, flights;
    long value;

    weft_scope_open(&scope);
    CHECK(weft_flight_new_raw(NULL, 8, NULL, NULL) == NULL);
    MUST(flights = weft_flight_new(&scope, long, number, &world));
    CHECK_EQ(weft_flight_get(none, "1", 1, &value), -EINVAL);
    CHECK_EQ(weft_flight_get(flights, NULL, 1, &value), -EINVAL);
    CHECK_EQ(weft_flight_forget(none, "1", 1), -EINVAL);
    CHECK_EQ(weft_flight_forget(flights, NULL, 1), -EINVAL);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_flight_free(flights);
    weft_flight_free(none);
    return 0;
}
