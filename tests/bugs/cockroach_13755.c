/* cockroachdb/cockroach 13755: the rows of a query that are not closed.
 *
 *     Rows.initContextClose   a context of its own, and a goroutine that waits for its end -> init_context_close
 *     Rows.awaitDone          that goroutine; closes the rows itself when the context ends -> await_done
 *     Rows.close              cancels the context                                          -> rows_close
 *
 * The kernel leaves the cancel out of close; it is here, because the fix is that the caller closes the rows.
 */
#include "bugs.h"

struct rows {
    weft_event done; /* of its context */
};

static void rows_close(struct rows *rows)
{
    weft_event_set(&rows->done);
}

struct await_done {
    struct rows *rows;
};

static int await_done(struct await_done *self)
{
    int rc = weft_event_wait(&self->rows->done);

    rows_close(self->rows);
    return rc;
}

static void init_context_close(weft_scope *scope, struct rows *rows)
{
    weft_go(scope, await_done, .rows = rows);
}

BUG(cockroach_13755)
{
    struct rows rows = {.done = WEFT_EVENT_INIT};
    weft_scope scope;

    weft_scope_open(&scope);
    init_context_close(&scope, &rows);
    if (self->fixed)
        rows_close(&rows);
    return weft_scope_close(&scope);
}
