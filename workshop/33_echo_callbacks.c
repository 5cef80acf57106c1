/* The echo server, second way: one thread, an event loop, and callbacks.
 *
 * Cheap, but the straight code is gone: a loop that reads and writes has become two functions that call each other by
 * way of the loop, and what was on the stack is in an object on the heap. (No Weft in this file.)
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct handler {
    void (*on_ready)(struct handler *self);
    int fd;
    size_t have, sent;
    char buffer[512];
};

static int loop = -1, to_come = ECHO_CLIENTS, open_now;

static void watch(struct handler *handler, uint32_t events, void (*on_ready)(struct handler *))
{
    struct epoll_event event = {.events = events, .data.ptr = handler};

    if (handler->on_ready != on_ready)
        epoll_ctl(loop, handler->on_ready ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, handler->fd, &event);
    handler->on_ready = on_ready;
}

static void end(struct handler *handler)
{
    close(handler->fd);
    free(handler);
    open_now--;
}

static void on_readable(struct handler *self);

static void on_writable(struct handler *self)
{
    ssize_t n = write(self->fd, self->buffer + self->sent, self->have - self->sent);

    if (n < 0 && errno != EAGAIN) {
        end(self);
        return;
    }
    self->sent += n > 0 ? (size_t)n : 0;
    if (self->sent < self->have)
        watch(self, EPOLLOUT, on_writable); /* the rest when there is room again */
    else
        watch(self, EPOLLIN, on_readable);
}

static void on_readable(struct handler *self)
{
    ssize_t n = read(self->fd, self->buffer, sizeof self->buffer);

    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        end(self);
    } else if (n > 0) {
        self->have = (size_t)n;
        self->sent = 0;
        on_writable(self);
    }
}

static void on_connection(struct handler *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct handler *handler = fd < 0 ? NULL : calloc(1, sizeof *handler);

    if (!handler)
        return;
    handler->fd = fd;
    watch(handler, EPOLLIN, on_readable);
    open_now++;
    to_come--;
}

int main(void)
{
    int port;
    struct handler listener = {.fd = listen_on_loopback(&port)};
    struct epoll_event event;
    pthread_t client;

    loop = epoll_create1(EPOLL_CLOEXEC);
    if (listener.fd < 0 || loop < 0 || pthread_create(&client, NULL, echo_client, &port) != 0)
        return 1;
    watch(&listener, EPOLLIN, on_connection);
    while (to_come > 0 || open_now > 0) {
        if (epoll_wait(loop, &event, 1, -1) == 1) {
            struct handler *handler = event.data.ptr;

            handler->on_ready(handler);
        }
    }
    pthread_join(client, NULL);
    close(loop);
    close(listener.fd);
    return 0;
}
