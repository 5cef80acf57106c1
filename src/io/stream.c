/* Reading and writing: the call is made at once; only when the kernel would block does the task park, and then it is
 * made again.
 *
 *  - sockets: MSG_DONTWAIT, so that the O_NONBLOCK flag, which belongs to everybody who has the socket, is left alone;
 *  - pipes and terminals: RWF_NOWAIT where the kernel has it for them, else a wait for readiness first;
 *  - regular files: the plain call; if it blocks, the thread is stepped around as for any blocking call.
 */
#include "core/sched.h"
#include "io/fd.h"

#include <errno.h>
#include <limits.h>
#include <weft/io.h>

struct transfer {
    enum weft__direction direction;
    const struct iovec *parts;
    int count;
};

static ssize_t socket_now(int fd, const struct transfer *t)
{
    const struct iovec *part = t->parts;

    if (t->count == 1)
        return t->direction == WEFT__IN ? weft__os_recv_now(fd, part->iov_base, part->iov_len)
                                        : weft__os_send_now(fd, part->iov_base, part->iov_len);
    return t->direction == WEFT__IN ? weft__os_recvv_now(fd, part, t->count) : weft__os_sendv_now(fd, part, t->count);
}

static ssize_t plain(int fd, const struct transfer *t)
{
    return t->direction == WEFT__IN ? weft__os_readv(fd, t->parts, t->count) : weft__os_writev(fd, t->parts, t->count);
}

/* -EAGAIN: not now. A descriptor that knows no RWF_NOWAIT is asked through poll; a second reader may then still make
 * the plain call block, which costs a thread and no more. */
static ssize_t pipe_now(int fd, const struct transfer *t)
{
    bool in = t->direction == WEFT__IN;
    ssize_t n = in ? weft__os_readv_now(fd, t->parts, t->count) : weft__os_writev_now(fd, t->parts, t->count);

    if (n != -EOPNOTSUPP && n != -ESPIPE && n != -EINVAL && n != -ENOSYS)
        return n;
    if (!weft__os_nonblocking(fd) && weft__os_poll_one(fd, in ? 0x001 : 0x004, 0) == 0)
        return -EAGAIN;
    return plain(fd, t);
}

static ssize_t attempt(int fd, int kind, const struct transfer *t)
{
    if (WEFT__LIKELY(kind == WEFT__FD_STREAM || kind == WEFT__FD_SOCKET))
        return socket_now(fd, t);
    return kind == WEFT__FD_PIPE ? pipe_now(fd, t) : plain(fd, t);
}

static size_t total(const struct transfer *t)
{
    size_t size = 0;

    for (int i = 0; i < t->count; i++)
        size += t->parts[i].iov_len;
    return size;
}

/* The number was given to another file behind our back: look again. */
static bool changed_kind(struct weft__fd *entry, ssize_t n, int kind)
{
    unsigned char expected = (unsigned char)kind;

    return ((n == -ENOTSOCK && kind <= WEFT__FD_SOCKET) || (n == -EAGAIN && kind == WEFT__FD_FILE)) &&
           atomic_compare_exchange_strong_explicit(&entry->kind, &expected, WEFT__FD_UNKNOWN, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static ssize_t run(int fd, const struct transfer *t)
{
    struct weft__fd *entry = weft__fd_entry(fd);
    ssize_t n = weft__cancelled_here();

    if (n < 0)
        return n;
    if (!entry)
        return -EBADF;
    for (;;) {
        struct weft__fd_try try = weft__fd_try(entry, t->direction);
        int kind = weft__fd_kind(entry, fd);

        if (kind < 0)
            return kind;
        if (!(t->direction == WEFT__IN &&
              atomic_load_explicit(&entry->drained_at, memory_order_relaxed) == try.edges)) {
            n = attempt(fd, kind, t);
            WEFT__RELEASE(entry); /* a close comes after it */
            if (n > 0 && kind == WEFT__FD_STREAM && t->direction == WEFT__IN && (size_t)n < total(t) &&
                !atomic_load_explicit(&entry->ended, memory_order_relaxed))
                atomic_store_explicit(&entry->drained_at, try.edges, memory_order_relaxed);
            if (changed_kind(entry, n, kind))
                continue;
            if (n != -EAGAIN)
                return n;
        }
        n = weft__fd_wait(entry, fd, t->direction, try);
        if (n < 0)
            return n;
    }
}

ssize_t weft_readv(int fd, const struct iovec *parts, int count)
{
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    return run(fd, &(struct transfer){WEFT__IN, parts, count});
}

ssize_t weft_writev(int fd, const struct iovec *parts, int count)
{
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    return run(fd, &(struct transfer){WEFT__OUT, parts, count});
}

ssize_t weft_read(int fd, void *buffer, size_t size)
{
    return run(fd, &(struct transfer){WEFT__IN, &(struct iovec){buffer, size}, 1});
}

ssize_t weft_write(int fd, const void *buffer, size_t size)
{
    return run(fd, &(struct transfer){WEFT__OUT, &(struct iovec){(void *)buffer, size}, 1});
}

ssize_t weft_write_all(int fd, const void *buffer, size_t size)
{
    size_t done = 0;

    do {
        ssize_t n = weft_write(fd, (const char *)buffer + done, size - done);

        if (n < 0)
            return n;
        done += (size_t)n;
    } while (done < size);
    return (ssize_t)size;
}

ssize_t weft_read_all(int fd, void *buffer, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = weft_read(fd, (char *)buffer + done, size - done);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int await_ready(int fd, enum weft__direction direction)
{
    struct weft__fd *entry = weft__fd_entry(fd);
    int rc = weft__cancelled_here();

    if (rc < 0)
        return rc;
    if (!entry)
        return -EBADF;
    for (;;) {
        struct weft__fd_try try = weft__fd_try(entry, direction);
        int kind = weft__fd_kind(entry, fd);

        if (kind < 0 || kind == WEFT__FD_FILE)
            return kind < 0 ? kind : 0;
        rc = weft__os_poll_one(fd, direction == WEFT__IN ? 0x001 : 0x004, 0);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        rc = weft__fd_wait(entry, fd, direction, try);
        if (rc < 0)
            return rc;
    }
}

int weft_wait_readable(int fd)
{
    return await_ready(fd, WEFT__IN);
}

int weft_wait_writable(int fd)
{
    return await_ready(fd, WEFT__OUT);
}

int weft_shutdown(int fd, int how)
{
    return weft__os_shutdown(fd, how);
}
