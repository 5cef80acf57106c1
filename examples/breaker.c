/* A circuit breaker: after three failures in a row the service is left alone, then tried with one call. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct service {
    int calls, broken;
};

static int ask(void *argument)
{
    struct service *service = argument;

    service->calls++;
    return service->broken ? -EIO : 0;
}

static void call(weft_breaker *breaker, struct service *service)
{
    static const char *const states[] = {"closed", "open", "half open"};
    int rc = weft_breaker_call(breaker, ask, service);

    printf("%s after %d calls; the breaker is %s\n", rc < 0 ? weft_error_name(rc) : "fine", service->calls,
           states[weft_breaker_state(breaker)]);
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    struct service service = {.broken = 1};
    weft_breaker breaker;
    int rc;

    (void)self;
    if ((rc = weft_breaker_init(&breaker, .failures = 3, .open_span = WEFT_SECOND)) < 0)
        return rc;
    for (int i = 0; i < 5; i++) /* the last two do not reach the service */
        call(&breaker, &service);
    if ((rc = weft_sleep(WEFT_SECOND)) < 0)
        return rc;
    call(&breaker, &service); /* a probe, which fails */
    if ((rc = weft_sleep(WEFT_SECOND)) < 0)
        return rc;
    service.broken = 0;
    call(&breaker, &service); /* a probe, which does not */
    call(&breaker, &service);
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
