/* Once: eight tasks need a table, one of them loads it. An attempt that fails does not count. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { USERS = 8, SIZE = 10 };

struct table {
    int squares[SIZE];
    int attempts;
};

static weft_once loaded = WEFT_ONCE_INIT;
static atomic_int failures, right;

/* Only one runs at a time, and never again after one that went well: so it needs no lock. */
static int load(void *argument)
{
    struct table *table = argument;

    if (table->attempts++ == 0)
        return -EIO; /* the first attempt is unlucky */
    for (int i = 0; i < SIZE; i++)
        table->squares[i] = i * i;
    return 0;
}

struct use {
    struct table *table;
    int i;
};
static int use(struct use *self)
{
    int rc = weft_once_run(&loaded, load, self->table);

    if (rc == -EIO) {
        atomic_fetch_add(&failures, 1); /* whose own attempt it was learns of it */
        return 0;
    }
    if (rc == 0 && self->table->squares[self->i] == self->i * self->i)
        atomic_fetch_add(&right, 1);
    return rc;
}

struct demo {
    int users;
};
static int demo(struct demo *self)
{
    struct table table = {.attempts = 0};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < self->users; i++)
        weft_go(&scope, use, .table = &table, .i = i);
    rc = weft_scope_close(&scope);
    printf("%d attempts, %d failed, %d tasks found the table right\n", table.attempts, failures, right);
    return rc;
}

int main(void)
{
    return weft_main(demo, .users = USERS);
}
