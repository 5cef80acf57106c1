/* The bounded queue as a channel; its end told by a sentinel, and by closing.
 *
 * A sentinel is an item that means "no more". It is one among the items, so each consumer needs one of its own. A
 * closed channel says it to all of them, at any time, and a sender that comes too late learns of it.
 */
#include <stdio.h>
#include <weft.h>

enum { ROOM = 4, ITEMS = 1000, NO_MORE = -1 };

struct with_sentinel {
    weft_chan(int) out;
};
static int with_sentinel(struct with_sentinel *self)
{
    int rc = 0;

    for (int i = 1; i <= ITEMS && rc == 0; i++)
        rc = weft_send(self->out, i);
    return rc == 0 ? weft_send(self->out, NO_MORE) : rc;
}

struct with_close {
    weft_chan(int) out;
};
static int with_close(struct with_close *self)
{
    int rc = 0;

    for (int i = 1; i <= ITEMS && rc == 0; i++)
        rc = weft_send(self->out, i);
    weft_chan_close(self->out);
    return rc;
}

struct demo {
    int room;
};
static int demo(struct demo *self)
{
    weft_chan(int) numbers = weft_chan_new(int, (size_t)self->room);
    weft_scope scope;
    long sum = 0;
    int n, rc;

    weft_scope_open(&scope);
    weft_go(&scope, with_sentinel, .out = numbers);
    while ((rc = weft_recv(numbers, &n)) == 0 && n != NO_MORE)
        sum += n;
    printf("until the sentinel: %ld\n", sum);

    sum = 0;
    weft_go(&scope, with_close, .out = numbers);
    while ((rc = weft_recv(numbers, &n)) == 0)
        sum += n;
    printf("until it was closed: %ld, and then %s\n", sum, weft_error_name(rc));
    printf("sent too late: %s\n", weft_error_name(weft_send(numbers, 1)));
    rc = weft_scope_close(&scope);
    weft_chan_free(numbers);
    return rc;
}

int main(void)
{
    return weft_main(demo, .room = ROOM);
}
