/* Programs of tasks and channels, after Go's test/chan/: sieve1.go, sieve2.go, and powser1.go, which computes with
 * power series as M.D. McIlroy does in "Squinting at Power Series" (Software: Practice and Experience 20, 1990).
 */
#include "chan_test.h"

#include <errno.h>

/* ---- sieve1 ---- */

struct count_up {
    weft_chan(int) to;
    int from, step;
};

static int count_up(struct count_up *self)
{
    int rc = 0;

    for (int i = self->from; rc == 0; i += self->step)
        rc = weft_send(self->to, i);
    return rc;
}

struct filter {
    weft_chan(int) from, to;
    int prime;
};

static int filter(struct filter *self)
{
    weft_chan_each(item, self->from)
    {
        int rc = item % self->prime ? weft_send(self->to, item) : 0;

        if (rc < 0)
            return rc;
    }
    return weft_check();
}

static bool is_prime(int n)
{
    for (int i = 2; i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n > 1;
}

static int next_prime(int n)
{
    while (!is_prime(++n))
        ;
    return n;
}

TEST_IN_TASK(a_chain_of_filters_sieves_primes)
{
    enum { COUNT = 60 };
    weft_chan(int) chans[COUNT + 1];
    int wanted = is_seeded() ? 15 : COUNT, prime = 1, got = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    chans[0] = weft_chan_new(int, 0);
    weft_go(&scope, count_up, .to = chans[0], .from = 2, .step = 1);
    for (int i = 0; i < wanted; i++) {
        CHECK_EQ(weft_recv(chans[i], &got), 0);
        CHECK_EQ(got, prime = next_prime(prime));
        chans[i + 1] = weft_chan_new(int, 0);
        weft_go(&scope, filter, .from = chans[i], .to = chans[i + 1], .prime = prime);
    }
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    for (int i = 0; i <= wanted; i++)
        weft_chan_free(chans[i]);
    return 0;
}

/* ---- sieve2: odd candidates, less the odd multiples of primes, which are merged in order ---- */

enum { MERGED = 16, PROXY = 64 };

struct merge {
    weft_scope *scope;
    weft_chan(int) primes, composites, multiples[MERGED];
};

static int smallest(const int *heads, int count)
{
    int at = 0;

    for (int i = 1; i < count; i++)
        if (heads[i] < heads[at])
            at = i;
    return at;
}

/* The multiples of a prime begin at its square; only when that is sent is the next prime asked for. */
static int merge(struct merge *self)
{
    int heads[MERGED], count = 0, last = 0, prime = 0, rc = weft_recv(self->primes, &prime);

    while (rc == 0) {
        int at = smallest(heads, count);

        if (count == 0 || prime * prime <= heads[at]) {
            MUST(count < MERGED);
            at = count++;
            weft_go(self->scope, count_up, .to = self->multiples[at], .from = prime * prime, .step = 2 * prime);
            heads[at] = prime * prime;
            rc = weft_recv(self->multiples[at], NULL);
            if (rc == 0 && heads[at] > last)
                rc = weft_send(self->composites, last = heads[at]);
            if (rc == 0)
                rc = weft_recv(self->primes, &prime);
        } else if (heads[at] > last) {
            rc = weft_send(self->composites, last = heads[at]);
        }
        if (rc == 0)
            rc = weft_recv(self->multiples[at], &heads[at]);
    }
    return rc;
}

/* Takes all that comes, at once, and passes it on as it is wanted. */
struct proxy {
    weft_chan(int) from, to;
};

static int proxy(struct proxy *self)
{
    int items[PROXY], first = 0, last = 0, in = 0;

    for (;;) {
        struct weft_case cases[] = {weft_on_recv(self->from, &in, NULL),
                                    weft_on_send(self->to, &items[first % PROXY], NULL)};
        int which = weft_select_raw(cases, first == last ? 1 : 2, 0);

        if (which < 0)
            return which;
        MUST(last - first < PROXY);
        if (which == 0)
            items[last++ % PROXY] = in;
        else
            first++;
    }
}

struct subtract {
    weft_chan(int) candidates, composites, primes, out;
};

static int subtract(struct subtract *self)
{
    int candidate = 0, composite = 0, rc = weft_recv(self->candidates, &candidate);

    while (rc == 0 && (rc = weft_recv(self->composites, &composite)) == 0) {
        while (rc == 0 && candidate < composite)
            if ((rc = weft_send(self->primes, candidate)) == 0 && (rc = weft_send(self->out, candidate)) == 0)
                rc = weft_recv(self->candidates, &candidate);
        if (rc == 0 && candidate == composite)
            rc = weft_recv(self->candidates, &candidate);
    }
    return rc;
}

TEST_IN_TASK(merged_multiples_sieve_primes)
{
    weft_chan(int) odds = weft_chan_new(int, 50), composites = weft_chan_new(int, 50), out = weft_chan_new(int, 10);
    weft_chan(int) primes = weft_chan_new(int, 10), feedback = weft_chan_new(int, 10);
    weft_scope scope;
    struct merge merges = {.scope = &scope, .primes = primes, .composites = composites};
    int prime = 3, got = 0;

    for (int i = 0; i < MERGED; i++)
        merges.multiples[i] = weft_chan_new(int, 10);
    CHECK_EQ(weft_send(primes, 3), 0);
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go(&scope, count_up, .to = odds, .from = 5, .step = 2);
    weft_go_raw(&scope, (weft_entry *)(void (*)(void))merge, &merges, sizeof merges, _Alignof(struct merge), NULL);
    weft_go(&scope, proxy, .from = feedback, .to = primes);
    weft_go(&scope, subtract, .candidates = odds, .composites = composites, .primes = feedback, .out = out);
    for (int i = 0; i < 25; i++) {
        CHECK_EQ(weft_recv(out, &got), 0);
        CHECK_EQ(got, prime = next_prime(prime));
    }
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    for (int i = 0; i < MERGED; i++)
        weft_chan_free(merges.multiples[i]);
    weft_chan_free(odds);
    weft_chan_free(composites);
    weft_chan_free(out);
    weft_chan_free(primes);
    weft_chan_free(feedback);
    return 0;
}

/* ---- powser1: a power series is a task that gives its coefficients, each when it is asked for ---- */

struct rational {
    int64_t above, below;
};

static int64_t common(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static struct rational ratio(int64_t above, int64_t below)
{
    int64_t factor = common(above, below) * (below < 0 ? -1 : 1);

    return (struct rational){above / factor, below / factor};
}

static struct rational plus(struct rational a, struct rational b)
{
    return ratio(a.above * b.below + b.above * a.below, a.below * b.below);
}

static struct rational times(struct rational a, struct rational b)
{
    struct rational left = ratio(a.above, b.below), right = ratio(b.above, a.below);

    return ratio(left.above * right.above, left.below * right.below);
}

struct series {
    weft_chan(int) ask;
    weft_chan(struct rational) give;
};

enum { SERIES_MAX = 1000, TERMS_MAX = 32 };
static struct series all_series[SERIES_MAX];
static atomic_int series_count;
static weft_scope *series_scope;

static struct series *new_series(void)
{
    int at = atomic_fetch_add(&series_count, 1);

    MUST(at < SERIES_MAX);
    all_series[at] = (struct series){weft_chan_new(int, 0), weft_chan_new(struct rational, 0)};
    return &all_series[at];
}

static int get(struct series *u, struct rational *ret)
{
    int rc = weft_send(u->ask, 1);

    return rc < 0 ? rc : weft_recv(u->give, ret);
}

static int put(struct series *z, struct rational term)
{
    int rc = weft_recv(z->ask, NULL);

    return rc < 0 ? rc : weft_send(z->give, term);
}

/* Both at once, in whichever order they are asked and answer. */
static int get_both(struct series *u, struct series *v, struct rational *ret)
{
    struct series *from[2] = {u, v};
    int step[2] = {0}, one = 1;

    while (step[0] + step[1] < 4) {
        struct weft_case cases[2];
        int who[2], count = 0, which;

        for (int i = 0; i < 2; i++)
            if (step[i] < 2) {
                who[count] = i;
                cases[count++] =
                    step[i] ? weft_on_recv(from[i]->give, &ret[i], NULL) : weft_on_send(from[i]->ask, &one, NULL);
            }
        if ((which = weft_select_raw(cases, (size_t)count, 0)) < 0)
            return which;
        step[who[which]]++;
    }
    return 0;
}

/* OPERATOR(name, fields) { ... } defines the task `name`, which is asked on self->z; MAKE(name, .field = value, ...)
 * starts one, and gives its series. */
#define OPERATOR(name, ...)                                                                                            \
    struct name {                                                                                                      \
        struct series *z;                                                                                              \
        __VA_ARGS__                                                                                                    \
    };                                                                                                                 \
    static int name(struct name *self);                                                                                \
    static struct series *make_##name(struct name self)                                                                \
    {                                                                                                                  \
        self.z = new_series();                                                                                         \
        weft_go_raw(series_scope, (weft_entry *)(void (*)(void))name, &self, sizeof self, _Alignof(struct name),       \
                    NULL);                                                                                             \
        return self.z;                                                                                                 \
    }                                                                                                                  \
    static int name(struct name *self)
#define MAKE(name, ...) make_##name((struct name){__VA_ARGS__})

OPERATOR(repeat, struct rational c;)
{
    int rc = 0;

    while (rc == 0)
        rc = put(self->z, self->c);
    return rc;
}

static int copy(struct series *u, struct series *z)
{
    struct rational term;
    int rc = 0;

    while (rc == 0)
        if ((rc = weft_recv(z->ask, NULL)) == 0 && (rc = get(u, &term)) == 0)
            rc = weft_send(z->give, term);
    return rc;
}

OPERATOR(add, struct series *u, *v;)
{
    struct rational terms[2];
    int rc = 0;

    while (rc == 0)
        if ((rc = weft_recv(self->z->ask, NULL)) == 0 && (rc = get_both(self->u, self->v, terms)) == 0)
            rc = weft_send(self->z->give, plus(terms[0], terms[1]));
    return rc;
}

OPERATOR(scale, struct series *u; struct rational c;)
{
    struct rational term;
    int rc = 0;

    while (rc == 0)
        if ((rc = weft_recv(self->z->ask, NULL)) == 0 && (rc = get(self->u, &term)) == 0)
            rc = weft_send(self->z->give, times(self->c, term));
    return rc;
}

OPERATOR(differentiate, struct series *u;)
{
    struct rational term;
    int rc = weft_recv(self->z->ask, NULL);

    if (rc == 0)
        rc = get(self->u, &term); /* the constant */
    for (int i = 1; rc == 0; i++)
        if ((rc = get(self->u, &term)) == 0 && (rc = weft_send(self->z->give, times(ratio(i, 1), term))) == 0)
            rc = weft_recv(self->z->ask, NULL);
    return rc;
}

OPERATOR(integrate, struct series *u; struct rational c;)
{
    struct rational term;
    int rc = put(self->z, self->c);

    for (int i = 1; rc == 0; i++)
        if ((rc = weft_recv(self->z->ask, NULL)) == 0 && (rc = get(self->u, &term)) == 0)
            rc = weft_send(self->z->give, times(ratio(1, i), term));
    return rc;
}

/* U(c x^n) */
OPERATOR(substitute, struct series *u; struct rational c; int n;)
{
    struct rational term, power = {1, 1};
    int rc = 0;

    while (rc == 0 && (rc = weft_recv(self->z->ask, NULL)) == 0 && (rc = get(self->u, &term)) == 0) {
        rc = weft_send(self->z->give, times(term, power));
        power = times(power, self->c);
        for (int i = 1; i < self->n && rc == 0; i++)
            rc = put(self->z, (struct rational){0, 1});
    }
    return rc;
}

/* One series for two readers, each at its own pace. While it waits for a term, either may still take older ones: the
 * term may depend on them. */
struct split {
    struct series *u, *z[2];
};

static int split(struct split *self)
{
    struct rational terms[TERMS_MAX];
    int count = 0, next[2] = {0}, rc = 0, one = 1;
    bool wants[2] = {false}, asked = false;

    while (rc == 0) {
        struct weft_case cases[3];
        int who[3], n = 0, which;

        for (int i = 0; i < 2 && rc == 0; i++)
            if (wants[i] && next[i] < count) {
                rc = weft_send(self->z[i]->give, terms[next[i]++]);
                wants[i] = false;
            }
        if (rc == 0 && !asked && (wants[0] || wants[1]) && (rc = weft_send(self->u->ask, one)) == 0)
            asked = true;
        for (int i = 0; i < 2; i++)
            if (!wants[i]) {
                who[n] = i;
                cases[n++] = weft_on_recv(self->z[i]->ask, NULL, NULL);
            }
        MUST(count < TERMS_MAX);
        if (asked) {
            who[n] = 2;
            cases[n++] = weft_on_recv(self->u->give, &terms[count], NULL);
        }
        if (rc < 0 || (which = weft_select_raw(cases, (size_t)n, 0)) < 0)
            return rc < 0 ? rc : which;
        if (who[which] < 2) {
            wants[who[which]] = true;
        } else {
            asked = false;
            count++;
        }
    }
    return rc;
}

static void make_split(struct series *u, struct series **ret)
{
    ret[0] = new_series();
    ret[1] = new_series();
    weft_go(series_scope, split, .u = u, .z = {ret[0], ret[1]});
}

/* (u + xU)(v + xV) = uv + x(uV + vU) + x^2 UV */
OPERATOR(multiply, struct series *u, *v;)
{
    struct series *uu[2], *vv[2], *inner;
    struct rational terms[2], term;
    int rc;

    if ((rc = weft_recv(self->z->ask, NULL)) < 0 || (rc = get_both(self->u, self->v, terms)) < 0 ||
        (rc = weft_send(self->z->give, times(terms[0], terms[1]))) < 0)
        return rc;
    make_split(self->u, uu);
    make_split(self->v, vv);
    inner = MAKE(add, .u = MAKE(scale, .u = vv[0], .c = terms[0]), .v = MAKE(scale, .u = uu[0], .c = terms[1]));
    if ((rc = weft_recv(self->z->ask, NULL)) < 0 || (rc = get(inner, &term)) < 0 ||
        (rc = weft_send(self->z->give, term)) < 0)
        return rc;
    return copy(MAKE(add, .u = inner, .v = MAKE(multiply, .u = uu[1], .v = vv[1])), self->z);
}

/* Z = exp U: Z' = Z U', integrated; it reads what it writes. */
static struct series *exponential(struct series *u)
{
    struct series *zz[2] = {new_series(), new_series()};
    struct series *product = MAKE(multiply, .u = zz[0], .v = MAKE(differentiate, .u = u));
    struct series *sum = MAKE(integrate, .u = product, .c = {1, 1});

    weft_go(series_scope, split, .u = sum, .z = {zz[0], zz[1]});
    return zz[1];
}

static struct series *repeated(int64_t c)
{
    return MAKE(repeat, .c = {c, 1});
}

static void check_series(struct series *u, const struct rational *expected, int count)
{
    for (int i = 0; i < count; i++) {
        struct rational term = {0, 0};

        CHECK_EQ(get(u, &term), 0);
        CHECK_EQ(term.above, expected[i].above);
        CHECK_EQ(term.below, expected[i].below);
    }
}

TEST_IN_TASK(power_series_flow_through_demand_channels)
{
    static const struct rational threes[] = {{3, 1}, {3, 1}, {3, 1}, {3, 1}, {3, 1}};
    static const struct rational less[] = {{-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}};
    static const struct rational counting[] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 1}, {9, 1}};
    static const struct rational harmonic[] = {{0, 1}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}};
    static const struct rational growing[] = {{1, 1},    {1, 1},      {3, 2},        {13, 6},       {73, 24},
                                              {167, 40}, {4051, 720}, {37633, 5040}, {43817, 4480}, {4596553, 362880}};
    static const struct rational arctangent[] = {{0, 1}, {1, 1}, {0, 1}, {-1, 3}, {0, 1}, {1, 5}, {0, 1}, {-1, 7}};
    const struct rational zero = {0, 1}, minus_one = {-1, 1};
    weft_scope scope;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    series_scope = &scope;
    check_series(MAKE(add, .u = repeated(1), .v = repeated(2)), threes, 5);
    check_series(MAKE(add, .u = repeated(1), .v = MAKE(scale, .u = repeated(2), .c = minus_one)), less, 5);
    check_series(MAKE(differentiate, .u = repeated(1)), counting, 9);
    check_series(MAKE(integrate, .u = repeated(1), .c = zero), harmonic, 7);
    check_series(MAKE(multiply, .u = repeated(1), .v = repeated(1)), counting, is_seeded() ? 4 : 9);
    check_series(exponential(repeated(1)), growing, is_seeded() ? 4 : 10);
    check_series(MAKE(integrate, .u = MAKE(substitute, .u = repeated(1), .c = minus_one, .n = 2), .c = zero),
                 arctangent, 8);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    for (int i = 0; i < series_count; i++) {
        weft_chan_free(all_series[i].ask);
        weft_chan_free(all_series[i].give);
    }
    return 0;
}
