/* cockroachdb/cockroach 584: a loop that is left with its mutex locked.
 *
 *     gossip.go: bootstrap   lock; if closed, break (without unlock)   -> bootstrap below
 *     gossip.go: manage      the same                                  -> manage below
 *
 * The second of them waits for ever. The fix unlocks before the break.
 */
#include "bugs.h"

struct gossip {
    weft_mutex mu;
    bool closed, fixed;
};

static void bootstrap(struct gossip *g)
{
    for (;;) {
        if (weft_mutex_lock(&g->mu) < 0)
            return;
        if (g->closed) {
            if (g->fixed)
                weft_mutex_unlock(&g->mu);
            break;
        }
        weft_mutex_unlock(&g->mu);
        break;
    }
}

struct start {
    struct gossip *g;
};

static int start(struct start *self)
{
    bootstrap(self->g);
    bootstrap(self->g); /* manage: the same code */
    return 0;
}

BUG(cockroach_584)
{
    struct gossip g = {.closed = true, .fixed = self->fixed};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, start, .g = &g);
    return weft_scope_close(&scope);
}
