/* First success wins: several addresses are tried, each a little after the one before, and the first that talks is
 * taken.
 *
 * The idea is that of "happy eyeballs" (RFC 8305), which browsers use to choose between IPv6 and IPv4. Here the first
 * address refuses, the second never says a word, and the third greets.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

#define HEAD_START (20 * WEFT_MILLISECOND)

struct winner {
    _Atomic int fd; /* -1 until somebody won */
    char greeting[32];
};

/* Waits for its turn, connects, and waits for the greeting. The losers are cancelled wherever they are. */
struct attempt {
    const char *address;
    int turn;
    struct winner *winner;
};
static int attempt(struct attempt *self)
{
    char greeting[32];
    int fd, nobody = -1, rc = weft_sleep(self->turn * HEAD_START);
    ssize_t n;

    if (rc == 0)
        rc = weft_connect(self->address, &fd);
    if (rc < 0)
        return rc;
    n = weft_read(fd, greeting, sizeof greeting - 1);
    if (n > 0 && atomic_compare_exchange_strong(&self->winner->fd, &nobody, fd)) {
        snprintf(self->winner->greeting, sizeof self->winner->greeting, "%.*s", (int)n, greeting);
        return 0;
    }
    weft_fd_close(fd); /* nothing was said, or somebody else was first by a hair */
    return n < 0 ? (int)n : -ENOTCONN;
}

/* Returns 0 with the connection in winner, or the error of the first attempt when all fail. */
static int connect_first(const char *const *addresses, int count, struct winner *winner)
{
    weft_scope scope;

    winner->fd = -1;
    weft_scope_open(&scope, .timeout = 10 * WEFT_SECOND, .on_error = WEFT_FIRST_SUCCESS);
    for (int i = 0; i < count; i++)
        weft_go(&scope, attempt, .address = addresses[i], .turn = i, .winner = winner);
    return weft_scope_close(&scope);
}

/* The server that greets. */
struct greeter {
    int listener;
};
static int greeter(struct greeter *self)
{
    int fd = weft_accept(self->listener);

    if (fd < 0)
        return fd;
    (void)weft_write_all(fd, "welcome", 7); /* the client tells */
    weft_fd_close(fd);
    return 0;
}

/* A listener on a free port, and its address. */
static int listen_anywhere(char ret_address[128])
{
    int listener = weft_listen("tcp://127.0.0.1:0");

    if (listener >= 0)
        weft_address(listener, 0, ret_address, 128);
    return listener;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    char refuses[128], silent[128], greets[128];
    const char *const addresses[] = {refuses, silent, greets};
    int closed = listen_anywhere(refuses), mute = listen_anywhere(silent), open = listen_anywhere(greets);
    struct winner winner;
    weft_scope scope;
    int rc;

    (void)self;
    if (closed < 0 || mute < 0 || open < 0)
        return -EADDRINUSE;
    weft_fd_close(closed);
    weft_scope_open(&scope);
    weft_go(&scope, greeter, .listener = open);
    rc = connect_first(addresses, 3, &winner);
    if (rc == 0) {
        printf("connected, and the server says: %s\n", winner.greeting);
        weft_fd_close(winner.fd);
    }
    weft_fd_close(mute);
    rc = weft_scope_close_with(&scope, rc);
    weft_fd_close(open);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
