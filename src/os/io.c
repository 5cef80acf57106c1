/* Reading and writing descriptors. EINTR never leaves this file: our threads take no signals, and a plain thread's call
 * is simply made again. */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RETRY(call)                                                                                                    \
    ({                                                                                                                 \
        ssize_t n;                                                                                                     \
        do                                                                                                             \
            n = (call);                                                                                                \
        while (n < 0 && errno == EINTR);                                                                               \
        n < 0 ? -errno : n;                                                                                            \
    })

ssize_t weft__os_read(int fd, void *buffer, size_t size)
{
    return RETRY(read(fd, buffer, size));
}

ssize_t weft__os_write(int fd, const void *buffer, size_t size)
{
    return RETRY(write(fd, buffer, size));
}

ssize_t weft__os_readv(int fd, const struct iovec *parts, int count)
{
    return RETRY(readv(fd, parts, count));
}

ssize_t weft__os_writev(int fd, const struct iovec *parts, int count)
{
    return RETRY(writev(fd, parts, count));
}

ssize_t weft__os_readv_now(int fd, const struct iovec *parts, int count)
{
    return RETRY(preadv2(fd, parts, count, -1, RWF_NOWAIT));
}

ssize_t weft__os_writev_now(int fd, const struct iovec *parts, int count)
{
    return RETRY(pwritev2(fd, parts, count, -1, RWF_NOWAIT));
}

ssize_t weft__os_recv_now(int fd, void *buffer, size_t size)
{
    return RETRY(recv(fd, buffer, size, MSG_DONTWAIT));
}

ssize_t weft__os_send_now(int fd, const void *buffer, size_t size)
{
    return RETRY(send(fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

ssize_t weft__os_recvv_now(int fd, const struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};

    return RETRY(recvmsg(fd, &message, MSG_DONTWAIT));
}

ssize_t weft__os_sendv_now(int fd, const struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};

    return RETRY(sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* Linux has closed the fd also when close() says EINTR: never retried. */
int weft__os_close(int fd)
{
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

int weft__os_kind(int fd)
{
    struct stat status;

    return fstat(fd, &status) < 0 ? -errno : (int)(status.st_mode & S_IFMT);
}

int weft__os_path_kind(const char *path)
{
    struct stat status;

    return lstat(path, &status) < 0 ? -errno : (int)(status.st_mode & S_IFMT);
}

bool weft__os_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_NONBLOCK);
}

int weft__os_poll_one(int fd, short events, int64_t deadline)
{
    struct pollfd entry = {.fd = fd, .events = events};
    struct timespec left;

    for (;;) {
        int64_t span = deadline == INT64_MAX ? 0 : deadline - weft__os_now();
        int n;

        if (span < 0)
            span = 0;
        left = (struct timespec){span / 1000000000, span % 1000000000};
        n = ppoll(&entry, 1, deadline == INT64_MAX ? NULL : &left, NULL);
        if (n > 0)
            return entry.revents & POLLNVAL ? -EBADF : 1;
        if (n == 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int weft__os_fd_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : (int)limit.rlim_max;
}
