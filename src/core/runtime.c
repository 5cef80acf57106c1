/* Starting and stopping the one runtime: memory, workers, threads, monitor, poller, in this order and back. */
#include "core/runtime.h"

#include "core/policy.h"
#include "core/sched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct weft__runtime weft__runtime;
struct weft__lock weft__workers_lock;

static int make_workers(unsigned count)
{
    size_t size = (sizeof(struct weft__worker) + 63) & ~(size_t)63;

    WEFT__CHECK(size == sizeof(struct weft__worker));
    weft__runtime.workers = aligned_alloc(WEFT__CACHE_LINE, size * count);
    if (!weft__runtime.workers)
        return -ENOMEM;
    memset(weft__runtime.workers, 0, size * count);
    weft__runtime.workers_count = count;
    for (unsigned i = 0; i < count; i++) {
        struct weft__worker *worker = &weft__runtime.workers[i];

        worker->index = i;
        worker->lean = i + 1;
        worker->until_wake = 1;
        atomic_init(&worker->wake_period, 1);
        atomic_init(&worker->timers.next, INT64_MAX);
        if (!weft__ring_reserve(&worker->deque))
            return -ENOMEM;
    }
    return 0;
}

static void free_workers(void)
{
    struct weft__worker *workers = weft__runtime.workers;
    unsigned count = weft__runtime.workers_count;

    weft__lock(&weft__workers_lock);
    weft__runtime.workers = NULL;
    weft__runtime.workers_count = 0;
    weft__unlock(&weft__workers_lock);
    for (unsigned i = 0; i < count; i++) {
        free(workers[i].deque.slots);
        weft__heap_fini(&workers[i].timers.heap);
    }
    free(workers);
}

int weft__runtime_start(const struct weft_options *options, const struct weft__poller *poller)
{
    uint64_t workers = options ? options->workers : 0, threads = options ? options->threads : 0;
    int rc;

    weft__lock(&weft__workers_lock);
    memset(&weft__runtime, 0, sizeof weft__runtime);
    weft__unlock(&weft__workers_lock);
    if ((rc = weft__policy_init()) < 0 ||
        (rc = weft__environment("WEFT_WORKERS", 1, WEFT__WORKERS_MAX, &workers)) < 0 ||
        (rc = weft__environment("WEFT_THREADS", 1, 1000000, &threads)) < 0)
        return rc;
    if (workers == 0)
        workers = weft__os_cpus();
    if (workers > WEFT__WORKERS_MAX)
        workers = WEFT__WORKERS_MAX;
    if (weft__policy.seeded)
        workers = 1;
    weft__revoke_open = weft__os_membarrier_init() ? WEFT__OPEN : WEFT__FENCED;
    if (weft__policy.seeded)
        weft__revoke_open = WEFT__FENCED; /* every entry takes the slow path, where others may have a turn */
    weft__stacks_init();
    if ((rc = poller->open()) < 0)
        return rc;
    weft__runtime.poller = poller;
    if ((rc = make_workers((unsigned)workers)) < 0 || (rc = weft__pool_start(threads ? (unsigned)threads : 256)) < 0 ||
        (rc = weft__monitor_start()) < 0) {
        weft__runtime_stop();
        return rc;
    }
    return 0;
}

void weft__runtime_stop(void)
{
    atomic_store_explicit(&weft__runtime.stopping, 1, memory_order_seq_cst);
    weft__monitor_stop();
    weft__runtime.poller->wake();
    weft__pool_stop();
    weft__runtime.poller->close();
    free_workers();
    weft__stacks_fini();
}
