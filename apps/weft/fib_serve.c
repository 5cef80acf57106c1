/* weft fib serve: integers in, Fibonacci numbers out.
 *
 * Each connection is one task, and the computing is a plain call in it: fib(1) takes a nanosecond and fib(45) many
 * seconds, nothing here knows beforehand which it will be, and nobody waits for anybody else's.
 *
 * A request is a line, and a segment that does not end in a newline is a whole one too: so a line may be incomplete
 * only where the buffer was too short for what had come. The answers of what came together leave together.
 *
 * SIGINT and SIGTERM cancel the root scope. Then nothing is accepted and nothing read any more; what is being computed
 * is finished and its answer sent, inside a shield. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

#include "address.h"
#include "commands.h"
#include "fib.h"
#include "fib_line.h"
#include "limits.h"
#include "options.h"

enum { INPUT_SIZE = 512, OUTPUT_SIZE = 512, LINGER_READS_MAX = 1000 };

/* Answers on their way out. */
struct output {
    int fd;
    size_t used;
    char text[OUTPUT_SIZE];
};

/* What a cancelled task still has to say; it may take five seconds. */
static int send_shielded(int fd, const char *text, size_t size)
{
    weft_scope scope;
    ssize_t sent;

    weft_scope_open(&scope, .shield = 1, .timeout = 5 * WEFT_SECOND);
    sent = weft_write_all(fd, text, size);
    return weft_scope_close_with(&scope, sent < 0 ? (int)sent : 0);
}

/* Sends all of it, also when the task is cancelled meanwhile. Returns 0, or -Exxx: the peer is gone. */
static int send_output(struct output *out)
{
    size_t done = 0;

    while (done < out->used) {
        ssize_t n = weft_write(out->fd, out->text + done, out->used - done);

        if (n == -ECANCELED)
            n = send_shielded(out->fd, out->text + done, out->used - done) < 0 ? -EPIPE : (ssize_t)(out->used - done);
        if (n < 0)
            return (int)n;
        done += (size_t)n;
    }
    out->used = 0;
    return 0;
}

/* The room for one more answer; NULL if the peer is gone. */
static char *next_answer(struct output *out)
{
    if (OUTPUT_SIZE - out->used < FIB_ANSWER_SIZE && send_output(out) < 0)
        return NULL;
    return out->text + out->used;
}

/* Answers the requests in the input. more: what follows its last newline goes on in the bytes to come.
 * Returns the bytes that were used; -1 if the connection is to end after what is in the output, -E2BIG if that is
 * because of a line that is too long. */
static ssize_t answer(struct output *out, const char *input, size_t size, bool more, long max)
{
    size_t at = 0;

    while (at < size) {
        const char *line = input + at, *newline = memchr(line, '\n', size - at);
        size_t length = newline ? (size_t)(newline - line) : size - at;
        char *text = next_answer(out);

        if (!text)
            return -1;
        if (length > FIB_LINE_MAX) {
            out->used += fib_line_too_long(text);
            return -E2BIG;
        }
        if (!newline && more)
            break;
        out->used += fib_line_answer(line, length, max, text);
        at += length + (newline != NULL);
        if (at < size && weft_check() < 0) /* draining: one request was running, the others were not */
            return -1;
    }
    return (ssize_t)at;
}

/* Closes so that the last answer arrives: a close with input unread would reset the connection. */
static void hang_up(int fd)
{
    char unread[INPUT_SIZE];
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_SECOND);
    if (weft_shutdown(fd, SHUT_WR) == 0)
        for (int i = 0; i < LINGER_READS_MAX && weft_read(fd, unread, sizeof unread) > 0; i++)
            ;
    (void)weft_scope_close(&scope); /* the peer had its time */
}

static bool more_waits(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

struct serve {
    int fd;
    long max;
};
static int serve(struct serve *self)
{
    struct output out;
    char input[INPUT_SIZE];
    size_t kept = 0;
    ssize_t n, used = 0;

    out.fd = self->fd;
    out.used = 0;
    while ((n = weft_read(self->fd, input + kept, sizeof input - kept)) > 0) {
        size_t size = kept + (size_t)n;

        used = answer(&out, input, size, size == sizeof input && more_waits(self->fd), self->max);
        if (send_output(&out) < 0 || used < 0)
            break;
        kept = size - (size_t)used;
        memmove(input, input + used, kept);
    }
    if (used == -E2BIG)
        hang_up(self->fd);
    weft_fd_close(self->fd);
    return 0; /* how a connection ends is its own affair */
}

static void announce(int listener)
{
    char address[128];

    if (weft_address(listener, 0, address, sizeof address) > 0)
        fprintf(stderr, "listening on %s\n", address);
}

struct server {
    const char *address;
    long max;
    int *status; /* the exit code */
};
static int server(struct server *self)
{
    weft_scope connections;
    bool refused = false;
    int fd, listener = weft_listen(self->address);

    if (listener < 0) {
        fprintf(stderr, "weft fib serve: cannot listen on %s: %s\n", self->address, address_error(listener));
        *self->status = EXIT_FAILED;
        return 0;
    }
    announce(listener);
    weft_scope_open(&connections, .on_error = WEFT_KEEP_GOING, .name = "connections");
    while ((fd = weft_accept(listener)) >= 0) {
        int rc = weft_go(&connections, serve, .fd = fd, .max = self->max);

        if (rc < 0)
            weft_fd_close(fd);
        if (rc < 0 && rc != -ECANCELED && !refused)
            fprintf(stderr, "weft fib serve: connections are refused: %s\n", strerror(-rc));
        refused = rc < 0;
    }
    weft_fd_close(listener);
    if (fd != -ECANCELED) {
        fprintf(stderr, "weft fib serve: cannot accept connections: %s\n", strerror(-fd));
        *self->status = EXIT_FAILED;
        weft_scope_cancel(&connections);
    }
    (void)weft_scope_close(&connections); /* waits for the answers; refused connections were reported */
    return 0;
}

int command_fib_serve(int argc, char **argv)
{
    const char *listen_on = "127.0.0.1:25000";
    long max = 45;
    const struct option options[] = {
        {.name = "listen",
         .value = "ADDRESS",
         .text = &listen_on,
         .help = "where to listen: HOST:PORT or unix:/path (127.0.0.1:25000); port 0 takes a free one"},
        {.name = "max",
         .value = "N",
         .number = &max,
         .min = 1,
         .max = FIB_MAX,
         .help = "the largest n that is computed (45)"},
        {.name = NULL},
    };
    const struct usage usage = {
        .command = "weft fib serve",
        .what =
            "Answers each line that holds an integer n with the n-th Fibonacci number, computed by naive recursion.\n"
            "SIGINT and SIGTERM end it, after the answers that are being computed.",
        .options = options,
    };
    char address[ADDRESS_SIZE];
    int status;

    if (options_read(&usage, argc, argv, &status) < 0)
        return status;
    limits_raise_files();
    address_complete(listen_on, address);
    int rc = weft_main(server, .address = address, .max = max, .status = &status);
    return rc ? rc : status;
}
