/* One operation of the toolbox, measured: `toolbox NAME COUNT` prints nanoseconds an operation. A tenth of COUNT goes
 * ahead as a warm-up. bench/toolbox runs this beside its peers in peers/, which do the same work. */
#include "clock.h"

#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

enum { ROOM = 128, TASKS = 8, CASES = 4 };

typedef weft_chan(long) channel;

static void must(int rc, const char *what)
{
    if (rc < 0)
        error(1, -rc, "%s", what);
}

static void expect(long got, long expected)
{
    if (got != expected)
        error(1, 0, "%ld where %ld is right", got, expected);
}

static channel new_channel(size_t room)
{
    channel made = weft_chan_new(long, room);

    if (!made)
        error(1, 0, "no memory");
    return made;
}

struct echo {
    channel in, out;
};
static int echo(struct echo *self)
{
    long value;

    while (weft_recv(self->in, &value) == 0)
        must(weft_send(self->out, value + 1), "send");
    return 0;
}

static void round_trip(long count)
{
    channel to = new_channel(0), from = new_channel(0);
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, echo, .in = to, .out = from);
    for (long i = 0, value; i < count; i++) {
        must(weft_send(to, i), "send");
        must(weft_recv(from, &value), "recv");
        expect(value, i + 1);
    }
    weft_chan_close(to);
    must(weft_scope_close(&scope), "close");
    weft_chan_free(to);
    weft_chan_free(from);
}

struct producer {
    channel to;
    long count;
};
static int producer(struct producer *self)
{
    for (long i = 0; i < self->count; i++)
        must(weft_send(self->to, i), "send");
    return 0;
}

struct consumer {
    channel from;
    long count, *sum;
};
static int consumer(struct consumer *self)
{
    long sum = 0;

    for (long i = 0, value; i < self->count; i++) {
        must(weft_recv(self->from, &value), "recv");
        sum += value;
    }
    *self->sum = sum;
    return 0;
}

static void buffered(long count, int pairs)
{
    channel between = new_channel(ROOM);
    long each = count / pairs, sums[TASKS], sum = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < pairs; i++)
        weft_go(&scope, producer, .to = between, .count = each);
    for (int i = 0; i < pairs; i++)
        weft_go(&scope, consumer, .from = between, .count = each, .sum = &sums[i]);
    must(weft_scope_close(&scope), "close");
    for (int i = 0; i < pairs; i++)
        sum += sums[i];
    expect(sum, pairs * (each * (each - 1) / 2));
    weft_chan_free(between);
}

static void buffered_one(long count)
{
    buffered(count, 1);
}

static void buffered_four(long count)
{
    buffered(count, 4);
}

struct endless {
    channel to;
};
static int endless(struct endless *self)
{
    for (long i = 0; weft_send(self->to, i) == 0; i++)
        ;
    return 0;
}

static void select_four(long count)
{
    channel from[CASES];
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < CASES; i++) {
        from[i] = new_channel(0);
        weft_go(&scope, endless, .to = from[i]);
    }
    for (long i = 0, next[CASES] = {0}; i < count; i++) {
        long value;
        int rc = 0, at;

        at = weft_select(weft_on_recv(from[0], &value, &rc), weft_on_recv(from[1], &value, &rc),
                         weft_on_recv(from[2], &value, &rc), weft_on_recv(from[3], &value, &rc));
        must(at, "select");
        must(rc, "recv");
        expect(value, next[at]++);
    }
    for (int i = 0; i < CASES; i++)
        weft_chan_close(from[i]);
    must(weft_scope_close(&scope), "close");
    for (int i = 0; i < CASES; i++)
        weft_chan_free(from[i]);
}

struct adder {
    weft_mutex *lock;
    long count, *total;
};
static int adder(struct adder *self)
{
    for (long i = 0; i < self->count; i++) {
        must(weft_mutex_lock(self->lock), "lock");
        ++*self->total;
        must(weft_mutex_unlock(self->lock), "unlock");
    }
    return 0;
}

static void mutex(long count)
{
    weft_mutex lock = WEFT_MUTEX_INIT;
    long total = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < TASKS; i++)
        weft_go(&scope, adder, .lock = &lock, .count = count / TASKS, .total = &total);
    must(weft_scope_close(&scope), "close");
    expect(total, count / TASKS * TASKS);
}

struct nothing {
    int unused;
};
static int nothing(struct nothing *self)
{
    return self->unused;
}

static void spawn(long count)
{
    for (long i = 0; i < count; i++) {
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, nothing);
        must(weft_scope_close(&scope), "close");
    }
}

static const struct work {
    const char *name;
    void (*run)(long count);
} works[] = {
    {"round-trip", round_trip},
    {"buffered-1:1", buffered_one},
    {"buffered-4:4", buffered_four},
    {"select-4", select_four},
    {"mutex-8", mutex},
    {"spawn", spawn},
};

struct root {
    void (*run)(long count);
    long count;
};
static int root(struct root *self)
{
    int64_t start;

    self->run(self->count / 10);
    start = now_ns();
    self->run(self->count);
    printf("%.2f\n", (double)(now_ns() - start) / (double)self->count);
    return 0;
}

int main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    for (size_t i = 0; i < sizeof works / sizeof *works && count > 0; i++)
        if (strcmp(argv[1], works[i].name) == 0)
            return weft_main(root, .run = works[i].run, .count = count);
    error(2, 0, "usage: toolbox round-trip|buffered-1:1|buffered-4:4|select-4|mutex-8|spawn COUNT");
}
