/* Task-local values: the request's name in every line of the log, without a parameter through all layers.
 *
 * A task may go on on another thread after each wait, so a thread-local would name the wrong request; its own values
 * go with the task.
 */
#include <stdio.h>
#include <string.h>
#include <weft.h>

enum { REQUESTS = 3 };

static weft_key request_name;

/* Layers below know nothing of requests; the log does. */
static int log_line(char *log, size_t size, const char *what)
{
    size_t used = strlen(log);
    const char *name = weft_local_get(request_name);

    return snprintf(log + used, size - used, "[%s] %s\n", name ? name : "-", what);
}

static int query(char *log, size_t size)
{
    int rc;

    log_line(log, size, "query sent");
    rc = weft_sleep(5 * WEFT_MILLISECOND);
    log_line(log, size, rc == 0 ? "rows came" : "nothing came");
    return rc;
}

struct request {
    char *name, *log;
    size_t size;
};
static int request(struct request *self)
{
    int rc = weft_local_set(request_name, self->name);

    return rc < 0 ? rc : query(self->log, self->size);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    char names[REQUESTS][16], logs[REQUESTS + 1][128] = {{0}};
    weft_scope scope;
    int rc = weft_key_new(&request_name, NULL);

    (void)self;
    if (rc < 0)
        return rc;
    weft_scope_open(&scope);
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(names[i], sizeof names[i], "request %d", i + 1);
        weft_go(&scope, request, .name = names[i], .log = logs[i], .size = sizeof logs[i]);
    }
    rc = weft_scope_close(&scope);
    log_line(logs[REQUESTS], sizeof logs[REQUESTS], "this task has no request");
    for (int i = 0; i <= REQUESTS; i++)
        fputs(logs[i], stdout);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
