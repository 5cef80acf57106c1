/* The one runtime of a process. */
#ifndef WEFT_CORE_RUNTIME_H
#define WEFT_CORE_RUNTIME_H

#include "core/poller.h"
#include "core/scope.h"
#include "core/worker.h"

#include <weft/guest.h>

enum { WEFT__WORKERS_MAX = 1024, WEFT__IDLE_WORDS = WEFT__WORKERS_MAX / 64 };

struct weft__runtime {
    struct weft__worker *workers;
    unsigned workers_count;
    const struct weft__poller *poller;
    struct weft__task *_Atomic inject;       /* lock-free stack of ready tasks from anywhere, newest first */
    _Atomic uint64_t idle[WEFT__IDLE_WORDS]; /* a bit a worker that sleeps and may be woken */
    atomic_uint idle_count;
    atomic_uint searching; /* a thief is on its way */
    atomic_uint in_poller; /* a worker waits in the poller */
    atomic_uint polls;     /* grows while workers come by the poller; a lost count does not matter */
    atomic_uint stopping;
    _Atomic uint64_t hand_offs, hogs, steals;
    _Atomic uint64_t live; /* detached tasks */
    struct weft__lock roots_lock;
    struct weft__list roots; /* roots_lock: the root scopes of calls under way */
    atomic_bool foreign;     /* a plain thread has woken a task: it may do so again */
};

extern struct weft__runtime weft__runtime;

/* Of plain threads that look at workers, against the stop: for ever, as the runtime itself is not. */
extern struct weft__lock weft__workers_lock;

/* runtime.c: under the caller's lock; 0 or -errno. */
int weft__runtime_start(const struct weft_options *options, const struct weft__poller *poller);
void weft__runtime_stop(void);

/* pool.c: threads. */
int weft__pool_start(unsigned threads_max);
void weft__pool_stop(void);
unsigned weft__pool_threads(void);
/* A thread without a task, to hold the worker; made if there is none idle. -EAGAIN: no thread to be had (reported). */
int weft__pool_staff(struct weft__worker *worker, bool beyond_cap);
/* Runs a hog on a demoted thread; called inside. */
void weft__pool_run_hog(struct weft__task *task);
/* Hogs that wait for a thread; the monitor's. */
bool weft__pool_serve_hogs(bool beyond_cap);
/* What a thread without a worker does until it has one, or a hog to run. False: the runtime stops. */
bool weft__pool_wait(struct weft__thread *thread);
void weft__pool_each(void (*visit)(struct weft__thread *thread));
bool weft__pool_at_cap(void);
bool weft__pool_has_spare(void);
bool weft__pool_hogs_wait(void);
struct weft__worker *weft__pool_private_worker(void); /* NULL without memory */
void weft__pool_private_free(struct weft__worker *worker);
unsigned weft__pool_hogs(void); /* demoted threads that run a task */
void weft__pool_count_hog(int change);

/* monitor.c */
int weft__monitor_start(void);
void weft__monitor_stop(void);
void weft__monitor_poke(void); /* something runs again after all were idle */

/* report.c */
void weft__report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* pin.c */
struct weft__task *weft__pin_next(struct weft__thread *thread);
void weft__pin_ready(struct weft__task *task);
int weft__pin_spawn(struct weft__task *task);

#endif
