/* Load for the fib service, a task per connection.
 *
 * With a rate the fast connections share a timetable, and the latency of a request counts from its place in it:
 *
 *     due   |    |    |    |    |         kept whatever the server does
 *     sent  |    |         |||  |         a late answer makes the next ones late,
 *     back   |         |    ||| |         and their waiting counts as well
 *
 * A client that pauses while it waits would leave out just the requests that a stall delays (coordinated omission).
 * Without a rate each connection asks again as soon as it has its answer.
 *
 * When the time is over no new request is made, and what is under way is awaited, for DRAIN at most; then it counts
 * with the time that it has waited. Rates count the answers within the time. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

#include "address.h"
#include "histogram.h"
#include "load.h"

#define DRAIN (5 * WEFT_SECOND)

/* A kind of request, and what became of all of them. */
struct traffic {
    char question[16], answer[32];
    size_t question_size, answer_size;
    struct histogram *latency;
    _Atomic uint64_t answered; /* within the time */
};

struct load {
    const struct load_plan *plan;
    int64_t start, end; /* the time that counts */
    struct traffic fast, hogs;
    _Atomic uint64_t unanswered;
    int *fds;
    long fds_count;
};

static long fib_by_addition(long n)
{
    long a = 0, b = 1;

    for (long i = 1; i < n; i++) {
        long next = a + b;

        a = b;
        b = next;
    }
    return b;
}

static int traffic_init(struct traffic *traffic, long n)
{
    traffic->question_size = (size_t)snprintf(traffic->question, sizeof traffic->question, "%ld\n", n);
    traffic->answer_size = (size_t)snprintf(traffic->answer, sizeof traffic->answer, "%ld\n", fib_by_addition(n));
    traffic->latency = histogram_new();
    return traffic->latency ? 0 : -ENOMEM;
}

/* One request. Returns 0; -EPIPE if the server closed the connection, -EBADMSG for a wrong answer, or as weft_read. */
static int ask(int fd, const struct traffic *traffic)
{
    char reply[64];
    size_t size = 0;
    ssize_t n = weft_write_all(fd, traffic->question, traffic->question_size);

    while (n >= 0 && (size == 0 || reply[size - 1] != '\n')) {
        if (size == sizeof reply)
            return -EBADMSG;
        n = weft_read(fd, reply + size, sizeof reply - size);
        if (n == 0)
            return -EPIPE;
        size += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return (int)n;
    return size == traffic->answer_size && memcmp(reply, traffic->answer, size) == 0 ? 0 : -EBADMSG;
}

/* Counts what became of a request whose latency counts from since. The time that one waited in vain counts too, but not
 * when the load was interrupted. */
static void book(struct load *load, struct traffic *traffic, int64_t since, int rc)
{
    int64_t now = weft_now();

    if (rc == 0 && now < load->end)
        atomic_fetch_add_explicit(&traffic->answered, 1, memory_order_relaxed);
    if (rc == -ETIMEDOUT)
        atomic_fetch_add_explicit(&load->unanswered, 1, memory_order_relaxed);
    if (rc == 0 || rc == -ETIMEDOUT)
        histogram_add(traffic->latency, now - since);
}

/* What a connection's task returns: being cut off at the end is no failure of the server's. */
static int outcome(int rc)
{
    return weft_check() < 0 ? 0 : rc;
}

struct ask_again {
    struct load *load;
    struct traffic *traffic;
    int fd;
};
static int ask_again(struct ask_again *self)
{
    int rc = 0;

    for (int64_t sent = weft_now(); sent < self->load->end && rc == 0; sent = weft_now()) {
        rc = ask(self->fd, self->traffic);
        book(self->load, self->traffic, sent, rc);
    }
    return outcome(rc);
}

struct ask_on_time {
    struct load *load;
    int fd;
    int64_t first_due;
    double period;
};
static int ask_on_time(struct ask_on_time *self)
{
    int64_t due = self->first_due;
    int rc = 0;

    for (int64_t i = 1; due < self->load->end && (rc == 0 || rc == -ETIMEDOUT); i++) {
        rc = due > weft_now() ? weft_sleep_until(due) : 0;
        rc = rc ? rc : ask(self->fd, &self->load->fast);
        book(self->load, &self->load->fast, due, rc);
        due = self->first_due + (int64_t)(self->period * (double)i);
    }
    return outcome(rc);
}

struct watch {
    struct load *load;
};
static int watch(struct watch *self)
{
    const struct load *load = self->load;
    uint64_t fast_before = 0, hogs_before = 0;
    int64_t tick = WEFT_SECOND / 2;

    for (int64_t at = load->start + tick; at < load->end && weft_sleep_until(at) == 0; at += tick) {
        uint64_t fast = atomic_load_explicit(&load->fast.answered, memory_order_relaxed);
        uint64_t hogs = atomic_load_explicit(&load->hogs.answered, memory_order_relaxed);

        fprintf(stderr, "\r\033[K%5.1f s   fast %llu/s, p99 so far %.0f us   hogs %llu/s",
                (double)(at - load->start) / WEFT_SECOND, (unsigned long long)(fast - fast_before) * 2,
                (double)histogram_percentile(load->fast.latency, 0.99) / WEFT_MICROSECOND,
                (unsigned long long)(hogs - hogs_before) * 2);
        fast_before = fast;
        hogs_before = hogs;
    }
    fprintf(stderr, "\r\033[K");
    return 0;
}

/* All connections stand before the time begins. */
static int connect_all(struct load *load)
{
    long wanted = load->plan->fast + load->plan->hogs;

    load->fds = calloc((size_t)wanted + 1, sizeof *load->fds);
    if (!load->fds)
        return -ENOMEM;
    for (; load->fds_count < wanted; load->fds_count++) {
        int rc = weft_connect(load->plan->address, &load->fds[load->fds_count]);

        if (rc < 0) {
            if (rc != -ECANCELED)
                fprintf(stderr, "%s: cannot connect to %s: %s\n", load->plan->command, load->plan->address,
                        address_error(rc));
            return rc;
        }
    }
    return 0;
}

static void start_all(struct load *load, weft_scope *scope)
{
    const struct load_plan *plan = load->plan;
    double step = plan->rate > 0 ? WEFT_SECOND / plan->rate : 0;

    for (long i = 0; i < load->fds_count; i++) {
        if (i >= plan->fast)
            weft_go(scope, ask_again, .load = load, .traffic = &load->hogs, .fd = load->fds[i]);
        else if (plan->rate > 0)
            weft_go(scope, ask_on_time, .load = load, .fd = load->fds[i], .period = step * (double)plan->fast,
                    .first_due = load->start + (int64_t)(step * (double)i));
        else
            weft_go(scope, ask_again, .load = load, .traffic = &load->fast, .fd = load->fds[i]);
    }
    if (plan->live)
        weft_go(scope, watch, .load = load);
}

static int run_traffic(struct load *load)
{
    weft_scope scope;
    int rc;

    load->start = weft_now();
    load->end = load->start + (int64_t)(load->plan->seconds * WEFT_SECOND);
    weft_scope_open(&scope, .deadline = load->end + DRAIN, .name = "load");
    start_all(load, &scope);
    rc = weft_scope_close(&scope);
    if (rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED)
        return 0;
    if (rc == -EPIPE || rc == -ECONNRESET)
        fprintf(stderr, "%s: the server closed a connection\n", load->plan->command);
    else if (rc == -EBADMSG)
        fprintf(stderr, "%s: the server gave a wrong answer\n", load->plan->command);
    else
        fprintf(stderr, "%s: %s\n", load->plan->command, strerror(-rc));
    return rc;
}

static void sum_up(struct load *load, struct load_figures *ret)
{
    int64_t now = weft_now(), end = now < load->end ? now : load->end;

    ret->seconds = (double)(end - load->start) / WEFT_SECOND;
    ret->fast_answered = load->fast.answered;
    ret->hogs_answered = load->hogs.answered;
    ret->unanswered = load->unanswered;
    ret->fast_per_s = (double)ret->fast_answered / ret->seconds;
    ret->hogs_per_s = (double)ret->hogs_answered / ret->seconds;
    ret->fast_p50_us = (double)histogram_percentile(load->fast.latency, 0.50) / WEFT_MICROSECOND;
    ret->fast_p99_us = (double)histogram_percentile(load->fast.latency, 0.99) / WEFT_MICROSECOND;
    ret->fast_max_us = (double)histogram_max(load->fast.latency) / WEFT_MICROSECOND;
    ret->hog_mean_ms = histogram_mean(load->hogs.latency) / WEFT_MILLISECOND;
    ret->hog_max_ms = (double)histogram_max(load->hogs.latency) / WEFT_MILLISECOND;
}

int load_run(const struct load_plan *plan, struct load_figures *ret_figures)
{
    struct load load = {.plan = plan};
    int rc = traffic_init(&load.fast, 1);

    rc = rc ? rc : traffic_init(&load.hogs, plan->n);
    if (rc < 0)
        fprintf(stderr, "%s: out of memory\n", plan->command);
    rc = rc ? rc : connect_all(&load);
    rc = rc ? rc : run_traffic(&load);
    if (rc == 0)
        sum_up(&load, ret_figures);
    for (long i = 0; i < load.fds_count; i++)
        weft_fd_close(load.fds[i]);
    free(load.fds);
    free(load.fast.latency);
    free(load.hogs.latency);
    return rc;
}
