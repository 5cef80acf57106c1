/* Several producers, several consumers, one channel. Who closes it? Whoever knows that all producers have ended: the
 * one that closes their scope. The consumers then drain what is left and end by themselves.
 */
#include <stdio.h>
#include <weft.h>

enum { PRODUCERS = 3, CONSUMERS = 2, ITEMS = 500 };

struct produce {
    weft_chan(int) out;
    int first, count;
};
static int produce(struct produce *self)
{
    int rc = 0;

    for (int i = 0; i < self->count && rc == 0; i++)
        rc = weft_send(self->out, self->first + i);
    return rc;
}

struct consume {
    weft_chan(int) in;
    long *items, *sum; /* its own, until the scope is closed */
};
static int consume(struct consume *self)
{
    weft_chan_each(item, self->in)
    {
        ++*self->items;
        *self->sum += item;
    }
    return weft_scope_status(NULL); /* the loop ends with the channel, or with a cancellation */
}

struct market {
    int room;
};
static int market(struct market *self)
{
    weft_chan(int) goods = weft_chan_new(int, (size_t)self->room);
    long items[CONSUMERS] = {0}, sums[CONSUMERS] = {0};
    weft_scope consumers, producers;
    int rc;

    weft_scope_open(&consumers);
    for (int i = 0; i < CONSUMERS; i++)
        weft_go(&consumers, consume, .in = goods, .items = &items[i], .sum = &sums[i]);
    weft_scope_open(&producers);
    for (int i = 0; i < PRODUCERS; i++)
        weft_go(&producers, produce, .out = goods, .first = i * ITEMS, .count = ITEMS);
    rc = weft_scope_close(&producers); /* all have ended */
    weft_chan_close(goods);
    rc = weft_scope_close_with(&consumers, rc);
    weft_chan_free(goods);
    printf("%ld items, each consumed once: the sum is %ld\n", items[0] + items[1], sums[0] + sums[1]);
    return rc;
}

int main(void)
{
    return weft_main(market, .room = 8);
}
