/* Signals as something to wait for: a server that reloads on SIGHUP and ends on SIGTERM, with its work in hand.
 *
 * No handler, no flag, no mask: what a signal means stands where it is dealt with, and may wait, lock or allocate. Here
 * a second task plays the administrator; from a shell it would be kill(1).
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>

struct administrator {
    weft_waker *dealt_with;
};
static int administrator(struct administrator *self)
{
    static const int signals[] = {SIGHUP, SIGHUP, SIGTERM};
    int rc = 0;

    for (int i = 0; i < 3 && rc == 0; i++) {
        kill(getpid(), signals[i]);
        rc = weft_wait(self->dealt_with);
    }
    return rc;
}

struct server {
    int unused;
};
static int server(struct server *self)
{
    weft_waker dealt_with = WEFT_WAKER_INIT;
    weft_scope scope;
    int reloads = 0, rc;

    (void)self;
    if ((rc = weft_signal_watch(SIGHUP)) < 0 || (rc = weft_signal_watch(SIGTERM)) < 0)
        return rc; /* from here on SIGTERM does not cancel us: it is ours */
    weft_scope_open(&scope);
    weft_go(&scope, administrator, .dealt_with = &dealt_with);
    do {
        rc = weft_select(weft_on_signal(SIGHUP), weft_on_signal(SIGTERM), weft_on_timeout(600 * WEFT_SECOND));
        if (rc == 0)
            printf("configuration read again: %d\n", ++reloads);
        if (rc == 2)
            printf("nothing for ten minutes\n");
        weft_wake(&dealt_with);
    } while (rc == 0 || rc == 2);
    if (rc == 1)
        printf("asked to end: the work in hand is finished first\n");
    rc = weft_scope_close_with(&scope, rc < 0 ? rc : 0);
    (void)weft_signal_unwatch(SIGHUP);
    (void)weft_signal_unwatch(SIGTERM);
    return rc;
}

int main(void)
{
    return weft_main(server, 0);
}
