/* What the tests of I/O share: pairs of connected ends, and the tasks at them. */
#ifndef WEFT_IO_IO_TEST_H
#define WEFT_IO_IO_TEST_H

#include "run.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BIG = 4 << 20, ADDRESS = 128 };

UNUSED static void pair(int ends[2])
{
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
}

UNUSED static void close_both(const int ends[2])
{
    CHECK_EQ(weft_fd_close(ends[0]), 0);
    CHECK_EQ(weft_fd_close(ends[1]), 0);
}

/* A listener and its address. */
UNUSED static int listen_on(const char *at, char *address)
{
    int fd = weft_listen(at);

    MUST(fd >= 0);
    CHECK(weft_address(fd, 0, address, ADDRESS) > 0);
    return fd;
}

/* Both ends of a TCP connection: they are made by us, thus 'owned'. */
UNUSED static void tcp_pair(int ends[2])
{
    char address[ADDRESS];
    int listener = listen_on("tcp://127.0.0.1:0", address);

    MUST(weft_connect(address, &ends[0]) == 0);
    MUST((ends[1] = weft_accept(listener)) >= 0);
    CHECK_EQ(weft_fd_close(listener), 0);
}

/* ---- tasks that the tests start ---- */

struct read_one {
    int fd;
    atomic_int *here;
    ssize_t *n;
    char *byte;
};

UNUSED static int read_one(struct read_one *self)
{
    char byte = 0;
    ssize_t n;

    if (self->here)
        atomic_fetch_add(self->here, 1);
    n = weft_read(self->fd, &byte, 1);
    if (self->n)
        *self->n = n;
    if (self->byte)
        *self->byte = byte;
    return n < 0 ? (int)n : 0;
}

struct accept_one {
    int listener;
    atomic_int *here;
};

UNUSED static int accept_one(struct accept_one *self)
{
    int fd;

    atomic_fetch_add(self->here, 1);
    fd = weft_accept(self->listener);
    if (fd >= 0)
        CHECK_EQ(weft_fd_close(fd), 0);
    return fd < 0 ? fd : 0;
}

/* Lets everybody else go on until they wait: with one worker a yield is enough, with more they need a moment. */
UNUSED static void settle(void)
{
    for (int i = 0; i < 5; i++)
        (void)weft_sleep(WEFT_MILLISECOND);
}

struct echo {
    int fd;
};

UNUSED static int echo(struct echo *self)
{
    char bytes[4096];
    ssize_t n, rc = 0;

    while ((n = weft_read(self->fd, bytes, sizeof bytes)) > 0 && rc >= 0)
        rc = weft_write_all(self->fd, bytes, (size_t)n);
    CHECK_EQ(weft_fd_close(self->fd), 0);
    return n < 0 ? (int)n : rc < 0 ? (int)rc : 0;
}

struct serve {
    int listener, count;
};

UNUSED static int serve(struct serve *self)
{
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->count; i++) {
        int fd = weft_accept(self->listener);

        if (fd < 0)
            return weft_scope_close_with(&scope, fd);
        weft_go(&scope, echo, .fd = fd);
    }
    return weft_scope_close(&scope);
}

struct ask {
    const char *address;
    int number;
};

UNUSED static int ask(struct ask *self)
{
    char text[32], answer[32] = "";
    int fd, rc = weft_connect(self->address, &fd);
    size_t size;

    if (rc < 0)
        return rc;
    for (int i = 0; i < 3; i++) {
        size = (size_t)snprintf(text, sizeof text, "%d/%d", self->number, i);
        CHECK_EQ(weft_write_all(fd, text, size), size);
        memset(answer, 0, sizeof answer);
        CHECK_EQ(weft_read_all(fd, answer, size), size);
        CHECK_STR(answer, text);
    }
    CHECK_EQ(weft_shutdown(fd, SHUT_WR), 0);
    CHECK_EQ(weft_read(fd, answer, sizeof answer), 0);
    return weft_fd_close(fd);
}

UNUSED static int talk(const char *at, int count)
{
    char address[ADDRESS];
    int listener = listen_on(at, address), rc;
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, serve, .listener = listener, .count = count), 0);
    for (int i = 0; i < count; i++)
        CHECK_EQ(weft_go(&scope, ask, .address = address, .number = i), 0);
    rc = weft_scope_close(&scope);
    CHECK_EQ(weft_fd_close(listener), 0);
    return rc;
}

#endif
