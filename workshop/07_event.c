/* An event: many wait for one thing, and whoever comes later need not wait at all. */
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { RUNNERS = 4 };

static weft_event start = WEFT_EVENT_INIT;
static weft_latch at_the_line;
static atomic_int running, false_starts;

struct runner {
    int number;
};
static int runner(struct runner *self)
{
    int rc;

    (void)self;
    weft_latch_done(&at_the_line);
    if ((rc = weft_event_wait(&start)) < 0)
        return rc;
    if (!weft_event_is_set(&start))
        atomic_fetch_add(&false_starts, 1);
    atomic_fetch_add(&running, 1);
    return 0;
}

struct race {
    int runners;
};
static int race(struct race *self)
{
    weft_scope scope;
    int rc;

    weft_latch_init(&at_the_line, (uint32_t)self->runners);
    weft_scope_open(&scope);
    for (int i = 0; i < self->runners; i++)
        weft_go(&scope, runner, .number = i);
    rc = weft_latch_wait(&at_the_line);
    printf("all are at the line, %d have left it\n", running);
    weft_event_set(&start);
    rc = weft_scope_close_with(&scope, rc);
    printf("%d ran, with %d false starts\n", running, false_starts);
    if (rc == 0 && (rc = weft_event_wait(&start)) == 0)
        puts("who comes late does not wait");

    weft_event_clear(&start);
    switch (weft_select(weft_on_event(&start), weft_on_timeout(10 * WEFT_MILLISECOND))) {
    case 1:
        puts("cleared, it does not come by itself: timeout");
    }
    return rc;
}

int main(void)
{
    return weft_main(race, .runners = RUNNERS);
}
