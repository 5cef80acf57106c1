/* A rate limiter: ten requests, of which four may go at once and the others a hundred a second.
 */
#include <stdio.h>
#include <weft.h>

struct request {
    weft_limiter *limiter;
    int *served;
};
static int request(struct request *self)
{
    int rc = weft_limiter_acquire(self->limiter, 1); /* those who wait are served in the order of their coming */

    if (rc == 0)
        __atomic_fetch_add(self->served, 1, __ATOMIC_RELAXED);
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_limiter limiter;
    weft_scope scope;
    int64_t began = weft_now();
    int served = 0, at_once = 0, rc;

    (void)self;
    if ((rc = weft_limiter_init(&limiter, .rate = 100, .burst = 4)) < 0)
        return rc;
    while (weft_limiter_try_acquire(&limiter, 1) == 0)
        at_once++;
    printf("at once: %d\n", at_once);

    weft_scope_open(&scope);
    for (int i = 0; i < 6; i++)
        weft_go(&scope, request, .limiter = &limiter, .served = &served);
    if ((rc = weft_scope_close(&scope)) < 0)
        return rc;
    printf("and %d more, which took %s 50 ms\n", served,
           weft_now() - began >= 50 * WEFT_MILLISECOND ? "over" : "under");

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    rc = weft_limiter_acquire(&limiter, 4);
    printf("four more within a millisecond: %s\n", weft_error_name(rc));
    return weft_scope_close(&scope);
}

int main(void)
{
    return weft_main(demo, 0);
}
