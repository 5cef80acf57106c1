/* Stacks: slabs of slots of one size, free ones kept last in first out, per worker and then in common.
 *
 * A free stack keeps its pages: a page fault costs more than all the rest of a spawn. Slots are aligned to their size,
 * so that guard and top of the default class share a page-table page. Slabs are never unmapped before the runtime
 * stops, so a pointer to a control block may always be read, be it stale.
 */
#include "core/runtime.h"
#include "core/sched.h"

#include <stdlib.h>
#include <string.h>

enum {
    GUARD = 64 * 1024,
    SLOT_SHIFT = 18, /* 256 KiB */
    CLASSES = 13,    /* up to 1 GiB */
    COLOURS = 16,
};

struct slab {
    struct slab *next;
    char *start;
    size_t slot_size;
    unsigned count;
    atomic_uint used; /* slots that have been handed out at least once; the lock for writing */
};

static struct {
    struct weft__lock lock;
    struct weft__task *free[CLASSES]; /* lock */
    struct slab *filling[CLASSES];    /* lock */
    struct slab *_Atomic slabs;       /* lock for writing; the fault handler reads it */
    atomic_ullong made;
} stacks;

bool weft__on_valgrind;

static struct slab *new_slab(unsigned class)
{
    size_t slot_size = (size_t)1 << (SLOT_SHIFT + class);
    unsigned most = class == 0 ? 1024 : 1, count = 16;
    struct slab *slab = malloc(sizeof *slab);

    if (!slab)
        return NULL;
    while (count < most && count < atomic_load_explicit(&stacks.made, memory_order_relaxed))
        count *= 2;
    if (class)
        count = 1;
    for (slab->start = NULL; count > 0 && !slab->start; count /= 2) { /* under RLIMIT_AS a smaller one may still fit */
        slab->start = weft__os_reserve(slot_size * count, slot_size);
        slab->count = count;
    }
    if (!slab->start) {
        free(slab);
        return NULL;
    }
#ifdef WEFT__ASAN
    __lsan_register_root_region(slab->start, slot_size * slab->count);
#endif
    slab->slot_size = slot_size;
    atomic_init(&slab->used, 0);
    slab->next = atomic_load_explicit(&stacks.slabs, memory_order_relaxed);
    atomic_store_explicit(&stacks.slabs, slab, memory_order_release); /* pairs with weft__stack_find [S2] */
    return stacks.filling[class] = slab;
}

/* The control block of slot i, right below its colour. */
static struct weft__task *top_of(const struct slab *slab, unsigned i)
{
    size_t colour = i % COLOURS * WEFT__CACHE_LINE;
    size_t top = slab->slot_size - colour - sizeof(struct weft__task);

    return (struct weft__task *)(void *)(slab->start + i * slab->slot_size + (top & ~(size_t)63));
}

/* A slot never used before; the lock is held. */
static struct weft__task *first_use(unsigned class)
{
    struct slab *slab = stacks.filling[class];
    struct weft__task *task;
    unsigned i;

    if ((!slab || atomic_load_explicit(&slab->used, memory_order_relaxed) == slab->count) && !(slab = new_slab(class)))
        return NULL;
    i = atomic_load_explicit(&slab->used, memory_order_relaxed);
    if (weft__os_guard(slab->start + i * slab->slot_size, GUARD) < 0)
        return NULL;
    task = top_of(slab, i);
    task->base = slab->start + i * slab->slot_size + GUARD;
    task->size_class = (uint8_t) class;
    task->valgrind_id = VALGRIND_STACK_REGISTER(task->base, task);
    atomic_store_explicit(&slab->used, i + 1, memory_order_release); /* pairs with weft__stack_find [S2] */
    atomic_fetch_add_explicit(&stacks.made, 1, memory_order_relaxed);
    return task;
}

WEFT__NOINLINE static struct weft__task *from_common(struct weft__worker *worker, unsigned class)
{
    struct weft__task *task, *more;

    weft__lock(&stacks.lock);
    task = stacks.free[class];
    if (task)
        stacks.free[class] = task->next;
    else
        task = first_use(class);
    for (; worker && class == 0 && worker->stacks_count < WEFT__STACK_CACHE / 2 && (more = stacks.free[0]);
         worker->stacks_count++) {
        stacks.free[0] = more->next;
        more->next = worker->stacks;
        worker->stacks = more;
    }
    weft__unlock(&stacks.lock);
#ifdef WEFT__ASAN
    if (task)
        __asan_unpoison_memory_region(task->base, (size_t)((char *)task - task->base));
#endif
    return task;
}

struct weft__task *weft__stack_new(struct weft__worker *worker, unsigned class)
{
    struct weft__task *task;

    if (WEFT__UNLIKELY(class != 0 || !worker || !worker->stacks))
        return from_common(worker, class);
    task = worker->stacks;
    worker->stacks = task->next;
    worker->stacks_count--;
#ifdef WEFT__ASAN
    __asan_unpoison_memory_region(task->base, (size_t)((char *)task - task->base));
#endif
    return task;
}

WEFT__NOINLINE static void to_common(struct weft__worker *worker, unsigned keep)
{
    weft__lock(&stacks.lock);
    while (worker->stacks_count > keep) {
        struct weft__task *task = worker->stacks;

        worker->stacks = task->next;
        worker->stacks_count--;
        task->next = stacks.free[0];
        stacks.free[0] = task;
    }
    weft__unlock(&stacks.lock);
}

void weft__stack_free(struct weft__worker *worker, struct weft__task *task)
{
#ifdef WEFT__TSAN
    if (task->tsan_fiber)
        __tsan_destroy_fiber(task->tsan_fiber);
    task->tsan_fiber = NULL;
#endif
    if (WEFT__UNLIKELY(task->size_class)) { /* big stacks are rare: their pages go back at once */
        weft__os_discard(task->base, (size_t)((char *)task - task->base) & ~(size_t)4095);
        weft__lock(&stacks.lock);
        task->next = stacks.free[task->size_class];
        stacks.free[task->size_class] = task;
        weft__unlock(&stacks.lock);
        return;
    }
    if (WEFT__UNLIKELY(worker->stacks_count == WEFT__STACK_CACHE))
        to_common(worker, WEFT__STACK_CACHE / 2);
    task->next = worker->stacks;
    worker->stacks = task;
    worker->stacks_count++;
}

void weft__stack_drop(struct weft__thread *thread, struct weft__task *task)
{
    if (thread) {
        weft__stack_free(thread->worker, task);
        return;
    }
    weft__lock(&stacks.lock);
    task->next = stacks.free[task->size_class];
    stacks.free[task->size_class] = task;
    weft__unlock(&stacks.lock);
}

void weft__stacks_flush(struct weft__worker *worker)
{
    to_common(worker, 0);
}

uint64_t weft__stacks_made(void)
{
    return atomic_load_explicit(&stacks.made, memory_order_relaxed);
}

size_t weft__stack_bytes(const struct weft__task *task)
{
    return (size_t)((const char *)task - task->base);
}

struct weft__task *weft__stack_find(const void *address, bool *ret_guard)
{
    const char *at = address;
    struct slab *slab = atomic_load_explicit(&stacks.slabs, memory_order_acquire); /* pairs with [S2] */

    for (; slab; slab = slab->next) {
        size_t offset = (size_t)(at - slab->start);
        unsigned i;

        if (at < slab->start || offset >= slab->slot_size * slab->count)
            continue;
        i = (unsigned)(offset / slab->slot_size);
        if (i >= atomic_load_explicit(&slab->used, memory_order_acquire)) /* pairs with [S2] */
            return NULL;
        *ret_guard = offset % slab->slot_size < GUARD;
        return top_of(slab, i);
    }
    return NULL;
}

void weft__stacks_init(void)
{
    memset(&stacks, 0, sizeof stacks);
    weft__on_valgrind = RUNNING_ON_VALGRIND;
}

void weft__stacks_fini(void)
{
    struct slab *slab = atomic_load_explicit(&stacks.slabs, memory_order_relaxed), *next;

    for (; slab; slab = next) {
        next = slab->next;
        for (unsigned i = 0; i < slab->used; i++)
            VALGRIND_STACK_DEREGISTER(top_of(slab, i)->valgrind_id);
#ifdef WEFT__ASAN
        __lsan_unregister_root_region(slab->start, slab->slot_size * slab->count);
        __asan_unpoison_memory_region(slab->start, slab->slot_size * slab->count);
#endif
        weft__os_release(slab->start, slab->slot_size * slab->count);
        free(slab);
    }
    weft__stacks_init();
}
