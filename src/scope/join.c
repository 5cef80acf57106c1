/* Handles: joining and cancelling one task. */
#include "scope/join.h"

#include "sync/select.h"

#include <errno.h>
#include <stdlib.h>
#include <weft/task.h>

struct weft_task {
    struct weft_task *next; /* in its scope's list */
    struct weft__lock lock;
    bool ended;                /* lock */
    int result;                /* lock; constant once ended */
    struct weft__task *task;   /* lock; while not ended */
    struct weft__list waiters; /* lock */
};

int weft__handle_new(struct weft__scope *scope, struct weft__task *task, struct weft_task **ret_handle)
{
    struct weft_task *handle = calloc(1, sizeof *handle);

    if (!handle)
        return -ENOMEM;
    handle->task = task;
    task->handle = handle;
    weft__lock(&scope->lock);
    handle->next = scope->handles;
    scope->handles = handle;
    weft__unlock(&scope->lock);
    *ret_handle = handle;
    return 0;
}

void weft__handle_ended(struct weft__thread *thread, struct weft_task *handle, int rc)
{
    (void)thread;
    weft__lock(&handle->lock);
    WEFT__RELEASE(handle);
    handle->ended = true;
    handle->result = rc;
    handle->task = NULL;
    weft__wake_all(&handle->waiters);
    weft__unlock(&handle->lock);
}

void weft__handles_free(struct weft__scope *scope)
{
    struct weft_task *handle = scope->handles, *next;

    for (scope->handles = NULL; handle; handle = next) {
        next = handle->next;
        free(handle);
    }
}

/* One wait. True once the task has ended. */
static bool await_end(struct weft_task *handle)
{
    struct weft__wait wait = {.what = "to join a task"};
    struct weft__waiter waiter = {.wait = &wait};
    bool ended;

    weft__wait_begin(&wait, WEFT__WAITING);
    weft__lock(&handle->lock);
    ended = handle->ended;
    if (!ended)
        weft__list_append(&handle->waiters, &waiter.link);
    weft__unlock(&handle->lock);
    if (ended) {
        weft__wait_abandon(&wait);
        return true;
    }
    weft__wait(&wait, INT64_MAX);
    if (!wait.winner)
        weft__wait_give_up(&waiter, &handle->lock, &handle->waiters);
    return wait.winner != NULL;
}

int weft_join(weft_task *handle, int *ret_result)
{
    struct weft__thread *thread = weft__self();
    struct weft__task *task = thread ? thread->task : NULL;
    int rc;

    if (!handle)
        return -EINVAL;
    do
        if (task && (rc = weft__cancelled(task)) < 0)
            return rc;
    while (!await_end(handle));
    WEFT__ACQUIRE(handle);
    if (ret_result)
        *ret_result = handle->result;
    return 0;
}

int weft_cancel(weft_task *handle)
{
    struct weft__thread *thread;

    if (!handle)
        return -EINVAL;
    thread = weft__enter_any();
    weft__lock(&handle->lock);
    if (!handle->ended)
        weft__task_cancel(handle->task); /* it cannot end meanwhile: its end takes this lock */
    weft__unlock(&handle->lock);
    weft__leave_any(thread);
    return 0;
}

/* ---- a case of a select ---- */

static int try(struct weft__thread *thread, struct weft_case *c)
{
    struct weft_task *handle = c->weft__object;
    bool ended;

    (void)thread;
    if (!handle)
        return -EINVAL;
    weft__lock(&handle->lock);
    ended = handle->ended;
    weft__unlock(&handle->lock);
    if (!ended)
        return 0;
    WEFT__ACQUIRE(handle);
    if (c->weft__value)
        *(int *)c->weft__value = handle->result;
    return 1;
}

static int queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft_task *handle = c->weft__object;
    bool ended;

    (void)thread;
    weft__lock(&handle->lock);
    ended = handle->ended;
    if (!ended)
        weft__list_append(&handle->waiters, &place->waiter.link);
    weft__unlock(&handle->lock);
    return !ended;
}

static void leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft_task *handle = c->weft__object;

    (void)thread;
    weft__wait_leave(&place->waiter, &handle->lock, &handle->waiters);
}

static bool finish(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)place;
    return try(thread, c) > 0;
}

const struct weft__kind weft__on_join = {true, try, queue, leave, finish};
