/* Actors: the mailbox, and those who wait for an answer. An asker lies on the stack of who asks, in a list of the
 * actor's, and is known by a number that is never used again: an answer finds it, or finds that it has gone. The list
 * is in the order of asking, in which most answers come, so that the first looked at is mostly the one.
 */
#include <weft/actor.h>

#include "base/list.h"
#include "par/hold.h"
#include "par/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weft/select.h>
#include <weft/time.h>
#include <weft/waker.h>

struct weft__actor {
    struct weft__chan *mailbox; /* constant */
    struct weft__child *child;  /* constant */
    weft_mutex lock;
    struct weft__list asks; /* lock */
    uintptr_t asked;        /* lock: the number of the last that asked */
    bool ended;             /* lock */
};

struct weft__ask {
    struct weft__link link; /* lock of the actor, while not settled */
    uintptr_t number;
    void *answer;
    size_t size;
    bool settled; /* lock of the actor, like rc */
    int rc;
    weft_waker answered;
};

struct weft__actor *weft__actor_start(weft_supervisor *supervisor, const struct weft_site *site,
                                      const struct weft_child *options, void *arguments, size_t member, size_t size)
{
    struct weft__actor *actor = calloc(1, sizeof *actor);

    if (!actor)
        return NULL;
    weft_mutex_init(&actor->lock, .name = "actor");
    actor->mailbox = weft_chan_new_raw(size, options->room ? options->room : 16);
    memcpy((char *)arguments + member, &actor, sizeof actor);
    if (!actor->mailbox || weft__child_add(supervisor, site, options, arguments, actor, &actor->child) < 0) {
        weft__actor_free(actor);
        return NULL;
    }
    return actor;
}

struct weft__chan *weft__mailbox(struct weft__actor *actor)
{
    return actor ? actor->mailbox : NULL;
}

int weft_actor_stop_raw(struct weft__actor *actor)
{
    if (!actor)
        return -EINVAL;
    weft__child_stop(actor->child);
    return 0;
}

/* ---- asking ---- */

/* Takes the asker out of the list with its answer, and wakes it, which may end its frame. The lock is held. */
static void settle(struct weft__actor *actor, struct weft__ask *ask, const void *answer, int rc)
{
    if (answer && ask->answer)
        memcpy(ask->answer, answer, ask->size);
    ask->rc = rc;
    ask->settled = true;
    weft__list_remove(&actor->asks, &ask->link);
    weft_wake(&ask->answered);
}

/* Sends the message and waits for the wake-up. 0, or why not. */
static int wait_for_answer(struct weft__actor *actor, struct weft__ask *ask, void *message, int64_t deadline)
{
    struct weft_case cases[2];
    int rc = 0, chosen;

    cases[0] = WEFT__CASE(weft__on_send, actor->mailbox, message, &rc, 0);
    cases[1] = weft_on_deadline(deadline);
    chosen = weft_select_raw(cases, 2, 1);
    if (chosen != 0)
        return chosen == 1 ? -ETIMEDOUT : chosen;
    return rc < 0 ? rc : weft_wait_until(&ask->answered, deadline);
}

int weft_ask_raw(struct weft__actor *actor, void *message, size_t member, void *answer, size_t size, int64_t span)
{
    struct weft__ask ask = {.answer = answer, .size = size, .answered = WEFT_WAKER_INIT};
    int64_t now = weft_now();
    int rc;

    if (!actor || span < 0)
        return -EINVAL;
    weft__hold(&actor->lock);
    ask.number = ++actor->asked;
    weft__list_append(&actor->asks, &ask.link);
    if (actor->ended)
        settle(actor, &ask, NULL, -EPIPE);
    weft__let_go(&actor->lock);
    memcpy((char *)message + member, &ask.number, sizeof ask.number);
    rc = wait_for_answer(actor, &ask, message, span > INT64_MAX - now ? INT64_MAX : now + span);
    weft__hold(&actor->lock); /* an answer that has come meanwhile counts; none can come after this */
    if (ask.settled)
        rc = ask.rc;
    else
        weft__list_remove(&actor->asks, &ask.link);
    weft__let_go(&actor->lock);
    return rc;
}

int weft_reply_raw(struct weft__actor *actor, const void *asker, const void *answer, int rc)
{
    struct weft__link *link;

    if (!actor || (!answer && rc >= 0))
        return -EINVAL;
    weft__hold(&actor->lock);
    for (link = actor->asks.first; link; link = link->next)
        if (WEFT__OF(struct weft__ask, link, link)->number == (uintptr_t)asker)
            break;
    if (link)
        settle(actor, WEFT__OF(struct weft__ask, link, link), answer, rc);
    weft__let_go(&actor->lock);
    return link ? 0 : -ENOENT;
}

/* ---- its end ---- */

void weft__actor_shut(struct weft__actor *actor)
{
    (void)weft_chan_close_raw(actor->mailbox); /* it may be closed */
}

void weft__actor_ended(struct weft__actor *actor)
{
    weft__actor_shut(actor);
    weft__hold(&actor->lock);
    actor->ended = true;
    while (actor->asks.first)
        settle(actor, WEFT__OF(struct weft__ask, link, actor->asks.first), NULL, -EPIPE);
    weft__let_go(&actor->lock);
}

void weft__actor_free(struct weft__actor *actor)
{
    weft_chan_free_raw(actor->mailbox);
    free(actor);
}
