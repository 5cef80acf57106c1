/* Futures, for those who wait: results that are asked for now and needed later.
 *
 * Each `price` runs as a task and has one future to give an outcome to: a value, or the error it returns. Who needs the
 * value gets it, in whatever order; the first three of them are waited for together.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct price {
    const char *item;
    weft_future(int) out;
};
static int price(struct price *self)
{
    size_t length = strlen(self->item);
    int rc = weft_sleep((int64_t)length * WEFT_MILLISECOND); /* asks somebody far away */

    if (rc < 0)
        return rc; /* rejects the future */
    if (strcmp(self->item, "unicorn") == 0)
        return -ENOENT;
    return weft_resolve(self->out, (int)length * 100);
}

static const char *const items[] = {"loom", "shuttle", "yarn", "unicorn"};

/* Waits for all of the first three, then takes one after the other, without waiting. */
static int add_up(weft_future(int) * prices)
{
    struct weft__future *three[] = {WEFT_FUTURE_ANY(prices[0]), WEFT_FUTURE_ANY(prices[1]), WEFT_FUTURE_ANY(prices[2])};
    weft_future(size_t) all = weft_future_all(three, 3);
    int rc = weft_get(all, NULL), sum = 0;

    for (int i = 0; i < 3 && rc == 0; i++) {
        int value = 0;

        rc = weft_get(prices[i], &value);
        printf("%s: %d\n", items[i], value);
        sum += value;
    }
    if (rc == 0)
        printf("together: %d\n", sum);
    weft_future_free(all);
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_future(int) prices[4], never = weft_future_new(int), limited;
    weft_scope scope;
    int rc;

    (void)self;
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING); /* a price that is missing stops no other */
    for (int i = 0; i < 4; i++) {
        prices[i] = weft_future_new(int);
        weft_go_future(&scope, prices[i], price, .item = items[i], .out = prices[i]);
    }
    limited = weft_future_timeout(&scope, never, 5 * WEFT_MILLISECOND);
    rc = add_up(prices);
    printf("%s: %s\n", items[3], weft_error_name(weft_get(prices[3], NULL)));
    printf("what nobody answers: %s\n", weft_error_name(weft_get(limited, NULL)));
    (void)weft_scope_close(&scope); /* -ENOENT, which has been dealt with */
    for (int i = 0; i < 4; i++)
        weft_future_free(prices[i]);
    weft_future_free(never);
    weft_future_free(limited);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
