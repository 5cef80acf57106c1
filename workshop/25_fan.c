/* Fan-out and fan-in: numbers -> several at work -> one channel, put back into order by their index.
 *
 * The stages are joined by channels with little room: a slow stage holds up the ones before it, and nothing piles up.
 */
#include <stdio.h>
#include <weft.h>

enum { ITEMS = 20, WIDTH = 4 };

struct item {
    int index;
    long value;
};

struct source {
    weft_chan(struct item) out;
};
static int source(struct source *self)
{
    int rc = 0;

    for (int i = 0; i < ITEMS && rc == 0; i++)
        rc = weft_send(self->out, (struct item){.index = i, .value = i + 1});
    weft_chan_close(self->out);
    return rc;
}

struct cube {
    weft_chan(struct item) in;
    weft_chan(struct item) out;
};
static int cube(struct cube *self)
{
    struct item item;
    int rc = 0;

    while (rc == 0 && weft_recv(self->in, &item) == 0) {
        item.value *= item.value * item.value;
        rc = weft_send(self->out, item);
    }
    return rc < 0 ? rc : weft_scope_status(NULL);
}

/* The whole of the wide stage: when its scope is closed no one sends any more. */
struct wide {
    weft_chan(struct item) in;
    weft_chan(struct item) out;
    int width;
};
static int wide(struct wide *self)
{
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < self->width; i++)
        weft_go(&scope, cube, .in = self->in, .out = self->out);
    rc = weft_scope_close(&scope);
    weft_chan_close(self->out);
    return rc;
}

struct demo {
    int room;
};
static int demo(struct demo *self)
{
    weft_chan(struct item) numbers = weft_chan_new(struct item, (size_t)self->room);
    weft_chan(struct item) cubes = weft_chan_new(struct item, (size_t)self->room);
    long in_order[ITEMS] = {0};
    weft_scope scope;
    int rc, came = 0;

    weft_scope_open(&scope);
    weft_go(&scope, source, .out = numbers);
    weft_go(&scope, wide, .in = numbers, .out = cubes, .width = WIDTH);
    weft_chan_each(item, cubes)
    {
        in_order[item.index] = item.value;
        came++;
    }
    rc = weft_scope_close(&scope);
    printf("%d came:", came);
    for (int i = 0; i < ITEMS; i++)
        printf(" %ld", in_order[i]);
    putchar('\n');
    weft_chan_free(cubes);
    weft_chan_free(numbers);
    return rc;
}

int main(void)
{
    return weft_main(demo, .room = 2);
}
