/* Select: wait for the first of several things.
 *
 *     switch (weft_select(weft_on_recv(jobs, &job, &rc), weft_on_send(out, &result, &rc), weft_on_readable(fd),
 *                         weft_on_signal(SIGTERM), weft_on_timeout(250 * WEFT_MILLISECOND))) {
 *     case 0: if (rc == 0) run(&job); break;             // rc: what the receive would have returned: 0 or -EPIPE
 *     case 1: ...
 *     default: return ...                                 // -ECANCELED, -ETIMEDOUT of the scope
 *     }
 *
 * Exactly one case happens; the others have no effect at all. If several could, one is chosen at random, so that none
 * is starved (weft_select_first takes the first in the order written). With weft_on_default() among the cases it does
 * not wait. Up to 64 cases; each is written in place by one of the macros below. A case on a NULL object makes the
 * select fail with -EINVAL. Which things can be waited for: channels here, and every weft_on_... of the other headers.
 *
 * The algorithm is the two passes of Go's selectgo, with one lock at a time: try each case; queue at each object;
 * whoever wins the one claim of the waiter decides. (Plan 9's alt, and Limbo's, were the first.)
 */
#ifndef WEFT_SELECT_H
#define WEFT_SELECT_H

#include <weft/base.h>
#include <weft/chan.h>
#include <weft/time.h>

WEFT_BEGIN

struct weft__kind;

/* One case; made by the macros. */
struct weft_case {
    const struct weft__kind *weft__kind;
    void *weft__object;
    void *weft__value;
    int *weft__rc;
    int64_t weft__number;
};

enum { WEFT_SELECT_MAX = 64 };

/* Waits for the first case. Returns its index, from 0; -ECANCELED or -ETIMEDOUT of the scope (then nothing happened),
 * -EINVAL for a case on NULL or more than 64 cases, -ENOMEM. Task or thread. May suspend. */
#define weft_select(...) WEFT__SELECT(0, __VA_ARGS__)

/* The same with priority: of several that could happen, the first one written does. */
#define weft_select_first(...) WEFT__SELECT(1, __VA_ARGS__)

/* The same for cases in an array, whose number is known at run time only. */
WEFT_EXPORT int weft_select_raw(struct weft_case *cases, size_t count, int in_order);

/* An item can be received into *pointer; *rc, which may be NULL, is what weft_recv would return: 0 or -EPIPE. */
#define weft_on_recv(chan, pointer, rc)                                                                                \
    WEFT__CASE(weft__on_recv, WEFT__CHAN(chan), WEFT__PLACE_OF(chan, pointer), (rc), 0)

/* *pointer can be sent; *rc: 0 or -EPIPE. */
#define weft_on_send(chan, pointer, rc)                                                                                \
    WEFT__CASE(weft__on_send, WEFT__CHAN(chan), WEFT__PLACE_OF(chan, pointer), (rc), 0)

/* The span is over / the deadline has come. */
#define weft_on_timeout(span) WEFT__CASE(weft__on_deadline, NULL, NULL, NULL, weft__deadline_in(span))
#define weft_on_deadline(deadline) WEFT__CASE(weft__on_deadline, NULL, NULL, NULL, (deadline))

/* None of the others could happen at once. */
#define weft_on_default() WEFT__CASE(weft__on_default, NULL, NULL, NULL, 0)

extern WEFT_EXPORT const struct weft__kind weft__on_recv, weft__on_send, weft__on_deadline, weft__on_default;

WEFT_EXPORT int64_t weft__deadline_in(int64_t span);
WEFT_EXPORT int weft__select(struct weft_case *cases, size_t count, int in_order, const char *place);

#define WEFT__SELECT(in_order, ...)                                                                                    \
    weft__select((struct weft_case[]){__VA_ARGS__},                                                                    \
                 sizeof((struct weft_case[]){__VA_ARGS__}) / sizeof(struct weft_case), (in_order), WEFT__HERE)

#define WEFT__CASE(kind, object, value, rc, number)                                                                    \
    (struct weft_case)                                                                                                 \
    {                                                                                                                  \
        &(kind), (void *)(object), (void *)(value), (rc), (number)                                                     \
    }
/* The pointer, checked to be one to the channel's items. */
#define WEFT__PLACE_OF(chan, pointer) (0 ? (WEFT__ITEM(chan) *)0 : (pointer))

WEFT_END

#endif
