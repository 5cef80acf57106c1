/* Pools: a fixed number of tasks that work on jobs from a bounded queue.
 *
 *     struct resize { const char *path; int width; };
 *     static int resize(struct resize *self) { ... return 0; }                // >= 0, or -Exxx
 *
 *     weft_pool *pool = weft_pool_new(&scope, .width = 4, .queue = 32);
 *     for (...)
 *         if ((rc = weft_pool_submit(pool, resize, .path = path, .width = 80)) < 0) break;     // waits while it is
 * full rc = weft_pool_close(pool);                                             // all jobs done: 0, or the first error
 *     weft_pool_free(pool);
 *
 * A scope with a .limit is the simpler thing where the maker of the tasks may be held up for each; a pool has a queue
 * of its own, takes jobs from anybody, tasks and plain threads alike, and never has more than .queue + .width of them.
 * A job's struct is copied into the queue and lives until the job ends.
 *
 * The pool belongs to its maker, who closes it before its scope is closed, or that close would wait for ever. When the
 * scope is cancelled the running jobs are, like any task, and those in the queue are not begun. weft_pool_close says
 * -ECANCELED then.
 */
#ifndef WEFT_POOL_H
#define WEFT_POOL_H

#include <weft/base.h>
#include <weft/scope.h>
#include <weft/task.h>

WEFT_BEGIN

typedef struct weft_pool weft_pool;

enum { WEFT_JOB_MAX = 240 }; /* bytes of a job's struct, which is aligned to at most 16 */

/* How to make one; a field left out keeps its default. */
struct weft_pool_options {
    uint32_t width;              /* jobs at once; default: as many as there are workers; at most 65536 */
    uint32_t queue;              /* jobs that wait; default: the width */
    enum weft_on_error on_error; /* WEFT_FAIL_FAST: the first error cancels the running jobs, drops those in the queue,
                                    closes the pool, and is an error of the scope; WEFT_KEEP_GOING: all are done, and
                                    only weft_pool_close has the error */
    const char *name;            /* for reports; kept by reference; default: "pool" */
};

/* weft_pool_new(scope, .option = value, ...): a pool whose tasks are in the scope. NULL without memory, or if the scope
 * takes no task (then the scope has the error), or for options out of range. Owned by the caller. Task, or a thread
 * while the runtime is started. May suspend, as weft_go. */
WEFT_EXPORT WEFT_MUST_USE weft_pool *weft_pool_new_with(weft_scope *scope, const struct weft_pool_options *options);
#define weft_pool_new(scope, ...) weft_pool_new_with((scope), &(struct weft_pool_options){__VA_ARGS__})

/* Frees it. NULL: nothing. It must be closed, else it is closed first. */
WEFT_EXPORT void weft_pool_free(weft_pool *pool);

/* weft_pool_submit(pool, fn, .field = value, ...): puts a job into the queue, waiting while it is full. Returns 0;
 * -EPIPE if the pool is closed, or has failed; -ECANCELED or -ETIMEDOUT of the caller's scope (then nothing was
 * queued); -EINVAL for NULL. Task or thread. May suspend. A job that submits to its own pool, with all its fellows,
 * may wait for ever: it uses the next one. */
#define weft_pool_submit(pool, fn, ...) WEFT__SUBMIT(weft_pool_submit_raw, pool, fn, __VA_ARGS__)

/* The same without waiting: -EAGAIN if the queue is full. Never suspends. */
#define weft_pool_try_submit(pool, fn, ...) WEFT__SUBMIT(weft_pool_try_submit_raw, pool, fn, __VA_ARGS__)

/* Waits until every job submitted so far has ended; also waits for those submitted meanwhile. Returns the first error
 * of a job so far, or 0; -ECANCELED or -ETIMEDOUT of the caller's scope; -EINVAL for NULL. Task or thread, not a job of
 * the pool. May suspend. */
WEFT_EXPORT WEFT_MUST_USE int weft_pool_drain(weft_pool *pool);

/* Takes no more jobs and waits until those that it has are done and its tasks have ended. Returns 0, the first error of
 * a job, -ECANCELED or -ETIMEDOUT if the pool's scope was cancelled before all were done; -EINVAL for NULL. Again: the
 * same. Task or thread, not a job of the pool. May suspend; is not interrupted by cancellation. */
WEFT_EXPORT int weft_pool_close(weft_pool *pool);

/* Jobs that have ended with an error; jobs that were queued and never begun. A moment's truth until it is closed. */
WEFT_EXPORT size_t weft_pool_failed(const weft_pool *pool);
WEFT_EXPORT size_t weft_pool_dropped(const weft_pool *pool);

/* For C++, bindings and generated code: size bytes of arguments are copied; -EINVAL for more than WEFT_JOB_MAX. name is
 * the job's, for reports; a constant string. */
WEFT_EXPORT int weft_pool_submit_raw(weft_pool *pool, weft_entry *entry, const void *arguments, size_t size,
                                     const char *name);
WEFT_EXPORT int weft_pool_try_submit_raw(weft_pool *pool, weft_entry *entry, const void *arguments, size_t size,
                                         const char *name);

#define WEFT__SUBMIT(call, pool, fn, ...)                                                                              \
    __extension__({                                                                                                    \
        _Static_assert(__builtin_types_compatible_p(__typeof__(&fn), int (*)(struct fn *)),                            \
                       "a job is: static int NAME(struct NAME *self)");                                                \
        _Static_assert(sizeof(struct fn) <= WEFT_JOB_MAX && _Alignof(struct fn) <= 16,                                 \
                       "the job's struct is over WEFT_JOB_MAX bytes: give it a pointer");                              \
        call((pool), (weft_entry *)(void (*)(void))(fn), &(struct fn){__VA_ARGS__}, sizeof(struct fn), #fn);           \
    })

WEFT_END

#endif
