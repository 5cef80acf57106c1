/* What the scheduler knows of a scope: its place in the tree, its status, and its detached children.
 *
 * A child that runs in front of its parent's continuation on one worker is 'attached': it is in no list and no counter,
 * and if it ends so, starting and joining it has cost no atomic operation. It is detached (task.c) before anything else
 * can happen to it: when it parks, when its parent is stolen or otherwise resumed, when its worker is taken.
 *
 * A scope is 'published' into its outer scope's list before its first child is detached, and the outer one before that,
 * so that a canceller finds every parked task by walking down from the scope it cancels. Tasks that run are not looked
 * for: they see the cancel epoch change and walk up (cancel.c).
 *
 * Lock order: outer before inner; a timer heap's lock before any scope's.
 */
#ifndef WEFT_CORE_SCOPE_H
#define WEFT_CORE_SCOPE_H

#include "base/list.h"
#include "base/lock.h"
#include "core/timer.h"

#include <stdatomic.h>
#include <weft/scope.h>

struct weft_task;

enum weft__scope_state { WEFT__SCOPE_CLOSED, WEFT__SCOPE_OPEN = 0x5c09e };

struct weft__scope {
    struct weft__scope *outer;          /* constant while open; NULL for a root */
    struct weft__task *owner;           /* constant; NULL for a root */
    int64_t deadline;                   /* constant: the earliest of its own and the outer ones */
    struct weft__link published;        /* in outer->scopes; the outer scope's lock */
    struct weft__list children, scopes; /* lock */
    struct weft__list waiters;          /* lock; spawners at the limit */
    struct weft__list closer;           /* lock; the owner, when it closes */
    struct weft__timer timer;           /* its own deadline, if it has one */
    struct weft_task *handles;          /* lock; freed at close */
    const char *name;
    struct weft__lock lock;
    _Atomic enum weft__scope_state state;
    atomic_uint live;             /* lock for writing: detached children; under a limit, also reserved ones */
    atomic_int status;            /* lock for writing: 0, -ECANCELED, -ETIMEDOUT */
    int error;                    /* lock: the first error */
    uint32_t limit;               /* constant */
    uint8_t on_error, shield;     /* constant */
    bool is_published, succeeded; /* the owner's; lock */
    bool cut_short;               /* lock: a child ended with the cancellation, or with the deadline */
};

_Static_assert(sizeof(struct weft__scope) <= sizeof(weft_scope), "weft_scope is too small");

WEFT__INLINE struct weft__scope *weft__scope_of(weft_scope *scope)
{
    return (struct weft__scope *)(void *)scope;
}

/* Links a child into its scope; under a limit, into the room reserved for it. The caller has exclusive hold of the
 * child. */
void weft__scope_adopt(struct weft__scope *scope, struct weft__task *child);

/* Unlinks a detached child that has ended, and wakes who waits for that. The scope may be gone afterwards. */
void weft__scope_child_ended(struct weft__thread *thread, struct weft__scope *scope, struct weft__task *child);

/* Takes back an adoption: the child was never started. */
void weft__scope_abandon(struct weft__scope *scope, struct weft__task *child);

/* 0, or why nothing may start in it: for a spawner that does not stand inside it. */
int weft__scope_check(const struct weft__scope *scope);

/* Takes room for one more child under the limit, so that two spawners never take the same. False: there is none. */
bool weft__scope_reserve(struct weft__scope *scope);
void weft__scope_unreserve(struct weft__scope *scope);

/* Waits until a child ends, if the scope is at its limit. 0, or -ECANCELED, -ETIMEDOUT. */
int weft__scope_await_room(struct weft__scope *scope);

/* Waits, whatever is cancelled, until no child is left. */
void weft__scope_await_children(struct weft__scope *scope);

/* Makes rc the scope's error if it is the first, and does what on_error says. */
void weft__scope_result(struct weft__scope *scope, int rc);

/* Sets the status and wakes every parked task below. Safe from any thread; not under a scope's lock. */
void weft__scope_cancel(struct weft__scope *scope, int rc);

/* The same for one task and the scopes it has opened. */
void weft__task_cancel(struct weft__task *task);

/* 0, -ECANCELED or -ETIMEDOUT: walks up from the task's current scope; the slow half of weft__cancelled. */
int weft__cancelled_slow(struct weft__task *task);

/* Counts every cancellation in the process: a task that has seen the current one knows its own state. */
extern atomic_uint weft__cancel_epoch;

#endif
