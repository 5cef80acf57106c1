/* What can be waited for. An object has a kind of case for each way to wait for it; select knows nothing but these. */
#ifndef WEFT_SYNC_SELECT_H
#define WEFT_SYNC_SELECT_H

#include "sync/guard.h"

#include <weft/select.h>

/* A place in a case's object, while the select waits. */
struct weft__place {
    struct weft__waiter waiter;
    struct weft__timer timer; /* of a deadline */
};

/* All of it runs inside the runtime, thread as everywhere. 'try' and 'finish' write the case's rc and value. */
struct weft__kind {
    bool has_object; /* which is not NULL, then */
    /* Does it, if that needs no waiting. 1: done; 0: not now; -errno: the select fails with this. */
    int (*try)(struct weft__thread *thread, struct weft_case *c);
    /* Queues the waiter of a try that was not possible. 1: queued; 0: it would be possible now; -errno. */
    int (*queue)(struct weft__thread *thread, struct weft_case *c, struct weft__place *place);
    /* Takes the waiter out again, if it has not been chosen. */
    void (*leave)(struct weft__thread *thread, struct weft_case *c, struct weft__place *place);
    /* It has been chosen. NULL: nothing to do; false: that it was woken does not mean that it happened. */
    bool (*finish)(struct weft__thread *thread, struct weft_case *c, struct weft__place *place);
};

/* Queues a waiter, if the caller found nothing, and leaves the guard. */
WEFT__INLINE int weft__place_in(struct weft__thread *thread, struct weft__guard *guard, struct weft__list *queue,
                                struct weft__place *place, bool possible)
{
    if (!possible)
        weft__list_append(queue, &place->waiter.link);
    weft__guard_leave(thread, guard);
    return !possible;
}

/* Whether a queue holds anyone but the one that asks: a select does not meet itself. */
WEFT__INLINE bool weft__has_other(const struct weft__list *queue, const struct weft__wait *wait)
{
    const struct weft__link *link = queue->first;

    while (link && WEFT__OF(struct weft__waiter, link, link)->wait == wait)
        link = link->next;
    return link != NULL;
}

WEFT__INLINE void weft__case_result(const struct weft_case *c, int rc)
{
    if (c->weft__rc)
        *c->weft__rc = rc;
}

#endif
