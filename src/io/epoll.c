/* The epoll backend: one epoll instance, edge-triggered, one registration in an fd's life. A wake-up is an eventfd that
 * nobody reads: each write is an edge.
 */
#include "core/poller.h"
#include "core/runtime.h"
#include "io/fd.h"

#include <errno.h>
#include <sys/epoll.h>

enum { EVENTS_MANY = 256, EVENTS_FEW = 16, ENDED = EPOLLRDHUP | EPOLLHUP | EPOLLERR };

static const uint64_t WAKE = UINT64_MAX;

static struct {
    int epoll, event;
    atomic_uint watched;
} poller = {-1, -1, 0};

static void close_poller(void)
{
    WEFT__ACQUIRE(&poller);
    if (poller.event >= 0)
        weft__os_close(poller.event);
    if (poller.epoll >= 0)
        weft__os_close(poller.epoll);
    poller.event = poller.epoll = -1;
    weft__fds_fini();
}

static int open_poller(void)
{
    int rc;

    atomic_store_explicit(&poller.watched, 0, memory_order_relaxed);
    poller.epoll = weft__os_epoll_new();
    if (poller.epoll < 0)
        return poller.epoll;
    poller.event = weft__os_eventfd();
    rc = poller.event < 0 ? poller.event : weft__os_epoll_add(poller.epoll, poller.event, EPOLLIN | EPOLLET, WAKE);
    if (rc < 0)
        close_poller();
    WEFT__RELEASE(&poller);
    return rc;
}

static void wake_poller(void)
{
    WEFT__ACQUIRE(&poller);
    weft__os_eventfd_write(poller.event);
    WEFT__RELEASE(&poller);
}

static unsigned watched(void)
{
    return atomic_load_explicit(&poller.watched, memory_order_relaxed);
}

/* The monitor may catch the wake-up that was meant for the worker in the poller: it passes it on. */
static int dispatch(struct weft__thread *thread, const struct epoll_event *events, int count)
{
    int handled = 0;

    for (int i = 0; i < count; i++) {
        uint64_t data = events[i].data.u64;
        uint32_t what = events[i].events;

        if (data == WAKE) {
            if (!thread && atomic_load_explicit(&weft__runtime.in_poller, memory_order_relaxed))
                wake_poller();
            continue;
        }
        handled++;
        weft__fd_event((int)(uint32_t)data, (unsigned)(data >> 32), what & (EPOLLIN | ENDED), what & (EPOLLOUT | ENDED),
                       what & ENDED);
    }
    return handled;
}

WEFT__NOINLINE static int poll_many(struct weft__thread *thread, int64_t deadline)
{
    struct epoll_event events[EVENTS_MANY];
    int n;

    atomic_store_explicit(&weft__runtime.polls, atomic_load_explicit(&weft__runtime.polls, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    n = weft__os_epoll_wait(poller.epoll, events, EVENTS_MANY, deadline);

    WEFT__RELEASE(&poller);
    return n < 0 ? 0 : dispatch(thread, events, n);
}

/* On a task's stack: a few at a time, so that its page suffices. */
WEFT__NOINLINE static int poll_few(struct weft__thread *thread)
{
    struct epoll_event events[EVENTS_FEW];
    int n = weft__os_epoll_wait(poller.epoll, events, EVENTS_FEW, 0);

    WEFT__RELEASE(&poller);
    return n < 0 ? 0 : dispatch(thread, events, n);
}

static int poll(struct weft__thread *thread, int64_t deadline)
{
    return thread && thread->task ? poll_few(thread) : poll_many(thread, deadline);
}

int weft__poller_watch(int fd, unsigned generation, bool again)
{
    uint64_t data = (uint64_t)generation << 32 | (uint32_t)fd;
    uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    int rc =
        again ? weft__os_epoll_mod(poller.epoll, fd, events, data) : weft__os_epoll_add(poller.epoll, fd, events, data);

    if (rc == -ENOENT)
        rc = weft__os_epoll_add(poller.epoll, fd, events, data);
    else if (rc == -EEXIST)
        rc = weft__os_epoll_mod(poller.epoll, fd, events, data);
    if (rc == 0)
        atomic_store_explicit(&poller.watched, 1, memory_order_relaxed);
    return rc;
}

void weft__poller_forget(int fd)
{
    (void)weft__os_epoll_del(poller.epoll, fd); /* gone already, if its owner closed it */
}

const struct weft__poller weft__epoll = {
    .name = "epoll",
    .open = open_poller,
    .close = close_poller,
    .poll = poll,
    .wake = wake_poller,
    .watched = watched,
};
