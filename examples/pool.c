/* A pool: four tasks, a short queue, and a submitter that waits when it is full. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

struct visit {
    int number;
    atomic_int *visited;
};
static int visit(struct visit *self)
{
    int rc = weft_sleep(WEFT_MILLISECOND);

    if (rc == 0)
        atomic_fetch_add(self->visited, 1);
    return rc == 0 && self->number == 13 ? -ENOENT : rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    atomic_int visited = 0;
    weft_scope scope;
    weft_pool *pool;
    int rc = 0;

    (void)self;
    weft_scope_open(&scope);
    pool = weft_pool_new(&scope, .width = 4, .queue = 8, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 40 && rc == 0; i++)
        rc = weft_pool_submit(pool, visit, .number = i, .visited = &visited);
    if (rc == 0) {
        rc = weft_pool_close(pool);
        printf("%d visited, %zu failed, the first with %s\n", visited, weft_pool_failed(pool), weft_error_name(rc));
        rc = 0;
    }
    weft_pool_free(pool);
    return weft_scope_close_with(&scope, rc);
}

int main(void)
{
    return weft_main(demo, 0);
}
