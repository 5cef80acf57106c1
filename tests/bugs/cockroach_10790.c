/* cockroachdb/cockroach 10790: a goroutine that drains channels into which nobody sends any more.
 *
 *     Replica.beginCmds   receive from each channel; once the context is done, start a goroutine that receives from all
 *                         of them -> begin_cmds, drain
 *     Replica.sendChans   send into each, until the context is done -> send_chans
 *     the test            the two, cancel() in a third, and Stop of the stopper -> the function below
 *
 * When the context ends, the sender goes and the drainer stays. The fix lets it look at the stopper as well.
 */
#include "bugs.h"

struct replica {
    weft_scope *scope;
    weft_chan(bool) chans[2];
    weft_chan(char) quiescer;
    weft_event done; /* of the context */
    weft_mutex mu;
    bool quiescing, fixed;
};

static void stopper_stop(struct replica *r)
{
    if (weft_mutex_lock(&r->mu) < 0)
        return;
    if (!r->quiescing) {
        r->quiescing = true;
        weft_chan_close(r->quiescer);
    }
    weft_mutex_unlock(&r->mu);
}

struct drain {
    struct replica *r;
};

static int drain(struct drain *self)
{
    struct replica *r = self->r;

    for (int i = 0; i < 2; i++) {
        if (!r->fixed)
            weft_recv(r->chans[i], NULL);
        else if (weft_select(weft_on_recv(r->chans[i], NULL, NULL), weft_on_recv(r->quiescer, NULL, NULL)) == 1)
            break;
    }
    return 0;
}

struct begin_cmds {
    struct replica *r;
};

static int begin_cmds(struct begin_cmds *self)
{
    struct replica *r = self->r;

    for (int i = 0; i < 2; i++)
        if (weft_select(weft_on_recv(r->chans[i], NULL, NULL), weft_on_event(&r->done)) == 1)
            weft_go(r->scope, drain, .r = r);
    return 0;
}

struct send_chans {
    struct replica *r;
};

static int send_chans(struct send_chans *self)
{
    struct replica *r = self->r;
    bool yes = true;

    for (int i = 0; i < 2; i++)
        if (weft_select(weft_on_send(r->chans[i], &yes, NULL), weft_on_event(&r->done)) == 1)
            break;
    return 0;
}

struct cancel {
    weft_event *done;
};

static int cancel(struct cancel *self)
{
    return weft_event_set(self->done);
}

BUG(cockroach_10790)
{
    weft_scope scope;
    struct replica r = {.scope = &scope, .fixed = self->fixed};
    int rc;

    r.chans[0] = weft_chan_new(bool, 0);
    r.chans[1] = weft_chan_new(bool, 0);
    r.quiescer = weft_chan_new(char, 0);
    weft_scope_open(&scope);
    weft_go(&scope, send_chans, .r = &r);
    weft_go(&scope, begin_cmds, .r = &r);
    weft_go(&scope, cancel, .done = &r.done);
    stopper_stop(&r);
    rc = weft_scope_close(&scope);
    weft_chan_free(r.chans[0]);
    weft_chan_free(r.chans[1]);
    weft_chan_free(r.quiescer);
    return rc;
}
