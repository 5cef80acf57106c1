/* Fans: one channel to many, or many to one; a task each, which picks with select. */
#include "par/par.h"
#include "sync/chan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weft/pipeline.h>
#include <weft/select.h>
#include <weft/task.h>

/* How one item gets on. 0, -EPIPE: there is no end of it to be had any more, or an error. */
typedef int pass_fn(struct weft__chan *one, struct weft__chan **many, size_t *count, void *item);

struct fan {
    pass_fn *pass;
    struct weft__chan *one;
    weft_scope *home;
    char *item;
    size_t count, left; /* of many; those that are not closed yet stand first */
    struct weft__chan *many[WEFT_SELECT_MAX];
};

static void drop(struct weft__chan **many, size_t *left, size_t i)
{
    struct weft__chan *closed = many[i];

    many[i] = many[--*left];
    many[*left] = closed;
}

/* Sends the item to, or receives it from, one of them; drops those that are closed. */
static int with_any(struct weft__chan **many, size_t *left, void *item, const struct weft__kind *kind)
{
    struct weft_case cases[WEFT_SELECT_MAX];
    int rc = -EPIPE, which;

    while (*left > 0) {
        for (size_t i = 0; i < *left; i++)
            cases[i] = (struct weft_case){kind, many[i], item, &rc, 0};
        which = weft_select_raw(cases, *left, 0);
        if (which < 0)
            return which;
        if (rc == 0)
            return 0;
        drop(many, left, (size_t)which);
    }
    return rc;
}

static int merge(struct weft__chan *one, struct weft__chan **many, size_t *left, void *item)
{
    int rc = with_any(many, left, item, &weft__on_recv);

    return rc < 0 ? rc : weft_send_raw(one, item);
}

static int share(struct weft__chan *one, struct weft__chan **many, size_t *left, void *item)
{
    int rc = weft_recv_raw(one, item);

    return rc < 0 ? rc : with_any(many, left, item, &weft__on_send);
}

static int copy(struct weft__chan *one, struct weft__chan **many, size_t *left, void *item)
{
    int rc = weft_recv_raw(one, item);

    for (size_t i = *left; i-- > 0 && rc == 0;)
        if ((rc = weft_send_raw(many[i], item)) == -EPIPE) {
            drop(many, left, i); /* puts one in its place that has got the item */
            rc = 0;
        }
    return rc < 0 ? rc : *left > 0 ? 0 : -EPIPE;
}

static void close_all(struct weft__chan *one, struct weft__chan *const *many, size_t count)
{
    (void)weft_chan_close_raw(one); /* -EPIPE: it was */
    for (size_t i = 0; i < count; i++)
        (void)weft_chan_close_raw(many[i]);
}

static int fan(struct fan *self)
{
    int rc;

    do
        rc = self->pass(self->one, self->many, &self->left, self->item);
    while (rc == 0);
    if (rc == -EPIPE)
        rc = 0;
    else
        weft__crew_fail(self->home, rc); /* before anybody can take what follows for an orderly end */
    close_all(self->one, self->many, self->count);
    free(self->item);
    return rc;
}

static int start(weft_scope *scope, const char *name, pass_fn *pass, struct weft__chan *one, const void *many,
                 size_t count)
{
    struct fan arguments = {.pass = pass, .one = one, .home = scope, .count = count, .left = count};
    int rc = -ENOMEM;

    if (!scope || !one || !many || count == 0 || count > WEFT_SELECT_MAX)
        return -EINVAL;
    memcpy(arguments.many, many, count * sizeof arguments.many[0]);
    for (size_t i = 0; i < count; i++)
        if (!arguments.many[i] || arguments.many[i]->size != one->size)
            return -EINVAL;
    arguments.item = malloc(one->size ? one->size : 1);
    if (arguments.item)
        rc = weft_go_raw(scope, (weft_entry *)(void (*)(void))fan, &arguments, sizeof arguments, _Alignof(struct fan),
                         &(struct weft_spawn){.name = name});
    else
        weft__crew_fail(scope, rc);
    if (rc < 0) {
        free(arguments.item);
        close_all(one, arguments.many, count);
    }
    return rc;
}

int weft_fan_in_raw(weft_scope *scope, struct weft__chan *out, const void *ins, size_t count)
{
    return start(scope, "fan_in", merge, out, ins, count);
}

int weft_fan_out_raw(weft_scope *scope, struct weft__chan *in, const void *outs, size_t count)
{
    return start(scope, "fan_out", share, in, outs, count);
}

int weft_broadcast_raw(weft_scope *scope, struct weft__chan *in, const void *outs, size_t count)
{
    return start(scope, "broadcast", copy, in, outs, count);
}
