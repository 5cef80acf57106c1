/* The poller's contract, owned by the scheduler and implemented above it (io/epoll.c).
 *
 * poll may be called by several threads at once, each inside a worker, or by the monitor without one. It waits for
 * events until the deadline (0: not at all) or until wake, and makes ready what they concern through
 * weft__ready(thread, ...), with the thread it was given. It reports readiness to its own fd table, or the completion
 * of an operation to the waiter that submitted it: the scheduler sees only tasks that become ready, so both styles fit.
 */
#ifndef WEFT_CORE_POLLER_H
#define WEFT_CORE_POLLER_H

#include <stdint.h>

struct weft__thread;

struct weft__poller {
    const char *name;
    int (*open)(void); /* 0 or -errno */
    void (*close)(void);
    int (*poll)(struct weft__thread *thread, int64_t deadline); /* events handled, wake-ups not counted */
    void (*wake)(void);                                         /* ends one poll, now or the next; from anywhere */
    unsigned (*watched)(void);                                  /* tasks that wait for it */
};

#endif
