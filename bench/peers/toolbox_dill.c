/* toolbox.c for libdill, which has one thread, no buffered channels and no locks: `toolbox_dill NAME COUNT`. */
#include "../clock.h"

#include <error.h>
#include <libdill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 4 };

static void must(int rc, const char *what)
{
    if (rc < 0)
        error(1, 0, "%s failed", what);
}

static void expect(long got, long expected)
{
    if (got != expected)
        error(1, 0, "%ld where %ld is right", got, expected);
}

static coroutine void echo(int channel)
{
    long value;

    while (chrecv(channel, &value, sizeof value, -1) == 0) {
        value++;
        must(chsend(channel, &value, sizeof value, -1), "chsend");
    }
}

static void round_trip(long count)
{
    int ends[2], task;

    must(chmake(ends), "chmake");
    must(task = go(echo(ends[1])), "go");
    for (long i = 0, value; i < count; i++) {
        must(chsend(ends[0], &i, sizeof i, -1), "chsend");
        must(chrecv(ends[0], &value, sizeof value, -1), "chrecv");
        expect(value, i + 1);
    }
    must(hclose(task), "hclose");
    must(hclose(ends[0]), "hclose");
    must(hclose(ends[1]), "hclose");
}

static coroutine void endless(int channel)
{
    for (long i = 0; chsend(channel, &i, sizeof i, -1) == 0; i++)
        ;
}

static void select_four(long count)
{
    int ends[CASES][2], tasks[CASES];

    for (int i = 0; i < CASES; i++) {
        must(chmake(ends[i]), "chmake");
        must(tasks[i] = go(endless(ends[i][1])), "go");
    }
    for (long i = 0, next[CASES] = {0}; i < count; i++) {
        long value;
        struct chclause clauses[CASES] = {{CHRECV, ends[0][0], &value, sizeof value},
                                          {CHRECV, ends[1][0], &value, sizeof value},
                                          {CHRECV, ends[2][0], &value, sizeof value},
                                          {CHRECV, ends[3][0], &value, sizeof value}};
        int at = choose(clauses, CASES, -1);

        must(at, "choose");
        expect(value, next[at]++);
    }
    for (int i = 0; i < CASES; i++) {
        must(hclose(tasks[i]), "hclose");
        must(hclose(ends[i][0]), "hclose");
        must(hclose(ends[i][1]), "hclose");
    }
}

int main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    void (*run)(long) = NULL;
    int64_t start;

    if (count > 0 && strcmp(argv[1], "round-trip") == 0)
        run = round_trip;
    else if (count > 0 && strcmp(argv[1], "select-4") == 0)
        run = select_four;
    else
        error(2, 0, "usage: toolbox_dill round-trip|select-4 COUNT");
    run(count / 10);
    start = now_ns();
    run(count);
    printf("%.2f\n", (double)(now_ns() - start) / (double)count);
    return 0;
}
