/* Retry with back-off: a loop, with two ways out besides success. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

enum { ATTEMPTS = 6 };

struct service {
    int refusals; /* so many calls fail before one goes well */
};

static int call(struct service *service)
{
    return service->refusals-- > 0 ? -ECONNREFUSED : 42;
}

/* The answer, or the last error; -ETIMEDOUT if the caller's deadline came between two attempts. */
static int call_patiently(struct service *service)
{
    int answer, rc;

    for (int attempt = 0; (answer = call(service)) < 0; attempt++) {
        if (answer != -ECONNREFUSED || attempt + 1 == ATTEMPTS)
            return answer;                                /* not worth another try, or too many */
        if ((rc = weft_sleep(weft_backoff(attempt))) < 0) /* 10 ms, 20 ms, 40 ms ... and a little chance in it */
            return rc;
    }
    return answer;
}

static void show(const char *what, int refusals, int64_t timeout)
{
    struct service service = {.refusals = refusals};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope, .timeout = timeout);
    rc = call_patiently(&service);
    (void)weft_scope_close(&scope); /* no children: rc says it all */
    if (rc < 0)
        printf("%s: %s\n", what, weft_error_name(rc));
    else
        printf("%s: %d\n", what, rc);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    (void)self;
    show("up after three refusals", 3, 60 * WEFT_SECOND);
    show("down for good", 1000, 60 * WEFT_SECOND);
    show("down, and little time", 1000, 30 * WEFT_MILLISECOND);
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
