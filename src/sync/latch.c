/* Latches. */
#include <weft/latch.h>

#include "sync/select.h"

#include <errno.h>
#include <string.h>

struct latch {
    struct weft__guard guard;
    struct weft__list waiters; /* guard */
    uint32_t count;            /* guard for writing */
};

_Static_assert(sizeof(struct latch) <= sizeof(weft_latch), "weft_latch is too small");

static struct latch *of(const weft_latch *latch)
{
    return (struct latch *)(void *)(uintptr_t)latch;
}

int weft_latch_init(weft_latch *public, uint32_t count)
{
    struct latch *latch = of(public);

    if (!latch)
        return -EINVAL;
    memset(latch, 0, sizeof *latch);
    latch->count = count;
    return 0;
}

int weft_latch_add(weft_latch *public, uint32_t n)
{
    struct latch *latch = of(public);
    struct weft__thread *thread;
    uint32_t sum;
    bool fits;

    if (!latch)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &latch->guard);
    fits = !__builtin_add_overflow(latch->count, n, &sum);
    if (fits)
        latch->count = sum;
    weft__end(thread, &latch->guard);
    return fits ? 0 : -EOVERFLOW;
}

int weft_latch_done(weft_latch *public)
{
    struct latch *latch = of(public);
    struct weft__list waiters = {0};
    struct weft__thread *thread;
    bool fits;

    if (!latch)
        return -EINVAL;
    thread = weft__enter_any();
    weft__guard_enter(thread, &latch->guard);
    WEFT__RELEASE(latch);
    fits = latch->count > 0;
    if (fits && --latch->count == 0) {
        WEFT__ACQUIRE(latch); /* for those that it wakes: what came before the other counts */
        waiters = weft__take_all(&latch->waiters, 0);
    }
    weft__guard_leave(thread, &latch->guard);
    weft__wake_list(thread, &waiters);
    weft__leave_any(thread);
    return fits ? 0 : -EOVERFLOW;
}

int weft_latch_wait(weft_latch *public)
{
    struct latch *latch = of(public);
    struct weft__wait wait = {.what = "for a latch"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    int rc;

    if (!latch)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    weft__guard_enter(thread, &latch->guard);
    if (latch->count == 0) {
        weft__end(thread, &latch->guard);
        WEFT__ACQUIRE(latch);
        return 0;
    }
    rc = weft__guard_wait(thread, &latch->guard, &latch->waiters, &waiter, WEFT__WAITING);
    return rc < 0 ? rc : 0; /* 1: it has happened as well */
}

uint32_t weft_latch_count(const weft_latch *latch)
{
    return latch ? __atomic_load_n(&of(latch)->count, __ATOMIC_RELAXED) : 0;
}

/* ---- a case of a select ---- */

static int try(struct weft__thread *thread, struct weft_case *c)
{
    struct latch *latch = c->weft__object;
    bool zero;

    if (!latch)
        return -EINVAL;
    weft__guard_enter(thread, &latch->guard);
    zero = latch->count == 0;
    weft__guard_leave(thread, &latch->guard);
    if (zero)
        WEFT__ACQUIRE(latch);
    return zero;
}

static int queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct latch *latch = c->weft__object;

    weft__guard_enter(thread, &latch->guard);
    return weft__place_in(thread, &latch->guard, &latch->waiters, place, latch->count == 0);
}

static void leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct latch *latch = c->weft__object;

    weft__guard_remove(thread, &latch->guard, &latch->waiters, &place->waiter);
}

const struct weft__kind weft__on_latch = {true, try, queue, leave, NULL};
