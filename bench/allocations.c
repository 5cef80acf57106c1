/* Memory that is asked for while tasks send, receive, select and lock: none. `weft run bench/allocations.c` prints how
 * often malloc and its like were called, by the library too, from the moment the tasks are there until they have ended,
 * and fails if they were. The functions here replace the C library's (glibc). Only threads that have run one of the
 * tasks count: the monitor may start a thread at any time, when the kernel runs something else for a while.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { TASKS = 8, EACH = 200000 };

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long calls;
static __thread int runs_tasks;

static void count(void)
{
    if (runs_tasks)
        atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    count();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    count();
    *ret = __libc_memalign(alignment, size);
    return *ret ? 0 : ENOMEM;
}

static weft_latch start;
static weft_chan(long) channel, other;
static weft_mutex lock = WEFT_MUTEX_INIT;
static weft_condition condition = WEFT_CONDITION_INIT;
static weft_semaphore semaphore;
static weft_rwlock rwlock = WEFT_RWLOCK_INIT;
static long total; /* lock */

/* What task number 'index' of TASKS does; each returns a negative error. */
struct work {
    int index;
};

/* Not inlined: a task moves between threads. */
__attribute__((noinline)) static int goes_on(int rc)
{
    runs_tasks = 1;
    return rc >= 0;
}

static int sends_and_receives(struct work *self)
{
    int rc = 0;

    for (long i = 0, value; i < EACH && goes_on(rc); i++)
        rc = self->index % 2 ? weft_send(channel, i) : weft_recv(channel, &value);
    return rc;
}

static int selects(struct work *self)
{
    int at = 0, rc = 0;

    for (long i = 0, value; i < EACH && goes_on(at < 0 ? at : rc); i++)
        at = self->index % 2 ? weft_select(weft_on_send(channel, &i, &rc), weft_on_send(other, &i, &rc))
                             : weft_select(weft_on_recv(channel, &value, &rc), weft_on_recv(other, &value, &rc));
    return at < 0 ? at : rc;
}

static int locks(struct work *self)
{
    int rc = 0;

    for (long i = self->index; i < EACH && goes_on(rc); i++) {
        if ((rc = weft_mutex_lock(&lock)) < 0)
            break;
        total++;
        if (i % 8 == 0)
            rc = weft_yield(); /* so that others wait */
        weft_mutex_unlock(&lock);
    }
    return rc;
}

static int takes_turns(struct work *self)
{
    int rc = weft_mutex_lock(&lock);

    if (rc < 0)
        return rc;
    for (long i = 0; i < EACH / TASKS && goes_on(rc); i++) {
        while (total % TASKS != self->index && rc >= 0)
            rc = weft_condition_wait(&condition, &lock);
        total++;
        weft_condition_broadcast(&condition);
    }
    weft_mutex_unlock(&lock);
    return rc;
}

static int acquires(struct work *self)
{
    int rc = 0;

    for (long i = self->index; i < EACH && goes_on(rc); i++) {
        if ((rc = weft_semaphore_acquire(&semaphore)) < 0)
            break;
        if (i % 8 == 0)
            rc = weft_yield();
        weft_semaphore_release(&semaphore);
    }
    return rc;
}

static int reads_and_writes(struct work *self)
{
    int rc = 0;

    for (long i = self->index; i < EACH && goes_on(rc); i++) {
        int writes = i % 4 == 0;

        if ((rc = writes ? weft_rwlock_write(&rwlock) : weft_rwlock_read(&rwlock)) < 0)
            break;
        if (i % 8 == 0)
            rc = weft_yield();
        (void)(writes ? weft_rwlock_write_unlock(&rwlock) : weft_rwlock_read_unlock(&rwlock));
    }
    return rc;
}

static const struct kind {
    const char *name;
    int (*run)(struct work *);
    size_t room; /* of the channel */
} kinds[] = {
    {"channel of 16", sends_and_receives, 16},
    {"unbuffered channel", sends_and_receives, 0},
    {"select, channel of 16", selects, 16},
    {"select, unbuffered", selects, 0},
    {"mutex", locks, 0},
    {"condition", takes_turns, 0},
    {"semaphore", acquires, 0},
    {"rwlock", reads_and_writes, 0},
};

struct task {
    const struct kind *kind;
    int index;
};
static int task(struct task *self)
{
    int rc = weft_latch_wait(&start);

    return rc < 0 ? rc : self->kind->run(&(struct work){self->index});
}

static int measure(const struct kind *kind, long *ret_calls)
{
    weft_scope scope;
    long before;
    int rc;

    total = 0;
    channel = weft_chan_new(long, kind->room);
    other = weft_chan_new(long, kind->room);
    if (!channel || !other)
        return -ENOMEM;
    if ((rc = weft_semaphore_init(&semaphore, .count = 2)) < 0 || (rc = weft_latch_init(&start, 1)) < 0)
        return rc;
    weft_scope_open(&scope);
    for (int i = 0; i < TASKS; i++)
        weft_go(&scope, task, .kind = kind, .index = i);
    before = calls;
    weft_latch_done(&start);
    rc = weft_scope_close(&scope);
    *ret_calls = calls - before;
    weft_chan_free(channel);
    weft_chan_free(other);
    return rc;
}

struct root {
    int unused;
};
static int root(struct root *self)
{
    long found, all = self->unused;
    int rc;

    if (!goes_on(0) || !(channel = weft_chan_new(long, 0)) || calls == 0)
        return -ENOTSUP; /* nothing is counted here */
    weft_chan_free(channel);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((rc = measure(&kinds[i], &found)) < 0)
            return rc;
        printf("%-24s %6ld calls in %d tasks x %d\n", kinds[i].name, found, TASKS, EACH);
        all += found;
    }
    return all ? -E2BIG : 0;
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0); /* which would ask for memory */
    return weft_main(root);
}
