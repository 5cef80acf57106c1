/* Futures: results that are not there yet, one by one, all together, the first that works, the first at all. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

enum { SERVERS = 3 };

/* A server that takes a while and says a number, or an error. */
struct ask {
    weft_future(int) out;
    int64_t takes;
    int says;
};
static int ask(struct ask *self)
{
    int rc = weft_sleep(self->takes);

    if (rc < 0 || self->says < 0)
        return rc < 0 ? rc : self->says; /* the future is rejected with what we return */
    return weft_resolve(self->out, self->says);
}

static int halve(const int *value, double *ret_half, void *data)
{
    (void)data;
    *ret_half = *value / 2.0;
    return 0;
}

static int or_nothing(int rc, double *ret_half, void *data)
{
    (void)rc, (void)data;
    *ret_half = 0; /* mended: who gets it sees no error */
    return 0;
}

typedef weft_future(size_t) together(struct weft__future *const *futures, size_t count);

/* Asks three servers: the first fails at once, the second takes a moment, the third a minute. */
static int ask_three(const char *what, together *how)
{
    weft_future(int) answers[SERVERS];
    struct weft__future *each[SERVERS];
    weft_future(size_t) outcome;
    weft_scope scope;
    size_t index = 0;
    int rc;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < SERVERS; i++)
        each[i] = WEFT_FUTURE_ANY(answers[i] = weft_future_new(int));
    outcome = how(each, SERVERS);
    weft_go_future(&scope, answers[0], ask, .out = answers[0], .takes = 0, .says = -ECONNREFUSED);
    weft_go_future(&scope, answers[1], ask, .out = answers[1], .takes = 50 * WEFT_MILLISECOND, .says = 11);
    weft_go_future(&scope, answers[2], ask, .out = answers[2], .takes = 60 * WEFT_SECOND, .says = 12);
    rc = weft_get(outcome, &index);
    if (rc < 0)
        printf("%s: %s\n", what, weft_error_name(rc));
    else
        printf("%s: server %zu was first\n", what, index + 1);
    weft_scope_cancel(&scope); /* we have what we want */
    (void)weft_scope_close(&scope);
    for (int i = 0; i < SERVERS; i++)
        weft_future_free(answers[i]);
    weft_future_free(outcome);
    return 0;
}

static int one_by_one(int says)
{
    weft_future(int) answer = weft_future_new(int);
    weft_future(double) half = weft_then(answer, double, halve, or_nothing, NULL);
    weft_scope scope;
    double value = -1;
    int rc;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go_future(&scope, answer, ask, .out = answer, .takes = WEFT_MILLISECOND, .says = says);
    rc = weft_get(half, &value);
    printf("half of the answer: %.1f\n", value);
    (void)weft_scope_close(&scope);
    weft_future_free(half);
    weft_future_free(answer);
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    int rc = one_by_one(11);

    (void)self;
    if (rc == 0)
        rc = one_by_one(-ECONNREFUSED);
    if (rc == 0)
        rc = ask_three("all", weft_future_all);
    if (rc == 0)
        rc = ask_three("any", weft_future_any);
    return rc == 0 ? ask_three("race", weft_future_race) : rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
