/* grpc/grpc-go 795: a server that is stopped twice locks where it should unlock.
 *
 *     Server.GracefulStop   -> graceful_stop
 *     Server.Serve          -> serve
 *
 * The kernel has the unlock at the end of GracefulStop missing as well, so the second call waits in its first lock
 * already. The fix unlocks on both ways.
 */
#include "bugs.h"

struct server {
    weft_mutex mu;
    bool drain, fixed;
};

static void graceful_stop(struct server *s)
{
    if (weft_mutex_lock(&s->mu) < 0)
        return;
    if (s->drain) {
        if (s->fixed)
            weft_mutex_unlock(&s->mu);
        else if (weft_mutex_lock(&s->mu) < 0)
            return;
        return;
    }
    s->drain = true;
    if (s->fixed)
        weft_mutex_unlock(&s->mu);
}

struct serve {
    struct server *s;
};

static int serve(struct serve *self)
{
    if (weft_mutex_lock(&self->s->mu) < 0)
        return -ECANCELED;
    weft_mutex_unlock(&self->s->mu);
    return 0;
}

BUG(grpc_795)
{
    struct server s = {.fixed = self->fixed};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, serve, .s = &s);
    for (int i = 0; i < 3; i++)
        graceful_stop(&s);
    return weft_scope_close(&scope);
}
