/* Hogs beside a ticker: four tasks a core compute until the ticker has ticked a hundred times.
 *
 * The hogs call nothing of the library and never give up their core by themselves. If they could starve the ticker,
 * this program would never end.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>

enum { TICKS = 100 };

struct ticker {
    atomic_int *ticks;
};
static int ticker(struct ticker *self)
{
    while (atomic_load(self->ticks) < TICKS) {
        if (weft_sleep(WEFT_MILLISECOND) < 0)
            return -1;
        atomic_fetch_add(self->ticks, 1);
    }
    return 0;
}

struct hog {
    atomic_int *ticks;
    atomic_int *ended;
};
static int hog(struct hog *self)
{
    volatile unsigned work = 1;

    while (atomic_load_explicit(self->ticks, memory_order_relaxed) < TICKS)
        for (int i = 0; i < 1000; i++)
            work = work * 1664525 + 1013904223;
    atomic_fetch_add(self->ended, 1);
    return 0;
}

struct demo {
    int hogs;
};
static int demo(struct demo *self)
{
    atomic_int ticks = 0, ended = 0;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < self->hogs; i++)
        weft_go(&scope, hog, .ticks = &ticks, .ended = &ended);
    weft_go(&scope, ticker, .ticks = &ticks);
    rc = weft_scope_close(&scope);
    printf("%d ticks, and %s hogs have ended\n", ticks, ended == self->hogs ? "all" : "not all");
    return rc;
}

int main(void)
{
    return weft_main(demo, .hogs = 4 * (int)sysconf(_SC_NPROCESSORS_ONLN));
}
