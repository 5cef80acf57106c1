/* Pools: a crew on a channel of jobs.
 *
 * What a pool still owes is counted up before a job is queued and down when the job has ended or will never begin, so
 * that draining waits for one number. The task that leads the crew is the last to touch the pool: it empties the queue
 * of what nobody will do, and says that it has ended; the one who closes waits for that.
 */
#include "core/runtime.h"
#include "par/par.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <weft/chan.h>
#include <weft/latch.h>
#include <weft/pool.h>

struct job {
    weft_entry *entry;
    const char *name;
    _Alignas(16) char arguments[WEFT_JOB_MAX];
};

struct weft_pool {
    struct weft__crew crew;
    weft_scope *home;
    weft_chan(struct job) queue;
    uint32_t width;
    enum weft_on_error on_error;
    weft_latch owed;  /* jobs submitted and not ended */
    weft_latch ended; /* by the crew's leader */
    atomic_int error; /* the first one of a job */
    atomic_size_t failed, dropped;
    int result; /* the leader's, until it has ended */
};

/* Runs the job under its own name. */
static int run(struct weft_pool *pool, struct job *job)
{
    int none = 0, rc;

    weft_task_rename(job->name);
    rc = job->entry(job->arguments);
    weft_task_rename(pool->crew.name);
    if (rc < 0) {
        atomic_compare_exchange_strong_explicit(&pool->error, &none, rc, memory_order_relaxed, memory_order_relaxed);
        atomic_fetch_add_explicit(&pool->failed, 1, memory_order_relaxed);
    }
    (void)weft_latch_done(&pool->owed); /* it was counted in */
    return rc;
}

static int work(struct weft__crew *crew, uint32_t member)
{
    struct weft_pool *pool = (struct weft_pool *)crew;
    struct job job;
    int rc;

    (void)member;
    while ((rc = weft_recv(pool->queue, &job)) == 0) {
        rc = run(pool, &job);
        if (rc < 0 && pool->on_error == WEFT_FAIL_FAST)
            return rc;
    }
    return rc == -EPIPE ? 0 : rc;
}

struct lead {
    struct weft_pool *pool;
};

static int lead(struct lead *self)
{
    struct weft_pool *pool = self->pool;
    weft_scope shield;
    int rc = weft__crew_run(&pool->crew, pool->width, pool->on_error), error;

    (void)weft_chan_close(pool->queue); /* -EPIPE: it was */
    weft_scope_open(&shield, .shield = 1);
    while (weft_try_recv(pool->queue, NULL) == 0) {
        atomic_fetch_add_explicit(&pool->dropped, 1, memory_order_relaxed);
        (void)weft_latch_done(&pool->owed);
    }
    (void)weft_scope_close(&shield);
    error = atomic_load_explicit(&pool->error, memory_order_relaxed);
    pool->result = error ? error : rc;
    (void)weft_latch_done(&pool->ended); /* the pool may be gone now */
    return rc;
}

weft_pool *weft_pool_new_with(weft_scope *scope, const struct weft_pool_options *options)
{
    uint32_t width = options->width ? options->width : weft__runtime.workers_count;
    struct weft_pool *pool;

    if (!scope || !width || width > WEFT__CREW_MAX || options->on_error == WEFT_FIRST_SUCCESS)
        return NULL;
    pool = aligned_alloc(64, (sizeof *pool + 63) & ~(size_t)63);
    if (!pool)
        return NULL;
    memset(pool, 0, sizeof *pool);
    pool->home = scope;
    pool->width = width;
    pool->on_error = options->on_error;
    pool->crew.work = work;
    pool->crew.name = options->name ? options->name : "pool";
    weft_latch_init(&pool->ended, 1);
    pool->queue = weft_chan_new(struct job, options->queue ? options->queue : width);
    if (pool->queue && weft_go_with(scope, (.name = pool->crew.name), lead, .pool = pool) == 0)
        return pool;
    weft_chan_free(pool->queue);
    free(pool);
    return NULL;
}

static int submit(weft_pool *pool, weft_entry *entry, const void *arguments, size_t size, const char *name, bool waits)
{
    struct job job = {.entry = entry, .name = name ? name : "job"};
    int rc;

    if (!pool || !entry || size > WEFT_JOB_MAX || (size && !arguments))
        return -EINVAL;
    memcpy(job.arguments, arguments, size);
    if ((rc = weft_latch_add(&pool->owed, 1)) < 0)
        return rc;
    rc = waits ? weft_send(pool->queue, job) : weft_try_send(pool->queue, job);
    if (rc < 0)
        (void)weft_latch_done(&pool->owed);
    return rc;
}

int weft_pool_submit_raw(weft_pool *pool, weft_entry *entry, const void *arguments, size_t size, const char *name)
{
    return submit(pool, entry, arguments, size, name, true);
}

int weft_pool_try_submit_raw(weft_pool *pool, weft_entry *entry, const void *arguments, size_t size, const char *name)
{
    return submit(pool, entry, arguments, size, name, false);
}

int weft_pool_drain(weft_pool *pool)
{
    int rc;

    if (!pool)
        return -EINVAL;
    rc = weft_latch_wait(&pool->owed);
    return rc < 0 ? rc : atomic_load_explicit(&pool->error, memory_order_relaxed);
}

int weft_pool_close(weft_pool *pool)
{
    weft_scope shield;
    int rc, waited;

    if (!pool)
        return -EINVAL;
    (void)weft_chan_close(pool->queue); /* -EPIPE: it was */
    rc = weft_scope_open(&shield, .shield = 1);
    waited = weft_latch_wait(&pool->ended);
    WEFT__CHECK(waited == 0); /* nothing interrupts a shield, or a thread */
    if (rc == 0)              /* else a thread, which has no scopes */
        (void)weft_scope_close(&shield);
    return pool->result;
}

void weft_pool_free(weft_pool *pool)
{
    if (!pool)
        return;
    (void)weft_pool_close(pool); /* whoever wants its result closes it himself */
    weft_chan_free(pool->queue);
    free(pool);
}

size_t weft_pool_failed(const weft_pool *pool)
{
    return pool ? atomic_load_explicit(&pool->failed, memory_order_relaxed) : 0;
}

size_t weft_pool_dropped(const weft_pool *pool)
{
    return pool ? atomic_load_explicit(&pool->dropped, memory_order_relaxed) : 0;
}
