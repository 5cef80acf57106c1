/* The task: a control block at the top of its stack, above the arguments and the frames.
 *
 *    slot                                                                     slot + size
 *     | guard (64 KiB) |            frames  <-- grow down | arguments | control block | colour |
 *
 * A parked task so touches one page. The colour (0 to 15 cache lines, by slot) keeps the tops of many stacks from
 * sharing the same cache sets.
 */
#ifndef WEFT_CORE_TASK_H
#define WEFT_CORE_TASK_H

#include "arch/arch.h"
#include "arch/sanitize.h"
#include "base/list.h"
#include "core/scope.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <weft/task.h>

/* The claim: who may make a parked task ready. A waker wins it with one compare-and-swap; so does a canceller. */
enum weft__claim {
    WEFT__RUNNING,      /* nobody: it runs, or somebody has won it already */
    WEFT__WAITING,      /* whoever comes first, cancellation included */
    WEFT__WAITING_HARD, /* not cancellation: a scope is being closed */
};

enum { WEFT__HOG = 4, WEFT__LOCALS = 64 };

struct weft__task {
    struct weft__context context;
    struct weft__task *next;     /* in a ready queue; its holder's */
    struct weft__task *attached; /* the child that runs in front of this one's continuation; the worker's */
    struct weft__task *spawner;  /* whose continuation follows if this one ends attached; constant */
    struct weft__scope *home;    /* the scope it is a child of; constant; NULL never */
    struct weft__scope *scope;   /* the innermost open scope, home if it opened none; its own */
    struct weft__link sibling;   /* in home->children when detached; home's lock */
    weft_entry *entry;
    void *arguments;
    const char *name;              /* its own; others read it for reports */
    struct weft_task *handle;      /* or NULL; constant */
    void **locals;                 /* its own; NULL until the first value is set */
    const struct weft__wait *wait; /* for reports and pictures, while it is parked */
    struct weft__worker *pinned;   /* the private worker of a pinned task, or NULL; its own */
    atomic_uint on_cpu;            /* 1 from being chosen until its context has been saved */
    atomic_uint claim;             /* enum weft__claim */
    atomic_uint cancelled;         /* this one task was cancelled */
    uint32_t seen_epoch;           /* its own: the epoch at which it was not cancelled */
    uint8_t hog;                   /* its holder's: bursts to go until it is no hog */
    bool is_attached;              /* the worker's: in no list, ends in front of spawner */
    bool ended;                    /* its context is dead: free the stack after the switch */
    uint8_t size_class;            /* of the stack; constant */
    uint16_t pins;                 /* its own: nested pins */
    int32_t priority;              /* under a seed: the policy's */
    uint32_t number;               /* under a seed: the first one of a schedule is 1; constant */
    uint32_t calls, decisions;     /* under a seed: its entries, and the choices in the last one; the policy's */
    bool wants_worker;             /* it is entering the runtime: no demoted thread will do */
    unsigned valgrind_id;
    char *base; /* the slot's first byte; constant */
#ifdef WEFT__SANITIZED
    void *tsan_fiber, *asan_fake_stack;
#endif
};

extern bool weft__on_valgrind; /* constant after start */

/* stack.c: control blocks on stacks, by size class (0: 256 KiB, doubling). NULL without memory. */
struct weft__task *weft__stack_new(struct weft__worker *worker, unsigned size_class);
void weft__stack_free(struct weft__worker *worker, struct weft__task *task);
void weft__stack_drop(struct weft__thread *thread, struct weft__task *task); /* never started */
void weft__stacks_flush(struct weft__worker *worker);                        /* a worker's cache to the common one */
void weft__stacks_init(void);
void weft__stacks_fini(void);
uint64_t weft__stacks_made(void);

/* The task whose slot holds the address, and whether it is in the guard. For the fault handler: takes no lock. */
struct weft__task *weft__stack_find(const void *address, bool *ret_guard);
size_t weft__stack_bytes(const struct weft__task *task); /* usable */

/* task.c */
int weft__spawn(struct weft__scope *scope, weft_entry *entry, const void *arguments, size_t size, size_t align,
                const char *name, const struct weft_spawn *options);
void weft__detach(struct weft__task *child);

/* scope/join.c: the handle of a task that ends. */
void weft__handle_ended(struct weft__thread *thread, struct weft_task *handle, int rc);
/* scope/local.c: destructors of a task that ends. */
void weft__locals_end(struct weft__task *task);
/* ... and of one that starts: 0 or -ENOMEM. */
int weft__handle_new(struct weft__scope *scope, struct weft__task *task, struct weft_task **ret_handle);

#endif
