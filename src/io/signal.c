/* Signals: a handler that counts into an eventfd, which is waited for like any descriptor. The eventfd is closed when
 * no handler is about to write to it: its number may be another file's right after. */
#include "io/signal.h"

#include "io/fd.h"

#include <errno.h>
#include <weft/io.h>
#include <weft/signal.h>

enum { SIGNALS = 65 };

/* Of each signal: 1 + the eventfd, so that zero is none. */
static atomic_int watched[SIGNALS];

/* Deliveries on their way, on any thread. */
static atomic_uint delivering;

static struct {
    struct weft__lock lock;
    unsigned counts[SIGNALS]; /* lock */
} watches;

bool weft__signal_deliver(int number)
{
    int fd;

    atomic_fetch_add_explicit(&delivering, 1, memory_order_seq_cst);       /* pairs with change [S1] */
    fd = atomic_load_explicit(&watched[number], memory_order_seq_cst) - 1; /* pairs with change [S1] */
    WEFT__ACQUIRE(&watched[number]);
    if (fd >= 0)
        weft__os_eventfd_write(fd);
    WEFT__RELEASE(&delivering);
    atomic_fetch_sub_explicit(&delivering, 1, memory_order_release); /* pairs with change [S2] */
    return fd >= 0;
}

static void handle(int number)
{
    (void)weft__signal_deliver(number);
}

/* The lock is held. */
static int begin(int number)
{
    int fd = weft__os_eventfd_counter(), rc;

    if (fd < 0)
        return fd;
    WEFT__RELEASE(&watched[number]);
    atomic_store_explicit(&watched[number], fd + 1, memory_order_release);
    rc = weft__os_signal_handle(number, handle);
    if (rc < 0) {
        atomic_store_explicit(&watched[number], 0, memory_order_release);
        weft__os_close(fd);
    }
    return rc;
}

static int change(int number, int by)
{
    struct weft__thread *thread;
    int rc = 0, fd = -1;

    if (number <= 0 || number >= SIGNALS)
        return -EINVAL;
    thread = weft__enter_any();
    weft__lock(&watches.lock);
    if (by > 0 && watches.counts[number] == 0)
        rc = begin(number);
    if (by < 0 && watches.counts[number] == 0)
        rc = -EINVAL;
    if (rc == 0)
        watches.counts[number] += (unsigned)by;
    if (rc == 0 && watches.counts[number] == 0) {
        weft__os_signal_handle(number, NULL);
        fd = atomic_exchange_explicit(&watched[number], 0, memory_order_seq_cst) - 1; /* pairs with deliver [S1] */
    }
    weft__unlock(&watches.lock);
    weft__leave_any(thread);
    if (fd < 0)
        return rc;
    while (atomic_load_explicit(&delivering, memory_order_seq_cst)) /* pairs with deliver [S1], [S2] */
        weft__os_yield();
    WEFT__ACQUIRE(&delivering);
    (void)weft_fd_close(fd);
    return rc;
}

int weft_signal_watch(int number)
{
    return change(number, 1);
}

int weft_signal_unwatch(int number)
{
    return change(number, -1);
}

int weft_signal_wait(int number)
{
    int rc = weft_select(weft_on_signal(number));

    return rc > 0 ? 0 : rc;
}

void weft__signals_fini(void)
{
    for (int number = 1; number < SIGNALS; number++)
        while (change(number, -1) == 0)
            ;
}

/* ---- a case of a select ---- */

/* Inside the runtime. */
static int fd_of(int64_t number)
{
    int fd = number > 0 && number < SIGNALS ? atomic_load_explicit(&watched[number], memory_order_acquire) - 1 : -1;
    int rc = 0;

    if (fd >= 0)
        return fd;
    if (number <= 0 || number >= SIGNALS)
        return -EINVAL;
    weft__lock(&watches.lock);
    if (watches.counts[number] == 0 && (rc = begin((int)number)) == 0)
        watches.counts[number] = 1;
    weft__unlock(&watches.lock);
    return rc < 0 ? rc : atomic_load_explicit(&watched[number], memory_order_acquire) - 1;
}

static int try(struct weft__thread *thread, struct weft_case *c)
{
    int fd = fd_of(c->weft__number);

    (void)thread;
    return fd < 0 ? fd : weft__os_eventfd_take(fd);
}

static int queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    int fd = fd_of(c->weft__number);

    (void)thread;
    return fd < 0 ? fd : weft__fd_queue(fd, WEFT__IN, place);
}

static void leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    int fd = fd_of(c->weft__number);

    (void)thread;
    if (fd >= 0)
        weft__fd_leave(fd, WEFT__IN, place);
}

/* Another may have been faster. */
static bool finish(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)place;
    return try(thread, c) > 0;
}

const struct weft__kind weft__on_signal = {false, try, queue, leave, finish};
