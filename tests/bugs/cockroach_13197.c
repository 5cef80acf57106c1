/* cockroachdb/cockroach 13197: a transaction that is begun and neither committed nor rolled back.
 *
 *     DB.begin                       a context of its own, and a goroutine that waits for its end -> begin
 *     Tx.awaitDone                   that goroutine                                               -> await_done
 *     Tx.Rollback, rollback, close   cancel the context                                           -> rollback
 *
 * Nobody calls the last, so the goroutine stays. The fix rolls back.
 */
#include "bugs.h"

struct tx {
    weft_event done; /* of its context */
};

struct await_done {
    struct tx *tx;
};

static int await_done(struct await_done *self)
{
    return weft_event_wait(&self->tx->done);
}

static void begin(weft_scope *scope, struct tx *tx)
{
    weft_go(scope, await_done, .tx = tx);
}

static void rollback(struct tx *tx)
{
    weft_event_set(&tx->done);
}

BUG(cockroach_13197)
{
    struct tx tx = {.done = WEFT_EVENT_INIT};
    weft_scope scope;

    weft_scope_open(&scope);
    begin(&scope, &tx);
    if (self->fixed)
        rollback(&tx);
    return weft_scope_close(&scope);
}
