/* Futures: a value that will be there, or the error instead of it. For those who wait, and for those who call back.
 *
 *     weft_future(int) sum = weft_future_new(int);
 *     weft_go(&scope, add, .a = 1, .b = 2, .out = sum);       // ends with weft_resolve(self->out, 3), or weft_reject
 *
 *     if ((rc = weft_get(sum, &value)) < 0) return rc;        // in-line: waits, then 0, or the error
 *
 *     weft_future(double) half = weft_then(sum, double, halve, NULL, NULL);   // called back: halve(&3, &result, NULL)
 *
 * Both look at one object. weft_future(T) is one type wherever it is written. A future is resolved or rejected once and
 * stays so; any number of tasks and threads may get it, any number of callbacks may be chained to it.
 *
 * Callbacks run in order of chaining, in the task or thread that resolves or rejects the future, or, if that has
 * happened, at once in the caller of weft_then. They should be short; one that waits keeps the resolver waiting. Chains
 * of any length run one after the other, not on top of each other (but a callback that itself resolves a future is
 * below what follows from that).
 *
 * A future belongs to its maker, who frees it when he wants nothing more of it; what is chained to it keeps what it
 * needs, and weft_go_future's task keeps its own. Anybody else who is to resolve it must have done so, or never do. If
 * nobody is left who could, what is chained to it is rejected with -EPIPE. A rejection that nobody has looked at by the
 * end, neither weft_get nor a select nor a callback nor weft_future_status, is reported: for a chain once, at the last
 * that has the error. (Liskov and Shrira, "Promises", PLDI 1988; the callbacks are those of Twisted's Deferred.)
 */
#ifndef WEFT_FUTURE_H
#define WEFT_FUTURE_H

#include <weft/base.h>
#include <weft/scope.h>
#include <weft/select.h>
#include <weft/task.h>

WEFT_BEGIN

struct weft__future;

/* The type of a future of T. */
#define weft_future(T) __typeof__(T(**)(struct weft__future *))

/* A new one, pending. NULL without memory. Owned by the caller. Anyone but a handler. */
#define weft_future_new(T) ((weft_future(T))(void *)weft_future_new_raw(sizeof(T), WEFT__HERE))

/* Gives up the caller's ownership. NULL: nothing. Nobody may be waiting in weft_get or a select on it. Task or thread.
 * Never suspends, unless what is chained to a pending one, which is rejected then, calls back. */
#define weft_future_free(future) weft_future_free_raw(WEFT__FUTURE(future))

/* weft_resolve(future, value): gives it its value. Returns 0, -EALREADY if it has one or is rejected, -EINVAL for NULL.
 * Task or thread, cancelled or not. Wakes who waits, then runs the callbacks, which may suspend; else never suspends.
 */
#define weft_resolve(future, ...)                                                                                      \
    __extension__({                                                                                                    \
        WEFT__VALUE(future) weft__value = (__VA_ARGS__);                                                               \
        weft_resolve_raw(WEFT__FUTURE(future), &weft__value);                                                          \
    })

/* Gives it an error instead, rc < 0. Returns as weft_resolve; -EINVAL for rc >= 0. */
#define weft_reject(future, rc) weft_reject_raw(WEFT__FUTURE(future), (rc))

/* Waits for it. Returns 0 and the value in *pointer (which may be NULL), or the error it was rejected with, and then
 * *pointer is left alone; -ECANCELED or -ETIMEDOUT of the scope (a future may be rejected with these as well:
 * weft_future_status tells which of the two it is, and -EAGAIN that it is still pending); -EINVAL for NULL. A
 * cancellation leaves the future as it is. Task or thread. May suspend. */
#define weft_get(future, pointer)                                                                                      \
    __extension__({                                                                                                    \
        WEFT__FITS(pointer, WEFT__VALUE(future));                                                                      \
        WEFT__VALUE(future) *weft__place = (pointer);                                                                  \
        weft_get_raw(WEFT__FUTURE(future), weft__place);                                                               \
    })

/* -EAGAIN while it is pending, 0 once resolved, else the error it was rejected with. -EINVAL for NULL. Task or thread.
 * Never suspends. */
#define weft_future_status(future) weft_future_status_raw(WEFT__FUTURE(future))

/* weft_then(future, U, on_value, on_error, data): a new future of U, owned by the caller, which gets what the callback
 * makes of the outcome; NULL without memory, or for NULL.
 *     int on_value(const T *value, U *result, void *data)     result >= 0: resolved with *result; < 0: rejected with it
 *     int on_error(int rc, U *result, void *data)             the same: it may mend the error, or pass it on
 * on_value NULL passes the value on (U must be as large as T, else it is rejected with -EINVAL), on_error NULL the
 * error. *value is the future's own, for the time of the call. Task or thread. May suspend in the callback. */
#define weft_then(future, U, on_value, on_error, data)                                                                 \
    __extension__({                                                                                                    \
        int (*weft__on_value)(const WEFT__VALUE(future) *, U *, void *) = (on_value);                                  \
        int (*weft__on_error)(int, U *, void *) = (on_error);                                                          \
        (weft_future(U))(void *)                                                                                       \
            weft_then_raw(WEFT__FUTURE(future), sizeof(U), (weft__then_value *)(void (*)(void))weft__on_value,         \
                          (weft__then_error *)(void (*)(void))weft__on_error, (data), WEFT__HERE);                     \
    })

/* Of several futures, of any types, in an array of WEFT_FUTURE_ANY(future): a future of size_t, owned by the caller.
 *  - all: resolved with their number when all are resolved; rejected with the first error.
 *  - any: resolved with the index of the first that is resolved; rejected with the last error when all are rejected.
 *  - race: resolved with the index of the first that is resolved, or rejected with its error if that comes first.
 * The outcome is got from each of them, without waiting. NULL without memory. count 0: all is resolved, the others
 * are rejected with -EINVAL, and so are all three if one of the futures is NULL. The array is needed for the call only.
 * They look at the errors, so that those are not reported. Task or thread. Never suspend. */
#define WEFT_FUTURE_ANY(future) WEFT__FUTURE(future)
WEFT_EXPORT WEFT_MUST_USE weft_future(size_t) weft_future_all(struct weft__future *const *futures, size_t count);
WEFT_EXPORT WEFT_MUST_USE weft_future(size_t) weft_future_any(struct weft__future *const *futures, size_t count);
WEFT_EXPORT WEFT_MUST_USE weft_future(size_t) weft_future_race(struct weft__future *const *futures, size_t count);

/* A future of the same type, with the outcome of the first, or rejected with -ETIMEDOUT if that has none after the
 * span; the first is not changed by it. A task in the scope watches until then: the scope's close waits for one of the
 * two, and if the scope is cancelled the new future is rejected with -ECANCELED or -ETIMEDOUT. Owned by the caller.
 * NULL without memory, for NULL, or if the scope takes no task. Task or thread. May suspend, as weft_go. */
#define weft_future_timeout(scope, future, span)                                                                       \
    ((__typeof__(future))(void *)weft_future_timeout_raw((scope), WEFT__FUTURE(future), (span), WEFT__HERE))

/* weft_go_future(scope, future, fn, .field = value, ...): weft_go, and if fn ends without having given the future its
 * outcome, the future is rejected with fn's error, or with -EPIPE if it returned none. If fn could not be started, with
 * the error that is returned. Returns as weft_go; -EINVAL for a NULL future. The error is also the scope's. The task
 * keeps the future as long as it needs it. */
#define weft_go_future(scope, future, fn, ...)                                                                         \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__go_future((scope), WEFT__FUTURE(future), &weft__site, &(struct fn){__VA_ARGS__});                        \
    })

/* A case of weft_select: the future has its outcome; *rc, which may be NULL, is what weft_get returns, and *pointer,
 * which may be NULL, the value. */
#define weft_on_future(future, pointer, rc)                                                                            \
    WEFT__CASE(weft__on_future, WEFT__FUTURE(future), (0 ? (WEFT__VALUE(future) *)0 : (pointer)), (rc), 0)
extern WEFT_EXPORT const struct weft__kind weft__on_future;

/* For C++, bindings and generated code. place: a constant string for reports, "FILE:LINE". */
typedef int weft__then_value(const void *value, void *result, void *data);
typedef int weft__then_error(int rc, void *result, void *data);
WEFT_EXPORT WEFT_MUST_USE struct weft__future *weft_future_new_raw(size_t size, const char *place);
WEFT_EXPORT void weft_future_free_raw(struct weft__future *future);
WEFT_EXPORT int weft_resolve_raw(struct weft__future *future, const void *value);
WEFT_EXPORT int weft_reject_raw(struct weft__future *future, int rc);
WEFT_EXPORT int weft_get_raw(struct weft__future *future, void *value);
WEFT_EXPORT int weft_future_status_raw(struct weft__future *future);
WEFT_EXPORT WEFT_MUST_USE struct weft__future *weft_then_raw(struct weft__future *future, size_t size,
                                                             weft__then_value *on_value, weft__then_error *on_error,
                                                             void *data, const char *place);
WEFT_EXPORT WEFT_MUST_USE struct weft__future *weft_future_timeout_raw(weft_scope *scope, struct weft__future *future,
                                                                       int64_t span, const char *place);
WEFT_EXPORT int weft__go_future(weft_scope *scope, struct weft__future *future, const struct weft_site *site,
                                const void *arguments);

/* The type of a future's value; and the future itself, from nothing but a future. */
#define WEFT__VALUE(future) __typeof__((**(future))((struct weft__future *)0))
#define WEFT__FUTURE(future) ((void)sizeof(WEFT__VALUE(future)), (struct weft__future *)(void *)(future))

WEFT_END

#endif
