/* Channels: typed queues between tasks and plain threads.
 *
 *     weft_chan(struct page) pages = weft_chan_new(struct page, 16);     // 16 items of room; 0: hand to hand
 *     rc = weft_send(pages, (struct page){.url = url});                   // waits while it is full
 *     while ((rc = weft_recv(pages, &page)) == 0) ...                     // -EPIPE: closed, and nothing left in it
 *     weft_chan_free(pages);
 *
 * weft_chan(T) is one type wherever it is written: in a variable, a struct member, a parameter; T is any complete type
 * that a function could return, without qualifiers: not an array (wrap it in a struct), a pointer to a function by its
 * typedef. What is sent is converted as by an assignment; receiving into another type does not compile. Items are
 * copied in and out. With room 0 a send waits for a receiver, which gets the item in place. Senders and receivers are
 * served in the order of their coming. Sending and receiving allocate nothing.
 *
 * Close a channel to say that no more will come: senders get -EPIPE, those that wait too; receivers drain what is in
 * it and then get -EPIPE. Free it when nobody uses it any more, usually after the scope of its users is closed; a task
 * that still waits on it is a bug, and stops the program. After C.A.R. Hoare, "Communicating Sequential Processes"
 * (CACM 1978), as Newsqueak, Limbo and Go have them.
 */
#ifndef WEFT_CHAN_H
#define WEFT_CHAN_H

#include <weft/base.h>

WEFT_BEGIN

struct weft__chan;

/* The type of a channel of T. */
#define weft_chan(T) __typeof__(T(**)(struct weft__chan *))

/* A new channel with room for that many items. NULL without memory. Owned by the caller. Anyone but a handler. */
#define weft_chan_new(T, capacity) ((weft_chan(T))(void *)weft_chan_new_raw(sizeof(T), (capacity)))

/* Frees the channel and what is in it. NULL: nothing. Nobody may be waiting on it. Never suspends. */
#define weft_chan_free(chan) weft_chan_free_raw(WEFT__CHAN(chan))

/* Closes it. Returns 0; -EPIPE if it was closed already; -EINVAL for NULL. Task or thread. Never suspends. */
#define weft_chan_close(chan) weft_chan_close_raw(WEFT__CHAN(chan))

/* weft_send(chan, value): puts a copy of the value into the channel, waiting for room, or for a receiver.
 * Returns 0; -EPIPE if it is closed, -ECANCELED or -ETIMEDOUT (then nothing was sent), -EINVAL for NULL.
 * Task or thread. May suspend. A struct may be written in place: weft_send(chan, (struct point){1, 2}). */
#define weft_send(chan, ...)                                                                                           \
    __extension__({                                                                                                    \
        WEFT__ITEM(chan) weft__item = (__VA_ARGS__);                                                                   \
        weft__send(WEFT__CHAN(chan), &weft__item, WEFT__HERE);                                                         \
    })

/* weft_recv(chan, &value): takes the oldest item, waiting for one; the pointer may be NULL to drop it.
 * Returns 0; -EPIPE if it is closed and empty, -ECANCELED or -ETIMEDOUT (then nothing was taken, the value is
 * untouched), -EINVAL for a NULL channel. Task or thread. May suspend. */
#define weft_recv(chan, pointer)                                                                                       \
    __extension__({                                                                                                    \
        WEFT__FITS(pointer, WEFT__ITEM(chan));                                                                         \
        WEFT__ITEM(chan) *weft__place = (pointer);                                                                     \
        weft__recv(WEFT__CHAN(chan), weft__place, WEFT__HERE);                                                         \
    })

/* The same without waiting: -EAGAIN where the others would wait. Never suspend. */
#define weft_try_send(chan, ...)                                                                                       \
    __extension__({                                                                                                    \
        WEFT__ITEM(chan) weft__item = (__VA_ARGS__);                                                                   \
        weft_try_send_raw(WEFT__CHAN(chan), &weft__item);                                                              \
    })
#define weft_try_recv(chan, pointer)                                                                                   \
    __extension__({                                                                                                    \
        WEFT__FITS(pointer, WEFT__ITEM(chan));                                                                         \
        WEFT__ITEM(chan) *weft__place = (pointer);                                                                     \
        weft_try_recv_raw(WEFT__CHAN(chan), weft__place);                                                              \
    })

/* weft_chan_each(item, chan) { ... }: runs the block with each item in a variable of that name, until the channel is
 * closed and empty, or the scope is cancelled (weft_scope_status tells which). */
#define weft_chan_each(item, chan) for (WEFT__ITEM(chan) item; weft_recv((chan), &item) == 0;)

/* Items in it now, and its room. A moment's truth. 0 for NULL. Never suspend. */
#define weft_chan_count(chan) weft_chan_count_raw(WEFT__CHAN(chan))
#define weft_chan_capacity(chan) weft_chan_capacity_raw(WEFT__CHAN(chan))

/* For C++, bindings and generated code: the same, of items of so many bytes (weft_chan_new_raw returns NULL also for
 * a size times capacity that no memory holds). */
WEFT_EXPORT WEFT_MUST_USE struct weft__chan *weft_chan_new_raw(size_t size, size_t capacity);
WEFT_EXPORT void weft_chan_free_raw(struct weft__chan *chan);
WEFT_EXPORT int weft_chan_close_raw(struct weft__chan *chan);
WEFT_EXPORT int weft_send_raw(struct weft__chan *chan, const void *item);
WEFT_EXPORT int weft_recv_raw(struct weft__chan *chan, void *item);
WEFT_EXPORT int weft_try_send_raw(struct weft__chan *chan, const void *item);
WEFT_EXPORT int weft_try_recv_raw(struct weft__chan *chan, void *item);
WEFT_EXPORT int weft__send(struct weft__chan *chan, const void *item, const char *place);
WEFT_EXPORT int weft__recv(struct weft__chan *chan, void *item, const char *place);
WEFT_EXPORT size_t weft_chan_count_raw(struct weft__chan *chan);
WEFT_EXPORT size_t weft_chan_capacity_raw(struct weft__chan *chan);

/* The type of a channel's items; and the channel itself, from nothing but a channel. */
#define WEFT__ITEM(chan) __typeof__((**(chan))((struct weft__chan *)0))
#define WEFT__CHAN(chan) ((void)sizeof(WEFT__ITEM(chan)), (struct weft__chan *)(void *)(chan))

WEFT_END

#endif
