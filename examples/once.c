/* Once: ten tasks need a table, the first to come loads it, and the others wait for that.
 *
 * The first attempt fails. That counts for nothing: one of those that wait tries again.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

static weft_once loaded = WEFT_ONCE_INIT;
static int table[10];
static atomic_int attempts, failures;

static int load(void *argument)
{
    int *numbers = argument, rc = weft_sleep(WEFT_MILLISECOND); /* it may wait like any other code */

    if (rc < 0)
        return rc;
    if (atomic_fetch_add(&attempts, 1) == 0)
        return -EIO;
    for (int i = 0; i < 10; i++)
        numbers[i] = i * i;
    return 0;
}

struct user {
    int id;
    atomic_long *sum;
};
static int user(struct user *self)
{
    int rc = weft_once_run(&loaded, load, table);

    if (rc == -EIO) { /* our own attempt */
        atomic_fetch_add(&failures, 1);
        rc = weft_once_run(&loaded, load, table);
    }
    if (rc == 0)
        atomic_fetch_add(self->sum, table[self->id]);
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    atomic_long sum = 0;
    weft_scope scope;
    int rc;

    (void)self;
    weft_scope_open(&scope);
    for (int i = 0; i < 10; i++)
        weft_go(&scope, user, .id = i, .sum = &sum);
    rc = weft_scope_close(&scope);
    printf("%d attempts, %d failed, the squares make %ld\n", attempts, failures, sum);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
