/* Flights: a hundred tasks want the same three prices at the same time; what is being looked up is not
 * looked up again. */
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct shop {
    weft_event open; /* holds the look-ups back until all have asked */
    int look_ups;
};

static int look_up(const void *key, size_t size, int *price, void *context)
{
    struct shop *shop = context;
    int rc = weft_event_wait(&shop->open);

    (void)key;
    __atomic_fetch_add(&shop->look_ups, 1, __ATOMIC_RELAXED);
    *price = (int)size * 10;
    return rc;
}

struct customer {
    weft_flight(int) prices;
    const char *what;
    int *asking, *sum;
};
static int customer(struct customer *self)
{
    int price, rc;

    __atomic_fetch_add(self->asking, 1, __ATOMIC_RELEASE);
    if ((rc = weft_flight_get(self->prices, self->what, strlen(self->what), &price)) == 0)
        __atomic_fetch_add(self->sum, price, __ATOMIC_RELAXED);
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    static const char *const wares[] = {"tea", "bread", "butter"};
    struct shop shop = {.open = WEFT_EVENT_INIT};
    weft_scope scope, customers;
    weft_flight(int) prices;
    int asking = 0, sum = 0, rc;

    (void)self;
    weft_scope_open(&scope); /* the flights' own: no customer can end them */
    prices = weft_flight_new(&scope, int, look_up, &shop);
    weft_scope_open(&customers, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 99; i++)
        weft_go(&customers, customer, .prices = prices, .what = wares[i % 3], .asking = &asking, .sum = &sum);
    while (__atomic_load_n(&asking, __ATOMIC_ACQUIRE) < 99)
        weft_yield();
    weft_event_set(&shop.open);
    rc = weft_scope_close_with(&scope, weft_scope_close(&customers));
    /* one look-up for each ware, and another for who came when it was just over */
    printf("99 customers, %s look-ups, %d in all\n", shop.look_ups < 50 ? "few" : "many", sum);
    weft_flight_free(prices);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
