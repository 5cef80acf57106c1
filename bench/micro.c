/* The runtime's own small costs, in nanoseconds: the minimum of several runs. `micro [NAME]` */
#include <stdio.h>
#include <string.h>
#include <weft.h>

enum { RUNS = 7 };

static const char *only;

static void show(const char *name, int64_t best, long count)
{
    printf("%-24s %9.1f ns\n", name, (double)best / (double)count);
    fflush(stdout);
}

static int wanted(const char *name)
{
    return !only || strcmp(only, name) == 0;
}

#define BEST(best, body)                                                                                               \
    for (int run_ = 0; run_ < RUNS; run_++) {                                                                          \
        int64_t start_ = weft_now(), span_;                                                                            \
        body;                                                                                                          \
        span_ = weft_now() - start_;                                                                                   \
        if (run_ == 0 || span_ < (best))                                                                               \
            (best) = span_;                                                                                            \
    }

struct yielder {
    long count;
};
static int yielder(struct yielder *self)
{
    for (long i = 0; i < self->count; i++)
        if (weft_yield() < 0)
            return -1;
    return 0;
}

struct nothing {
    int unused;
};
static int nothing(struct nothing *self)
{
    return self->unused;
}

static void two_yield(long count)
{
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, yielder, .count = count / 2);
    weft_go(&scope, yielder, .count = count / 2);
    (void)weft_scope_close(&scope);
}

static void spawn_one_by_one(long count)
{
    for (long i = 0; i < count; i++) {
        weft_scope scope;

        weft_scope_open(&scope);
        weft_go(&scope, nothing);
        (void)weft_scope_close(&scope);
    }
}

static void spawn_then_join(long count)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (long i = 0; i < count; i++)
        weft_go(&scope, nothing);
    (void)weft_scope_close(&scope);
}

struct fib {
    int n;
    long *result;
};
static int fib(struct fib *self)
{
    long a = 0, b = 0;
    weft_scope scope;

    if (self->n < 2) {
        *self->result = self->n;
        return 0;
    }
    weft_scope_open(&scope);
    weft_go(&scope, fib, .n = self->n - 1, .result = &a);
    (void)fib(&(struct fib){self->n - 2, &b});
    (void)weft_scope_close(&scope);
    *self->result = a + b;
    return 0;
}

struct sky {
    long number;
    int size;
    long *result;
};
static int sky(struct sky *self)
{
    long parts[10], sum = 0;
    weft_scope scope;

    if (self->size == 1) {
        *self->result = self->number;
        return 0;
    }
    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, sky, .number = self->number + i * (self->size / 10), .size = self->size / 10,
                .result = &parts[i]);
    (void)weft_scope_close(&scope);
    for (int i = 0; i < 10; i++)
        sum += parts[i];
    *self->result = sum;
    return 0;
}

static long resident(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long kib = 0;

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            sscanf(line + strlen(field) + 1, "%ld", &kib);
    if (file)
        fclose(file);
    return kib * 1024;
}

struct sleeper {
    int64_t span;
};
static int sleeper(struct sleeper *self)
{
    return weft_sleep(self->span);
}

static void park_many(long count)
{
    long before = resident("VmRSS:"), table = resident("VmPTE:");
    weft_scope scope;
    int64_t start = weft_now();

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (long i = 0; i < count; i++)
        weft_go(&scope, sleeper, .span = 3600 * WEFT_SECOND);
    printf("%-24s %9.1f ns  %ld bytes VmRSS, %ld VmPTE each\n", "park (cold)",
           (double)(weft_now() - start) / (double)count, (resident("VmRSS:") - before) / count,
           (resident("VmPTE:") - table) / count);
    weft_scope_cancel(&scope);
    (void)weft_scope_close(&scope);
    start = weft_now();
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (long i = 0; i < count; i++)
        weft_go(&scope, sleeper, .span = 3600 * WEFT_SECOND);
    printf("%-24s %9.1f ns\n", "park (recycled stack)", (double)(weft_now() - start) / (double)count);
    weft_scope_cancel(&scope);
    (void)weft_scope_close(&scope);
}

static void sleep_many(long count)
{
    int64_t start = weft_now();
    weft_scope scope;

    weft_scope_open(&scope);
    for (long i = 0; i < count; i++)
        weft_go(&scope, sleeper, .span = 1 + i * 7919 % count * (WEFT_SECOND / count));
    (void)weft_scope_close(&scope);
    printf("%-24s %9.2f s wall\n", "sleepers of 0-1 s", (double)(weft_now() - start) / 1e9);
}

struct root {
    long many;
};
static int root(struct root *self)
{
    int64_t best = 0;
    long result;

    if (wanted("yield")) {
        BEST(best, two_yield(2000000));
        show("yield", best, 2000000);
    }
    if (wanted("spawn")) {
        BEST(best, spawn_one_by_one(1000000));
        show("spawn+join", best, 1000000);
        BEST(best, spawn_then_join(10000));
        show("spawn 10,000 then join", best, 10000);
    }
    if (wanted("fib")) {
        BEST(best, (void)fib(&(struct fib){32, &result}));
        show("fib(32), per call", best, 3524578);
    }
    if (wanted("skynet")) {
        BEST(best, (void)sky(&(struct sky){0, 1000000, &result}));
        show("skynet, joins (ns/leaf)", best, 1000000);
    }
    if (wanted("park"))
        park_many(self->many);
    if (wanted("sleepers"))
        sleep_many(self->many);
    return 0;
}

int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : NULL;
    return weft_main(root, .many = 1000000);
}
