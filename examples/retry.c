/* Retries: a server that is not up yet, one that never will be, and a deadline over all of it. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct server {
    int calls, up_after, error;
};

static int connect_to(void *argument)
{
    struct server *server = argument;

    return ++server->calls > server->up_after ? 0 : server->error;
}

static void show(const char *what, const struct server *server, int rc)
{
    printf("%s: %s after %d calls\n", what, rc < 0 ? weft_error_name(rc) : "connected", server->calls);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    static const struct weft_retry quickly = {.attempts = 4, .delay = WEFT_MILLISECOND};
    static const struct weft_retry slowly = {.delay = 3600 * WEFT_SECOND, .delay_max = 3600 * WEFT_SECOND};
    struct server late = {.up_after = 2, .error = -ECONNREFUSED}, down = {.up_after = 99, .error = -ECONNREFUSED};
    struct server forbidden = {.up_after = 99, .error = -EACCES}, far = {.up_after = 1, .error = -ENETUNREACH};
    weft_scope scope;
    int rc;

    (void)self;
    show("late", &late, weft_retry(&quickly, connect_to, &late));
    show("down", &down, weft_retry(&quickly, connect_to, &down));
    show("forbidden", &forbidden, weft_retry(&quickly, connect_to, &forbidden)); /* time does not mend this one */

    weft_scope_open(&scope, .timeout = 60 * WEFT_SECOND); /* the wait would be longer: it is not even begun */
    show("far", &far, weft_retry(&slowly, connect_to, &far));
    rc = weft_scope_close(&scope);

    for (int attempt = 0; attempt < 4; attempt++) {
        int64_t most = WEFT_MILLISECOND << attempt, delay = weft_retry_delay(&quickly, attempt);

        printf("the wait after attempt %d is %s\n", attempt, delay >= most / 2 && delay <= most ? "as told" : "not");
    }
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
