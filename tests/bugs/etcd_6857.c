/* etcd-io/etcd 6857: a request to a node whose loop has stopped.
 *
 *     node.run, Status, Stop   -> run, status, stop, each a task as in the test
 *
 * If the stop comes first, nobody is left to receive the request, and status waits for ever. The fix also waits for
 * the channel that the loop closes at its end.
 */
#include "bugs.h"

struct request {
    weft_chan(char) reply;
};

struct node {
    weft_chan(struct request) status;
    weft_chan(char) stop, done;
    bool fixed;
};

struct run {
    struct node *n;
};

static int run(struct run *self)
{
    struct node *n = self->n;
    struct request request;
    char stop;

    for (;;) {
        switch (weft_select(weft_on_recv(n->status, &request, NULL), weft_on_recv(n->stop, &stop, NULL))) {
        case 0:
            weft_send(request.reply, 0);
            break;
        case 1:
            weft_chan_close(n->done);
            return 0;
        default:
            return -ECANCELED;
        }
    }
}

struct status {
    struct node *n;
};

static int status(struct status *self)
{
    struct node *n = self->n;
    struct request request = {.reply = weft_chan_new(char, 0)};
    char none;

    if (!n->fixed) {
        weft_send(n->status, request); /* waits here */
        weft_recv(request.reply, NULL);
    } else if (weft_select(weft_on_send(n->status, &request, NULL), weft_on_recv(n->done, &none, NULL)) == 0) {
        weft_recv(request.reply, NULL);
    }
    weft_chan_free(request.reply);
    return 0;
}

struct stop {
    struct node *n;
};

static int stop(struct stop *self)
{
    char none = 0;

    if (weft_select(weft_on_send(self->n->stop, &none, NULL), weft_on_recv(self->n->done, &none, NULL)) == 0)
        weft_recv(self->n->done, NULL);
    return 0;
}

BUG(etcd_6857)
{
    struct node n = {weft_chan_new(struct request, 0), weft_chan_new(char, 0), weft_chan_new(char, 0), self->fixed};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, run, .n = &n);
    weft_go(&scope, status, .n = &n);
    weft_go(&scope, stop, .n = &n);
    rc = weft_scope_close(&scope);
    weft_chan_free(n.status);
    weft_chan_free(n.stop);
    weft_chan_free(n.done);
    return rc;
}
