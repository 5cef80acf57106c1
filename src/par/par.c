/* Crews, and loops over a range.
 *
 * Members of a crew are started by halving: each starts a child for half of the places that it has been given, and the
 * child runs at once. So the first task to work is the deepest child; the other places lie on the deque as
 * continuations, largest half in front of a thief. If no worker is free the first one does everything, finds the
 * others' work gone when they are resumed, and log2(width) spawns are all that was paid; if all are free, they are at
 * work after log2(width) thefts in a row.
 *
 * The range is one atomic counter, of which each member takes the next piece. A piece begins at one iteration and
 * doubles until it lasts PIECE_MIN, so that the counter and the clock cost less than a percent; it is halved if it
 * lasts over PIECE_MAX, and is never more than a fraction of what is left, so that nobody waits long for the last one.
 * Rejected: halving the range itself, eagerly (pieces by count, too small or too large) or lazily (Tzannes et al.,
 * PPoPP 2010: a piece that turns out long is not seen before it ends, and pieces are not handed out in order, which
 * keeps the parts of a reduction few).
 */
#include "par/par.h"

#include "core/runtime.h"

#include <errno.h>
#include <stdatomic.h>
#include <weft/task.h>
#include <weft/time.h>

/* ---- crews ---- */

struct member {
    struct weft__crew *crew;
    uint32_t first, places; /* its own number, and how many it answers for */
};

static int member(struct member *self)
{
    struct weft__crew *crew = self->crew;

    while (self->places > 1 && !(crew->is_over && crew->is_over(crew))) {
        uint32_t half = self->places / 2, rest = self->places - half;

        if (weft_go_with(&crew->scope, (.name = crew->name), member, .crew = crew, .first = self->first + rest,
                         .places = half) < 0)
            break; /* the scope has the error */
        self->places = rest;
    }
    return crew->work(crew, self->first);
}

int weft__crew_run(struct weft__crew *crew, uint32_t width, enum weft_on_error on_error)
{
    int rc = weft_scope_open(&crew->scope, .on_error = on_error, .name = crew->name);

    if (rc < 0)
        return rc;
    rc = member(&(struct member){crew, 0, width});
    return weft_scope_close_with(&crew->scope, rc);
}

void weft__crew_fail(weft_scope *scope, int rc)
{
    weft__scope_result(weft__scope_of(scope), rc);
}

int weft__crew_check(void)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task ? weft_check() : -EPERM;
}

uint32_t weft__crew_width(const struct weft_par_options *options)
{
    return options && options->width ? options->width : weft__runtime.workers_count;
}

const char *weft__crew_name(const struct weft_par_options *options)
{
    const char *name = options ? options->name ? options->name : options->weft__body : NULL;

    return name ? name : "loop";
}

/* ---- ranges ---- */

enum { SHARE = 8 }; /* a piece is at most this part of a member's share of what is left */

#define PIECE_MIN (20 * WEFT_MICROSECOND)
#define PIECE_MAX (80 * WEFT_MICROSECOND)

struct loop {
    struct weft__crew crew;
    weft_for_fn *fn;
    void *self;
    size_t end, grain; /* grain 0: by time */
    size_t shares;
    _Alignas(64) atomic_size_t next; /* the first iteration that nobody has taken */
};

static bool is_over(struct weft__crew *crew)
{
    struct loop *loop = (struct loop *)crew;

    return atomic_load_explicit(&loop->next, memory_order_relaxed) >= loop->end;
}

/* Takes a piece of up to that many iterations; 0: there are none left. */
static size_t take(struct loop *loop, size_t count, size_t *ret_begin)
{
    size_t begin = atomic_load_explicit(&loop->next, memory_order_relaxed), left, taken;

    do {
        left = loop->end - begin;
        taken = count < left ? count : left;
        if (!loop->grain && taken > left / loop->shares + 1)
            taken = left / loop->shares + 1;
    } while (taken && !atomic_compare_exchange_weak_explicit(&loop->next, &begin, begin + taken, memory_order_relaxed,
                                                             memory_order_relaxed));
    *ret_begin = begin;
    return taken;
}

static int run_by_grain(struct loop *loop)
{
    size_t begin, count;
    int rc;

    while ((count = take(loop, loop->grain, &begin)) > 0)
        if ((rc = weft_check()) < 0 || (rc = loop->fn(loop->self, begin, begin + count)) < 0)
            return rc;
    return 0;
}

static int run_by_time(struct loop *loop)
{
    int64_t then = weft_now(), now;
    size_t begin, count, wanted = 1;
    int rc;

    while ((count = take(loop, wanted, &begin)) > 0) {
        if ((rc = weft_check()) < 0 || (rc = loop->fn(loop->self, begin, begin + count)) < 0)
            return rc;
        now = weft_now();
        if (now - then < PIECE_MIN && count == wanted && wanted <= SIZE_MAX / 2)
            wanted *= 2;
        else if (now - then > PIECE_MAX && wanted > 1)
            wanted /= 2;
        then = now;
    }
    return 0;
}

static int work(struct weft__crew *crew, uint32_t number)
{
    struct loop *loop = (struct loop *)crew;

    (void)number;
    return loop->grain ? run_by_grain(loop) : run_by_time(loop);
}

int weft_for_raw(size_t begin, size_t end, weft_for_fn *fn, void *self, const struct weft_par_options *options)
{
    size_t width = weft__crew_width(options);
    struct loop loop = {.fn = fn, .self = self, .end = end, .grain = options ? options->grain : 0};
    int rc = weft__crew_check();

    if (!fn)
        return -EINVAL;
    if (rc < 0)
        return rc;
    if (begin > end)
        loop.end = begin;
    if (width > loop.end - begin)
        width = loop.end - begin;
    if (width > WEFT__CREW_MAX)
        width = WEFT__CREW_MAX;
    loop.crew.work = work;
    loop.crew.is_over = is_over;
    loop.crew.name = weft__crew_name(options);
    loop.shares = SHARE * (width ? width : 1);
    atomic_init(&loop.next, begin);
    return weft__crew_run(&loop.crew, (uint32_t)width, WEFT_FAIL_FAST);
}

/* ---- one by one ---- */

struct each {
    weft_for_each_fn *fn;
    void *self;
};

static int each(void *argument, size_t begin, size_t end)
{
    struct each *loop = argument;
    int rc;

    for (size_t i = begin; i < end; i++)
        if ((rc = weft_check()) < 0 || (rc = loop->fn(loop->self, i)) < 0)
            return rc;
    return 0;
}

int weft_for_each_raw(size_t begin, size_t end, weft_for_each_fn *fn, void *self,
                      const struct weft_par_options *options)
{
    return fn ? weft_for_raw(begin, end, each, &(struct each){fn, self}, options) : -EINVAL;
}

struct map {
    weft_map_fn *fn;
    void *self;
    const char *in;
    char *out;
    size_t in_size, out_size;
};

static int map(void *argument, size_t begin, size_t end)
{
    struct map *loop = argument;
    int rc;

    for (size_t i = begin; i < end; i++)
        if ((rc = weft_check()) < 0 ||
            (rc = loop->fn(loop->self, loop->in + i * loop->in_size, loop->out + i * loop->out_size)) < 0)
            return rc;
    return 0;
}

int weft_map_raw(const void *in, size_t in_size, void *out, size_t out_size, size_t count, weft_map_fn *fn, void *self,
                 const struct weft_par_options *options)
{
    if (!fn || (count && (!in || !out)))
        return -EINVAL;
    return weft_for_raw(0, count, map, &(struct map){fn, self, in, out, in_size, out_size}, options);
}
