/* Scopes: nothing outlives the block that started it.
 *
 *     weft_scope scope;
 *     weft_scope_open(&scope, .timeout = 2 * WEFT_SECOND);
 *     weft_go(&scope, fetch, .url = a);
 *     weft_go(&scope, fetch, .url = b);
 *     return weft_scope_close(&scope);        // joins both; the first error, or 0
 *
 * A scope is opened and closed by one task, on its own stack, innermost last. Between the two calls everything
 * that this task and the scope's children do inherits the scope's deadline and cancellation. Closing waits for
 * every child, always, and cannot be interrupted; a child that must end early is cancelled.
 *
 * Cancellation and deadlines are levels: once a scope is cancelled, every call inside it that may suspend
 * returns -ECANCELED (or -ETIMEDOUT, if its deadline did it) until the scope is closed. A shield is a scope that
 * does not inherit: clean-up inside it may still wait, within the shield's own deadline.
 */
#ifndef WEFT_SCOPE_H
#define WEFT_SCOPE_H

#include <weft/base.h>

WEFT_BEGIN

/* What the first child's error does to the others. */
enum weft_on_error {
    WEFT_FAIL_FAST,     /* the first error cancels the rest and is the scope's result (the default) */
    WEFT_KEEP_GOING,    /* all run to their end; the first error is the scope's result */
    WEFT_FIRST_SUCCESS, /* the first child that returns >= 0 cancels the rest; the result is 0 if there was one */
};

/* How to open a scope; a field left out keeps its default. */
struct weft_scope_options {
    int64_t timeout;  /* from now; 0: none */
    int64_t deadline; /* absolute; 0: none; the earlier of both and of the outer scope's counts */
    uint32_t limit;   /* at most so many children at once; a further spawn waits; 0: no limit */
    enum weft_on_error on_error;
    unsigned char shield; /* do not inherit the outer scope's cancellation and deadline */
    const char *name;     /* for reports; kept by reference until the scope is closed */
};

/* Storage of a scope, on the stack of the task that opens it; its content is private. */
typedef struct weft_scope {
    uint64_t weft__private[28] __attribute__((aligned(16)));
} weft_scope;

/* Opens a scope in the calling task; it becomes the task's current scope.
 * Returns 0, -EPERM outside a task, -EINVAL for a negative timeout, -ENOMEM for the deadline's timer (then it is not
 * open). Task only. Never suspends. */
WEFT_EXPORT int weft_scope_open_with(weft_scope *scope, const struct weft_scope_options *options);
#define weft_scope_open(scope, ...) weft_scope_open_with((scope), &(struct weft_scope_options){__VA_ARGS__})

/* Waits for every child, then ends the scope. Returns 0, or what on_error makes of the children's results: the first
 * error; -ETIMEDOUT if nothing failed but the scope's deadline cut a child short, -ECANCELED if a cancellation did.
 * What the block's own calls returned it does not know: hand that to weft_scope_close_with. -EINVAL (and a report) if
 * the scope is not the innermost open one of this task; then nothing is changed. Task only, the one that opened it. May
 * suspend; is not interrupted by cancellation: the children are. */
WEFT_EXPORT int weft_scope_close(weft_scope *scope);

/* The same, with the block's own result: returns the first of the two errors, and rc if there is none.
 * A negative rc counts as an error of the scope at the moment of the call (under WEFT_FAIL_FAST it cancels the
 * children). */
WEFT_EXPORT int weft_scope_close_with(weft_scope *scope, int rc);

/* Cancels all that runs in the scope: each call there that may suspend gives -ECANCELED from now on. Idempotent.
 * Returns 0. Task or thread, any, as long as the scope is open. Never suspends. */
WEFT_EXPORT int weft_scope_cancel(weft_scope *scope);

/* 0 while the scope runs, -ECANCELED once it (or an outer one) was cancelled, -ETIMEDOUT once a deadline did so.
 * Tells a scope's deadline from a peer's time-out. NULL means the caller's current scope. Never suspends. */
WEFT_EXPORT int weft_scope_status(const weft_scope *scope);

/* The number of children that are alive, as far as it is known without stopping them. Never suspends. */
WEFT_EXPORT size_t weft_scope_count(const weft_scope *scope);

/* The deadline in force for the caller: the earliest of all scopes around it; WEFT_FOREVER if there is none. */
WEFT_EXPORT int64_t weft_deadline(void);

WEFT_END

#endif
