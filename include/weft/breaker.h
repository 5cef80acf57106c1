/* Circuit breakers: who has just failed several times is left in peace for a while.
 *
 *     static weft_breaker store;
 *     weft_breaker_init(&store, .failures = 5, .open_span = 10 * WEFT_SECOND);
 *
 *     rc = weft_breaker_call(&store, fetch, &request);         // -EHOSTDOWN at once while the breaker is open
 *
 * The same in line, where a callback is in the way:
 *
 *     if ((pass = weft_breaker_enter(&store)) < 0) return pass;
 *     rc = fetch(&request);
 *     weft_breaker_leave(&store, pass, rc);
 *
 *                   .failures of the last .window calls failed
 *          closed -------------------------------------------> open <--.
 *             ^                                                  |     | one fails
 *             |                                       .open_span |     |
 *             '------------------- half-open <-------------------'     |
 *               .probes succeeded      '-------------------------------'
 *
 * Any number of tasks and threads call through one breaker. A call that began before the state changed counts no more
 * when it ends. An end with -ECANCELED says nothing of the other side, and counts neither way. (M. Nygard, "Release
 * It!", 2007; the window of calls is a word of bits.)
 */
#ifndef WEFT_BREAKER_H
#define WEFT_BREAKER_H

#include <weft/base.h>

WEFT_BEGIN

enum weft_breaker_state { WEFT_BREAKER_CLOSED, WEFT_BREAKER_OPEN, WEFT_BREAKER_HALF_OPEN };

/* Plain memory of the caller's, of private content. It must stay where it is, and nothing need be freed. */
typedef struct weft_breaker {
    uint64_t weft__private[20];
} weft_breaker;

/* A field left out keeps its default. */
struct weft_breaker_options {
    uint32_t failures;     /* so many failed calls open it; default 5 */
    uint32_t window;       /* among so many last calls, 64 at most; default .failures: so many in a row */
    uint32_t probes;       /* half open: so many calls are let through, and close it when all succeed; default 1 */
    int64_t open_span;     /* how long it stays open; default 5 s */
    int (*failed)(int rc); /* whether a result is a failure of the other side; default: rc < 0 */
};

/* Makes a closed one. Returns 0; -EINVAL for NULL, a window over 64 or below failures, a negative span. Anyone. Never
 * suspends. */
WEFT_EXPORT int weft_breaker_init_with(weft_breaker *breaker, const struct weft_breaker_options *options);
#define weft_breaker_init(breaker, ...) weft_breaker_init_with((breaker), &(struct weft_breaker_options){__VA_ARGS__})

/* Returns what fn(argument) returns; -EHOSTDOWN while the breaker is open, or half open with its probes out; the
 * scope's -ECANCELED or -ETIMEDOUT; -EINVAL for NULL; in these cases fn is not called. Task or thread. Suspends if fn
 * does. */
WEFT_EXPORT int weft_breaker_call(weft_breaker *breaker, int (*fn)(void *argument), void *argument);

/* The two halves of it. enter: a pass >= 0, or as above. leave: takes the pass back with the call's result; returns 0,
 * -EINVAL for NULL or no pass. Each pass is given back once: one that is not keeps a half-open breaker so. Task or
 * thread. Never suspend for long. */
WEFT_EXPORT WEFT_MUST_USE int weft_breaker_enter(weft_breaker *breaker);
WEFT_EXPORT int weft_breaker_leave(weft_breaker *breaker, int pass, int rc);

/* Its state: half open also if it was open and the next call would be a probe. -EINVAL for NULL. A moment's truth. Task
 * or thread. Never suspends for long. */
WEFT_EXPORT int weft_breaker_state(weft_breaker *breaker);

WEFT_END

#endif
