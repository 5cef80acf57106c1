/* The mutex as the condition sees it. */
#ifndef WEFT_SYNC_MUTEX_H
#define WEFT_SYNC_MUTEX_H

#include "sync/guard.h"

#include <weft/mutex.h>

struct weft__mutex {
    struct weft__guard guard;
    const void *owner;         /* guard: a weft__identity, or NULL */
    struct weft__list waiters; /* guard */
    const void *woken;         /* guard: a waiter that is on its way, and has not the lock yet */
    const char *place;         /* guard: where it was locked */
    const char *name;          /* constant */
    uint32_t depth;            /* guard: of a recursive one, beyond the first */
    uint16_t passed_over;      /* guard: how often others took it while 'woken' was on its way */
    bool recursive, fifo;      /* constant */
    bool is_special;           /* constant: one of them */
    bool is_known;             /* order.c's mark, which zeroing takes away; the holder's */
};

_Static_assert(sizeof(struct weft__mutex) <= sizeof(weft_mutex), "weft_mutex is too small");

WEFT__INLINE struct weft__mutex *weft__mutex_of(weft_mutex *mutex)
{
    return (struct weft__mutex *)(void *)mutex;
}

/* Inside the runtime; returns outside. hard: whatever is cancelled. */
int weft__mutex_take(struct weft__thread *thread, struct weft__mutex *mutex, enum weft__claim claim, const char *place);

/* Inside the runtime, and stays there. -EPERM. */
int weft__mutex_release(struct weft__thread *thread, struct weft__mutex *mutex);

/* order.c: the order in which locks are taken, if WEFT_CHECK is set. */
void weft__order_taken(const void *lock, const char *name, const char *place, const void *who);
void weft__order_released(const void *lock, const void *who);
void weft__order_forgotten(const void *lock); /* a new mutex is made there */
void weft__order_begin(void);                 /* nothing is known: another schedule begins */

#endif
