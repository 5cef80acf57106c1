/* grpc/grpc-go 862: a dial is given up, and the task that tries to connect is not told.
 *
 *     ClientConn.Close, resetAddrConn  -> client_close, connector
 *     addrConn.resetTransport, tearDown -> reset_transport, tear_down
 *     DialContext, and the helper that cancels -> dial, canceller
 *     a context                        -> a channel that is closed; a child of it looks at both
 *
 * It goes on for ever, waiting a little longer each time: not a deadlock, but a task without an end. The fix closes the
 * client whenever the dial returns without it.
 */
#include "bugs.h"

struct client {
    weft_chan(char) context, conn_context, dial_context;
    bool has_conn, fixed;
    weft_scope *scope;
};

static void tear_down(struct client *cc)
{
    weft_chan_close(cc->conn_context);
}

static void client_close(struct client *cc)
{
    bool has_conn = cc->has_conn;

    weft_chan_close(cc->context);
    cc->has_conn = false;
    if (has_conn)
        tear_down(cc);
}

static int reset_transport(struct client *cc)
{
    for (int retries = 1;; retries++) {
        int64_t pause = 2 * (int64_t)retries, connected = weft_now();
        char none;

        if (weft_select(weft_on_timeout(pause - (weft_now() - connected)), weft_on_recv(cc->conn_context, &none, NULL),
                        weft_on_recv(cc->context, &none, NULL)) != 0)
            return 0;
    }
}

struct connector {
    struct client *cc;
};

static int connector(struct connector *self)
{
    self->cc->has_conn = true;
    return reset_transport(self->cc);
}

struct dial {
    struct client *cc;
};

/* Its result, a connection, is never set: the deferred function finds nothing to close. */
static int dial(struct dial *self)
{
    struct client *cc = self->cc, *conn = NULL;
    char none;

    weft_go(cc->scope, connector, .cc = cc);
    if (weft_select(weft_on_recv(cc->dial_context, &none, NULL), weft_on_default()) == 0 && conn)
        client_close(conn);
    if (cc->fixed)
        client_close(cc);
    return 0;
}

struct canceller {
    struct client *cc;
};

static int canceller(struct canceller *self)
{
    weft_chan_close(self->cc->dial_context);
    return 0;
}

BUG(grpc_862)
{
    struct client cc = {
        weft_chan_new(char, 0), weft_chan_new(char, 0), weft_chan_new(char, 0), false, self->fixed, NULL};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    cc.scope = &scope;
    weft_go(&scope, dial, .cc = &cc);
    weft_go(&scope, canceller, .cc = &cc);
    rc = weft_scope_close(&scope);
    weft_chan_free(cc.context);
    weft_chan_free(cc.conn_context);
    weft_chan_free(cc.dial_context);
    return rc;
}
