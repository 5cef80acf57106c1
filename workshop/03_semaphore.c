/* A semaphore: a library with three reading places and ten visitors. */
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { PLACES = 3, VISITORS = 10 };

static atomic_int inside, most, served;

static void note_most(int now)
{
    int seen = atomic_load(&most);

    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        continue;
}

struct visitor {
    weft_semaphore *places;
};
static int visitor(struct visitor *self)
{
    int rc = weft_semaphore_acquire(self->places);

    if (rc < 0)
        return rc;
    note_most(atomic_fetch_add(&inside, 1) + 1);
    rc = weft_sleep(5 * WEFT_MILLISECOND); /* reads */
    atomic_fetch_sub(&inside, 1);
    atomic_fetch_add(&served, 1);
    weft_semaphore_release(self->places);
    return rc;
}

struct library {
    int places, visitors;
};
static int library(struct library *self)
{
    weft_semaphore places;
    weft_scope scope;
    int rc;

    weft_semaphore_init(&places, .count = (uint32_t)self->places, .max = (uint32_t)self->places);
    weft_scope_open(&scope);
    for (int i = 0; i < self->visitors; i++)
        weft_go(&scope, visitor, .places = &places);
    rc = weft_scope_close(&scope);
    printf("%d visitors were served, %s\n", served, most <= PLACES ? "never more than three at once" : "in a crowd");
    printf("one release too many: %s\n", weft_error_name(weft_semaphore_release(&places)));
    return rc;
}

int main(void)
{
    return weft_main(library, .places = PLACES, .visitors = VISITORS);
}
