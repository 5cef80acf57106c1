/* etcd-io/etcd 7902: those that follow wait for the leader under the mutex that the leader needs to let them go.
 *
 *     runElectionFunc: validate, release, and the channel of the next round -> validate, release, struct election
 *     doRounds: a goroutine for each client                                 -> client
 *
 * A follower waits in release with the mutex locked; the leader comes to its own release only with it. The fix takes no
 * mutex around release. It also has the leader wait there until all have validated: without the mutex nothing else
 * keeps one that is slow from missing the last round, and it puts the channel of the next round in its place before it
 * closes the old one.
 *
 * The leader is the first client, as the kernel's comment has it (its loop variable is shared by all closures, by which
 * none would be). Go frees a channel that nobody knows any more; here all of them live to the end.
 */
#include "bugs.h"

enum { CLIENTS = 3, ROUNDS = 100 };

struct election {
    weft_mutex mu;
    weft_chan(char) rounds[ROUNDS + 1]; /* each closed when it is over */
    weft_chan(char) validated;          /* fixed only */
    int round;
    bool fixed;
};

struct client {
    struct election *e;
    weft_latch *done;
    int index;
};

static weft_chan(char) validate(struct election *e)
{
    if (e->fixed)
        weft_send(e->validated, 0);
    return e->rounds[e->round];
}

static void release(struct client *self, weft_chan(char) next)
{
    struct election *e = self->e;

    if (self->index == 0) {
        for (int i = 0; i < CLIENTS && e->fixed; i++)
            weft_recv(e->validated, NULL);
        e->round++;
        weft_chan_close(e->rounds[e->round - 1]);
    }
    weft_recv(next, NULL); /* a follower waits here */
}

static int client(struct client *self)
{
    struct election *e = self->e;

    for (int progress = 0; progress < ROUNDS;) {
        weft_chan(char) next;

        if (weft_mutex_lock(&e->mu) < 0)
            return -ECANCELED;
        next = validate(e);
        weft_mutex_unlock(&e->mu);
        progress++;
        if (!e->fixed && weft_mutex_lock(&e->mu) < 0) /* the leader waits here */
            return -ECANCELED;
        release(self, next);
        if (!e->fixed)
            weft_mutex_unlock(&e->mu);
    }
    weft_latch_done(self->done);
    return 0;
}

struct election_run {
    bool fixed;
};

static int election_run(struct election_run *self)
{
    struct election e = {.validated = weft_chan_new(char, CLIENTS), .fixed = self->fixed};
    weft_scope scope;
    weft_latch done;
    int rc;

    for (int i = 0; i <= ROUNDS; i++)
        e.rounds[i] = weft_chan_new(char, 0);
    weft_latch_init(&done, CLIENTS);
    weft_scope_open(&scope);
    for (int i = 0; i < CLIENTS; i++)
        weft_go(&scope, client, .e = &e, .done = &done, .index = i);
    rc = weft_latch_wait(&done);
    rc = weft_scope_close_with(&scope, rc);
    for (int i = 0; i <= ROUNDS; i++)
        weft_chan_free(e.rounds[i]);
    weft_chan_free(e.validated);
    return rc;
}

BUG(etcd_7902)
{
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, election_run, .fixed = self->fixed);
    return weft_scope_close(&scope);
}
