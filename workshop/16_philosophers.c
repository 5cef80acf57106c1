/* A deadlock, ended by a deadline; and the table laid so that it cannot happen.
 *
 * Each philosopher takes the fork to the left, and waits until all have done so: that barrier is the bad luck. Now each
 * waits for the right one for ever. Nothing has to be killed: the deadline ends every wait, each puts back what it
 * holds, and the scope says -ETIMEDOUT. The cure: one of them begins on the right, so that no circle closes.
 * (E.W. Dijkstra, EWD 310, 1971; the forks are C.A.R. Hoare's.)
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <weft.h>

enum { SEATS = 5, MEALS = 20 };

static atomic_int meals;

static int eat(weft_mutex *first, weft_mutex *second, weft_barrier *bad_luck)
{
    int rc = weft_mutex_lock(first);

    if (rc < 0)
        return rc;
    if (bad_luck)
        rc = weft_barrier_wait(bad_luck);
    if (rc >= 0 && (rc = weft_mutex_lock(second)) == 0) {
        atomic_fetch_add(&meals, 1);
        weft_mutex_unlock(second);
    }
    weft_mutex_unlock(first);
    return rc;
}

struct philosopher {
    weft_mutex *first, *second;
    weft_barrier *bad_luck;
    int meals;
};
static int philosopher(struct philosopher *self)
{
    int rc = 0;

    for (int i = 0; i < self->meals && rc >= 0; i++)
        rc = eat(self->first, self->second, self->bad_luck);
    return rc;
}

static int dine(bool in_a_circle, int count, int64_t timeout)
{
    weft_mutex forks[SEATS] = {WEFT_MUTEX_INIT};
    weft_barrier bad_luck;
    weft_scope scope;

    meals = 0;
    weft_barrier_init(&bad_luck, SEATS);
    weft_scope_open(&scope, .timeout = timeout, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < SEATS; i++) {
        weft_mutex *left = &forks[i], *right = &forks[(i + 1) % SEATS];
        bool swap = !in_a_circle && i == SEATS - 1;

        weft_go(&scope, philosopher, .first = swap ? right : left, .second = swap ? left : right,
                .bad_luck = in_a_circle ? &bad_luck : NULL, .meals = count);
    }
    return weft_scope_close(&scope);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    int rc = dine(true, 1, 50 * WEFT_MILLISECOND);

    (void)self;
    printf("all begin on the left: %s, %s\n", meals < SEATS ? "not all eat" : "all eat", weft_error_name(rc));
    rc = dine(false, MEALS, 60 * WEFT_SECOND);
    printf("one begins on the right: %d meals\n", meals);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
