/* A semaphore: a hundred tasks share three connections. */
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { CONNECTIONS = 3 };

static weft_semaphore connections;
static atomic_int in_use, too_many, done;

struct query {
    int id;
};
static int query(struct query *self)
{
    int rc = weft_semaphore_acquire(&connections);

    if (rc < 0)
        return rc; /* cancelled while it waited for a connection: it has none to give back */
    if (atomic_fetch_add(&in_use, 1) >= CONNECTIONS)
        atomic_fetch_add(&too_many, 1);
    rc = weft_sleep(self->id % 3 * WEFT_MILLISECOND);
    atomic_fetch_sub(&in_use, 1);
    weft_semaphore_release(&connections);
    atomic_fetch_add(&done, 1);
    return rc;
}

struct demo {
    int queries;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int rc;

    weft_semaphore_init(&connections, .count = CONNECTIONS, .max = CONNECTIONS);
    weft_scope_open(&scope);
    for (int i = 0; i < self->queries; i++)
        weft_go(&scope, query, .id = i);
    rc = weft_scope_close(&scope);
    printf("%d queries, %d of them without a connection of their own\n", done, too_many);
    return rc;
}

int main(void)
{
    return weft_main(demo, .queries = 100);
}
