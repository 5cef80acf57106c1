/* The public face of scopes: opening, closing, cancelling, deadlines. */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/wait.h"
#include "scope/join.h"

#include <errno.h>
#include <string.h>
#include <weft/scope.h>

static void deadline_came(struct weft__timer *timer)
{
    weft__scope_cancel(WEFT__OF(struct weft__scope, timer, timer), -ETIMEDOUT);
}

static struct weft__task *current(void)
{
    struct weft__thread *thread = weft__self();

    return thread ? thread->task : NULL;
}

/* The scope's own deadline, WEFT_FOREVER if it has none. */
static int64_t own_deadline(const struct weft_scope_options *options)
{
    int64_t deadline = options->deadline ? options->deadline : WEFT_FOREVER;

    if (options->timeout) {
        int64_t now = weft__now(), from_now = options->timeout > INT64_MAX - now ? INT64_MAX : now + options->timeout;

        deadline = from_now < deadline ? from_now : deadline;
    }
    return deadline;
}

static int arm(struct weft__scope *scope, int64_t deadline)
{
    struct weft__thread *thread = weft__enter();
    int rc;

    scope->timer.fire = deadline_came;
    rc = weft__timer_start(thread, &scope->timer, deadline);
    weft__leave(thread);
    return rc;
}

int weft_scope_open_with(weft_scope *public, const struct weft_scope_options *options)
{
    struct weft__scope *scope = weft__scope_of(public);
    struct weft__task *task = current();
    int64_t deadline, outer;
    int rc = 0;

    if (!task)
        return -EPERM;
    if (!scope || !options || options->timeout < 0 || options->deadline < 0)
        return -EINVAL;
    memset(scope, 0, sizeof *scope);
    outer = task->scope && !options->shield ? task->scope->deadline : WEFT_FOREVER;
    deadline = options->timeout || options->deadline ? own_deadline(options) : WEFT_FOREVER;
    scope->outer = task->scope;
    scope->owner = task;
    scope->deadline = deadline < outer ? deadline : outer;
    scope->limit = options->limit;
    scope->on_error = (uint8_t)options->on_error;
    scope->shield = options->shield != 0;
    scope->name = options->name;
    atomic_init(&scope->state, WEFT__SCOPE_OPEN);
    if (deadline < outer && deadline != WEFT_FOREVER) {
        rc = arm(scope, deadline);
        if (rc < 0)
            return rc;
    }
    if (scope->shield) /* what was known from above does not count in here */
        task->seen_epoch = atomic_load_explicit(&weft__cancel_epoch, memory_order_relaxed) - 1;
    task->scope = scope;
    return 0;
}

/* The deadline's timer walks down from this scope: it must be in the tree, or its parked owner would not be found; the
 * owner is woken by name. Publishing waits until there is a child. */

static void unpublish(struct weft__scope *scope)
{
    struct weft__thread *thread = weft__enter_any();

    weft__lock(&scope->outer->lock);
    weft__list_remove(&scope->outer->scopes, &scope->published);
    weft__unlock(&scope->outer->lock);
    weft__leave_any(thread);
}

/* After the last child: what the block has come to. */
static int result_of(struct weft__scope *scope, int rc)
{
    int status;

    if (scope->on_error == WEFT_FIRST_SUCCESS && scope->succeeded)
        return rc < 0 ? 0 : rc;
    if (scope->error < 0)
        return scope->error;
    if (rc < 0)
        return rc;
    status = atomic_load_explicit(&scope->status, memory_order_relaxed);
    if (status == 0 && scope->cut_short)
        status = weft__scope_check(scope);
    return status < 0 && scope->cut_short ? status : rc;
}

WEFT__NOINLINE static void finish(struct weft__scope *scope)
{
    weft__scope_await_children(scope);
    weft__timer_stop_from_task(&scope->timer);
    if (scope->is_published && scope->outer)
        unpublish(scope);
    weft__handles_free(scope);
}

int weft_scope_close_with(weft_scope *public, int rc)
{
    struct weft__scope *scope = weft__scope_of(public);
    struct weft__task *task = current();

    if (!scope || !task || task->scope != scope || scope->owner != task ||
        atomic_load_explicit(&scope->state, memory_order_relaxed) != WEFT__SCOPE_OPEN) {
        weft__report(
            "weft_scope_close: not the innermost open scope of task '%s': close each scope once, the innermost "
            "first, in the task that opened it",
            task ? task->name : "");
        return -EINVAL;
    }
    if (rc < 0)
        weft__scope_result(scope, rc);
    if (WEFT__UNLIKELY(scope->is_published || scope->timer.timers || scope->handles))
        finish(scope);
    WEFT__ACQUIRE(scope);
    atomic_store_explicit(&scope->state, WEFT__SCOPE_CLOSED, memory_order_relaxed);
    rc = result_of(scope, rc);
    task->scope = scope->outer;
    if (scope->shield)
        task->seen_epoch = atomic_load_explicit(&weft__cancel_epoch, memory_order_relaxed) - 1;
    return rc;
}

int weft_scope_close(weft_scope *scope)
{
    return weft_scope_close_with(scope, 0);
}

int weft_scope_cancel(weft_scope *scope)
{
    if (!scope)
        return -EINVAL;
    weft__scope_cancel(weft__scope_of(scope), -ECANCELED);
    return 0;
}

int weft_scope_status(const weft_scope *scope)
{
    struct weft__task *task = current();

    if (scope)
        return weft__scope_check((const struct weft__scope *)(const void *)scope);
    return task ? weft__cancelled(task) : 0;
}

size_t weft_scope_count(const weft_scope *public)
{
    const struct weft__scope *scope = (const struct weft__scope *)(const void *)public;

    return scope ? atomic_load_explicit(&scope->live, memory_order_relaxed) : 0;
}

int64_t weft_deadline(void)
{
    struct weft__task *task = current();

    return task ? task->scope->deadline : WEFT_FOREVER;
}
