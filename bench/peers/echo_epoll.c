/* The raw echo loop, the floor of the echo bench: one thread, level-triggered epoll, and for each event one
   read and one write. Only a peer that does not read its echoes costs more: its rest is kept, and it is read
   again once that has gone out. */
#define _GNU_SOURCE
#include <error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "../net.h"

struct conn {
    int fd;
    char *rest; /* what the socket did not take, NULL if it took all */
    size_t rest_len;
};

static void watch(int epoll, struct conn *c, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, op, c->fd, &event) < 0)
        error(1, errno, "epoll_ctl");
}

static void drop(struct conn *c)
{
    close(c->fd);
    free(c->rest);
    free(c);
}

static void welcome(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
        return;
    if (fd < 0)
        error(1, errno, "accept");
    net_no_delay(fd);

    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        error(1, ENOMEM, "connection");
    c->fd = fd;
    watch(epoll, c, EPOLL_CTL_ADD, EPOLLIN);
}

/* How much of the data the socket took, or -errno. */
static ssize_t put(int fd, const char *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return n;
}

static void echo(int epoll, struct conn *c)
{
    static char data[65536];
    ssize_t len = read(c->fd, data, sizeof data);
    if (len < 0 && errno == EAGAIN)
        return;
    ssize_t n = len > 0 ? put(c->fd, data, (size_t)len) : -1;
    if (n < 0) {
        drop(c);
        return;
    }
    if (n == len)
        return;

    c->rest_len = (size_t)(len - n);
    c->rest = malloc(c->rest_len);
    if (!c->rest)
        error(1, ENOMEM, "rest of an echo");
    memcpy(c->rest, data + n, c->rest_len);
    watch(epoll, c, EPOLL_CTL_MOD, EPOLLOUT);
}

static void flush_rest(int epoll, struct conn *c)
{
    ssize_t n = put(c->fd, c->rest, c->rest_len);
    if (n < 0) {
        drop(c);
        return;
    }
    c->rest_len -= (size_t)n;
    memmove(c->rest, c->rest + n, c->rest_len);
    if (c->rest_len > 0)
        return;
    free(c->rest);
    c->rest = NULL;
    watch(epoll, c, EPOLL_CTL_MOD, EPOLLIN);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        error(2, 0, "usage: echo_epoll 127.0.0.1:PORT");
    struct conn listener = {.fd = net_listen(argv[1], SOCK_NONBLOCK)};
    if (listener.fd < 0)
        error(1, -listener.fd, "listen on %s", argv[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        error(1, errno, "epoll");
    watch(epoll, &listener, EPOLL_CTL_ADD, EPOLLIN);

    for (;;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, -1);
        if (n < 0 && errno != EINTR)
            error(1, errno, "epoll_wait");
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (c == &listener)
                welcome(epoll, c->fd);
            else if (c->rest)
                flush_rest(epoll, c);
            else
                echo(epoll, c);
        }
    }
}
