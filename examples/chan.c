/* Channels: numbers go through three stages, which run side by side; each closes what it sends to when it is through.
 */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct item {
    int number;
    long square;
};

struct count {
    weft_chan(int) out;
    int last;
};
static int count(struct count *self)
{
    int rc = 0;

    for (int i = 1; i <= self->last && rc == 0; i++)
        rc = weft_send(self->out, i); /* waits while there is no room */
    weft_chan_close(self->out);
    return rc;
}

struct square {
    weft_chan(int) in;
    weft_chan(struct item) out;
};
static int square(struct square *self)
{
    int number, rc;

    while ((rc = weft_recv(self->in, &number)) == 0 &&
           (rc = weft_send(self->out, (struct item){.number = number, .square = (long)number * number})) == 0)
        ;
    weft_chan_close(self->out);
    return rc == -EPIPE ? 0 : rc; /* closed and empty: the end */
}

struct demo {
    int last;
};
static int demo(struct demo *self)
{
    weft_chan(int) numbers = weft_chan_new(int, 2);
    weft_chan(struct item) items = weft_chan_new(struct item, 0); /* hand to hand */
    weft_scope scope;
    int rc;

    weft_scope_open(&scope); /* without memory the channels are NULL, and every call on them gives -EINVAL */
    weft_go(&scope, count, .out = numbers, .last = self->last);
    weft_go(&scope, square, .in = numbers, .out = items);
    weft_chan_each(item, items) printf("%d squared is %ld\n", item.number, item.square);
    rc = weft_scope_close(&scope);
    weft_chan_free(numbers); /* nobody uses them any more */
    weft_chan_free(items);
    return rc;
}

int main(void)
{
    return weft_main(demo, .last = 5);
}
