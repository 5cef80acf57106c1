/* Listening, accepting, connecting. */
#include "core/sched.h"
#include "io/address.h"
#include "io/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <weft/io.h>
#include <weft/time.h>

enum { BACKLOG = 4096 };

#define BACK_OFF_LEAST (5 * WEFT_MILLISECOND)
#define BACK_OFF_MOST WEFT_SECOND

static int new_socket(const struct weft__address *address)
{
    int fd = weft__os_socket(address->storage.ss_family, SOCK_STREAM);

    if (fd >= 0 && address->storage.ss_family != AF_UNIX)
        (void)weft__os_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* a listener's connections inherit it */
    return fd;
}

/* A socket file that nobody listens on is left over from a program that ended: it is removed. */
static bool remove_stale(const struct weft__address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&address->storage;
    int fd, rc;

    if (un->sun_family != AF_UNIX || !un->sun_path[0] || weft__os_path_kind(un->sun_path) != S_IFSOCK)
        return false; /* connecting to any other file is refused just the same, and it is not ours to remove */
    fd = new_socket(address);
    if (fd < 0)
        return false;
    rc = weft__os_connect(fd, (const struct sockaddr *)un, address->size);
    weft__os_close(fd);
    return rc == -ECONNREFUSED && weft__os_unlink(un->sun_path) == 0;
}

static int listen_at(const struct weft__address *address)
{
    const struct sockaddr *any = (const struct sockaddr *)(const void *)&address->storage;
    int fd = new_socket(address), rc;

    if (fd < 0)
        return fd;
    if (any->sa_family != AF_UNIX)
        (void)weft__os_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (any->sa_family == AF_INET6)
        (void)weft__os_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    rc = weft__os_bind(fd, any, address->size);
    if (rc == -EADDRINUSE && remove_stale(address))
        rc = weft__os_bind(fd, any, address->size);
    if (rc == 0)
        rc = weft__os_listen(fd, BACKLOG);
    if (rc < 0) {
        weft__os_close(fd);
        return rc;
    }
    return weft__fd_own(fd, WEFT__FD_SOCKET);
}

int weft_listen(const char *text)
{
    struct weft__address addresses[WEFT__ADDRESSES_MAX];
    int count = weft__address_parse(text, true, addresses), rc = count;

    for (int pass = AF_INET6; count > 0 && pass >= 0; pass -= AF_INET6) /* IPv6 first: it takes IPv4 along */
        for (int i = 0; i < count; i++) {
            if ((addresses[i].storage.ss_family == AF_INET6) != (pass == AF_INET6))
                continue;
            rc = listen_at(&addresses[i]);
            if (rc >= 0 || rc == -EADDRINUSE || rc == -EACCES)
                return rc;
        }
    return rc;
}

static bool is_out_of_resources(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

/* Errors of a connection that died in the queue, not of the listener: accept(2), "Error handling". */
static bool is_of_the_connection(int rc)
{
    return rc == -ECONNABORTED || rc == -EPROTO || rc == -EINTR || rc == -ENETDOWN || rc == -ENOPROTOOPT ||
           rc == -EHOSTDOWN || rc == -ENONET || rc == -EHOSTUNREACH || rc == -ENETUNREACH;
}

/* Our own listeners are non-blocking; of a foreign one that is not, poll tells whether the call would block. */
static int accept_now(const struct weft__fd *entry, int listener)
{
    if (!__atomic_load_n(&entry->owned, __ATOMIC_RELAXED) && !weft__os_nonblocking(listener) &&
        weft__os_poll_one(listener, 0x001, 0) == 0)
        return -EAGAIN;
    return weft__os_accept(listener);
}

int weft_accept(int listener)
{
    struct weft__fd *entry = weft__fd_entry(listener);
    int64_t back_off = BACK_OFF_LEAST;

    if (!entry)
        return -EBADF;
    for (;;) {
        struct weft__fd_try try = weft__fd_try(entry, WEFT__IN);
        int rc = weft__cancelled_here();

        if (rc < 0 || (rc = weft__fd_kind(entry, listener)) < 0)
            return rc;
        rc = accept_now(entry, listener);
        if (rc >= 0)
            return weft__fd_own(rc, WEFT__FD_STREAM);
        if (is_out_of_resources(rc)) {
            rc = weft__fd_await_close(back_off);
            back_off = back_off * 2 < BACK_OFF_MOST ? back_off * 2 : BACK_OFF_MOST;
        } else if (rc == -EAGAIN) {
            rc = weft__fd_wait(entry, listener, WEFT__IN, try);
        } else if (is_of_the_connection(rc)) {
            rc = 0;
        }
        if (rc < 0)
            return rc;
    }
}

/* The rest of a connect that is in progress. */
static int await_connection(int fd)
{
    struct weft__fd *entry = weft__fd_entry(fd);

    for (;;) {
        struct weft__fd_try try = weft__fd_try(entry, WEFT__OUT);
        int rc = weft__os_poll_one(fd, 0x004, 0);

        if (rc == 0)
            rc = weft__fd_wait(entry, fd, WEFT__OUT, try);
        else
            return rc < 0 ? rc : weft__os_connect_result(fd);
        if (rc < 0)
            return rc;
    }
}

static int connect_to(const struct weft__address *address)
{
    const struct sockaddr *any = (const struct sockaddr *)(const void *)&address->storage;
    int fd = new_socket(address), rc;

    if (fd < 0 || (fd = weft__fd_own(fd, WEFT__FD_STREAM)) < 0)
        return fd;
    for (int attempt = 0;; attempt++) {
        rc = weft__os_connect(fd, any, address->size);
        if (rc != -EAGAIN) /* a Unix socket whose queue is full */
            break;
        rc = weft_sleep(weft_backoff(attempt) / 16);
        if (rc < 0)
            break;
    }
    if (rc == -EINPROGRESS)
        rc = await_connection(fd);
    if (rc < 0) {
        weft_fd_close(fd);
        return rc;
    }
    return fd;
}

int weft_connect(const char *text, int *ret_fd)
{
    struct weft__address addresses[WEFT__ADDRESSES_MAX];
    int rc = weft__cancelled_here(), count;

    if (rc < 0)
        return rc;
    count = rc = weft__address_parse(text, false, addresses);
    for (int i = 0; i < count; i++) {
        rc = connect_to(&addresses[i]);
        if (rc >= 0) {
            *ret_fd = rc;
            return 0;
        }
        if (weft__cancelled_here() < 0)
            break;
    }
    return rc;
}

int weft_address(int fd, int peer, char *text, size_t size)
{
    struct weft__address address = {.size = sizeof address.storage};
    struct sockaddr *any = (struct sockaddr *)(void *)&address.storage;
    int rc = peer ? weft__os_peer_address(fd, any, &address.size) : weft__os_own_address(fd, any, &address.size);

    return rc < 0 ? rc : weft__address_format(&address, text, size);
}
