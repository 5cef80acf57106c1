/* Retries: a call that may fail for a moment is made again, after waits that grow and are not in step with others'.
 *
 *     struct weft_retry patiently = {.attempts = 4, .delay = 50 * WEFT_MILLISECOND};
 *     rc = weft_retry(&patiently, fetch, &request);            // at most 4 times; NULL for the defaults
 *
 * The same in line, where a callback is in the way:
 *
 *     for (int attempt = 0; (rc = fetch(&request)) < 0; attempt++)
 *         if (attempt == 3 || !weft_retry_transient(rc) || weft_sleep(weft_retry_delay(&patiently, attempt)) < 0)
 *             return rc;
 *
 * The time for all of it is the scope's deadline. (The waits are the "equal jitter" and "full jitter" of M. Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; doubling as in Ethernet: Metcalfe and Boggs, CACM
 * 1976.)
 */
#ifndef WEFT_RETRY_H
#define WEFT_RETRY_H

#include <weft/base.h>

WEFT_BEGIN

/* How to retry; a field left out keeps its default. */
struct weft_retry {
    uint32_t attempts; /* calls at most, the first one too; default 5 */
    int64_t delay;     /* the first wait at most; default 10 ms */
    int64_t delay_max; /* no wait is longer; default 5 s */
    double factor;     /* from one wait to the next, at least 1; default 2 */
    double jitter;     /* the share of each wait that is drawn, up to 1: all of it; default 0.5; below 0: none */
    int (*again)(int rc, void *argument); /* whether this error is worth another call; default weft_retry_transient */
};

/* Calls fn(argument) until it returns >= 0, an error that is not worth another call, or has been called .attempts
 * times; returns what it returned last. Between two calls it waits; a wait that the scope's deadline would cut short is
 * not begun, and the error is returned at once. -ECANCELED or -ETIMEDOUT of the scope, before a call or while waiting;
 * -EINVAL for a NULL fn, a negative span, a factor below 1 or a jitter over 1. options may be NULL. Task or thread.
 * Suspends between calls. */
WEFT_EXPORT int weft_retry(const struct weft_retry *options, int (*fn)(void *argument), void *argument);

/* The wait after the given attempt (0, 1, ...): delay * factor^attempt, at most delay_max, of which the last share
 * (.jitter) is drawn evenly. options may be NULL: then it is what weft_backoff gives. Anyone. Never suspends. */
WEFT_EXPORT int64_t weft_retry_delay(const struct weft_retry *options, int attempt);

/* 1 for an error that time may mend: -EAGAIN, -EBUSY, -EINTR, -ETIMEDOUT, -EPIPE, -ENOMEM, -ENOBUFS, -EMFILE, -ENFILE,
 * -ECONNREFUSED, -ECONNRESET, -ECONNABORTED, -EHOSTDOWN (an open breaker, too), -EHOSTUNREACH, -ENETDOWN, -ENETRESET,
 * -ENETUNREACH. 0 for every other. Anyone. Never suspends. */
WEFT_EXPORT int weft_retry_transient(int rc);

WEFT_END

#endif
