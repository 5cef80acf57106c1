/* Tasks: a function, its arguments by value, a scope that waits for it.
 *
 *     struct greet { const char *name; int times; };
 *     static int greet(struct greet *self) { ... return 0; }        // >= 0, or -Exxx
 *
 *     weft_go(&scope, greet, .name = "Ada", .times = 3);            // the struct and the function share their name
 *
 * The arguments are copied onto the new task's stack: no malloc, no lifetime to get wrong. They live until the task
 * ends. The child runs at once and the caller goes on when the child first waits or ends, or on another thread before
 * that: so weft_go may suspend its caller and may move it to another thread. Do not call it with a pthread lock held.
 * (In a pinned task, and with WEFT_SPAWN=queue, the child is queued instead.)
 *
 * A task may wait, block in the kernel or compute as long as it likes: nobody else waits for it. Its stack takes
 * 256 KiB of address space: 192 KiB to use, and a guard below. Rounding mode and other floating-point control bits
 * belong to the thread: a task that changes them puts them back before it calls anything here.
 */
#ifndef WEFT_TASK_H
#define WEFT_TASK_H

#include <weft/base.h>
#include <weft/scope.h>
#include <weft/select.h>

WEFT_BEGIN

typedef int weft_entry(void *arguments);

/* A task started with .handle; valid until its scope closes. */
typedef struct weft_task weft_task;

/* Options of a spawn; a field left out keeps its default. */
struct weft_spawn {
    const char *name; /* for reports; default: the function's name; kept by reference while the task lives */
    size_t
        stack_size; /* bytes, rounded up to a power of two; default and least: 256 KiB, guard included; at most 1 GiB */
    unsigned char cold; /* nobody keeps pointers into this stack while it waits (a hint, for later) */
    unsigned char pin;  /* stay on one thread from first to last: for libraries that are bound to a thread */
    weft_task **handle; /* where to put the handle; set before the child runs */
};

/* A place in the source that starts tasks; made by the macros. */
struct weft_site {
    const char *name;
    const char *file;
    weft_entry *entry;
    uint32_t line;
    uint32_t size;
    uint32_t align;
};

/* weft_go(scope, fn, .field = value, ...): starts fn in the scope with those arguments.
 * Returns 0; -ECANCELED or -ETIMEDOUT if the scope is cancelled, -ENOMEM without memory for a stack, -EAGAIN without a
 * thread for a pinned task, -EINVAL for a closed scope: the error is also the scope's, so the result may be ignored.
 * (Of -EINVAL only the caller learns.) Task or thread. May suspend (see above; also while the scope is at its limit).
 * On error the child never ran. */
#define weft_go(scope, fn, ...)                                                                                        \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__go((scope), &weft__site, NULL, &(struct fn){__VA_ARGS__});                                               \
    })

/* The same with options in parentheses: weft_go_with(&scope, (.name = "x", .handle = &task), fn, .field = value, ...).
 */
#define weft_go_with(scope, options, fn, ...)                                                                          \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__go((scope), &weft__site, &(struct weft_spawn){WEFT__UNWRAP options}, &(struct fn){__VA_ARGS__});         \
    })

/* For C++, bindings and generated code: the argument bytes are copied, aligned to align (at most 64).
 * options may be NULL. Returns as weft_go; -EINVAL if size is over 64 KiB. */
WEFT_EXPORT int weft_go_raw(weft_scope *scope, weft_entry *entry, const void *bytes, size_t size, size_t align,
                            const struct weft_spawn *options);

/* Waits until the task has ended and gives its result in *ret_result (if not NULL).
 * Returns 0, or -ECANCELED / -ETIMEDOUT from the caller's scope, -EINVAL for NULL. Task or thread. May suspend. */
WEFT_EXPORT int weft_join(weft_task *task, int *ret_result);

/* A case of weft_select: the task has ended; *result, an int, which may be NULL, is what it returned. */
#define weft_on_join(task, result)                                                                                     \
    WEFT__CASE(weft__on_join, (1 ? (task) : (weft_task *)0), (0 ? (int *)0 : (result)), NULL, 0)
extern WEFT_EXPORT const struct weft__kind weft__on_join;

/* Cancels this one task: its calls that may suspend give -ECANCELED from now on. Idempotent; nothing if it has ended.
 * A task that was cancelled so and ends with -ECANCELED is no error of its scope.
 * Returns 0, -EINVAL for NULL. Task or thread. Never suspends. */
WEFT_EXPORT int weft_cancel(weft_task *task);

/* Lets every other ready task run first. Returns 0, or -ECANCELED / -ETIMEDOUT. Task only (a thread yields its CPU). */
WEFT_EXPORT int weft_yield(void);

/* The checkpoint for code that computes: 0, or -ECANCELED / -ETIMEDOUT. One load. Never suspends. */
WEFT_EXPORT int weft_check(void);

/* Runs fn(argument) in place and says that it will block: other tasks get the worker at once. A hint: code that
 * blocks without it is found and stepped around within milliseconds. Returns what fn returned. Task or thread.
 * May suspend after fn. fn is never interrupted. */
WEFT_EXPORT int weft_blocking(int (*fn)(void *argument), void *argument);

/* Keeps the caller on the thread it runs on until as many unpins: for libraries bound to a thread.
 * Returns 0, -EPERM outside a task (unpin: or if it is not pinned), -ENOMEM, -EAGAIN without a thread. The thread is
 * the task's own meanwhile; each wait costs a thread switch. */
WEFT_EXPORT int weft_pin(void);
WEFT_EXPORT int weft_unpin(void);

/* The name of the calling task; "" outside tasks. weft_task_rename keeps the pointer while the task lives. */
WEFT_EXPORT const char *weft_task_name(void);
WEFT_EXPORT int weft_task_rename(const char *name);

/* Bytes of stack in use at the call, and the size of the stack. 0 outside tasks. */
WEFT_EXPORT size_t weft_stack_used(void);
WEFT_EXPORT size_t weft_stack_size(void);

WEFT_EXPORT int weft__go(weft_scope *scope, const struct weft_site *site, const struct weft_spawn *options,
                         const void *arguments);

/* The check that function and struct belong together, and the call site as data. */
#define WEFT__SITE(fn)                                                                                                 \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&fn), int (*)(struct fn *)),                                \
                   "a task function is: static int NAME(struct NAME *self)");                                          \
    static const struct weft_site weft__site = {#fn,      __FILE__,          (weft_entry *)(void (*)(void))(fn),       \
                                                __LINE__, sizeof(struct fn), _Alignof(struct fn)}
#define WEFT__UNWRAP(...) __VA_ARGS__

WEFT_END

#endif
