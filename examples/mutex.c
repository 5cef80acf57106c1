/* A mutex: ten tasks move money between two accounts, and no cent is lost.
 *
 * The lock is held across a wait (a slow bank). Tasks that want it are parked meanwhile, and their threads go on.
 */
#include <stdio.h>
#include <weft.h>

struct bank {
    weft_mutex lock;
    long here, there; /* lock */
};

struct transfer {
    struct bank *bank;
    long amount;
};
static int transfer(struct transfer *self)
{
    struct bank *bank = self->bank;
    int rc = weft_mutex_lock(&bank->lock);

    if (rc < 0)
        return rc; /* cancelled, and the lock is not ours */
    bank->here -= self->amount;
    rc = weft_sleep(WEFT_MILLISECOND); /* nobody sees the money on its way */
    bank->there += self->amount;
    weft_mutex_unlock(&bank->lock);
    return rc;
}

struct demo {
    long start;
};
static int demo(struct demo *self)
{
    struct bank bank = {.here = self->start}; /* a mutex of zeros is free */
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 1; i <= 10; i++)
        weft_go(&scope, transfer, .bank = &bank, .amount = i);
    rc = weft_scope_close(&scope);
    printf("%ld here and %ld there make %ld\n", bank.here, bank.there, bank.here + bank.there);
    return rc;
}

int main(void)
{
    return weft_main(demo, .start = 1000);
}
