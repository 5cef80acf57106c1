/* grpc/grpc-go 660: a benchmark stops, and the call that is under way has nobody to tell of its end.
 *
 *     benchmarkClient.doCloseLoopUnary -> loop
 *     the goroutine in it              -> call
 *     the helper of the test           -> stopper
 *
 * The call waits for ever in its send. The fix gives the channel room for one. (What the call sends, at random in the
 * original, nobody looks at.)
 */
#include "bugs.h"

struct call {
    weft_chan(bool) done;
};

static int call(struct call *self)
{
    weft_send(self->done, true); /* waits here */
    return 0;
}

/* The channels of all calls so far; freed at the end, when nobody uses one any more. */
struct made {
    weft_chan(bool) done;
    struct made *next;
};

static weft_chan(bool) make(struct made **all, size_t room)
{
    struct made *made = malloc(sizeof *made);

    if (!made)
        abort();
    *made = (struct made){weft_chan_new(bool, room), *all};
    *all = made;
    return made->done;
}

static void free_all(struct made *made)
{
    for (struct made *next; made; made = next) {
        next = made->next;
        weft_chan_free(made->done);
        free(made);
    }
}

struct loop {
    weft_chan(bool) stop;
    struct made **all;
    weft_scope *scope;
    bool fixed;
};

static int loop(struct loop *self)
{
    bool value;

    for (;;) {
        weft_chan(bool) done = make(self->all, self->fixed ? 1 : 0);

        weft_go(self->scope, call, .done = done);
        if (weft_select(weft_on_recv(self->stop, &value, NULL), weft_on_recv(done, &value, NULL)) != 1)
            return 0;
    }
}

struct stopper {
    weft_chan(bool) stop;
};

static int stopper(struct stopper *self)
{
    weft_send(self->stop, true);
    return 0;
}

BUG(grpc_660)
{
    weft_chan(bool) stop = weft_chan_new(bool, 0);
    struct made *all = NULL;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, loop, .stop = stop, .all = &all, .scope = &scope, .fixed = self->fixed);
    weft_go(&scope, stopper, .stop = stop);
    rc = weft_scope_close(&scope);
    free_all(all);
    weft_chan_free(stop);
    return rc;
}
