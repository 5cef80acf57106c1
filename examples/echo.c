/* echo ADDRESS: sends back what it reads, one task a connection. Without ADDRESS it shows itself at work and ends.
 *
 *     echo tcp://127.0.0.1:9000          then, elsewhere: nc 127.0.0.1 9000
 */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct connection {
    int fd;
};
static int connection(struct connection *self)
{
    char buffer[1024]; /* a task that waits keeps what it has on its stack, so modest is better */
    ssize_t n;

    while ((n = weft_read(self->fd, buffer, sizeof buffer)) > 0)
        if (weft_write_all(self->fd, buffer, (size_t)n) < 0)
            break;
    weft_fd_close(self->fd);
    return 0; /* that a peer went away is no error of the server's */
}

struct server {
    int listener;
};
static int server(struct server *self)
{
    weft_scope scope;
    int fd;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    while ((fd = weft_accept(self->listener)) >= 0)
        if (weft_go(&scope, connection, .fd = fd) < 0)
            weft_fd_close(fd);
    return weft_scope_close_with(&scope,
                                 fd); /* -ECANCELED after SIGINT or SIGTERM, which weft_main takes for success */
}

struct echo {
    const char *address;
};
static int echo(struct echo *self)
{
    char address[128];
    int rc, listener = weft_listen(self->address);

    if (listener < 0) {
        fprintf(stderr, "echo: cannot listen on %s\n", self->address);
        return listener;
    }
    if (weft_address(listener, 0, address, sizeof address) > 0)
        fprintf(stderr, "listening on %s\n", address);
    rc = server(&(struct server){.listener = listener}); /* a task function is a function like any other */
    weft_fd_close(listener);
    return rc;
}

/* Connects to the server of the same program and says something. */
static int say(const char *address, const char *text, size_t size)
{
    char back[64];
    int fd, rc = weft_connect(address, &fd);
    ssize_t n;

    if (rc < 0)
        return rc;
    n = weft_write_all(fd, text, size);
    if (n >= 0)
        n = weft_read_all(fd, back, size);
    if (n >= 0)
        printf("said %zu bytes, heard: %.*s\n", size, (int)n, back);
    weft_fd_close(fd);
    return n < 0 ? (int)n : 0;
}

struct demo {
    const char *address;
};
static int demo(struct demo *self)
{
    char address[128];
    weft_scope scope;
    int rc, listener = weft_listen(self->address);

    if (listener < 0)
        return listener;
    rc = weft_address(listener, 0, address, sizeof address);
    weft_scope_open(&scope);
    weft_go(&scope, server, .listener = listener);
    if (rc >= 0)
        rc = say(address, "hello", 5);
    if (rc >= 0)
        rc = say(address, "goodbye", 7);
    weft_scope_cancel(&scope);
    rc = weft_scope_close_with(&scope, rc);
    weft_fd_close(listener);
    return rc == -ECANCELED ? 0 : rc;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return weft_main(echo, .address = argv[1]);
    return weft_main(demo, .address = "tcp://127.0.0.1:0");
}
