/* Stages: a crew between two channels.
 *
 * Each member takes an item, runs the body on it, and gives what comes out on. To keep the order, taking also numbers
 * the items, and item n is given on by whoever holds unit n of a ring of semaphores: giving on passes the unit to the
 * next. Of width members the one with the oldest item waits for nobody, and no item is taken width places ahead of it;
 * so the numbers under way fall on different semaphores, and the ring needs no more than width of them.
 *
 *     take:  7 8 9 10  ->  bodies  ->  turns[7 % 4] is up: 7 is given on, then turns[8 % 4] is, ...
 */
#include "par/par.h"
#include "sync/chan.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <weft/mutex.h>
#include <weft/pipeline.h>
#include <weft/semaphore.h>
#include <weft/task.h>

typedef int source_fn(void *self, void *out);
typedef int stage_fn(void *self, const void *in, void *out);
typedef int sink_fn(void *self, const void *in);

struct stage {
    struct weft__crew crew;
    weft_scope *home;
    struct weft__chan *in, *out; /* NULL: there is none */
    const char *items;           /* instead of in: an array */
    size_t count, in_size;
    void (*fn)(void);
    uint32_t width;
    bool in_order;
    atomic_bool enough; /* the reader wants no more, or the body said that it was all */
    weft_mutex numbering;
    size_t next;            /* numbering: of the next item */
    char *self, *places;    /* the body's struct; an item in and one out for each member */
    size_t in_room, stride; /* of a place */
    weft_semaphore turns[];
};

static bool is_over(struct weft__crew *crew)
{
    return atomic_load_explicit(&((struct stage *)crew)->enough, memory_order_relaxed);
}

/* The next item: where it is, and its number. 0; -EPIPE after the last. */
static int take(struct stage *stage, char *place, const void **ret_item, size_t *ret_number)
{
    int rc = 0;

    *ret_item = place;
    *ret_number = 0;
    if (is_over(&stage->crew))
        return -EPIPE;
    if (!stage->in && !stage->items)
        return weft_check();
    if (stage->in && !stage->in_order)
        return weft_recv_raw(stage->in, place);
    if ((rc = weft_mutex_lock(&stage->numbering)) < 0)
        return rc;
    if (stage->in)
        rc = weft_recv_raw(stage->in, place);
    else if (stage->next == stage->count)
        rc = -EPIPE;
    else
        *ret_item = stage->items + stage->next * stage->in_size;
    if (rc == 0)
        *ret_number = stage->next++;
    weft_mutex_unlock(&stage->numbering);
    return rc;
}

static int run(const struct stage *stage, const void *in, void *out)
{
    if (!stage->in && !stage->items)
        return ((source_fn *)stage->fn)(stage->self, out);
    if (!stage->out)
        return ((sink_fn *)stage->fn)(stage->self, in);
    return ((stage_fn *)stage->fn)(stage->self, in, out);
}

/* Does with an item, in its turn, what the body's result says. */
static int give(struct stage *stage, int result, const void *item, size_t number)
{
    int rc = 0;

    if (stage->in_order && (rc = weft_semaphore_acquire(&stage->turns[number % stage->width])) < 0)
        return rc;
    if (result == 0 && stage->out && !is_over(&stage->crew))
        rc = weft_send_raw(stage->out, item);
    if (rc == -EPIPE || result == -EPIPE) {
        atomic_store_explicit(&stage->enough, true, memory_order_relaxed); /* what it forbids is behind the turn */
        if (stage->in)
            (void)weft_chan_close_raw(stage->in); /* a member that waits there goes home */
        rc = 0;
    }
    if (stage->in_order)
        (void)weft_semaphore_release(&stage->turns[(number + 1) % stage->width]); /* cannot overflow */
    return rc;
}

static int work(struct weft__crew *crew, uint32_t member)
{
    struct stage *stage = (struct stage *)crew;
    char *place = stage->places + member * stage->stride, *out = place + stage->in_room;
    const void *in;
    size_t number;
    int rc;

    while ((rc = take(stage, place, &in, &number)) == 0) {
        rc = run(stage, in, out);
        if (rc < 0 && rc != -EPIPE)
            return rc;
        if ((rc = give(stage, rc, out, number)) < 0)
            return rc;
    }
    return rc == -EPIPE ? 0 : rc;
}

static void close_ends(struct weft__chan *in, struct weft__chan *out)
{
    if (in)
        (void)weft_chan_close_raw(in); /* -EPIPE: it was */
    if (out)
        (void)weft_chan_close_raw(out);
}

struct lead {
    struct stage *stage;
};

/* The task of a stage: its crew's first member. */
static int lead(struct lead *self)
{
    struct stage *stage = self->stage;
    int rc = weft__crew_run(&stage->crew, stage->width, WEFT_FAIL_FAST);

    if (rc < 0)
        weft__crew_fail(stage->home, rc); /* before anybody can take what follows for an orderly end */
    close_ends(stage->in, stage->out);
    free(stage);
    return rc;
}

/* One piece of memory, in which all but the first part stands on 64 bytes. NULL without memory. */
static struct stage *make(const struct weft_stage *public, uint32_t width)
{
    size_t head = (sizeof(struct stage) + width * sizeof(weft_semaphore) + 63) & ~(size_t)63, places, bytes;
    size_t self = (public->size + 63) & ~(size_t)63, in = (public->in_size + 63) & ~(size_t)63;
    size_t out = (public->out_size + 63) & ~(size_t)63;
    struct stage *stage;

    if (__builtin_mul_overflow(in + out, (size_t)width, &places) ||
        __builtin_add_overflow(head + self, places, &bytes) || !(stage = aligned_alloc(64, bytes)))
        return NULL;
    memset(stage, 0, head);
    stage->width = width;
    stage->self = (char *)stage + head;
    stage->places = stage->self + self;
    stage->in_size = public->in_size;
    stage->in_room = in;
    stage->stride = in + out;
    stage->fn = public->fn;
    if (public->size)
        memcpy(stage->self, public->self, public->size);
    return stage;
}

static int start(weft_scope *scope, const struct weft_stage *public, struct weft__chan *in, const void *items,
                 size_t count, struct weft__chan *out)
{
    const struct weft_stage_options *options = public->options;
    const char *name = options ? options->name ? options->name : options->weft__body : NULL;
    uint32_t width = options && options->width ? options->width : 1;
    struct stage *stage;
    int rc;

    if (!scope || !public->fn || width > WEFT__CREW_MAX || (public->size && !public->self))
        return -EINVAL;
    stage = make(public, width);
    if (!stage) {
        weft__crew_fail(scope, -ENOMEM);
        close_ends(in, out);
        return -ENOMEM;
    }
    stage->crew.work = work;
    stage->crew.is_over = is_over;
    stage->crew.name = name ? name : "stage";
    stage->home = scope;
    stage->in = in;
    stage->items = items;
    stage->count = count;
    stage->out = out;
    stage->in_order = (items || (in && out)) && width > 1 && !options->unordered;
    weft_semaphore_init(&stage->turns[0], .count = 1);
    rc = weft_go_with(scope, (.name = stage->crew.name), lead, .stage = stage);
    if (rc < 0) {
        free(stage);
        close_ends(in, out);
    }
    return rc;
}

int weft_stage_raw(weft_scope *scope, struct weft_stage stage, struct weft__chan *in, struct weft__chan *out)
{
    if ((!in && !out) || !in != !stage.in_size || !out != !stage.out_size || (in && in->size != stage.in_size) ||
        (out && out->size != stage.out_size))
        return -EINVAL;
    return start(scope, &stage, in, NULL, 0, out);
}

int weft_map_chan_raw(weft_scope *scope, struct weft_stage stage, const void *items, size_t count,
                      struct weft__chan *out)
{
    if (!out || (count && !items) || out->size != stage.out_size || !stage.in_size)
        return -EINVAL;
    return start(scope, &stage, NULL, items ? items : "", count, out);
}

/* ---- all in one ---- */

enum { STAGES_MAX = 64 };

static bool fit(const struct weft_stage *stages, size_t count)
{
    if (count < 2 || count > STAGES_MAX || stages[0].in_size || stages[count - 1].out_size)
        return false;
    for (size_t i = 1; i < count; i++)
        if (stages[i].in_size == 0 || stages[i].in_size != stages[i - 1].out_size)
            return false;
    return true;
}

static uint32_t room_behind(const struct weft_stage *stage)
{
    const struct weft_stage_options *options = stage->options;

    return options && options->room ? options->room : options && options->width ? options->width : 1;
}

int weft_pipeline_raw(const struct weft_stage *stages, size_t count)
{
    struct weft__chan *links[STAGES_MAX + 1] = {NULL}; /* links[i] is in front of stage i */
    weft_scope scope;
    int rc;

    if (!stages || !fit(stages, count))
        return -EINVAL;
    if ((rc = weft__crew_check()) < 0 || (rc = weft_scope_open(&scope, .name = "pipeline")) < 0)
        return rc;
    for (size_t i = 1; i < count && rc == 0; i++)
        if (!(links[i] = weft_chan_new_raw(stages[i].in_size, room_behind(&stages[i - 1]))))
            rc = -ENOMEM;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = weft_stage_raw(&scope, stages[i], links[i], links[i + 1]);
    rc = weft_scope_close_with(&scope, rc);
    for (size_t i = 1; i < count; i++)
        weft_chan_free_raw(links[i]);
    return rc;
}
