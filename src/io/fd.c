/* The table of descriptors, waiting on one, closing one. */
#include "io/fd.h"

#include "core/detect.h"
#include "core/policy.h"
#include "core/runtime.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <weft/io.h>
#include <weft/time.h>

enum { CHUNK = 1024, CHUNKS = 4096 };

static struct weft__fd *_Atomic table[CHUNKS];

static struct {
    struct weft__lock lock;
    struct weft__list waiters; /* lock */
    atomic_uint count;
} starved;

WEFT__NOINLINE static struct weft__fd *new_chunk(unsigned index)
{
    struct weft__fd *chunk = calloc(CHUNK, sizeof *chunk), *other = NULL;

    if (!chunk)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&table[index], &other, chunk, memory_order_acq_rel,
                                                memory_order_acquire))
        return chunk;
    free(chunk);
    return other;
}

struct weft__fd *weft__fd_entry(int fd)
{
    struct weft__fd *chunk;

    if (WEFT__UNLIKELY(fd < 0 || fd >= CHUNK * CHUNKS))
        return NULL;
    chunk = atomic_load_explicit(&table[fd / CHUNK], memory_order_acquire);
    if (WEFT__UNLIKELY(!chunk) && !(chunk = new_chunk((unsigned)fd / CHUNK)))
        return NULL;
    return &chunk[fd % CHUNK];
}

/* The lock is held: nothing of a former life is left. */
static void reset(struct weft__fd *entry, enum weft__fd_kind kind, bool owned)
{
    __atomic_store_n(&entry->owned, owned, __ATOMIC_RELAXED);
    entry->registered = false;
    atomic_fetch_add_explicit(&entry->edges[WEFT__IN], 1, memory_order_relaxed); /* not drained */
    atomic_store_explicit(&entry->ended, false, memory_order_relaxed);
    atomic_store_explicit(&entry->kind, kind, memory_order_release);
}

static void wake_with(struct weft__fd *entry, enum weft__direction direction, int rc)
{
    struct weft__waiter *waiter;

    while ((waiter = weft__take_first(&entry->waiters[direction]))) {
        waiter->rc = rc;
        weft__wait_won(weft__inside(), waiter->wait);
    }
}

int weft__fd_own(int fd, enum weft__fd_kind kind)
{
    struct weft__fd *entry = weft__fd_entry(fd);
    struct weft__thread *thread;

    if (!entry) {
        weft__os_close(fd);
        return -ENOMEM;
    }
    thread = weft__enter_any();
    weft__lock(&entry->lock);
    if (atomic_load_explicit(&entry->kind, memory_order_relaxed) != WEFT__FD_UNKNOWN) { /* closed behind our back */
        atomic_fetch_add_explicit(&entry->generation, 1, memory_order_relaxed);
        wake_with(entry, WEFT__IN, -EBADF);
        wake_with(entry, WEFT__OUT, -EBADF);
    }
    reset(entry, kind, true);
    weft__unlock(&entry->lock);
    weft__leave_any(thread);
    return fd;
}

/* The kind of one that is not known yet. Inside. */
static int adopt(struct weft__fd *entry, int fd)
{
    int mode = weft__os_kind(fd), kind;

    WEFT__RELEASE(entry); /* it was looked at before it is closed */
    if (mode < 0)
        return mode;
    kind = mode == S_IFSOCK                                        ? WEFT__FD_SOCKET
           : mode == S_IFREG || mode == S_IFDIR || mode == S_IFBLK ? WEFT__FD_FILE
                                                                   : WEFT__FD_PIPE;
    weft__lock(&entry->lock);
    if (atomic_load_explicit(&entry->kind, memory_order_relaxed) == WEFT__FD_UNKNOWN)
        reset(entry, (enum weft__fd_kind)kind, false);
    weft__unlock(&entry->lock);
    return kind;
}

int weft__fd_kind(struct weft__fd *entry, int fd)
{
    int kind = atomic_load_explicit(&entry->kind, memory_order_acquire);
    struct weft__thread *thread;

    if (WEFT__LIKELY(kind != WEFT__FD_UNKNOWN))
        return kind;
    thread = weft__enter_any();
    kind = adopt(entry, fd);
    weft__leave_any(thread);
    return kind;
}

static const char *kind_name(int kind)
{
    return kind == WEFT__FD_PIPE ? "a pipe or the like" : "a socket";
}

/* With the lock held: is there anything to wait for? 1: wait; 0: try again; -errno. */
static int prepare(struct weft__fd *entry, int fd, enum weft__direction direction, struct weft__fd_try tried)
{
    int rc;

    if (tried.generation != atomic_load_explicit(&entry->generation, memory_order_relaxed))
        return -EBADF;
    if (tried.edges != atomic_load_explicit(&entry->edges[direction], memory_order_relaxed))
        return 0;
    if (WEFT__UNLIKELY(weft__policy.seeded))
        weft__detect_outside("descriptor %d (%s) is waited for", fd,
                             kind_name(atomic_load_explicit(&entry->kind, memory_order_relaxed)));
    if (!entry->owned || !entry->registered) {
        rc = weft__poller_watch(fd, tried.generation, entry->registered);
        if (rc < 0)
            return rc == -EPERM ? 0 : rc;
        entry->registered = true;
    }
    return 1;
}

static int wait_as_thread(int fd, enum weft__direction direction)
{
    int rc = weft__os_poll_one(fd, direction == WEFT__IN ? POLLIN : POLLOUT, INT64_MAX);

    return rc < 0 ? rc : 0;
}

int weft__fd_wait(struct weft__fd *entry, int fd, enum weft__direction direction, struct weft__fd_try tried)
{
    struct weft__thread *thread = weft__self();
    struct weft__wait wait = {.what = "for a descriptor"};
    struct weft__waiter waiter = {.wait = &wait};
    int rc;

    if (!thread || !thread->task)
        return wait_as_thread(fd, direction);
    weft__wait_begin(&wait, WEFT__WAITING);
    weft__lock(&entry->lock);
    rc = prepare(entry, fd, direction, tried);
    if (rc == 1)
        weft__list_append(&entry->waiters[direction], &waiter.link);
    weft__unlock(&entry->lock);
    if (rc <= 0) {
        weft__wait_abandon(&wait);
        return rc;
    }
    weft__wait(&wait, INT64_MAX);
    if (wait.winner)
        return waiter.rc;
    weft__wait_give_up(&waiter, &entry->lock, &entry->waiters[direction]);
    return weft__cancelled(wait.task);
}

/* ---- cases of a select ---- */

static int look(int fd, enum weft__direction direction)
{
    int rc = fd < 0 ? -EBADF : weft__os_poll_one(fd, direction == WEFT__IN ? POLLIN : POLLOUT, 0);

    if (rc >= 0)
        WEFT__RELEASE(weft__fd_entry(fd));
    return rc;
}

int weft__fd_queue(int fd, enum weft__direction direction, struct weft__place *place)
{
    struct weft__fd *entry = weft__fd_entry(fd);
    struct weft__fd_try tried;
    int rc;

    if (!entry)
        return -EBADF;
    if (atomic_load_explicit(&entry->kind, memory_order_acquire) == WEFT__FD_UNKNOWN && (rc = adopt(entry, fd)) < 0)
        return rc;
    tried = weft__fd_try(entry, direction);
    if ((rc = look(fd, direction)) != 0)
        return rc < 0 ? rc : 0;
    weft__lock(&entry->lock);
    rc = prepare(entry, fd, direction, tried);
    if (rc == 1)
        weft__list_append(&entry->waiters[direction], &place->waiter.link);
    weft__unlock(&entry->lock);
    return rc;
}

void weft__fd_leave(int fd, enum weft__direction direction, struct weft__place *place)
{
    struct weft__fd *entry = weft__fd_entry(fd);

    weft__wait_leave(&place->waiter, &entry->lock, &entry->waiters[direction]);
}

static int try_readable(struct weft__thread *thread, struct weft_case *c)
{
    (void)thread;
    return look((int)c->weft__number, WEFT__IN);
}

static int try_writable(struct weft__thread *thread, struct weft_case *c)
{
    (void)thread;
    return look((int)c->weft__number, WEFT__OUT);
}

static int queue_readable(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)thread;
    return weft__fd_queue((int)c->weft__number, WEFT__IN, place);
}

static int queue_writable(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)thread;
    return weft__fd_queue((int)c->weft__number, WEFT__OUT, place);
}

static void leave_readable(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)thread;
    weft__fd_leave((int)c->weft__number, WEFT__IN, place);
}

static void leave_writable(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)thread;
    weft__fd_leave((int)c->weft__number, WEFT__OUT, place);
}

/* An edge is no promise; only a close (-EBADF) is for the caller's next call to tell. */
static bool is_ready(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    return place->waiter.rc < 0 || c->weft__kind->try(thread, c) != 0;
}

const struct weft__kind weft__on_readable = {false, try_readable, queue_readable, leave_readable, is_ready};
const struct weft__kind weft__on_writable = {false, try_writable, queue_writable, leave_writable, is_ready};

/* ---- events ---- */

static void deliver(struct weft__fd *entry, enum weft__direction direction)
{
    atomic_fetch_add_explicit(&entry->edges[direction], 1, memory_order_release); /* pairs with weft__fd_try */
    wake_with(entry, direction, 0);
}

void weft__fd_event(int fd, unsigned generation, bool in, bool out, bool ended)
{
    struct weft__fd *entry = weft__fd_entry(fd);

    weft__lock(&entry->lock);
    if (generation == atomic_load_explicit(&entry->generation, memory_order_relaxed)) {
        if (ended)
            atomic_store_explicit(&entry->ended, true, memory_order_relaxed);
        if (in)
            deliver(entry, WEFT__IN);
        if (out)
            deliver(entry, WEFT__OUT);
    }
    weft__unlock(&entry->lock);
}

static void feed_the_starved(void)
{
    struct weft__thread *thread;

    if (!atomic_load_explicit(&starved.count, memory_order_relaxed))
        return;
    thread = weft__enter_any();
    weft__lock(&starved.lock);
    weft__wake_all(&starved.waiters);
    weft__unlock(&starved.lock);
    weft__leave_any(thread);
}

/* The number is given back under the lock: between the new generation and that a wait could begin on it that nobody
 * would end. Files, whose closing may take long, have no waiters. */
int weft_fd_close(int fd)
{
    struct weft__fd *entry = weft__fd_entry(fd);
    struct weft__thread *thread;
    bool is_file;
    int rc = 0;

    if (!entry)
        return -EBADF;
    thread = weft__enter_any();
    weft__lock(&entry->lock);
    WEFT__ACQUIRE(entry);
    is_file = atomic_load_explicit(&entry->kind, memory_order_relaxed) == WEFT__FD_FILE;
    if (!entry->owned && entry->registered)
        weft__poller_forget(fd); /* it may live on under another number */
    atomic_fetch_add_explicit(&entry->generation, 1, memory_order_relaxed);
    wake_with(entry, WEFT__IN, -EBADF);
    wake_with(entry, WEFT__OUT, -EBADF);
    reset(entry, WEFT__FD_UNKNOWN, false);
    if (!is_file)
        rc = weft__os_close(fd);
    weft__unlock(&entry->lock);
    weft__leave_any(thread);
    if (is_file)
        rc = weft__os_close(fd);
    feed_the_starved();
    return rc;
}

struct starved_waiter {
    struct weft__wait wait;
    struct weft__waiter waiter;
    struct weft__timer timer;
};

static void span_is_over(struct weft__timer *timer)
{
    weft__wake_up(&WEFT__OF(struct starved_waiter, timer, timer)->wait);
}

int weft__fd_await_close(int64_t span)
{
    struct weft__thread *thread = weft__self();
    struct starved_waiter w = {
        .wait.what = "for a descriptor to become free", .waiter.wait = &w.wait, .timer.fire = span_is_over};

    if (!thread || !thread->task)
        return weft_sleep(span);
    atomic_fetch_add_explicit(&starved.count, 1, memory_order_seq_cst);
    weft__wait_begin(&w.wait, WEFT__WAITING);
    weft__timer_start(w.wait.thread, &w.timer, weft__now() + span);
    weft__lock(&starved.lock);
    weft__list_append(&starved.waiters, &w.waiter.link);
    weft__unlock(&starved.lock);
    weft__wait(&w.wait, INT64_MAX);
    weft__timer_stop_from_task(&w.timer);
    if (!w.wait.winner)
        weft__wait_give_up(&w.waiter, &starved.lock, &starved.waiters);
    atomic_fetch_sub_explicit(&starved.count, 1, memory_order_relaxed);
    return weft__cancelled(w.wait.task);
}

void weft__fds_fini(void)
{
    for (unsigned i = 0; i < CHUNKS; i++)
        free(atomic_exchange_explicit(&table[i], NULL, memory_order_acq_rel));
}
