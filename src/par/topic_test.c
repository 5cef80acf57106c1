#include "run.h"

#include <errno.h>

TEST_IN_TASK(everyone_gets_what_is_published)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) queues[3];
    int value;

    MUST(topic);
    CHECK_EQ(weft_publish(topic, -1), 0); /* nobody listens */
    for (int i = 0; i < 3; i++)
        MUST(queues[i] = weft_subscribe(topic, .when_full = (enum weft_when_full)i));
    for (int i = 0; i < 16; i++)
        CHECK_EQ(weft_publish(topic, i), 3);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(weft_chan_capacity(queues[i]), 16);
        for (int j = 0; j < 16; j++) {
            CHECK_EQ(weft_try_recv(queues[i], &value), 0);
            CHECK_EQ(value, j);
        }
        CHECK_EQ(weft_try_recv(queues[i], &value), -EAGAIN);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(weft_topic_lost(topic, queues[i]), 0);
        CHECK_EQ(weft_unsubscribe(topic, queues[i]), 0);
        CHECK_EQ(weft_publish(topic, 99), 2 - i);
    }
    weft_topic_free(topic);
    return 0;
}

/* Publishes the numbers from 0. */
struct publisher {
    weft_topic(int) topic;
    int count, end;
    atomic_int *published;
};

static int publisher(struct publisher *self)
{
    int rc = 0;

    for (int i = 0; i < self->count && rc >= 0; i++)
        if ((rc = weft_publish(self->topic, i)) >= 0 && self->published)
            atomic_fetch_add(self->published, 1);
    CHECK_EQ(rc < 0 ? rc : 0, self->end);
    return 0;
}

TEST_IN_TASK(a_publisher_waits_for_a_full_channel)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) queue = weft_subscribe(topic, .room = 2);
    atomic_int published = 0;
    weft_scope scope;
    int value;

    MUST(queue);
    weft_scope_open(&scope);
    weft_go(&scope, publisher, .topic = topic, .count = 50, .published = &published);
    await(&published, 2);
    for (int i = 0; i < 50; i++) {
        CHECK(published <= i + 2);
        CHECK_EQ(weft_recv(queue, &value), 0);
        CHECK_EQ(value, i);
    }
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_topic_lost(topic, queue), 0);
    weft_topic_free(topic);
    return 0;
}

TEST_IN_TASK(the_oldest_are_dropped_if_so_wanted)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) queue = weft_subscribe(topic, .room = 4, .when_full = WEFT_DROP_OLDEST);
    int value;

    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_publish(topic, i), 1);
    CHECK_EQ(weft_topic_lost(topic, queue), 6);
    for (int i = 6; i < 10; i++) {
        CHECK_EQ(weft_recv(queue, &value), 0);
        CHECK_EQ(value, i);
    }
    weft_topic_free(topic);
    return 0;
}

TEST_IN_TASK(the_newest_are_dropped_if_so_wanted)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) queue = weft_subscribe(topic, .room = 4, .when_full = WEFT_DROP_NEWEST);
    int value;

    for (int i = 0; i < 10; i++)
        CHECK_EQ(weft_publish(topic, i), i < 4);
    CHECK_EQ(weft_topic_lost(topic, queue), 6);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(weft_recv(queue, &value), 0);
        CHECK_EQ(value, i);
    }
    weft_topic_free(topic);
    return 0;
}

TEST_IN_TASK(a_slow_subscriber_is_disconnected_if_so_wanted)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) queue = weft_subscribe(topic, .room = 1, .when_full = WEFT_DISCONNECT);
    int value;

    CHECK_EQ(weft_publish(topic, 1), 1);
    CHECK_EQ(weft_publish(topic, 2), 0);
    CHECK_EQ(weft_publish(topic, 3), 0);
    CHECK_EQ(weft_topic_lost(topic, queue), 1);
    CHECK_EQ(weft_recv(queue, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(weft_recv(queue, &value), -EPIPE);
    CHECK_EQ(weft_publish(topic, 4), 0);
    CHECK_EQ(weft_unsubscribe(topic, queue), 0);
    weft_topic_free(topic);
    return 0;
}

TEST_IN_TASK(a_subscribers_channel_is_selected)
{
    weft_topic(int) news = weft_topic_new(int), weather = weft_topic_new(int);
    weft_chan(int) n = weft_subscribe(news, 0), w = weft_subscribe(weather, 0);
    int value = 0, rc = -1;

    CHECK_EQ(weft_publish(weather, 7), 1);
    CHECK_EQ(weft_select(weft_on_recv(n, &value, &rc), weft_on_recv(w, &value, &rc)), 1);
    CHECK_EQ(rc, 0);
    CHECK_EQ(value, 7);
    CHECK_EQ(weft_select(weft_on_recv(n, &value, &rc), weft_on_recv(w, &value, &rc), weft_on_default()), 2);
    CHECK_EQ(weft_topic_close(news), 0);
    CHECK_EQ(weft_select(weft_on_recv(n, &value, &rc), weft_on_recv(w, &value, &rc)), 0);
    CHECK_EQ(rc, -EPIPE);
    weft_topic_free(news);
    weft_topic_free(weather);
    return 0;
}

TEST_IN_TASK(closing_ends_publishers_and_subscribers)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) queue = weft_subscribe(topic, .room = 2), late;
    atomic_int published = 0;
    weft_scope scope;
    int value;

    weft_scope_open(&scope);
    weft_go(&scope, publisher, .topic = topic, .count = 10, .end = -EPIPE, .published = &published);
    weft_go(&scope, publisher, .topic = topic, .count = 10, .end = -EPIPE, .published = &published);
    await(&published, 2);
    CHECK_EQ(weft_topic_close(topic), 0);
    CHECK_EQ(weft_topic_close(topic), -EPIPE);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(weft_recv(queue, &value), 0);
    CHECK_EQ(weft_recv(queue, &value), -EPIPE);
    MUST(late = weft_subscribe(topic, 0));
    CHECK_EQ(weft_recv(late, &value), -EPIPE);
    CHECK_EQ(weft_publish(topic, 1), -EPIPE);
    CHECK_EQ(weft_unsubscribe(topic, queue), 0);
    weft_topic_free(topic);
    return 0;
}

TEST_IN_TASK(leaving_sends_a_waiting_publisher_on)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) first = weft_subscribe(topic, .room = 1), second = weft_subscribe(topic, .room = 1);
    atomic_int published = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, publisher, .topic = topic, .count = 3, .published = &published);
    await(&published, 1);
    CHECK_EQ(weft_unsubscribe(topic, second), 0); /* also while the publisher waits for the first */
    CHECK_EQ(weft_unsubscribe(topic, first), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(published, 3);
    CHECK_EQ(weft_unsubscribe(topic, first), -ENOENT);
    CHECK_EQ(weft_topic_lost(topic, first), 0);
    weft_topic_free(topic);
    return 0;
}

TEST_IN_TASK(a_cancelled_publisher_gives_up_its_turn)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_chan(int) quick = weft_subscribe(topic, .room = 9), full = weft_subscribe(topic, .room = 1);
    weft_scope scope;

    CHECK_EQ(weft_publish(topic, 1), 2);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_publish(topic, 2), -ETIMEDOUT);
    CHECK_EQ(weft_chan_count(quick), 2); /* it came before the full one */
    CHECK_EQ(weft_publish(topic, 3), -ETIMEDOUT);
    CHECK_EQ(weft_chan_count(quick), 2);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_recv(full, NULL), 0);
    CHECK_EQ(weft_publish(topic, 4), 2);
    weft_topic_free(topic);
    return 0;
}

/* What two saw, in the order in which they saw it. */
struct witness {
    weft_chan(int) queue;
    int *seen, count;
};

static int witness(struct witness *self)
{
    for (int i = 0; i < self->count; i++)
        CHECK_EQ(weft_recv(self->queue, &self->seen[i]), 0);
    return 0;
}

TEST_IN_TASK(all_see_one_order)
{
    int each = many(1000), count = 4 * each, *seen[3];
    weft_topic(int) topic = weft_topic_new(int);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++) {
        MUST(seen[i] = calloc((size_t)count, sizeof(int)));
        weft_go(&scope, witness, .queue = weft_subscribe(topic, .room = (uint32_t)i + 1), .seen = seen[i],
                .count = count);
    }
    for (int i = 0; i < 4; i++)
        weft_go(&scope, publisher, .topic = topic, .count = each);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 1; i < 3; i++)
        CHECK(memcmp(seen[0], seen[i], (size_t)count * sizeof(int)) == 0);
    for (int i = 0; i < 3; i++)
        free(seen[i]);
    weft_topic_free(topic);
    return 0;
}

/* Comes, reads a little, goes. */
struct visitor {
    weft_topic(int) topic;
    int visits;
    enum weft_when_full when_full;
};

static int visitor(struct visitor *self)
{
    for (int i = 0; i < self->visits; i++) {
        weft_chan(int) queue = weft_subscribe(self->topic, .room = 1, .when_full = self->when_full);
        int last = -1, value;

        MUST(queue);
        for (int j = 0; j < i % 3; j++) {
            if (weft_recv(queue, &value) < 0)
                break;
            CHECK(value > last);
            last = value;
        }
        CHECK_EQ(weft_unsubscribe(self->topic, queue), 0);
    }
    return 0;
}

/* Publishes until it is cancelled. */
struct station {
    weft_topic(int) topic;
};

static int station(struct station *self)
{
    int rc = 0;

    for (int i = 0; rc >= 0; i++)
        if ((rc = weft_publish(self->topic, i)) >= 0)
            rc = weft_yield();
    CHECK_EQ(rc, -ECANCELED);
    return rc;
}

TEST_IN_TASK(subscribers_come_and_go_while_it_is_published)
{
    weft_topic(int) topic = weft_topic_new(int);
    weft_scope scope, visitors;

    weft_scope_open(&scope);
    weft_go(&scope, station, .topic = topic);
    weft_scope_open(&visitors);
    for (int i = 0; i < 8; i++)
        weft_go(&visitors, visitor, .topic = topic, .visits = many(500), .when_full = (enum weft_when_full)(i % 4));
    CHECK_EQ(weft_scope_close(&visitors), 0);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    weft_topic_free(topic);
    return 0;
}

TEST(NULL_is_no_topic)
{
    weft_topic(int) topic = NULL;
    weft_chan(int) queue = NULL;

    CHECK_EQ(weft_publish(topic, 1), -EINVAL);
    CHECK(weft_subscribe(topic, 0) == NULL);
    CHECK_EQ(weft_unsubscribe(topic, queue), -EINVAL);
    CHECK_EQ(weft_topic_close(topic), -EINVAL);
    CHECK_EQ(weft_topic_lost(topic, queue), 0);
    weft_topic_free(topic);
}
