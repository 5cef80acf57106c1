/* etcd-io/etcd 7492: tokens are sent to their keeper under a lock that the keeper takes when a token is too old.
 *
 *     simpleTokenTTLKeeper.run, addSimpleToken, stop  -> keep, add_token, stop
 *     tokenSimple.assignSimpleTokenToUser, disable    -> assign, disable
 *     newDeleterFunc                                  -> delete_token
 *     the three goroutines of the test                -> authenticate
 *
 * The channel has room for one: an assign may wait in its send with simpleTokensMu locked, while the keeper, at a tick,
 * waits for that mutex. The fix has no such channel: the map of the keeper has a mutex of its own, which assign and the
 * tick both take before the other one.
 */
#include "bugs.h"

struct waiting {
    weft_chan(char) stopped;
};

struct store {
    weft_rwlock tokens_lock; /* simpleTokensMu */
    weft_mutex keeper_lock;  /* fixed only */
    weft_chan(char) add;     /* room 1 */
    weft_chan(struct waiting) stop;
    bool has_token, fixed;
};

static void delete_token(struct store *s)
{
    if (weft_rwlock_write(&s->tokens_lock) < 0) /* the keeper waits here */
        return;
    weft_rwlock_write_unlock(&s->tokens_lock);
}

static void delete_all(struct store *s)
{
    if (s->fixed && weft_mutex_lock(&s->keeper_lock) < 0)
        return;
    if (s->has_token)
        delete_token(s);
    s->has_token = false;
    if (s->fixed)
        weft_mutex_unlock(&s->keeper_lock);
}

struct keep {
    struct store *s;
};

static int keep(struct keep *self)
{
    struct store *s = self->s;
    int64_t tick = weft_now() + 1;
    struct waiting waiting;
    char token;

    for (;;) {
        switch (weft_select(weft_on_recv(s->add, &token, NULL), weft_on_deadline(tick),
                            weft_on_recv(s->stop, &waiting, NULL))) {
        case 0:
            s->has_token = true;
            break;
        case 1:
            tick = weft_now() + 1;
            delete_all(s);
            break;
        case 2:
            weft_send(waiting.stopped, 0);
            return 0;
        default:
            return -ECANCELED;
        }
    }
}

static void add_token(struct store *s)
{
    if (s->fixed)
        s->has_token = true;
    else
        weft_send(s->add, 0); /* an assign waits here */
}

struct authenticate {
    struct store *s;
    weft_latch *done;
};

static int authenticate(struct authenticate *self)
{
    struct store *s = self->s;

    if (s->fixed && weft_mutex_lock(&s->keeper_lock) < 0)
        return -ECANCELED;
    if (weft_rwlock_write(&s->tokens_lock) < 0)
        return -ECANCELED;
    add_token(s);
    weft_rwlock_write_unlock(&s->tokens_lock);
    if (s->fixed)
        weft_mutex_unlock(&s->keeper_lock);
    weft_latch_done(self->done);
    return 0;
}

static void disable(struct store *s)
{
    struct waiting waiting = {weft_chan_new(char, 0)};

    weft_send(s->stop, waiting);
    weft_recv(waiting.stopped, NULL);
    weft_chan_close(s->stop);
    if (weft_rwlock_write(&s->tokens_lock) < 0)
        return;
    weft_rwlock_write_unlock(&s->tokens_lock);
    weft_chan_free(waiting.stopped);
}

BUG(etcd_7492)
{
    struct store s = {.add = weft_chan_new(char, 1), .stop = weft_chan_new(struct waiting, 0), .fixed = self->fixed};
    weft_scope scope;
    weft_latch done;
    int rc;

    weft_latch_init(&done, 3);
    weft_scope_open(&scope);
    weft_go(&scope, keep, .s = &s);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, authenticate, .s = &s, .done = &done);
    if (weft_latch_wait(&done) == 0)
        disable(&s);
    rc = weft_scope_close(&scope);
    weft_chan_free(s.add);
    weft_chan_free(s.stop);
    return rc;
}
