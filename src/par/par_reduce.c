/* Reductions: the parts of the result, and how they become one.
 *
 * A part is the value of a piece [begin, end) of the source: iterations of a range, or items of a channel as they were
 * numbered when they came out. At any moment each part is either with one task or at rest in a list. Pieces are handed
 * out in order and two neighbours at rest are combined at once, so that two parts at rest have a piece between them
 * that somebody works on: of width tasks there are at most width + 1 parts at rest, and as many again at work. What
 * need not be ordered is simpler: whoever wants a part takes any that rests, so that there are never more than tasks.
 *
 * No call of the user's is made under the lock: a part to be combined is first taken out of the list.
 */
#include "core/wait.h"
#include "par/par.h"
#include "sync/chan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weft/mutex.h>
#include <weft/task.h>

static struct weft__thread *lock(struct weft__reduction *reduction)
{
    struct weft__thread *thread = weft__enter_any(); /* so that no thread of a hog holds it */

    weft__lock(&reduction->lock);
    WEFT__ACQUIRE(reduction);
    return thread;
}

static void unlock(struct weft__reduction *reduction, struct weft__thread *thread)
{
    WEFT__RELEASE(reduction);
    weft__unlock(&reduction->lock);
    weft__leave_any(thread);
}

static struct weft__part *take_out(struct weft__part **place)
{
    struct weft__part *part = *place;

    if (part)
        *place = part->next;
    return part;
}

/* Where the part that ends at begin rests, or one that begins at end; else the end of the list. The lock is held. */
static struct weft__part **neighbour(struct weft__reduction *reduction, size_t begin, size_t end)
{
    struct weft__part **place = &reduction->parts;

    while (*place && (*place)->end != begin && (*place)->begin != end)
        place = &(*place)->next;
    return place;
}

static struct weft__part *new_part(struct weft__reduction *reduction, size_t begin)
{
    struct weft__part *part;
    size_t size;

    if (__builtin_add_overflow(reduction->size, sizeof *part + 63, &size))
        return NULL;
    part = aligned_alloc(64, size & ~(size_t)63);
    if (!part)
        return NULL;
    part->begin = begin;
    memcpy(part->value, reduction->result, reduction->size);
    return part;
}

struct weft__part *weft__reduction_take(struct weft__reduction *reduction, size_t begin, size_t end)
{
    struct weft__thread *thread = lock(reduction);
    struct weft__part **place = &reduction->parts, *part;

    if (!reduction->unordered)
        while (*place && (*place)->end != begin)
            place = &(*place)->next;
    part = take_out(place);
    unlock(reduction, thread);
    if (!part)
        part = new_part(reduction, begin);
    if (part)
        part->end = end;
    return part;
}

/* Puts it to rest, or takes out a neighbour instead, and gives that. */
static struct weft__part *rest(struct weft__reduction *reduction, struct weft__part *part)
{
    struct weft__thread *thread = lock(reduction);
    struct weft__part **place = &reduction->parts, *other = NULL;

    if (!reduction->unordered)
        other = take_out(neighbour(reduction, part->begin, part->end));
    if (!other) {
        while (!reduction->unordered && *place && (*place)->begin < part->begin)
            place = &(*place)->next;
        part->next = *place;
        *place = part;
    }
    unlock(reduction, thread);
    return other;
}

/* The right one into the left one, which is given. An error goes where there was none yet. */
static struct weft__part *join(struct weft__reduction *reduction, struct weft__part *left, struct weft__part *right,
                               int *rc)
{
    int failed = reduction->combine(reduction->self, left->value, right->value);

    if (*rc >= 0 && failed < 0)
        *rc = failed;
    left->end = right->end;
    free(right);
    return left;
}

int weft__reduction_put(struct weft__reduction *reduction, struct weft__part *part, int rc)
{
    struct weft__part *other;

    while ((other = rest(reduction, part)))
        part = other->begin < part->begin ? join(reduction, other, part, &rc) : join(reduction, part, other, &rc);
    return rc;
}

int weft__reduction_end(struct weft__reduction *reduction, int rc)
{
    struct weft__part *first = take_out(&reduction->parts), *part;

    if (!first)
        return rc;
    while ((part = take_out(&reduction->parts)))
        first = join(reduction, first, part, &rc);
    memcpy(reduction->result, first->value, reduction->size);
    free(first);
    return rc;
}

/* ---- over a range ---- */

struct fold {
    struct weft__reduction reduction;
    weft_reduce_fn *fn;
};

static int fold(void *argument, size_t begin, size_t end)
{
    struct fold *self = argument;
    struct weft__part *part = weft__reduction_take(&self->reduction, begin, end);

    if (!part)
        return -ENOMEM;
    return weft__reduction_put(&self->reduction, part, self->fn(self->reduction.self, begin, end, part->value));
}

int weft_reduce_raw(size_t begin, size_t end, void *result, size_t size, weft_reduce_fn *fn, weft_combine_fn *combine,
                    void *self, const struct weft_par_options *options)
{
    struct fold loop = {
        {.combine = combine, .self = self, .result = result, .size = size, .unordered = options && options->unordered},
        fn};

    if (!result || !fn || !combine)
        return -EINVAL;
    return weft__reduction_end(&loop.reduction, weft_for_raw(begin, end, fold, &loop, options));
}

/* ---- over a channel ---- */

struct stream {
    struct weft__crew crew;
    struct weft__reduction reduction;
    struct weft__chan *in;
    weft_map_fn *fn;
    char *items; /* a place for each member */
    size_t stride;
    weft_mutex numbering;
    size_t next; /* numbering: of the next item */
};

/* The next item, and its number if that matters. */
static int receive(struct stream *stream, void *item, size_t *ret_number)
{
    int rc;

    *ret_number = 0;
    if (stream->reduction.unordered)
        return weft_recv_raw(stream->in, item);
    if ((rc = weft_mutex_lock(&stream->numbering)) < 0)
        return rc;
    rc = weft_recv_raw(stream->in, item);
    if (rc == 0)
        *ret_number = stream->next++;
    weft_mutex_unlock(&stream->numbering);
    return rc;
}

static int consume(struct weft__crew *crew, uint32_t member)
{
    struct stream *stream = (struct stream *)crew;
    void *item = stream->items + member * stream->stride;
    struct weft__part *part;
    size_t number;
    int rc;

    while ((rc = receive(stream, item, &number)) == 0) {
        part = weft__reduction_take(&stream->reduction, number, number + 1);
        if (!part)
            return -ENOMEM;
        rc = stream->fn(stream->reduction.self, item, part->value);
        rc = weft__reduction_put(&stream->reduction, part, rc);
        if (rc < 0)
            return rc;
    }
    return rc == -EPIPE ? 0 : rc;
}

int weft_map_reduce_raw(struct weft__chan *in, void *result, size_t size, weft_map_fn *fn, weft_combine_fn *combine,
                        void *self, const struct weft_par_options *options)
{
    uint32_t width = weft__crew_width(options);
    struct stream stream = {
        .crew = {.work = consume, .name = weft__crew_name(options)},
        .reduction = {.combine = combine,
                      .self = self,
                      .result = result,
                      .size = size,
                      .unordered = options && options->unordered},
        .in = in,
        .fn = fn,
    };
    int rc = weft__crew_check();

    if (!in || !result || !fn || !combine || width > WEFT__CREW_MAX)
        return -EINVAL;
    if (rc == -EPERM)
        return rc;
    if (rc < 0)
        goto close;
    stream.stride = ((size_t)in->size + 63) & ~(size_t)63;
    stream.items = aligned_alloc(64, stream.stride ? stream.stride * width : 64);
    rc = -ENOMEM;
    if (!stream.items)
        goto close;
    rc = weft__reduction_end(&stream.reduction, weft__crew_run(&stream.crew, width, WEFT_FAIL_FAST));
    free(stream.items);
close:
    (void)weft_chan_close_raw(in); /* -EPIPE: it was */
    return rc;
}
