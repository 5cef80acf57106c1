/* A bounded queue by hand: one mutex and two conditions. The next program has the same as a channel. */
#include <stdio.h>
#include <weft.h>

enum { ROOM = 4, ITEMS = 1000 };

struct queue {
    weft_mutex lock;
    weft_condition not_full, not_empty;
    int items[ROOM];
    unsigned first, count; /* lock */
};

static int put(struct queue *queue, int item)
{
    int rc = weft_mutex_lock(&queue->lock);

    if (rc < 0)
        return rc;
    while (queue->count == ROOM && rc == 0) /* a loop: another producer may have been faster */
        rc = weft_condition_wait(&queue->not_full, &queue->lock);
    if (rc == 0) {
        queue->items[(queue->first + queue->count++) % ROOM] = item;
        weft_condition_signal(&queue->not_empty);
    }
    weft_mutex_unlock(&queue->lock); /* held also after a wait that was cancelled */
    return rc;
}

static int get(struct queue *queue, int *ret_item)
{
    int rc = weft_mutex_lock(&queue->lock);

    if (rc < 0)
        return rc;
    while (queue->count == 0 && rc == 0)
        rc = weft_condition_wait(&queue->not_empty, &queue->lock);
    if (rc == 0) {
        *ret_item = queue->items[queue->first];
        queue->first = (queue->first + 1) % ROOM;
        queue->count--;
        weft_condition_signal(&queue->not_full);
    }
    weft_mutex_unlock(&queue->lock);
    return rc;
}

struct produce {
    struct queue *queue;
    int items;
};
static int produce(struct produce *self)
{
    int rc = 0;

    for (int i = 1; i <= self->items && rc == 0; i++)
        rc = put(self->queue, i);
    return rc;
}

struct consume {
    int items;
};
static int consume(struct consume *self)
{
    struct queue queue = {0};
    long sum = 0;
    weft_scope scope;
    int item, rc = 0;

    weft_scope_open(&scope);
    weft_go(&scope, produce, .queue = &queue, .items = self->items);
    for (int i = 0; i < self->items && (rc = get(&queue, &item)) == 0; i++)
        sum += item;
    rc = weft_scope_close_with(&scope, rc);
    printf("%d items through room for %d: the sum is %ld\n", self->items, ROOM, sum);
    return rc;
}

int main(void)
{
    return weft_main(consume, .items = ITEMS);
}
