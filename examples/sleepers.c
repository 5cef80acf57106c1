/* sleepers [COUNT]: a hundred thousand tasks sleep at once, each for a time of its own of up to half a second.
 *
 * A task that sleeps costs one page of memory and no CPU.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

struct sleeper {
    int64_t until;
    atomic_long *awake, *early;
};
static int sleeper(struct sleeper *self)
{
    int rc = weft_sleep_until(self->until);

    atomic_fetch_add(self->awake, 1);
    if (weft_now() < self->until)
        atomic_fetch_add(self->early, 1);
    return rc;
}

struct demo {
    long count;
};
static int demo(struct demo *self)
{
    atomic_long awake = 0, early = 0;
    int64_t start = weft_now();
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (long i = 0; i < self->count; i++)
        weft_go(&scope, sleeper, .until = start + i * 7919 % 500 * WEFT_MILLISECOND, .awake = &awake, .early = &early);
    rc = weft_scope_close(&scope);
    printf("%ld woke, %ld of them too early\n", awake, early);
    return rc;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;

    return weft_main(demo, .count = count);
}
