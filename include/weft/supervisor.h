/* Supervisors: tasks that are started again when they fail.
 *
 *     weft_supervisor supervisor;
 *     weft_supervisor_open(&supervisor, .strategy = WEFT_REST_FOR_ONE, .restarts = 3, .span = 5 * WEFT_SECOND);
 *     weft_supervise(&supervisor, (.name = "reader"), reader, .path = path);
 *     weft_supervise(&supervisor, (.restart = WEFT_TRANSIENT), import, .table = table);
 *     return weft_supervisor_close(&supervisor);      // waits for them; an error when too many restarts did not help
 *
 * A child is a task function. It fails by returning an error, and is started again with a fresh copy of its arguments.
 * A supervisor is a scope: opened and closed by one task, innermost last; cancelled and timed out with what is around
 * it, and then nothing is started again. When it fails, it cancels its children, and the block that opened it, and its
 * close returns the error: so a child that opens a supervisor of its own hands its failure up, and supervisors form a
 * tree. Children that are to be addressed are actors (weft/actor.h).
 *
 * (Names and behaviour are those of Erlang/OTP: J. Armstrong, "Making reliable distributed systems in the presence of
 * software errors", thesis, KTH 2003, section 5; the default of 3 in 5 s is Elixir's.)
 */
#ifndef WEFT_SUPERVISOR_H
#define WEFT_SUPERVISOR_H

#include <weft/base.h>
#include <weft/task.h>

WEFT_BEGIN

/* Who is started again when one child is. The others are cancelled first, the last started first, each awaited. */
enum weft_strategy {
    WEFT_ONE_FOR_ONE,  /* that child alone (the default) */
    WEFT_ONE_FOR_ALL,  /* all children */
    WEFT_REST_FOR_ONE, /* that child and those started after it */
};

/* When a child is started again. */
enum weft_restart {
    WEFT_PERMANENT, /* whenever it ends (the default) */
    WEFT_TRANSIENT, /* when it ends with an error */
    WEFT_TEMPORARY, /* never */
};

enum { WEFT_RESTARTS_MAX = 32 };

/* How to open one; a field left out keeps its default. */
struct weft_supervisor_options {
    enum weft_strategy strategy;
    uint32_t restarts; /* one restart more than that within the span, and it fails; default 3, at most 32 */
    int64_t span;      /* default 5 s */
    const char *name;  /* for reports; kept by reference */
};

/* How to keep a child; a field left out keeps its default. */
struct weft_child {
    enum weft_restart restart;
    uint32_t room;    /* of an actor: what its mailbox holds; default 16 */
    const char *name; /* for reports; default: the function's name; kept by reference */
};

/* Storage of a supervisor, on the stack of the task that opens it; its content is private. */
typedef struct weft_supervisor {
    uint64_t weft__private[96] __attribute__((aligned(16)));
} weft_supervisor;

/* Opens one; it becomes the task's current scope. Returns 0; -EPERM outside a task, -EINVAL for NULL, over 32 restarts
 * or a negative span, -ENOMEM (then it is not open). Task only. May suspend, as a spawn does. */
WEFT_EXPORT int weft_supervisor_open_with(weft_supervisor *supervisor, const struct weft_supervisor_options *options);
#define weft_supervisor_open(supervisor, ...)                                                                          \
    weft_supervisor_open_with((supervisor), &(struct weft_supervisor_options){__VA_ARGS__})

/* weft_supervise(supervisor, (.restart = ...), fn, .field = value, ...): a child that runs fn, started soon; children
 * are started in the order of these calls. Returns 0; -EPIPE if the supervisor stops, is cancelled or has failed;
 * -ENOMEM; -EINVAL for NULL or arguments over 64 KiB. Task or thread, any, as long as it is open. Never suspends for
 * long. */
#define weft_supervise(supervisor, options, fn, ...)                                                                   \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__supervise((supervisor), &weft__site, &(struct weft_child){WEFT__UNWRAP options},                         \
                        &(struct fn){__VA_ARGS__});                                                                    \
    })

/* Tells it to end its children for good, the last started first, each when the one before it has ended: an actor by
 * closing its mailbox, any other child by cancelling it. Nothing is started any more. Returns 0, -EINVAL for NULL. Task
 * or thread, any, as long as it is open. Never suspends for long; the close waits. */
WEFT_EXPORT int weft_supervisor_stop(weft_supervisor *supervisor);

/* Waits until every child has ended for good (a permanent one does so only when it is stopped or cancelled), then ends
 * the supervisor; its actors' handles end with it. Returns 0; the error of the child that was started once too often
 * (-ECHILD if it had returned none); -ECANCELED or -ETIMEDOUT if that ended the children. close_with: the first of that
 * and of rc, the block's own result, which if negative cancels the children. -EINVAL if it is not the innermost open
 * scope of this task. Task only, the one that opened it. May suspend; is not interrupted by cancellation. */
WEFT_EXPORT int weft_supervisor_close(weft_supervisor *supervisor);
WEFT_EXPORT int weft_supervisor_close_with(weft_supervisor *supervisor, int rc);

WEFT_EXPORT int weft__supervise(weft_supervisor *supervisor, const struct weft_site *site,
                                const struct weft_child *options, const void *arguments);

WEFT_END

#endif
