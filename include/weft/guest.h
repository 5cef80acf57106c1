/* Starting and stopping: as the owner of a program, or as a guest in one.
 *
 *     int main(void) { return weft_main(server, .address = "tcp://127.0.0.1:9000"); }       // the owner
 *
 *     weft_start(NULL); rc = weft_call(job, .n = 3); weft_stop();                             // the guest, on any
 * thread
 *
 * As a guest the library prints nothing, installs no signal handler and changes no signal mask of yours; its threads
 * block every signal. Starts are counted: two libraries of one process share the runtime, and the last stop ends it.
 * Threads and processes that a task starts inherit that mask. After fork() the child has no runtime: weft_start,
 * weft_call and weft_stop give -EPERM there, and all it may do is exec or _exit.
 *
 * Environment: WEFT_WORKERS=n workers instead of one per usable CPU; WEFT_SEED=n one replayable schedule with virtual
 * time on one thread; WEFT_SPAWN=child|queue; WEFT_THREADS=n the thread cap; WEFT_DEMOTE=0 no lowered priority for
 * hogs; WEFT_CHECK=1 reports of locks taken in both orders.
 */
#ifndef WEFT_GUEST_H
#define WEFT_GUEST_H

#include <weft/base.h>
#include <weft/task.h>

WEFT_BEGIN

/* How to start; a field left out keeps its default. Only the first start of a process looks at them. */
struct weft_options {
    uint32_t workers;       /* default: CPUs that affinity and the cgroup quota allow */
    uint32_t threads;       /* the cap on threads: default 256; beyond it threads are added only when nothing moves */
    unsigned char overflow; /* 1: install the SIGSEGV handler that reports a stack overflow by the task's name */
};

/* Starts the runtime, or counts one more user of it. options may be NULL. Returns 0, -ENOMEM, -EAGAIN (no threads),
 * -EPERM (in a forked child), -EMFILE or -ENFILE, -EINVAL for a malformed WEFT_ variable (a report says which). A plain
 * thread or a task. Blocks shortly. */
WEFT_EXPORT int weft_start(const struct weft_options *options);

/* Gives up one start; the last one waits for the runtime's threads to end. Every root task must have ended: weft_call
 * sees to it. Returns 0, -EPERM if not started or from inside a task, -EBUSY while calls are in flight. */
WEFT_EXPORT int weft_stop(void);

/* weft_call(fn, .field = value, ...): runs fn as a root task and waits for its result, which it returns.
 * -EPERM before weft_start, -ENOMEM. From a plain thread. In a task it is a plain call of fn. */
#define weft_call(fn, ...)                                                                                             \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__call(&weft__site, &(struct fn){__VA_ARGS__});                                                            \
    })

/* weft_main(fn, .field = value, ...): the whole of main. Starts the runtime, runs fn as the root task, and gives the
 * exit code: 0 for a result >= 0, else 1 with the error by name on stderr. SIGINT and SIGTERM cancel the root scope
 * (then -ECANCELED counts as success); a second one ends the program at once. Reports go to stderr, stack overflows are
 * named. */
#define weft_main(fn, ...)                                                                                             \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__main(&weft__site, &(struct fn){__VA_ARGS__});                                                            \
    })

/* Where reports go (thread cap reached, a scope misused, a task that does not end): one line each without newline,
 * valid during the call, on any thread, also with locks of the runtime held: it must not call back. NULL: nowhere, the
 * default. Anyone, at any time. */
WEFT_EXPORT void weft_on_report(void (*sink)(const char *line));

/* The name of an error: "EPIPE" for -EPIPE; "E?" for what has none. A constant string. */
WEFT_EXPORT const char *weft_error_name(int rc);

/* Figures of the runtime since its start. */
struct weft_stats {
    uint32_t workers;   /* tasks that can run at once without hand-off */
    uint32_t threads;   /* OS threads alive now */
    uint64_t tasks;     /* alive now, the running ones whose parents were never resumed not counted */
    uint64_t hand_offs; /* workers taken from a task that blocked or hogged */
    uint64_t hogs;      /* of these, from hogs */
    uint64_t steals;    /* successful ones */
    uint64_t stacks;    /* made so far: the high-water mark of tasks at once */
};

/* Fills in *ret_stats. Returns 0, -EPERM before weft_start. Task or thread. Never suspends. */
WEFT_EXPORT int weft_stats(struct weft_stats *ret_stats);

WEFT_EXPORT int weft__call(const struct weft_site *site, const void *arguments);
WEFT_EXPORT int weft__main(const struct weft_site *site, const void *arguments);

WEFT_END

#endif
