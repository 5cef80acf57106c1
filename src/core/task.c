/* Birth and death of tasks, and what lies between an attached child and a detached one.
 *
 * Child first (Mohr, Kranz, Halstead 1991, 'lazy task creation'; Frigo, Leiserson, Randall, PLDI 1998): weft_go puts
 * the parent's continuation in front of the worker's deque and jumps into the child. If the child ends without having
 * waited, the parent is still in front and is jumped back to: no list, no counter, no lock. Everything else detaches
 * first. Rejected: counting children in the scope with one atomic add a spawn (5 ns of 12), and a count per steal as in
 * nowa (Schmaus et al., ICPP 2021): it cannot say which children are alive, and a canceller needs to.
 */
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/switch.h"

#include <errno.h>
#include <string.h>

enum { ARGUMENTS_MAX = 64 * 1024, CLASS_MAX = 12, SLOT = 256 * 1024 };

/* Into the list of its scope: from now on it may be anywhere. Its spawner is on a deque that the caller has hold of. */
void weft__detach(struct weft__task *child)
{
    child->is_attached = false;
    if (child->spawner->attached == child)
        child->spawner->attached = NULL;
    weft__scope_adopt(child->home, child);
}

static int size_class_of(const struct weft_spawn *options)
{
    int class = 0;

    for (size_t size = options ? options->stack_size : 0; size > (size_t)SLOT << class; class ++)
        if (class == CLASS_MAX)
            return -EINVAL;
    return class;
}

static struct weft__task *make(struct weft__worker *worker, struct weft__scope *scope, weft_entry *entry,
                               const void *arguments, size_t size, size_t align, const char *name, int class)
{
    struct weft__task *task = weft__stack_new(worker, (unsigned)class);
    uintptr_t place;

    if (WEFT__UNLIKELY(!task))
        return NULL;
    place = ((uintptr_t)task - size) & ~(uintptr_t)(align - 1);
    if (WEFT__UNLIKELY(weft__on_valgrind)) /* below the last task's first frame nothing may be touched */
        VALGRIND_MAKE_MEM_UNDEFINED((void *)place, (uintptr_t)task - place);
    weft__copy((void *)place, arguments, size);
    task->arguments = (void *)place;
    weft__arch_make(&task->context, (void *)place);
    task->entry = entry;
    task->name = name;
    task->home = task->scope = scope;
    task->attached = task->spawner = NULL;
    task->sibling = (struct weft__link){0};
    task->handle = NULL;
    task->locals = NULL;
    task->wait = NULL;
    task->pinned = NULL;
    atomic_store_explicit(&task->claim, WEFT__RUNNING, memory_order_relaxed);
    atomic_store_explicit(&task->cancelled, 0, memory_order_relaxed);
    task->pins = 0;
    if (WEFT__UNLIKELY(weft__policy.seeded))
        weft__policy_born(task);
    task->hog = 0;
    task->is_attached = task->ended = task->wants_worker = false;
    task->seen_epoch = atomic_load_explicit(&weft__cancel_epoch, memory_order_relaxed) - 1;
    return task;
}

/* Takes room for one more child, waiting for it if it must. The thread may be another one afterwards. */
static int reserve(struct weft__thread **thread, struct weft__scope *scope)
{
    int rc = 0;

    while (rc == 0 && !weft__scope_reserve(scope)) {
        if (*thread)
            weft__leave(*thread);
        rc = weft__scope_await_room(scope);
        *thread = *thread ? weft__enter() : NULL;
    }
    return rc;
}

static int may_spawn(struct weft__thread *thread, struct weft__scope *scope)
{
    if (WEFT__UNLIKELY(atomic_load_explicit(&scope->state, memory_order_relaxed) != WEFT__SCOPE_OPEN)) {
        weft__report("weft_go: the scope is not open: open it with weft_scope_open and spawn before it is closed");
        return -EINVAL;
    }
    if (WEFT__LIKELY(thread && thread->task && thread->task->scope == scope))
        return weft__cancelled(thread->task);
    return weft__scope_check(scope);
}

/* Onto a queue, into its scope's list. */
static void start_queued(struct weft__thread *thread, struct weft__task *child)
{
    weft__scope_adopt(child->home, child);
    atomic_store_explicit(&child->on_cpu, 0, memory_order_relaxed);
    WEFT__RELEASE(child);
    if (thread && thread->worker->index != WEFT__PRIVATE && weft__ring_reserve(&thread->worker->deque)) {
        weft__ring_push_back(&thread->worker->deque, child);
        weft__offer(thread->worker);
    } else {
        weft__ready(NULL, child);
    }
}

/* The fast path: the child runs now, on this worker, and the parent's continuation may be stolen from here on. */
static void start_first(struct weft__thread *thread, struct weft__task *child)
{
    struct weft__task *parent = thread->task;
    struct weft__worker *worker = thread->worker;

    if (WEFT__LIKELY(child->home->owner == parent && !child->home->limit)) { /* what is attached is not counted */
        child->is_attached = true;
        child->spawner = parent;
        parent->attached = child;
    } else {
        weft__scope_adopt(child->home, child);
    }
    weft__ring_push_front(&worker->deque, parent);
    weft__offer(worker);
    atomic_store_explicit(&worker->switches, atomic_load_explicit(&worker->switches, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&child->on_cpu, 1, memory_order_relaxed);
    WEFT__RELEASE(child);
    weft__leave(weft__switch(thread, child));
    WEFT__ACQUIRE(parent);
}

static int fail(struct weft__scope *scope, int rc)
{
    if (rc != -EINVAL)
        weft__scope_result(scope, rc);
    return rc;
}

int weft__spawn(struct weft__scope *scope, weft_entry *entry, const void *arguments, size_t size, size_t align,
                const char *name, const struct weft_spawn *options)
{
    struct weft__thread *thread = weft__self() ? weft__enter() : NULL;
    int class = size_class_of(options), rc = class < 0 || size > ARGUMENTS_MAX || align > 64 ? -EINVAL : 0;
    struct weft__task *child = NULL;
    bool reserved = false;

    if (rc == 0)
        rc = may_spawn(thread, scope);
    if (rc == 0 && scope->limit) {
        rc = reserve(&thread, scope);
        reserved = rc == 0;
    }
    if (rc == 0 && !(child = make(thread ? thread->worker : NULL, scope, entry, arguments, size, align, name, class)))
        rc = -ENOMEM;
    if (child && options) {
        if (options->name)
            child->name = options->name;
        if (options->handle && (rc = weft__handle_new(scope, child, options->handle)) < 0) {
            weft__stack_drop(thread, child);
            child = NULL;
        }
    }
    if (!child && reserved)
        weft__scope_unreserve(scope);
    if (child && options && options->pin && weft__policy.seeded)
        child->pins = 1; /* there is only the one thread */
    if (child && options && options->pin && !weft__policy.seeded) {
        rc = weft__pin_spawn(child);
        if (rc < 0) {
            if (child->handle)
                weft__handle_ended(thread, child->handle, rc);
            weft__stack_drop(thread, child);
        }
    } else if (child && thread && thread->task && !thread->task->pinned && weft__policy_child_first(child) &&
               weft__ring_reserve(&thread->worker->deque)) {
        start_first(thread, child);
        return 0;
    } else if (child) {
        start_queued(thread, child);
    }
    if (thread)
        weft__leave(thread);
    return rc < 0 ? fail(scope, rc) : 0;
}

int weft__go(weft_scope *scope, const struct weft_site *site, const struct weft_spawn *options, const void *arguments)
{
    if (!scope)
        return -EINVAL;
    return weft__spawn(weft__scope_of(scope), site->entry, arguments, site->size, site->align, site->name, options);
}

int weft_go_raw(weft_scope *scope, weft_entry *entry, const void *bytes, size_t size, size_t align,
                const struct weft_spawn *options)
{
    if (!scope || !entry || (size && !bytes) || (align & (align - 1)))
        return -EINVAL;
    return weft__spawn(weft__scope_of(scope), entry, bytes ? bytes : "", size, align ? align : 16, "task", options);
}

/* The last act of a task on its own stack. */
__attribute__((noreturn)) static void end(struct weft__task *task, int rc)
{
    struct weft__thread *thread = weft__enter();
    struct weft__scope *home = task->home;
    struct weft__task *next;

    bool asked_for = rc == -ECANCELED && atomic_load_explicit(&task->cancelled, memory_order_relaxed); /* weft_cancel */

    if (WEFT__UNLIKELY((rc < 0 && !asked_for) || home->on_error == WEFT_FIRST_SUCCESS))
        weft__scope_result(home, rc);
    if (WEFT__UNLIKELY(task->handle != NULL))
        weft__handle_ended(thread, task->handle, rc);
    WEFT__RELEASE(home);
    task->ended = true;
    if (WEFT__LIKELY(task->is_attached)) {
        struct weft__worker *worker = thread->worker;

        next = weft__ring_pop_front(&worker->deque);
        WEFT__CHECK(next == task->spawner && next->attached == task);
        next->attached = NULL;
        if (worker->deque.front == worker->deque.back)
            atomic_store_explicit(&worker->drained, atomic_load_explicit(&worker->drained, memory_order_relaxed) + 1,
                                  memory_order_relaxed);
        WEFT__RELEASE(next);
        atomic_store_explicit(&next->on_cpu, 1, memory_order_relaxed);
    } else {
        thread->pin_ended = task->pinned != NULL;
        weft__scope_child_ended(thread, home, task);
        next = weft__pick(thread);
    }
    weft__switch(thread, next);
    __builtin_unreachable();
}

void weft__arch_entry(void)
{
    struct weft__thread *thread = weft__self();
    struct weft__task *task = thread->task;
    int rc;

    weft__switched(thread);
    WEFT__ACQUIRE(task);
    weft__leave(thread);
    rc = task->entry(task->arguments);
    if (WEFT__UNLIKELY(task->scope != task->home))
        weft__panic("task '%s' ended with its scope '%s' still open: close every scope with weft_scope_close",
                    task->name, task->scope->name ? task->scope->name : "");
    if (WEFT__UNLIKELY(task->locals != NULL))
        weft__locals_end(task);
    end(task, rc);
}

const char *weft_task_name(void)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task ? thread->task->name : "";
}

int weft_task_rename(const char *name)
{
    struct weft__thread *thread = weft__self();

    if (!thread || !thread->task)
        return -EPERM;
    thread->task->name = name ? name : "";
    return 0;
}

size_t weft_stack_used(void)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task ? (size_t)((char *)thread->task - (char *)__builtin_frame_address(0)) : 0;
}

size_t weft_stack_size(void)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task ? weft__stack_bytes(thread->task) : 0;
}
