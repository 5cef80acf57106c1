/* An event: three tasks, and a plain thread, wait for the configuration to be loaded; who comes later goes straight on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

static weft_event loaded = WEFT_EVENT_INIT;
static const char *colour; /* set before the event is */
static atomic_int greens;

struct painter {
    int id;
};
static int painter(struct painter *self)
{
    int rc = weft_event_wait(&loaded);

    if (rc == 0 && colour[0] == 'g' && self->id)
        atomic_fetch_add(&greens, 1);
    return rc;
}

static void *paint_in_thread(void *unused)
{
    struct painter self = {.id = 4};

    painter(&self); /* the same call: a thread is blocked where a task is parked */
    return unused;
}

struct demo {
    const char *colour;
};
static int demo(struct demo *self)
{
    pthread_t thread;
    weft_scope scope;
    int rc;

    if (pthread_create(&thread, NULL, paint_in_thread, NULL) != 0)
        return -1;
    weft_scope_open(&scope);
    for (int i = 1; i <= 3; i++)
        weft_go(&scope, painter, .id = i);
    printf("set: %d\n", weft_event_is_set(&loaded));
    colour = self->colour;
    weft_event_set(&loaded);
    weft_go(&scope, painter, .id = 5); /* does not wait */
    rc = weft_scope_close(&scope);
    pthread_join(thread, NULL);
    printf("set: %d, %d paint green\n", weft_event_is_set(&loaded), greens);
    return rc;
}

int main(void)
{
    return weft_main(demo, .colour = "green");
}
