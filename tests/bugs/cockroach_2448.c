/* cockroachdb/cockroach 2448: two loops, each of which sends to the other while that one sends as well.
 *
 *     state.start, handleWriteResponse,   until the stop: run a callback that has come, or else send an event
 *     processCommittedEntry, sendEvent    -> state_start
 *     Store.processRaft                   until the stop: receive an event, send its callback -> process_raft
 *     the event's Callback                send, or see the stop                               -> callback
 *
 * The second event is sent while the store sends the callback of the first: neither receives. The fix puts events into
 * a list and sends the whole of it as one more case of the loop's select.
 *
 * The kernel's loops never end, as Go's program just exits. Here so many write responses come, and whoever has run all
 * their callbacks stops the stopper: who is stuck before stays, as there.
 */
#include "bugs.h"

enum { WRITES = 3 };

struct multiraft {
    weft_chan(char) stopped;
    weft_chan(int) events;       /* how many at once; without the fix 1 */
    weft_chan(int64_t) callback; /* all it does is sleep so long */
    bool fixed;
};

static void callback(struct multiraft *m)
{
    int64_t span = WEFT_NANOSECOND;

    weft_select(weft_on_send(m->callback, &span, NULL), weft_on_recv(m->stopped, NULL, NULL));
}

struct process_raft {
    struct multiraft *m;
};

static int process_raft(struct process_raft *self)
{
    struct multiraft *m = self->m;
    int events;

    while (weft_select(weft_on_recv(m->events, &events, NULL), weft_on_recv(m->stopped, NULL, NULL)) == 0)
        for (int i = 0; i < events; i++)
            callback(m);
    return 0;
}

struct state_start {
    struct multiraft *m;
};

static int state_start(struct state_start *self)
{
    struct multiraft *m = self->m;
    int writes = 0, callbacks = 0, pending = 0, one = 1;

    while (callbacks < WRITES) {
        struct weft_case cases[4];
        int64_t span;
        int count = 0, chosen, sends = -1;

        cases[count++] = weft_on_recv(m->stopped, NULL, NULL);
        cases[count++] = weft_on_recv(m->callback, &span, NULL);
        if (pending > 0) {
            sends = count;
            cases[count++] = weft_on_send(m->events, &pending, NULL);
        }
        if (writes < WRITES)
            cases[count++] = weft_on_default();
        if ((chosen = weft_select_raw(cases, (size_t)count, 0)) <= 0)
            return chosen;
        if (chosen == 1) {
            weft_sleep(span);
            callbacks++;
        } else if (chosen == sends) {
            pending = 0;
        } else {
            writes++;
            if (m->fixed)
                pending++;
            else
                weft_select(weft_on_send(m->events, &one, NULL), weft_on_recv(m->stopped, NULL, NULL));
        }
    }
    return weft_chan_close(m->stopped);
}

BUG(cockroach_2448)
{
    struct multiraft m = {.fixed = self->fixed};
    weft_scope scope;
    int rc;

    m.stopped = weft_chan_new(char, 0);
    m.events = weft_chan_new(int, 0);
    m.callback = weft_chan_new(int64_t, 0);
    weft_scope_open(&scope);
    weft_go(&scope, process_raft, .m = &m);
    weft_go(&scope, state_start, .m = &m);
    rc = weft_scope_close(&scope);
    weft_chan_free(m.stopped);
    weft_chan_free(m.events);
    weft_chan_free(m.callback);
    return rc;
}
