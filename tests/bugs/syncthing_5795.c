/* syncthing/syncthing 5795: a connection is closed from within the loop whose end the close waits for.
 *
 *     rawConnection.readerLoop, dispatcherLoop  -> reader_loop, dispatcher_loop
 *     rawConnection.internalClose, Close        -> internal_close, connection_close
 *     the model's ClusterConfig, which closes   -> cluster_config
 *
 * The fix closes in a task of its own.
 */
#include "bugs.h"

enum message { NO_MESSAGE, CLUSTER_CONFIG };

struct connection {
    weft_chan(enum message) inbox;
    weft_chan(char) dispatcher_stopped, closed;
    weft_once close_once;
    weft_scope *scope;
    bool fixed;
};

static int close_it(void *argument)
{
    struct connection *c = argument;

    weft_chan_close(c->closed);
    weft_recv(c->dispatcher_stopped, NULL); /* waits here */
    return 0;
}

struct internal_close {
    struct connection *c;
};

static int internal_close(struct internal_close *self)
{
    return weft_once_run(&self->c->close_once, close_it, self->c);
}

static void connection_close(struct connection *c)
{
    if (c->fixed)
        weft_go(c->scope, internal_close, .c = c);
    else
        internal_close(&(struct internal_close){c});
}

static void cluster_config(struct connection *c)
{
    connection_close(c);
}

struct reader_loop {
    struct connection *c;
};

static int reader_loop(struct reader_loop *self)
{
    char none;

    while (weft_select(weft_on_recv(self->c->closed, &none, NULL), weft_on_default()) == 1)
        ;
    return 0;
}

struct dispatcher_loop {
    struct connection *c;
};

static int dispatcher_loop(struct dispatcher_loop *self)
{
    struct connection *c = self->c;
    enum message message;
    char none;

    while (weft_select(weft_on_recv(c->inbox, &message, NULL), weft_on_recv(c->closed, &none, NULL)) == 0 &&
           message == CLUSTER_CONFIG)
        cluster_config(c);
    weft_chan_close(c->dispatcher_stopped);
    return 0;
}

BUG(syncthing_5795)
{
    struct connection c = {.inbox = weft_chan_new(enum message, 0),
                           .dispatcher_stopped = weft_chan_new(char, 0),
                           .closed = weft_chan_new(char, 0),
                           .fixed = self->fixed};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    c.scope = &scope;
    weft_go(&scope, reader_loop, .c = &c);
    weft_go(&scope, dispatcher_loop, .c = &c);
    weft_send(c.inbox, CLUSTER_CONFIG);
    weft_recv(c.dispatcher_stopped, NULL);
    rc = weft_scope_close(&scope);
    weft_chan_free(c.inbox);
    weft_chan_free(c.dispatcher_stopped);
    weft_chan_free(c.closed);
    return rc;
}
