/* Deadlines, errors and cancellation, and a shield for what must still be done. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

/* Sleeps for long, and tells how that ended. */
struct nap {
    int *result;
};
static int nap(struct nap *self)
{
    *self->result = weft_sleep(3600 * WEFT_SECOND);
    return *self->result;
}

/* 1. A deadline cuts short whatever waits in the scope. */
static void deadline(void)
{
    weft_scope scope;
    int ends[2], rc;

    weft_scope_open(&scope, .timeout = 50 * WEFT_MILLISECOND);
    weft_go(&scope, nap, .result = &ends[0]);
    weft_go(&scope, nap, .result = &ends[1]);
    rc = weft_scope_close(&scope);
    printf("deadline: the naps ended with %s and %s, the scope with %s\n", weft_error_name(ends[0]),
           weft_error_name(ends[1]), weft_error_name(rc));
}

struct fail {
    int error;
};
static int fail(struct fail *self)
{
    weft_sleep(20 * WEFT_MILLISECOND);
    return self->error;
}

/* 2. The first error ends the rest, and is what the scope returns. */
static void first_error(void)
{
    weft_scope scope;
    int end, rc;

    weft_scope_open(&scope);
    weft_go(&scope, nap, .result = &end);
    weft_go(&scope, fail, .error = -ENOENT);
    rc = weft_scope_close(&scope);
    printf("first error: the nap ended with %s, the scope with %s\n", weft_error_name(end), weft_error_name(rc));
}

/* What a task has to do when it must end: it may wait, which the cancelled scope around it would forbid. */
static int clean_up(void)
{
    weft_scope shield;

    weft_scope_open(&shield, .shield = 1, .timeout = WEFT_SECOND);
    return weft_scope_close_with(&shield, weft_sleep(20 * WEFT_MILLISECOND));
}

struct careful {
    int *nap, *cleaned;
};
static int careful(struct careful *self)
{
    *self->nap = weft_sleep(3600 * WEFT_SECOND);
    *self->cleaned = clean_up();
    return *self->nap;
}

/* 3. Cancelled by hand; the clean-up runs all the same. */
static void shield(void)
{
    weft_scope scope;
    int end, cleaned, rc;

    weft_scope_open(&scope);
    weft_go(&scope, careful, .nap = &end, .cleaned = &cleaned);
    weft_sleep(20 * WEFT_MILLISECOND);
    weft_scope_cancel(&scope);
    rc = weft_scope_close(&scope);
    printf("shield: the nap ended with %s, the clean-up with %d, the scope with %s\n", weft_error_name(end), cleaned,
           weft_error_name(rc));
}

/* 4. A scope inside a scope has the earlier of the two deadlines; each passes the error on. */
static void inherited(void)
{
    weft_scope outer, inner;
    int rc, outer_rc;

    weft_scope_open(&outer, .timeout = 30 * WEFT_MILLISECOND);
    weft_scope_open(&inner, .timeout = 3600 * WEFT_SECOND);
    rc = weft_scope_close_with(&inner, weft_sleep(WEFT_SECOND));
    outer_rc = weft_scope_close_with(&outer, rc);
    printf("inherited: the inner scope ended with %s, the outer with %s\n", weft_error_name(rc),
           weft_error_name(outer_rc));
}

struct examples {
    int unused;
};
static int examples(struct examples *self)
{
    (void)self;
    deadline();
    first_error();
    shield();
    inherited();
    return 0;
}

int main(void)
{
    return weft_main(examples, 0);
}
