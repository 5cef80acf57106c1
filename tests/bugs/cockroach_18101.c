/* cockroachdb/cockroach 18101: a context that stops the receiver and not the sender.
 *
 *     restore           start splitAndScatter; with the first item, wait for the end of the context, and leave
 *                       -> restore
 *     splitAndScatter   send two more items than the channel has room for, close it -> split_and_scatter
 *     the test          the first of them, and cancel(), each a goroutine           -> the function below
 *
 * One item is received and one too many is left. The fix sends, or sees that the context is done.
 */
#include "bugs.h"

enum { CHAN_SIZE = 6 };

struct import {
    weft_scope *scope;
    weft_event done; /* of the context */
    weft_chan(bool) ready;
    bool fixed;
};

struct split_and_scatter {
    struct import *import;
};

static int split_and_scatter(struct split_and_scatter *self)
{
    struct import *import = self->import;

    for (int i = 0; i < CHAN_SIZE + 2; i++) {
        bool item = i != 0;

        if (!import->fixed)
            weft_send(import->ready, item);
        else if (weft_select(weft_on_send(import->ready, &item, NULL), weft_on_event(&import->done)) == 1)
            break;
    }
    return weft_chan_close(import->ready);
}

struct restore {
    struct import *import;
};

static int restore(struct restore *self)
{
    struct import *import = self->import;

    weft_go(import->scope, split_and_scatter, .import = import);
    weft_chan_each(item, import->ready)
    {
        if (weft_select(weft_on_event(&import->done)) == 0)
            return item;
    }
    return true;
}

struct cancel {
    weft_event *done;
};

static int cancel(struct cancel *self)
{
    return weft_event_set(self->done);
}

BUG(cockroach_18101)
{
    weft_scope scope;
    struct import import = {.scope = &scope, .fixed = self->fixed};
    int rc;

    import.ready = weft_chan_new(bool, CHAN_SIZE);
    weft_scope_open(&scope);
    weft_go(&scope, restore, .import = &import);
    weft_go(&scope, cancel, .done = &import.done);
    rc = weft_scope_close(&scope);
    weft_chan_free(import.ready);
    return rc;
}
