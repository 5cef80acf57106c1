/* Deadlines and cancellation: one block of code has so much time, with everything that it calls.
 *
 * Nobody below passes a time-out on. A deadline is a level, not an event: once it has come, every call that may wait
 * says so, until the scope is closed. Clean-up that must wait stands in a shield.
 */
#include <stdio.h>
#include <weft.h>

/* Far below, and unaware of any deadline. */
static int slow_query(void)
{
    return weft_sleep(60 * WEFT_SECOND);
}

static int say_goodbye(void)
{
    weft_scope shield;
    int rc;

    weft_scope_open(&shield, .shield = 1, .timeout = 10 * WEFT_SECOND); /* not cancelled, but not for ever */
    rc = weft_sleep(WEFT_MILLISECOND);
    return weft_scope_close_with(&shield, rc);
}

struct session {
    int number;
};
static int session(struct session *self)
{
    int rc = slow_query();

    printf("session %d: the query: %s\n", self->number, weft_error_name(rc));
    printf("session %d: another wait: %s\n", self->number, weft_error_name(weft_sleep(1)));
    printf("session %d: goodbye: %s\n", self->number, say_goodbye() == 0 ? "said" : "cut short");
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int rc;

    (void)self;
    weft_scope_open(&scope, .timeout = 20 * WEFT_MILLISECOND);
    weft_go(&scope, session, .number = 1);
    rc = weft_scope_close(&scope);
    printf("the scope with a deadline: %s\n", weft_error_name(rc));

    weft_scope_open(&scope, .timeout = 60 * WEFT_SECOND);
    weft_go(&scope, session, .number = 2);
    weft_scope_cancel(&scope);
    rc = weft_scope_close(&scope);
    printf("the scope that was cancelled: %s\n", weft_error_name(rc));
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
