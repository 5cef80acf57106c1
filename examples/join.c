/* Handles: joining one task, and cancelling one, while the scope's others go on.
 *
 * Mostly a scope's close is all the joining one needs. A handle is for the rest; it is valid until its scope closes.
 */
#include <stdio.h>
#include <weft.h>

struct collatz {
    long n;
};
static int collatz(struct collatz *self)
{
    int steps = 0;

    for (long n = self->n; n != 1; n = n % 2 ? 3 * n + 1 : n / 2)
        steps++;
    return steps; /* a result may be any number that is not negative */
}

struct wait_for_ever {
    int unused;
};
static int wait_for_ever(struct wait_for_ever *self)
{
    (void)self;
    return weft_sleep(WEFT_FOREVER);
}

/* Cancels one task and waits for its end. Its -ECANCELED is no error of the scope: the others go on. */
static int stop(weft_task *task)
{
    int result, rc;

    weft_cancel(task);
    rc = weft_join(task, &result);
    if (rc == 0)
        printf("the one that waited ended with %s\n", weft_error_name(result));
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    static const long numbers[] = {27, 97, 871};
    weft_task *tasks[3], *waiting;
    weft_scope scope;
    int steps, rc = 0;

    (void)self;
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    weft_go_with(&scope, (.name = "waiting", .handle = &waiting), wait_for_ever, 0);
    for (int i = 0; i < 3; i++)
        weft_go_with(&scope, (.handle = &tasks[i]), collatz, .n = numbers[i]);
    for (int i = 2; i >= 0 && rc == 0; i--) { /* in any order */
        rc = weft_join(tasks[i], &steps);     /* the result and the error of waiting are two things */
        if (rc == 0)
            printf("%ld takes %d steps to 1\n", numbers[i], steps);
    }
    if (rc == 0)
        rc = stop(waiting);
    weft_scope_cancel(&scope);
    (void)weft_scope_close(&scope); /* -ECANCELED: that was us */
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
