/* Starting, calling, stopping: counted, so that two libraries of one process share the runtime. */
#include "guest/guest.h"
#include "core/policy.h"
#include "core/runtime.h"
#include "core/sched.h"
#include "core/wait.h"
#include "io/fd.h"
#include "io/signal.h"

#include <errno.h>
#include <pthread.h>
#include <weft/guest.h>

static struct {
    pthread_mutex_t lock;
    unsigned starts;   /* lock */
    atomic_uint calls; /* in flight, from plain threads */
    atomic_bool running;
    atomic_bool forked; /* this process is the child of one that had started */
    bool forked_marked; /* lock */
} guest = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A forked child has none of the runtime's threads: it may do no more than exec or exit. */
static void in_forked_child(void)
{
    atomic_store_explicit(&guest.running, false, memory_order_relaxed);
    atomic_store_explicit(&guest.forked, true, memory_order_relaxed);
    weft__self_word = NULL;
}

static int start_first(const struct weft_options *options)
{
    int rc = weft__runtime_start(options, &weft__epoll);

    if (rc < 0)
        return rc;
    if (!guest.forked_marked && weft__os_atfork(in_forked_child) == 0)
        guest.forked_marked = true;
    if (options && options->overflow)
        rc = weft__overflow_install();
    if (rc < 0) {
        weft__runtime_stop();
        return rc;
    }
    atomic_store_explicit(&guest.running, true, memory_order_release);
    return 0;
}

int weft_start(const struct weft_options *options)
{
    int rc = 0;

    if (atomic_load_explicit(&guest.forked, memory_order_relaxed))
        return -EPERM;
    pthread_mutex_lock(&guest.lock);
    if (guest.starts == 0)
        rc = start_first(options);
    if (rc == 0)
        guest.starts++;
    pthread_mutex_unlock(&guest.lock);
    return rc;
}

int weft_stop(void)
{
    int rc = 0;

    if (weft__self() || atomic_load_explicit(&guest.forked, memory_order_relaxed))
        return -EPERM;
    pthread_mutex_lock(&guest.lock);
    if (guest.starts == 0) {
        rc = -EPERM;
    } else if (guest.starts > 1) {
        guest.starts--;
    } else {
        atomic_store_explicit(&guest.running, false, memory_order_seq_cst); /* pairs with weft__call_in [G1] */
        if (atomic_load_explicit(&guest.calls, memory_order_seq_cst)) {
            atomic_store_explicit(&guest.running, true, memory_order_seq_cst);
            rc = -EBUSY;
        } else {
            weft__signals_fini();
            weft__runtime_stop();
            guest.starts = 0;
        }
    }
    pthread_mutex_unlock(&guest.lock);
    return rc;
}

int weft__guest_idle(void)
{
    int rc;

    if (weft__self() || atomic_load_explicit(&guest.running, memory_order_acquire))
        return -EBUSY;
    if (atomic_load_explicit(&guest.forked, memory_order_relaxed))
        return -EPERM;
    pthread_mutex_lock(&guest.lock);
    rc = guest.starts ? -EBUSY : 0;
    pthread_mutex_unlock(&guest.lock);
    return rc;
}

void weft__guest_forked(void)
{
    atomic_store_explicit(&guest.forked, false, memory_order_relaxed);
}

void weft__root_open(struct weft__scope *root)
{
    *root = (struct weft__scope){.deadline = WEFT_FOREVER, .is_published = true, .on_error = WEFT_KEEP_GOING};
    atomic_init(&root->state, WEFT__SCOPE_OPEN);
}

/* The root task's result is kept by its scope: it is the only child. */
struct root_call {
    weft_entry *entry;
    void *arguments;
    int result;
};

static int run_root(struct root_call **self)
{
    struct root_call *call = *self;

    call->result = call->entry(call->arguments);
    return 0;
}

/* The arguments stay with the caller, who waits. */
int weft__call_in(struct weft__scope *root, const struct weft_site *site, const void *arguments)
{
    struct root_call call = {site->entry, (void *)arguments, 0}, *pointer = &call;
    int rc;

    atomic_fetch_add_explicit(&guest.calls, 1, memory_order_seq_cst); /* pairs with weft_stop [G1] */
    if (!atomic_load_explicit(&guest.running, memory_order_seq_cst)) {
        atomic_fetch_sub_explicit(&guest.calls, 1, memory_order_release);
        return -EPERM;
    }
    if (atomic_load_explicit(&guest.calls, memory_order_relaxed) > 1) /* one caller alone does nothing but wait */
        atomic_store_explicit(&weft__runtime.foreign, true, memory_order_relaxed);
    weft__lock(&weft__runtime.roots_lock);
    weft__list_append(&weft__runtime.roots, &root->published);
    weft__unlock(&weft__runtime.roots_lock);
    rc = weft__spawn(root, (weft_entry *)(void (*)(void))run_root, &pointer, sizeof pointer, _Alignof(void *),
                     site->name, NULL);
    if (rc == 0) {
        weft__scope_await_children(root);
        WEFT__ACQUIRE(root);
        rc = call.result;
    }
    weft__lock(&weft__runtime.roots_lock);
    weft__list_remove(&weft__runtime.roots, &root->published);
    weft__unlock(&weft__runtime.roots_lock);
    atomic_fetch_sub_explicit(&guest.calls, 1, memory_order_release);
    return rc;
}

int weft__call(const struct weft_site *site, const void *arguments)
{
    struct weft__thread *thread = weft__self();
    struct weft__scope root;

    if (thread && thread->task)
        return site->entry((void *)arguments); /* in a task it is a call: the task's own scope is around it */
    weft__root_open(&root);
    return weft__call_in(&root, site, arguments);
}

int weft_stats(struct weft_stats *ret_stats)
{
    if (!atomic_load_explicit(&guest.running, memory_order_acquire))
        return -EPERM;
    *ret_stats = (struct weft_stats){
        .workers = weft__runtime.workers_count,
        .threads = weft__pool_threads() + !weft__policy.seeded,
        .tasks = atomic_load_explicit(&weft__runtime.live, memory_order_relaxed),
        .hand_offs = atomic_load_explicit(&weft__runtime.hand_offs, memory_order_relaxed),
        .hogs = atomic_load_explicit(&weft__runtime.hogs, memory_order_relaxed),
        .steals = atomic_load_explicit(&weft__runtime.steals, memory_order_relaxed),
        .stacks = weft__stacks_made(),
    };
    return 0;
}
