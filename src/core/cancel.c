/* Scopes as the scheduler sees them: children that are detached, the end of a child, cancellation.
 *
 * Cancelling sets the scope's status, moves the epoch, and walks down the published scopes to wake what is parked. A
 * task that runs compares the epoch with the one it has seen, one load, and walks up if they differ. Nobody is missed:
 * a task that parks publishes its claim and then looks at the epoch; the canceller moves the epoch, has every CPU of
 * the process pass a barrier, and then looks at the claims [C1].
 */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/wait.h"

#include <errno.h>

atomic_uint weft__cancel_epoch;

/* ---- the tree ---- */

static void publish(struct weft__scope *scope)
{
    struct weft__scope *outer = scope->outer;

    if (scope->is_published || !outer)
        return;
    publish(outer);
    weft__lock(&outer->lock);
    if (!scope->is_published)
        weft__list_append(&outer->scopes, &scope->published);
    scope->is_published = true;
    weft__unlock(&outer->lock);
}

void weft__scope_adopt(struct weft__scope *scope, struct weft__task *child)
{
    publish(scope);
    weft__lock(&scope->lock);
    weft__list_append(&scope->children, &child->sibling);
    if (!scope->limit)
        atomic_store_explicit(&scope->live, atomic_load_explicit(&scope->live, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    weft__unlock(&scope->lock);
    atomic_fetch_add_explicit(&weft__runtime.live, 1, memory_order_relaxed);
}

/* One less; the lock is held. Whoever is woken for the room takes it, or passes the wake-up on. */
static void count_down(struct weft__scope *scope)
{
    unsigned live = atomic_load_explicit(&scope->live, memory_order_relaxed) - 1;

    atomic_store_explicit(&scope->live, live, memory_order_release);
    if (live == 0)
        weft__wake_all(&scope->closer);
    if (scope->limit)
        weft__wake_first(&scope->waiters);
}

void weft__scope_child_ended(struct weft__thread *thread, struct weft__scope *scope, struct weft__task *child)
{
    atomic_fetch_sub_explicit(&weft__runtime.live, 1, memory_order_relaxed);
    weft__lock(&scope->lock);
    weft__list_remove(&scope->children, &child->sibling);
    count_down(scope);
    weft__unlock(&scope->lock); /* from here on the scope may be gone */
    (void)thread;
}

void weft__scope_abandon(struct weft__scope *scope, struct weft__task *child)
{
    weft__scope_child_ended(NULL, scope, child);
}

bool weft__scope_reserve(struct weft__scope *scope)
{
    unsigned live;

    weft__lock(&scope->lock);
    live = atomic_load_explicit(&scope->live, memory_order_relaxed);
    if (live < scope->limit)
        atomic_store_explicit(&scope->live, live + 1, memory_order_relaxed);
    weft__unlock(&scope->lock);
    return live < scope->limit;
}

void weft__scope_unreserve(struct weft__scope *scope)
{
    weft__lock(&scope->lock);
    count_down(scope);
    weft__unlock(&scope->lock);
}

int weft__scope_await_room(struct weft__scope *scope)
{
    struct weft__wait wait = {.what = "for room in a scope", .object = scope};
    struct weft__waiter waiter = {.wait = &wait};
    bool room;
    int rc;

    weft__wait_begin(&wait, WEFT__WAITING);
    weft__lock(&scope->lock);
    room = atomic_load_explicit(&scope->live, memory_order_relaxed) < scope->limit;
    if (!room)
        weft__list_append(&scope->waiters, &waiter.link);
    weft__unlock(&scope->lock);
    if (room) {
        weft__wait_abandon(&wait);
        return 0;
    }
    weft__wait(&wait, INT64_MAX);
    rc = wait.task ? weft__cancelled(wait.task) : 0;
    if (rc == 0)
        rc = weft__scope_check(scope);
    if (!wait.winner || rc < 0) {
        struct weft__thread *thread = weft__enter_any();

        weft__lock(&scope->lock);
        if (wait.winner)
            weft__wake_first(&scope->waiters); /* the room was for us, but we do not take it */
        else
            weft__list_drop(&scope->waiters, &waiter.link);
        weft__unlock(&scope->lock);
        weft__leave_any(thread);
    }
    return rc;
}

void weft__scope_await_children(struct weft__scope *scope)
{
    for (;;) {
        struct weft__wait wait = {.what = "to close a scope", .object = scope};
        struct weft__waiter waiter = {.wait = &wait};
        bool done;

        weft__wait_begin(&wait, WEFT__WAITING_HARD);
        weft__lock(&scope->lock);
        done = atomic_load_explicit(&scope->live, memory_order_relaxed) == 0;
        if (!done)
            weft__list_append(&scope->closer, &waiter.link);
        weft__unlock(&scope->lock);
        if (done) {
            weft__wait_abandon(&wait);
            return;
        }
        weft__wait(&wait, INT64_MAX);
        if (!wait.winner)
            weft__wait_give_up(&waiter, &scope->lock, &scope->closer);
    }
}

/* ---- results ---- */

void weft__scope_result(struct weft__scope *scope, int rc)
{
    bool cancel = false;
    int status = rc < 0 ? weft__scope_check(scope) : 0;

    weft__lock(&scope->lock);
    if (rc >= 0) {
        cancel = scope->on_error == WEFT_FIRST_SUCCESS && !scope->succeeded;
        scope->succeeded = true;
    } else if (status < 0 && (rc == -ECANCELED || rc == status)) {
        scope->cut_short = true; /* a consequence, not a cause */
    } else if (scope->error == 0) {
        scope->error = rc;
        cancel = scope->on_error == WEFT_FAIL_FAST;
    }
    weft__unlock(&scope->lock);
    if (cancel)
        weft__scope_cancel(scope, -ECANCELED);
}

/* ---- looking ---- */

/* From a scope upwards: its status, or that of the nearest one above that counts for it. */
static int status_above(const struct weft__scope *scope)
{
    while (scope) {
        int status = atomic_load_explicit(&scope->status, memory_order_acquire);
        const struct weft__scope *outer = scope->outer;

        if (status < 0 || scope->shield)
            return status;
        if (scope->owner && scope->owner->home == outer &&
            atomic_load_explicit(&scope->owner->cancelled, memory_order_acquire))
            return -ECANCELED;
        scope = outer;
    }
    return 0;
}

int weft__scope_check(const struct weft__scope *scope)
{
    return status_above(scope);
}

WEFT__NOINLINE int weft__cancelled_slow(struct weft__task *task)
{
    const struct weft__scope *scope = task->scope;
    unsigned epoch = atomic_load_explicit(&weft__cancel_epoch, memory_order_acquire);
    int rc = 0;

    if (scope == task->home && atomic_load_explicit(&task->cancelled, memory_order_acquire))
        rc = -ECANCELED;
    else
        rc = status_above(scope);
    task->seen_epoch = rc < 0 ? epoch - 1 : epoch; /* only that it is not cancelled is remembered */
    return rc;
}

/* ---- cancelling ---- */

/* Moves the epoch, so that every claim made before the barrier is visible and every park after it looks. */
static void move_epoch(void)
{
    atomic_fetch_add_explicit(&weft__cancel_epoch, 1, memory_order_seq_cst);
    if (weft__revoke_open == WEFT__OPEN)
        weft__os_membarrier(); /* pairs with weft__park_prepare [C1] */
    else
        atomic_thread_fence(memory_order_seq_cst);
}

static void wake_parked(struct weft__task *task)
{
    unsigned claim = WEFT__WAITING;

    if (atomic_compare_exchange_strong_explicit(&task->claim, &claim, WEFT__RUNNING, memory_order_acq_rel,
                                                memory_order_relaxed))
        weft__ready(weft__inside(), task);
}

/* The scope's lock is held; inner ones are taken on the way down. The owner is a member of an outer scope, but waits
 * here. */
static void wake_below(struct weft__scope *scope)
{
    for (struct weft__link *link = scope->children.first; link; link = link->next)
        wake_parked(WEFT__OF(struct weft__task, sibling, link));
    for (struct weft__link *link = scope->scopes.first; link; link = link->next) {
        struct weft__scope *inner = WEFT__OF(struct weft__scope, published, link);

        if (inner->shield)
            continue;
        weft__lock(&inner->lock);
        wake_below(inner);
        weft__unlock(&inner->lock);
    }
}

void weft__scope_cancel(struct weft__scope *scope, int rc)
{
    struct weft__thread *thread = weft__inside() ? NULL : weft__enter_any();
    bool first;

    weft__lock(&scope->lock);
    first = atomic_load_explicit(&scope->status, memory_order_relaxed) == 0;
    if (first)
        atomic_store_explicit(&scope->status, rc, memory_order_release);
    if (first) {
        move_epoch();
        wake_below(scope);
        if (scope->owner)
            wake_parked(scope->owner);
    }
    weft__unlock(&scope->lock);
    weft__leave_any(thread);
}

void weft__task_cancel(struct weft__task *task)
{
    struct weft__scope *home = task->home;

    atomic_store_explicit(&task->cancelled, 1, memory_order_release);
    weft__lock(&home->lock);
    move_epoch();
    wake_parked(task);
    for (struct weft__link *link = home->scopes.first; link; link = link->next) {
        struct weft__scope *inner = WEFT__OF(struct weft__scope, published, link);

        if (inner->owner != task || inner->shield)
            continue;
        weft__lock(&inner->lock);
        wake_below(inner);
        weft__unlock(&inner->lock);
    }
    weft__unlock(&home->lock);
}
