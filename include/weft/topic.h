/* Topics: what is published goes to everyone who has subscribed, through a channel of his own.
 *
 *     weft_topic(struct price) prices = weft_topic_new(struct price);
 *
 *     weft_chan(struct price) mine = weft_subscribe(prices, .room = 16, .when_full = WEFT_DROP_OLDEST);
 *     while ((rc = weft_recv(mine, &price)) == 0) ...                  // -EPIPE: the topic is closed; select works,
 * too weft_unsubscribe(prices, mine);
 *
 *     weft_publish(prices, (struct price){"WEFT", 42});
 *
 * Every subscriber gets what is published while he is subscribed, in one order for all; what happens when he is slow is
 * his own choice, and how much he has lost he can ask. Publishers take turns, in the order of their coming; one that
 * waits for a slow subscriber holds up the others, which is what WEFT_BLOCK is for.
 *
 * weft_topic(T) is one type wherever it is written. A subscription belongs to the subscriber until he gives it back;
 * what is left of them is freed with the topic. (Eugster et al., "The Many Faces of Publish/Subscribe", ACM Computing
 * Surveys 35(2), 2003: the topic-based kind.)
 */
#ifndef WEFT_TOPIC_H
#define WEFT_TOPIC_H

#include <weft/base.h>
#include <weft/chan.h>

WEFT_BEGIN

struct weft__topic;

/* What a publication does when a subscriber's channel is full. */
enum weft_when_full {
    WEFT_BLOCK,       /* the publisher waits for room (the default) */
    WEFT_DROP_OLDEST, /* the oldest item in the channel goes */
    WEFT_DROP_NEWEST, /* the new item goes */
    WEFT_DISCONNECT,  /* the channel is closed: the subscriber drains it, and then gets -EPIPE */
};

/* How to subscribe; a field left out keeps its default. */
struct weft_subscription {
    uint32_t room; /* items that the channel holds; default 16 */
    enum weft_when_full when_full;
};

/* The type of a topic of T. */
#define weft_topic(T) __typeof__(T(**)(struct weft__topic *))

/* A new one. NULL without memory. Owned by the caller. Anyone but a handler. */
#define weft_topic_new(T) ((weft_topic(T))(void *)weft_topic_new_raw(sizeof(T)))

/* Frees the topic and the subscriptions that are left. NULL: nothing. Nobody may be waiting on them. Never suspends. */
#define weft_topic_free(topic) weft_topic_free_raw(WEFT__TOPIC(topic))

/* Closes it and every subscriber's channel: they drain, and then get -EPIPE; so does a publisher that waits. Returns 0;
 * -EPIPE if it was closed already; -EINVAL for NULL. Task or thread. Never suspends for long. */
#define weft_topic_close(topic) weft_topic_close_raw(WEFT__TOPIC(topic))

/* weft_publish(topic, value): a copy of the value for every subscriber, in the order of their subscribing. Returns how
 * many channels took it; -EPIPE if the topic is closed; -ECANCELED or -ETIMEDOUT (while it waited for its turn: nobody
 * has it; for room: those before that one have it); -EINVAL for NULL. Task or thread. May suspend. */
#define weft_publish(topic, ...)                                                                                       \
    __extension__({                                                                                                    \
        WEFT__ISSUE(topic) weft__item = (__VA_ARGS__);                                                                 \
        weft_publish_raw(WEFT__TOPIC(topic), &weft__item);                                                             \
    })

/* weft_subscribe(topic, .room = n, .when_full = ...): a channel for what is published from now on, of type weft_chan(T)
 * and closed at once if the topic is. It is only received from. NULL without memory, or for NULL. Task or thread. Never
 * suspends for long. */
#define weft_subscribe(topic, ...)                                                                                     \
    ((weft_chan(WEFT__ISSUE(topic)))(void *)weft_subscribe_raw(WEFT__TOPIC(topic),                                     \
                                                               &(struct weft_subscription){__VA_ARGS__}))

/* Ends the subscription and frees its channel, with what is in it; a publisher that waits for room in it goes on.
 * Nobody may be receiving from it. Returns 0, -ENOENT if it is none of the topic's, -EINVAL for NULL. Task or thread.
 * Never suspends for long. */
#define weft_unsubscribe(topic, chan) weft_unsubscribe_raw(WEFT__TOPIC(topic), WEFT__CHAN(chan))

/* How many items this subscriber has lost because its channel was full. 0 for none of the topic's. Task or thread.
 * Never suspends for long. */
#define weft_topic_lost(topic, chan) weft_topic_lost_raw(WEFT__TOPIC(topic), WEFT__CHAN(chan))

/* For C++, bindings and generated code: the same, of items of so many bytes. */
WEFT_EXPORT WEFT_MUST_USE struct weft__topic *weft_topic_new_raw(size_t size);
WEFT_EXPORT void weft_topic_free_raw(struct weft__topic *topic);
WEFT_EXPORT int weft_topic_close_raw(struct weft__topic *topic);
WEFT_EXPORT int weft_publish_raw(struct weft__topic *topic, const void *item);
WEFT_EXPORT WEFT_MUST_USE struct weft__chan *weft_subscribe_raw(struct weft__topic *topic,
                                                                const struct weft_subscription *options);
WEFT_EXPORT int weft_unsubscribe_raw(struct weft__topic *topic, struct weft__chan *chan);
WEFT_EXPORT uint64_t weft_topic_lost_raw(struct weft__topic *topic, struct weft__chan *chan);

/* The type of a topic's items; and the topic itself, from nothing but a topic. */
#define WEFT__ISSUE(topic) __typeof__((**(topic))((struct weft__topic *)0))
#define WEFT__TOPIC(topic) ((void)sizeof(WEFT__ISSUE(topic)), (struct weft__topic *)(void *)(topic))

WEFT_END

#endif
