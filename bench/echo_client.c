/* Load for an echo server: N connections, each with one 64-byte message on its way; when the echo is back
   and is right, the next one leaves. One thread with epoll, so that the client costs every server the same.
   The first half second warms up and counts nowhere. */
#define _GNU_SOURCE
#include <error.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "clock.h"
#include "net.h"
#include "options.h"

enum { MESSAGE = 64, CONNS_MAX = 100000, QUIET_MAX_MS = 10000 };
static const int64_t WARM_UP_NS = 500 * 1000 * 1000;

struct conn {
    int fd;
    size_t got;
    uint64_t number; /* of the message; written into it, so no echo passes for another */
    unsigned char sent[MESSAGE], got_back[MESSAGE];
};

static struct {
    const char *address;
    int connections;
    long messages; /* 0: no limit but the time */
    double seconds;
    pid_t server; /* whose CPU time is wanted, or 0 */
    bool json;
} plan = {.connections = 64, .seconds = 60};

static void send_next(struct conn *c)
{
    c->got = 0;
    c->number++;
    memcpy(c->sent, &c->number, sizeof c->number);
    ssize_t n = send(c->fd, c->sent, MESSAGE, MSG_NOSIGNAL);
    if (n != MESSAGE)
        error(1, n < 0 ? errno : 0, "send"); /* an empty socket takes 64 bytes */
}

/* True when the echo is complete. */
static bool take(struct conn *c)
{
    ssize_t n = recv(c->fd, c->got_back + c->got, MESSAGE - c->got, 0);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        error(1, n < 0 ? errno : 0, "the server closed a connection");
    c->got += (size_t)n;
    if (c->got < MESSAGE)
        return false;
    if (memcmp(c->sent, c->got_back, MESSAGE) != 0)
        error(1, 0, "wrong echo of message %llu", (unsigned long long)c->number);
    return true;
}

/* Takes what is ready and returns the number of echoes completed. */
static long turn(int epoll)
{
    struct epoll_event events[1024];
    long echoes = 0;

    int n = epoll_wait(epoll, events, 1024, QUIET_MAX_MS);
    if (n == 0)
        error(1, 0, "no echo for %d s", QUIET_MAX_MS / 1000);
    if (n < 0 && errno != EINTR)
        error(1, errno, "epoll_wait");
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if (!take(c))
            continue;
        echoes++;
        send_next(c);
    }
    return echoes;
}

/* Runs until that many echoes (0: no limit) or that time, and returns the number of echoes. */
static long run(int epoll, long messages, int64_t until_ns)
{
    long echoes = 0;
    while ((messages == 0 || echoes < messages) && now_ns() < until_ns)
        echoes += turn(epoll);
    return echoes;
}

static void open_conn(struct conn *c, int index, int epoll)
{
    c->fd = net_connect(plan.address);
    if (c->fd < 0)
        error(1, -c->fd, "connection %d to %s", index + 1, plan.address);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < MESSAGE; i++)
        c->sent[i] = (unsigned char)(index * 31 + i);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        error(1, errno, "epoll_ctl");
}

static void usage(void)
{
    error(2, 0,
          "usage: echo_client --connect 127.0.0.1:PORT [--connections %d] [--messages COUNT]\n"
          "    [--seconds %g] [--cpu-of PID] [--json]",
          plan.connections, plan.seconds);
}

static void set_option(int option, const char *value)
{
    switch (option) {
    case 'c':
        plan.address = value;
        break;
    case 'n':
        plan.connections = (int)number(value, 1, CONNS_MAX);
        break;
    case 'm':
        plan.messages = (long)number(value, 1, 1e12);
        break;
    case 's':
        plan.seconds = number(value, 0.1, 3600);
        break;
    case 'p':
        plan.server = (pid_t)number(value, 1, INT_MAX);
        break;
    case 'j':
        plan.json = true;
        break;
    default:
        usage();
    }
}

static void read_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"connect", required_argument, NULL, 'c'},
        {"connections", required_argument, NULL, 'n'},
        {"messages", required_argument, NULL, 'm'},
        {"seconds", required_argument, NULL, 's'},
        {"cpu-of", required_argument, NULL, 'p'},
        {"json", no_argument, NULL, 'j'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        set_option(option, optarg);
    if (optind < argc || !plan.address)
        usage();
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    struct conn *conns = calloc((size_t)plan.connections, sizeof *conns);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!conns || epoll < 0)
        error(1, errno, "set-up");
    for (int i = 0; i < plan.connections; i++)
        open_conn(&conns[i], i, epoll);
    for (int i = 0; i < plan.connections; i++)
        send_next(&conns[i]);
    run(epoll, 0, now_ns() + WARM_UP_NS);

    int64_t cpu_before = cpu_ns(plan.server), start = now_ns();
    long echoes = run(epoll, plan.messages, start + (int64_t)(plan.seconds * 1e9));
    int64_t took = now_ns() - start, cpu_used = cpu_ns(plan.server) - cpu_before;

    const char *form = plan.json ? "{\"messages\": %ld, \"messages_per_s\": %.1f, \"server_cpu_ns\": %lld}\n"
                                 : "messages %ld, per second %.1f\nserver CPU %lld ns\n";
    printf(form, echoes, (double)echoes / ((double)took / 1e9), (long long)cpu_used);

    for (int i = 0; i < plan.connections; i++)
        close(conns[i].fd);
    close(epoll);
    free(conns);
    return 0;
}
