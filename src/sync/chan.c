/* Channels. Whoever completes an exchange does all of it under the channel's guard: copies the item from or to the
 * waiter's stack, and wakes it afterwards; the one that is woken looks at nothing but its waiter.
 */
#include "sync/chan.h"

#include "sync/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weft/chan.h>

struct weft__chan *weft_chan_new_raw(size_t size, size_t capacity)
{
    struct weft__chan *chan;
    size_t bytes;

    if (size > UINT32_MAX || capacity > UINT32_MAX || __builtin_mul_overflow(size, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof *chan, &bytes))
        return NULL;
    chan = aligned_alloc(WEFT__CACHE_LINE, (bytes + WEFT__CACHE_LINE - 1) & ~(size_t)(WEFT__CACHE_LINE - 1));
    if (!chan)
        return NULL;
    memset(chan, 0, sizeof *chan);
    chan->size = (uint32_t)size;
    chan->capacity = chan->limit = (uint32_t)capacity;
    return chan;
}

void weft_chan_free_raw(struct weft__chan *chan)
{
    if (!chan)
        return;
    if (chan->senders.first || chan->receivers.first)
        weft__panic("weft_chan_free: somebody still waits on the channel: close it, and its users' scope, first");
    free(chan);
}

/* For TSan: a send comes before its receive, and a receive before the send that uses its room. */
#define weft__chan_edges(chan, sends)                                                                                  \
    do {                                                                                                               \
        WEFT__RELEASE((sends) ? (void *)(chan) : (void *)&(chan)->head);                                               \
        WEFT__ACQUIRE((sends) ? (void *)&(chan)->head : (void *)(chan));                                               \
    } while (0)

WEFT__INLINE void push(struct weft__chan *chan, const void *item)
{
    weft__copy(chan->items + (size_t)chan->tail * chan->size, item, chan->size);
    if (++chan->tail == chan->capacity)
        chan->tail = 0;
    chan->count++;
}

WEFT__INLINE void pop(struct weft__chan *chan, void *item)
{
    if (WEFT__LIKELY(item != NULL))
        weft__copy(item, chan->items + (size_t)chan->head * chan->size, chan->size);
    if (++chan->head == chan->capacity)
        chan->head = 0;
    chan->count--;
}

/* Sends if nobody need wait for it; 1: it must wait. Whoever got the item is in *ret_woken. The guard is held. */
WEFT__INLINE int send_now(struct weft__chan *chan, const void *item, struct weft__waiter **ret_woken)
{
    struct weft__waiter *receiver;

    *ret_woken = NULL;
    if (chan->receivers.first && (receiver = weft__take_first(&chan->receivers))) {
        if (WEFT__LIKELY(receiver->value != NULL))
            weft__copy(receiver->value, item, chan->size);
        receiver->rc = 0;
        *ret_woken = receiver;
        return 0;
    }
    if (WEFT__LIKELY(chan->count < chan->limit)) {
        push(chan, item);
        return 0;
    }
    return chan->closed ? -EPIPE : 1;
}

/* The same for receiving. A sender that waits moves up into the room. */
WEFT__INLINE int recv_now(struct weft__chan *chan, void *item, struct weft__waiter **ret_woken)
{
    struct weft__waiter *sender = chan->senders.first ? weft__take_first(&chan->senders) : NULL;

    *ret_woken = sender;
    if (sender)
        sender->rc = 0;
    if (chan->count > 0) {
        pop(chan, item);
        if (sender)
            push(chan, sender->value);
        return 0;
    }
    if (!sender)
        return chan->closed ? -EPIPE : 1;
    if (WEFT__LIKELY(item != NULL))
        weft__copy(item, sender->value, chan->size);
    return 0;
}

/* What is rare: a plain thread, a guard that leans elsewhere, a cancelled task, and whatever the fast ways leave. */
WEFT__NOINLINE static int exchange(struct weft__chan *chan, void *item, bool sends, bool waits, const char *place)
{
    struct weft__waiter *woken;
    struct weft__thread *thread;
    int rc;

    if (WEFT__UNLIKELY(!chan))
        return -EINVAL;
    do {
        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        weft__guard_enter(thread, &chan->guard);
        rc = sends ? send_now(chan, item, &woken) : recv_now(chan, item, &woken);
        weft__chan_edges(chan, sends);
        if (rc > 0 && waits) {
            struct weft__wait wait = {.what = sends ? "to send" : "to receive", .place = place};
            struct weft__waiter waiter = {.wait = &wait, .value = item};

            rc = weft__guard_wait(thread, &chan->guard, sends ? &chan->senders : &chan->receivers, &waiter,
                                  WEFT__WAITING);
            if (rc == 0)
                return waiter.rc;
            continue;
        }
        weft__guard_leave(thread, &chan->guard);
        if (woken)
            weft__wait_won(thread, woken->wait);
        weft__leave_any(thread);
        return rc > 0 ? -EAGAIN : rc;
    } while (rc > 0);
    return rc;
}

WEFT__HOT int weft__send(struct weft__chan *chan, const void *item, const char *place)
{
    struct weft__thread *thread = WEFT__LIKELY(chan != NULL) ? weft__fast_begin(&chan->guard) : NULL;
    struct weft__waiter *receiver;

    if (WEFT__LIKELY(thread != NULL)) {
        int rc = send_now(chan, item, &receiver);

        weft__chan_edges(chan, true);
        if (WEFT__LIKELY(rc <= 0)) {
            if (receiver)
                weft__wait_won(thread, receiver->wait);
            weft__leave(thread);
            return rc;
        }
    }
    return exchange(chan, (void *)(uintptr_t)item, true, true, place);
}

/* The fast wait: one suspension, in one frame. */
WEFT__HOT static int await_item(struct weft__thread *thread, struct weft__chan *chan, void *item, const char *place)
{
    struct weft__wait wait WEFT__UNINITIALIZED;
    struct weft__waiter waiter WEFT__UNINITIALIZED;
    int rc;

    wait.what = "to receive";
    wait.place = place;
    wait.owner = NULL;
    wait.is_open = false;
    waiter.wait = &wait;
    waiter.value = item;
    weft__guard_queue(thread, &chan->guard, &chan->receivers, &waiter, WEFT__WAITING, false);
    weft__park(thread);
    if (WEFT__LIKELY(wait.winner != NULL))
        return waiter.rc;
    rc = weft__guard_wait_on(&chan->guard, &chan->receivers, &waiter);
    return rc < 0 ? rc : rc == 0 ? waiter.rc : exchange(chan, item, false, true, place);
}

WEFT__HOT int weft__recv(struct weft__chan *chan, void *item, const char *place)
{
    struct weft__thread *thread = WEFT__LIKELY(chan != NULL) ? weft__fast_begin(&chan->guard) : NULL;

    if (WEFT__LIKELY(thread != NULL && !chan->senders.first)) {
        weft__chan_edges(chan, false);
        if (WEFT__LIKELY(chan->count > 0)) {
            pop(chan, item);
            weft__leave(thread);
            return 0;
        }
        if (!chan->closed)
            return await_item(thread, chan, item, place);
    }
    return exchange(chan, item, false, true, place);
}

int weft_send_raw(struct weft__chan *chan, const void *item)
{
    return weft__send(chan, item, NULL);
}

int weft_recv_raw(struct weft__chan *chan, void *item)
{
    return weft__recv(chan, item, NULL);
}

int weft_try_send_raw(struct weft__chan *chan, const void *item)
{
    return exchange(chan, (void *)(uintptr_t)item, true, false, NULL);
}

int weft_try_recv_raw(struct weft__chan *chan, void *item)
{
    return exchange(chan, item, false, false, NULL);
}

int weft_chan_close_raw(struct weft__chan *chan)
{
    struct weft__list senders = {0}, receivers = {0};
    struct weft__thread *thread;
    bool was_closed;

    if (!chan)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &chan->guard);
    WEFT__RELEASE(chan);
    was_closed = chan->closed;
    chan->closed = true;
    chan->limit = 0;
    if (!was_closed) {
        senders = weft__take_all(&chan->senders, -EPIPE);
        receivers = weft__take_all(&chan->receivers, -EPIPE);
    }
    weft__guard_leave(thread, &chan->guard);
    weft__wake_list(thread, &senders);
    weft__wake_list(thread, &receivers);
    weft__leave_any(thread);
    return was_closed ? -EPIPE : 0;
}

size_t weft_chan_count_raw(struct weft__chan *chan)
{
    return chan ? __atomic_load_n(&chan->count, __ATOMIC_RELAXED) : 0;
}

size_t weft_chan_capacity_raw(struct weft__chan *chan)
{
    return chan ? chan->capacity : 0;
}

/* ---- cases of a select ---- */

static int try_case(struct weft__thread *thread, struct weft_case *c, bool sends)
{
    struct weft__chan *chan = c->weft__object;
    struct weft__waiter *woken;
    int rc;

    weft__guard_enter(thread, &chan->guard);
    rc = sends ? send_now(chan, c->weft__value, &woken) : recv_now(chan, c->weft__value, &woken);
    weft__chan_edges(chan, sends);
    weft__guard_leave(thread, &chan->guard);
    if (woken)
        weft__wait_won(thread, woken->wait);
    if (rc > 0)
        return 0;
    weft__case_result(c, rc);
    return 1;
}

static int try_send(struct weft__thread *thread, struct weft_case *c)
{
    return try_case(thread, c, true);
}

static int try_recv(struct weft__thread *thread, struct weft_case *c)
{
    return try_case(thread, c, false);
}

static int queue_send(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft__chan *chan = c->weft__object;

    place->waiter.value = c->weft__value;
    weft__guard_enter(thread, &chan->guard);
    return weft__place_in(thread, &chan->guard, &chan->senders, place,
                          chan->closed || chan->count < chan->limit ||
                              weft__has_other(&chan->receivers, place->waiter.wait));
}

static int queue_recv(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft__chan *chan = c->weft__object;

    place->waiter.value = c->weft__value;
    weft__guard_enter(thread, &chan->guard);
    return weft__place_in(thread, &chan->guard, &chan->receivers, place,
                          chan->closed || chan->count > 0 || weft__has_other(&chan->senders, place->waiter.wait));
}

static void leave_send(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft__chan *chan = c->weft__object;

    weft__guard_remove(thread, &chan->guard, &chan->senders, &place->waiter);
}

static void leave_recv(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft__chan *chan = c->weft__object;

    weft__guard_remove(thread, &chan->guard, &chan->receivers, &place->waiter);
}

static bool finish(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)thread;
    weft__case_result(c, place->waiter.rc);
    return true;
}

const struct weft__kind weft__on_send = {true, try_send, queue_send, leave_send, finish};
const struct weft__kind weft__on_recv = {true, try_recv, queue_recv, leave_recv, finish};
