/* Task-local values: what every function of a task may know without being told.
 *
 * Each task handles a request and sets the request's name; `note`, called far below, finds it again, on whichever
 * thread the task runs by then. When the task ends, the key's destructor frees it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf */
#endif
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

static weft_key request_name;
static atomic_int names_freed;

static void free_name(void *value)
{
    free(value);
    atomic_fetch_add(&names_freed, 1);
}

/* Writes a line that names the request it belongs to. */
static void note(char *line, size_t size, const char *what)
{
    const char *name = weft_local_get(request_name);

    snprintf(line, size, "%s: %s", name ? name : "(no request)", what);
}

static int deep_below(char *line, size_t size)
{
    int rc = weft_sleep(10 * WEFT_MILLISECOND); /* may come back on another thread */

    if (rc == 0)
        note(line, size, "done");
    return rc;
}

struct request {
    int number;
    char *line;
    size_t size;
};
static int request(struct request *self)
{
    char *name;
    int rc;

    if (asprintf(&name, "request %d", self->number) < 0)
        return -1;
    rc = weft_local_set(request_name, name);
    if (rc < 0) {
        free(name);
        return rc;
    }
    return deep_below(self->line, self->size);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    char lines[4][64];
    weft_scope scope;
    int rc = weft_key_new(&request_name, free_name);

    (void)self;
    if (rc < 0)
        return rc;
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, request, .number = i + 1, .line = lines[i], .size = sizeof lines[i]);
    rc = weft_scope_close(&scope);
    note(lines[3], sizeof lines[3], "a task has none of another's values");
    for (int i = 0; i < 4 && rc == 0; i++)
        puts(lines[i]);
    printf("%d names were freed\n", names_freed);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
