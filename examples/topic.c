/* A topic with three subscribers: one that gets everything, one that wants only the newest, one that is too slow. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct price {
    const char *what;
    int cents;
};

struct archive {
    weft_chan(struct price) prices;
};
static int archive(struct archive *self)
{
    struct price price;
    int count = 0, rc;

    while ((rc = weft_recv(self->prices, &price)) == 0)
        count++;
    printf("the archive has %d prices, the last is %d\n", count, price.cents);
    return rc == -EPIPE ? 0 : rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_topic(struct price) topic = weft_topic_new(struct price);
    weft_chan(struct price) all = weft_subscribe(topic, .room = 4); /* the publisher waits for it */
    weft_chan(struct price) newest = weft_subscribe(topic, .room = 1, .when_full = WEFT_DROP_OLDEST);
    weft_chan(struct price) slow = weft_subscribe(topic, .room = 2, .when_full = WEFT_DISCONNECT);
    struct price price;
    weft_scope scope;
    int rc;

    (void)self;
    weft_scope_open(&scope);
    weft_go(&scope, archive, .prices = all);
    for (int cents = 1; cents <= 100; cents++)
        if ((rc = weft_publish(topic, (struct price){"tea", cents})) < 0)
            return weft_scope_close_with(&scope, rc);
    weft_topic_close(topic);
    rc = weft_scope_close(&scope);

    if (weft_recv(newest, &price) == 0)
        printf("the newest price of %s is %d; %d went by\n", price.what, price.cents,
               (int)weft_topic_lost(topic, newest));
    while (weft_recv(slow, &price) == 0)
        printf("the slow one got %d\n", price.cents);
    weft_topic_free(topic); /* and the subscriptions that are left */
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
