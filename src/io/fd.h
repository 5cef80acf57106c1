/* What the runtime knows of a file descriptor: who waits for it, and whether the poller has it.
 *
 * A table indexed by fd, in chunks that are made when needed and stay. An fd that we made (accept, connect, listen) is
 * 'owned': it is registered once, edge-triggered, for its life. A foreign one is adopted at its first use; since its
 * owner may close it behind our back and the number may come again, it is registered anew at each wait.
 *
 * Edges. An event is counted and wakes all waiters of its direction. Whoever tries a call notes the count before it; if
 * the call would block and the count has moved by then, it tries again instead of waiting. So no edge is lost between
 * the call and the wait after it, for none of several waiters (a mark that one of them takes away did lose it for the
 * others). A short read of a stream says that it is drained as of that count: while no edge comes, the next read waits
 * at once, without asking the kernel for nothing (epoll(7), question 9).
 */
#ifndef WEFT_IO_FD_H
#define WEFT_IO_FD_H

#include "sync/select.h"

#include <stdint.h>

enum weft__direction { WEFT__IN, WEFT__OUT };

enum weft__fd_kind {
    WEFT__FD_UNKNOWN,
    WEFT__FD_STREAM, /* a stream socket of ours */
    WEFT__FD_SOCKET, /* any other socket */
    WEFT__FD_PIPE,   /* a pipe, a terminal, an eventfd: what poll knows */
    WEFT__FD_FILE,   /* a regular file: always ready, may block the thread */
};

struct weft__fd {
    struct weft__lock lock;
    atomic_uint generation;       /* lock for writing: grows with every close */
    _Atomic uint8_t kind;         /* enum weft__fd_kind */
    _Atomic bool ended;           /* its end or an error has been seen: no edge will come for that again */
    bool owned, registered;       /* lock; owned is read without it as well */
    atomic_uint edges[2];         /* lock for writing: events so far, in each direction */
    atomic_uint drained_at;       /* the count of edges when a read took all there was */
    struct weft__list waiters[2]; /* lock */
};

/* The entry of a descriptor; NULL for a number that cannot be one, or without memory. */
struct weft__fd *weft__fd_entry(int fd);

/* A descriptor that we have just made. The fd is closed and -ENOMEM returned if there is no entry for it. */
int weft__fd_own(int fd, enum weft__fd_kind kind);

/* Its kind; adopts it if it was not known. -EBADF. */
int weft__fd_kind(struct weft__fd *entry, int fd);

/* Before a try, in this order: what it was made with. */
struct weft__fd_try {
    unsigned generation, edges;
};

WEFT__INLINE struct weft__fd_try weft__fd_try(struct weft__fd *entry, enum weft__direction direction)
{
    unsigned generation = atomic_load_explicit(&entry->generation, memory_order_acquire);

    return (struct weft__fd_try){generation, atomic_load_explicit(&entry->edges[direction], memory_order_acquire)};
}

/* Waits until it may be ready, unless an edge has come since the try. 0; -ECANCELED, -ETIMEDOUT, -EBADF. */
int weft__fd_wait(struct weft__fd *entry, int fd, enum weft__direction direction, struct weft__fd_try tried);

/* For cases of a select on the fd, inside the runtime. queue: 1: queued; 0: it may be ready now; -errno. */
int weft__fd_queue(int fd, enum weft__direction direction, struct weft__place *place);
void weft__fd_leave(int fd, enum weft__direction direction, struct weft__place *place);

/* From the poller: readiness of the fd of that generation. */
void weft__fd_event(int fd, unsigned generation, bool in, bool out, bool ended);

/* Waits for a descriptor to be closed, or so long. For an accept that is out of them. */
int weft__fd_await_close(int64_t span);

/* To the poller, under the entry's lock: 0 or -errno (-EPERM: it knows no such files). epoll.c */
int weft__poller_watch(int fd, unsigned generation, bool again);
void weft__poller_forget(int fd);
extern const struct weft__poller weft__epoll;

/* Closes what is left of the table; no task is alive. */
void weft__fds_fini(void);

#endif
