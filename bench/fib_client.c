/* Load for the fib service: fast connections that ask fib(1), and hogs that ask fib(n) without pause.

   Paced, a fast connection has a timetable, and the latency of a request counts from its place in it:

       due   |    |    |    |    |         the timetable, kept whatever the server does
       sent  |    |         |||  |         a late answer makes the next ones late,
       back   |         |    ||| |         and their waiting counts as well

   A client that pauses while it waits would leave out just the requests that a stall delays (coordinated
   omission). Requests still unanswered at the end count with the time they have waited by then.

   Closed, a fast connection asks again as soon as it has its answer.

   The first half second warms up and counts nowhere. Every answer is checked. A thread per connection, so that
   each waits in the kernel alone; the fast ones wake by their own timer, without slack. */
#define _GNU_SOURCE
#include <error.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "clock.h"
#include "net.h"
#include "options.h"

enum { CONNS_MAX = 10000, N_MAX = 60 };
static const int64_t WARM_UP_NS = 500 * 1000 * 1000;

struct samples {
    int64_t *ns;
    size_t len, room;
};

struct conn {
    int fd;
    pthread_t thread;
    int64_t first_due_ns, period_ns; /* the timetable, when paced */
    char question[16], answer[32];
    int question_len, answer_len;
    struct samples latency; /* of what falls into the window; its thread's until that is joined */
    long answered;
};

/* Constant once the threads run. */
static struct {
    const char *address;
    bool paced, json;
    double rate, seconds;
    int fast, hogs, n;
    pid_t server;             /* whose CPU time is wanted, or 0 */
    int64_t start_ns, end_ns; /* the window that counts */
} plan = {.paced = true, .rate = 1000, .fast = 1, .n = 30, .seconds = 5};

/* Set before the sockets are shut down: whoever then loses its connection sees that this is the end. */
static atomic_bool over;

static void add(struct samples *s, int64_t ns)
{
    if (s->len == s->room) {
        s->room = s->room ? 2 * s->room : 1 << 14;
        s->ns = realloc(s->ns, s->room * sizeof *s->ns);
        if (!s->ns)
            error(1, ENOMEM, "samples");
    }
    s->ns[s->len++] = ns;
}

static bool counts(int64_t ns)
{
    return ns >= plan.start_ns && ns < plan.end_ns;
}

static bool lost(int cause)
{
    if (!atomic_load_explicit(&over, memory_order_acquire)) /* pairs with main */
        error(1, cause, "the server closed a connection");
    return false;
}

/* True with the right answer, false at the end of the run; a wrong one ends the program. */
static bool ask(const struct conn *c)
{
    char reply[32];
    ssize_t len = 0;

    if (send(c->fd, c->question, (size_t)c->question_len, MSG_NOSIGNAL) < 0)
        return lost(errno);
    do {
        ssize_t n = recv(c->fd, reply + len, sizeof reply - (size_t)len, 0);
        if (n <= 0)
            return lost(n < 0 ? errno : 0);
        len += n;
    } while (reply[len - 1] != '\n' && len < (ssize_t)sizeof reply);
    if (len != c->answer_len || memcmp(reply, c->answer, (size_t)len) != 0)
        error(1, 0, "wrong answer to %.*s: %.*s", c->question_len - 1, c->question, (int)len, reply);
    return true;
}

static void sleep_until(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static void *run_paced(void *arg)
{
    struct conn *c = arg;
    for (int64_t i = 0;; i++) {
        int64_t due = c->first_due_ns + i * c->period_ns;
        if (due >= plan.end_ns)
            return NULL;
        sleep_until(due); /* returns at once when late */
        bool answered = ask(c);
        if (counts(due)) {
            add(&c->latency, now_ns() - due);
            c->answered += answered;
        }
    }
}

static void *run_closed(void *arg)
{
    struct conn *c = arg;
    int64_t sent = now_ns();
    while (ask(c)) {
        int64_t now = now_ns();
        if (counts(now)) {
            add(&c->latency, now - sent);
            c->answered++;
        }
        sent = now;
    }
    return NULL;
}

static long fib(int n)
{
    long a = 0, b = 1;
    for (int i = 1; i < n; i++) {
        long next = a + b;
        a = b;
        b = next;
    }
    return b;
}

static void open_conn(struct conn *c, int n)
{
    c->question_len = snprintf(c->question, sizeof c->question, "%d\n", n);
    c->answer_len = snprintf(c->answer, sizeof c->answer, "%ld\n", fib(n));
    c->fd = net_connect(plan.address);
    if (c->fd < 0)
        error(1, -c->fd, "connect to %s", plan.address);
}

static void start_conn(struct conn *c, void *(*run)(void *))
{
    int r = pthread_create(&c->thread, NULL, run, c);
    if (r != 0)
        error(1, r, "thread");
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What that share of the samples stays below, in microseconds; 0 without samples. */
static double percentile_us(const struct samples *sorted, double share)
{
    if (sorted->len == 0)
        return 0;
    size_t rank = (size_t)(share * (double)sorted->len);
    if (rank >= sorted->len)
        rank = sorted->len - 1;
    return (double)sorted->ns[rank] / 1e3;
}

static struct samples merge(const struct conn *conns, int count, long *ret_answered)
{
    struct samples all = {0};
    long answered = 0;
    for (int i = 0; i < count; i++) {
        answered += conns[i].answered;
        for (size_t k = 0; k < conns[i].latency.len; k++)
            add(&all, conns[i].latency.ns[k]);
    }
    if (all.len > 0)
        qsort(all.ns, all.len, sizeof *all.ns, by_value);
    *ret_answered = answered;
    return all;
}

#define AS_TEXT                                                                                                        \
    "requests %ld, unanswered %ld, per second %.1f\n"                                                                  \
    "latency us: p50 %.1f, p90 %.1f, p99 %.1f, max %.1f\n"                                                             \
    "hogs per second %.2f, mean %.3f ms\n"                                                                             \
    "server CPU %lld ns\n"
#define AS_JSON                                                                                                        \
    "{\"requests\": %ld, \"unanswered\": %ld, \"requests_per_s\": %.1f, "                                              \
    "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, "                                         \
    "\"hogs_per_s\": %.2f, \"hog_mean_ms\": %.3f, \"server_cpu_ns\": %lld}\n"

static void report(const struct conn *conns, int64_t server_cpu_ns)
{
    long answered, hogs_done;
    struct samples fast = merge(conns, plan.fast, &answered);
    struct samples hogs = merge(conns + plan.fast, plan.hogs, &hogs_done);
    double hog_ms = 0;
    for (size_t i = 0; i < hogs.len; i++)
        hog_ms += (double)hogs.ns[i] / 1e6 / (double)hogs.len;

    printf(plan.json ? AS_JSON : AS_TEXT, answered, (long)fast.len - answered, (double)answered / plan.seconds,
           percentile_us(&fast, 0.50), percentile_us(&fast, 0.90), percentile_us(&fast, 0.99),
           percentile_us(&fast, 1.0), (double)hogs_done / plan.seconds, hog_ms, (long long)server_cpu_ns);
    free(fast.ns);
    free(hogs.ns);
}

static void usage(void)
{
    error(2, 0,
          "usage: fib_client --connect 127.0.0.1:PORT [--mode paced|closed] [--rate %g] [--fast %d]\n"
          "    [--hogs %d] [--n %d] [--seconds %g] [--cpu-of PID] [--json]",
          plan.rate, plan.fast, plan.hogs, plan.n, plan.seconds);
}

static bool is_paced(const char *mode)
{
    if (strcmp(mode, "paced") != 0 && strcmp(mode, "closed") != 0)
        usage();
    return mode[0] == 'p';
}

static void set_option(int option, const char *value)
{
    switch (option) {
    case 'c':
        plan.address = value;
        break;
    case 'm':
        plan.paced = is_paced(value);
        break;
    case 'r':
        plan.rate = number(value, 0.1, 1e6);
        break;
    case 'f':
        plan.fast = (int)number(value, 0, CONNS_MAX);
        break;
    case 'h':
        plan.hogs = (int)number(value, 0, CONNS_MAX);
        break;
    case 'n':
        plan.n = (int)number(value, 1, N_MAX);
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
        {"connect", required_argument, NULL, 'c'}, {"mode", required_argument, NULL, 'm'},
        {"rate", required_argument, NULL, 'r'},    {"fast", required_argument, NULL, 'f'},
        {"hogs", required_argument, NULL, 'h'},    {"n", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'}, {"cpu-of", required_argument, NULL, 'p'},
        {"json", no_argument, NULL, 'j'},          {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        set_option(option, optarg);
    if (optind < argc || !plan.address)
        usage();
}

/* The connections share the rate, each a step behind the one before. */
static void make_timetable(struct conn *conns, int64_t begin_ns)
{
    double step_ns = 1e9 / plan.rate;
    for (int i = 0; i < plan.fast; i++) {
        conns[i].first_due_ns = begin_ns + (int64_t)(i * step_ns);
        conns[i].period_ns = (int64_t)(plan.fast * step_ns);
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    int count = plan.fast + plan.hogs;
    struct conn *conns = calloc((size_t)count + 1, sizeof *conns);
    if (!conns)
        error(1, ENOMEM, "connections");
    for (int i = 0; i < count; i++)
        open_conn(&conns[i], i < plan.fast ? 1 : plan.n);

    prctl(PR_SET_TIMERSLACK, 1); /* the threads inherit it */
    int64_t begin_ns = now_ns() + 10 * 1000 * 1000;
    plan.start_ns = begin_ns + WARM_UP_NS;
    plan.end_ns = plan.start_ns + (int64_t)(plan.seconds * 1e9);
    make_timetable(conns, begin_ns);
    for (int i = 0; i < count; i++)
        start_conn(&conns[i], i < plan.fast && plan.paced ? run_paced : run_closed);

    sleep_until(plan.start_ns);
    int64_t cpu_before = cpu_ns(plan.server);
    sleep_until(plan.end_ns);
    int64_t cpu_used = cpu_ns(plan.server) - cpu_before;

    atomic_store_explicit(&over, true, memory_order_release); /* pairs with lost */
    for (int i = 0; i < count; i++)
        shutdown(conns[i].fd, SHUT_RDWR);
    for (int i = 0; i < count; i++)
        pthread_join(conns[i].thread, NULL);
    report(conns, cpu_used);
    for (int i = 0; i < count; i++) {
        close(conns[i].fd);
        free(conns[i].latency.ns);
    }
    free(conns);
    return 0;
}
