/* serve ADDRESS: computes Fibonacci numbers for whoever asks, in plain straight-line code. Without ADDRESS it asks
 * itself.
 *
 * Waiting for a socket parks the task; fib(40) burns a core for half a second. Nothing in this file says which is
 * which, and neither is in the other's way. `weft fib serve` is the same idea with its corners rounded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

static long fib(long n)
{
    return n <= 2 ? 1 : fib(n - 1) + fib(n - 2);
}

struct serve {
    int fd;
};
static int serve(struct serve *self)
{
    char line[64];
    ssize_t n;

    while ((n = weft_read(self->fd, line, sizeof line - 1)) > 0) { /* parks the task, not the thread */
        line[n] = '\0';
        n = snprintf(line, sizeof line, "%ld\n", fib(strtol(line, NULL, 10))); /* burns a core: nobody else waits */
        if ((n = weft_write_all(self->fd, line, (size_t)n)) < 0)
            break;
    }
    weft_fd_close(self->fd);
    return (int)n; /* 0, or -ECANCELED, -ECONNRESET ... */
}

struct server {
    int listener;
};
static int server(struct server *self)
{
    weft_scope scope;
    int fd;

    weft_scope_open(&scope, .limit = 10000, .on_error = WEFT_KEEP_GOING);
    while ((fd = weft_accept(self->listener)) >= 0) /* backs off by itself when fds run out */
        weft_go(&scope, serve, .fd = fd);
    weft_fd_close(self->listener);
    return weft_scope_close_with(&scope, fd); /* joins every child; the first of the two errors */
}

struct ask {
    const char *address;
    const char *n;
    char answer[32];
};
static int ask(struct ask *self)
{
    int fd, rc = weft_connect(self->address, &fd);
    ssize_t n;

    if (rc < 0)
        return rc;
    n = weft_write_all(fd, self->n, strlen(self->n));
    if (n >= 0)
        n = weft_read(fd, self->answer, sizeof self->answer - 1);
    if (n >= 0)
        self->answer[n] = '\0';
    weft_fd_close(fd);
    return n < 0 ? (int)n : 0;
}

/* The server and a client in one program. */
struct demo {
    int listener;
};
static int demo(struct demo *self)
{
    static const char *const numbers[] = {"1", "10", "30"};
    char address[128];
    weft_scope scope;
    int rc = weft_address(self->listener, 0, address, sizeof address);

    if (rc < 0)
        return rc;
    weft_scope_open(&scope);
    weft_go(&scope, server, .listener = self->listener);
    for (int i = 0; i < 3 && rc >= 0; i++) {
        struct ask question = {.address = address, .n = numbers[i]};

        rc = ask(&question);
        if (rc >= 0)
            printf("fib(%s) = %s", numbers[i], question.answer);
    }
    weft_scope_cancel(&scope);
    rc = weft_scope_close_with(&scope, rc);
    return rc == -ECANCELED ? 0 : rc;
}

int main(int argc, char **argv)
{
    int listener = weft_listen(argc > 1 ? argv[1] : "tcp://127.0.0.1:0");

    if (listener < 0) {
        fprintf(stderr, "serve: cannot listen: %s\n", strerror(-listener));
        return 1;
    }
    if (argc > 1)
        return weft_main(server, .listener = listener); /* SIGINT and SIGTERM cancel it */
    return weft_main(demo, .listener = listener);
}
