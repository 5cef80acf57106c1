/* Supervisors. One task, the keeper, decides everything about the children: it starts them, hears of their ends, stops
 * and restarts them, one thing after the other, so that the strategies are loops over a list. Each run of a child is a
 * task with a scope of its own, by which the keeper can cancel that run alone; its last act is to tell the keeper.
 *
 *     fresh ----> alive ----> ended ----> gone           fresh: to be started; ended: the keeper has not looked yet
 *       ^                       |
 *       '-----------------------'  started again
 */
#include <weft/supervisor.h>

#include "base/list.h"
#include "core/runtime.h"
#include "par/hold.h"
#include "par/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weft/condition.h>
#include <weft/guest.h>
#include <weft/scope.h>
#include <weft/time.h>

struct supervisor {
    weft_scope scope; /* the keeper's and the children's */
    weft_mutex lock;
    weft_condition changed;     /* for the keeper */
    struct weft__list children; /* lock; in the order of their coming; taken out by the keeper only */
    struct weft__list fresh;    /* lock; in the order in which they are to be started */
    struct weft__list ended;    /* lock; in the order of their ends */
    struct weft_supervisor_options options;
    int64_t restarts[WEFT_RESTARTS_MAX]; /* the keeper's: when the last ones were; a ring */
    uint32_t restarted;                  /* the keeper's: how many there were */
    uint32_t living;                     /* lock: children not gone */
    bool stopping, closing, over;        /* lock; over: the keeper has ended */
};

_Static_assert(sizeof(struct supervisor) <= sizeof(weft_supervisor), "weft_supervisor is too small");

enum state { FRESH, ALIVE, ENDED, GONE };

struct weft__child {
    struct weft__link link; /* in its supervisor's list, from its coming until it is gone */
    struct weft__link todo; /* in its supervisor's list of those that are fresh, or have ended */
    struct supervisor *supervisor;
    weft_entry *entry;
    const char *name;
    struct weft__actor *actor; /* NULL: none */
    enum weft_restart restart;
    enum state state;                              /* lock, as what follows */
    bool stopped, cancelled;                       /* not to be started again; this run is to end */
    weft_scope *scope;                             /* of this run; NULL: it has not begun, or ends */
    int rc;                                        /* of the last run */
    size_t size;                                   /* constant: of the arguments, rounded up */
    char arguments[] __attribute__((aligned(64))); /* as they were given; and behind them those of this run */
};

static struct supervisor *of(weft_supervisor *supervisor)
{
    return (struct supervisor *)(void *)supervisor;
}

static struct weft__child *child_of(struct weft__link *link)
{
    return WEFT__OF(struct weft__child, link, link);
}

static void child_free(struct weft__child *child)
{
    if (child->actor)
        weft__actor_free(child->actor);
    free(child);
}

/* ---- one run of a child ---- */

struct run {
    struct weft__child *child;
};

static int run(struct run *self)
{
    struct weft__child *child = self->child;
    struct supervisor *supervisor = child->supervisor;
    void *arguments = child->arguments + child->size;
    weft_scope scope;
    int rc;

    memcpy(arguments, child->arguments, child->size);
    weft_scope_open(&scope, .name = child->name);
    weft__hold(&supervisor->lock);
    child->scope = &scope;
    if (child->cancelled)
        weft_scope_cancel(&scope);
    weft__let_go(&supervisor->lock);
    rc = child->entry(arguments);
    weft__hold(&supervisor->lock);
    child->scope = NULL;
    weft__let_go(&supervisor->lock);
    rc = weft_scope_close_with(&scope, rc);
    weft__hold(&supervisor->lock);
    child->rc = rc;
    child->state = ENDED;
    weft__list_append(&supervisor->ended, &child->todo);
    weft_condition_signal(&supervisor->changed);
    weft__let_go(&supervisor->lock); /* from here on the child may be gone */
    return 0;
}

/* ---- the keeper; the lock is held, but while it waits or starts ---- */

static int start(struct supervisor *supervisor, struct weft__child *child)
{
    int rc;

    weft__list_remove(&supervisor->fresh, &child->todo);
    child->state = ALIVE;
    child->cancelled = false;
    weft__let_go(&supervisor->lock);
    rc = weft_go_with(&supervisor->scope, (.name = child->name), run, .child = child);
    weft__hold(&supervisor->lock);
    return rc;
}

static bool is_to_restart(const struct weft__child *child)
{
    return !child->stopped && !child->supervisor->stopping &&
           (child->restart == WEFT_PERMANENT || (child->restart == WEFT_TRANSIENT && child->rc < 0));
}

/* It has ended for good. An actor's memory stays: others have its handle. */
static void part_with(struct supervisor *supervisor, struct weft__child *child)
{
    child->state = GONE;
    supervisor->living--;
    if (child->actor) {
        weft__actor_ended(child->actor);
    } else {
        weft__list_remove(&supervisor->children, &child->link);
        child_free(child);
    }
}

/* It is started again, or gone. */
static void look_at_the_end(struct supervisor *supervisor, struct weft__child *child)
{
    weft__list_remove(&supervisor->ended, &child->todo);
    if (!is_to_restart(child)) {
        part_with(supervisor, child);
        return;
    }
    child->state = FRESH;
    weft__list_prepend(&supervisor->fresh, &child->todo);
}

/* 0, or -ECANCELED, -ETIMEDOUT: then all are cancelled. */
static int await_end(struct supervisor *supervisor, struct weft__child *child)
{
    int rc = 0;

    while (child->state == ALIVE && rc == 0)
        rc = weft_condition_wait(&supervisor->changed, &supervisor->lock);
    return rc;
}

static void cancel(struct weft__child *child)
{
    child->cancelled = true;
    if (child->scope)
        weft_scope_cancel(child->scope);
}

/* More restarts within the span than are allowed? Counts this one. */
static bool is_too_often(struct supervisor *supervisor)
{
    uint32_t most = supervisor->options.restarts;
    int64_t now = weft_now(), *oldest = &supervisor->restarts[supervisor->restarted % most];

    if (supervisor->restarted >= most && now - *oldest <= supervisor->options.span)
        return true;
    *oldest = now;
    supervisor->restarted++;
    return false;
}

/* Ends those that the strategy restarts together with this one, the last first, and makes all of them fresh. */
static int restart(struct supervisor *supervisor, struct weft__child *child)
{
    enum weft_strategy strategy = supervisor->options.strategy;
    struct weft__link *first = strategy == WEFT_ONE_FOR_ALL ? supervisor->children.first : &child->link;
    struct weft__link *link = strategy == WEFT_ONE_FOR_ONE ? first : supervisor->children.last, *prev;
    int rc;

    weft__report("supervisor %s: %s ended with %s", supervisor->options.name, child->name,
                 child->rc < 0 ? weft_error_name(child->rc) : "success");
    if (is_too_often(supervisor)) {
        weft__report("supervisor %s: that was once too often", supervisor->options.name);
        return child->rc < 0 ? child->rc : -ECHILD;
    }
    for (; link; link = prev) {
        struct weft__child *other = child_of(link);

        prev = link == first ? NULL : link->prev;
        if (other->state == ALIVE)
            cancel(other);
        if ((rc = await_end(supervisor, other)) < 0)
            return rc;
        if (other->state == ENDED) {
            look_at_the_end(supervisor, other);
        } else if (other->state == FRESH) { /* it waits: behind those that came before it */
            weft__list_remove(&supervisor->fresh, &other->todo);
            weft__list_prepend(&supervisor->fresh, &other->todo);
        }
    }
    return 0;
}

/* Ends all for good, the last first. */
static int stop_all(struct supervisor *supervisor)
{
    struct weft__link *link, *prev;
    int rc;

    for (link = supervisor->children.last; link; link = prev) {
        struct weft__child *child = child_of(link);

        prev = link->prev;
        if (child->actor)
            weft__actor_shut(child->actor);
        else if (child->state == ALIVE)
            cancel(child);
        if ((rc = await_end(supervisor, child)) < 0)
            return rc;
        if (child->state == ENDED)
            look_at_the_end(supervisor, child);
    }
    return 0;
}

/* One thing that is to be done, or the wait for one. 0; 1: all is done; < 0: it has failed, or is cancelled. */
static int step(struct supervisor *supervisor)
{
    int rc = weft_check();

    if (rc < 0)
        return rc;
    if (supervisor->ended.first) {
        struct weft__child *child = WEFT__OF(struct weft__child, todo, supervisor->ended.first);

        if (is_to_restart(child))
            return restart(supervisor, child);
        look_at_the_end(supervisor, child);
        return 0;
    }
    if (supervisor->fresh.first)
        return start(supervisor, WEFT__OF(struct weft__child, todo, supervisor->fresh.first));
    if (supervisor->stopping && supervisor->living)
        return stop_all(supervisor);
    if (supervisor->closing && !supervisor->living)
        return 1;
    return weft_condition_wait(&supervisor->changed, &supervisor->lock);
}

struct keeper {
    struct supervisor *supervisor;
};

static int keeper(struct keeper *self)
{
    struct supervisor *supervisor = self->supervisor;
    int rc;

    weft__hold(&supervisor->lock);
    while ((rc = step(supervisor)) == 0)
        ;
    supervisor->over = true;
    for (struct weft__link *link = supervisor->children.first; link; link = link->next)
        if (child_of(link)->actor)
            weft__actor_ended(child_of(link)->actor);
    weft__let_go(&supervisor->lock);
    return rc < 0 ? rc : 0;
}

/* ---- the calls ---- */

int weft_supervisor_open_with(weft_supervisor *public, const struct weft_supervisor_options *options)
{
    struct supervisor *supervisor = of(public);
    int rc;

    if (!supervisor || !options || options->restarts > WEFT_RESTARTS_MAX || options->span < 0)
        return -EINVAL;
    memset(supervisor, 0, sizeof *supervisor);
    supervisor->options = *options;
    supervisor->options.restarts = options->restarts ? options->restarts : 3;
    supervisor->options.span = options->span ? options->span : 5 * WEFT_SECOND;
    supervisor->options.name = options->name ? options->name : "(unnamed)";
    weft_mutex_init(&supervisor->lock, .name = "supervisor");
    if ((rc = weft_scope_open(&supervisor->scope, .name = options->name)) < 0)
        return rc;
    if ((rc = weft_go(&supervisor->scope, keeper, .supervisor = supervisor)) < 0)
        (void)weft_scope_close(&supervisor->scope); /* the same error */
    return rc;
}

int weft__child_add(weft_supervisor *public, const struct weft_site *site, const struct weft_child *options,
                    const void *arguments, struct weft__actor *actor, struct weft__child **ret_child)
{
    struct supervisor *supervisor = of(public);
    size_t size = ((size_t)site->size + 63) & ~(size_t)63;
    struct weft__child *child;
    bool over;

    if (!supervisor || site->size > 65536)
        return -EINVAL;
    child = aligned_alloc(64, sizeof *child + 2 * size);
    if (!child)
        return -ENOMEM;
    *child = (struct weft__child){.supervisor = supervisor, .entry = site->entry, .actor = actor, .size = size};
    child->name = options->name ? options->name : site->name;
    child->restart = options->restart;
    memcpy(child->arguments, arguments, site->size);
    weft__hold(&supervisor->lock);
    over = supervisor->over || supervisor->stopping;
    if (!over) {
        if (ret_child)
            *ret_child = child;
        weft__list_append(&supervisor->children, &child->link);
        weft__list_append(&supervisor->fresh, &child->todo);
        supervisor->living++;
        weft_condition_signal(&supervisor->changed);
    }
    weft__let_go(&supervisor->lock);
    if (over)
        free(child);
    return over ? -EPIPE : 0;
}

int weft__supervise(weft_supervisor *supervisor, const struct weft_site *site, const struct weft_child *options,
                    const void *arguments)
{
    return weft__child_add(supervisor, site, options, arguments, NULL, NULL);
}

void weft__child_stop(struct weft__child *child)
{
    weft__hold(&child->supervisor->lock);
    child->stopped = true;
    weft__actor_shut(child->actor);
    weft__let_go(&child->supervisor->lock);
}

int weft_supervisor_stop(weft_supervisor *public)
{
    struct supervisor *supervisor = of(public);

    if (!supervisor)
        return -EINVAL;
    weft__hold(&supervisor->lock);
    supervisor->stopping = true;
    weft_condition_signal(&supervisor->changed);
    weft__let_go(&supervisor->lock);
    return 0;
}

static bool is_innermost(struct supervisor *supervisor)
{
    struct weft__thread *thread = weft__self();

    return thread && thread->task && thread->task->scope == weft__scope_of(&supervisor->scope);
}

int weft_supervisor_close_with(weft_supervisor *public, int rc)
{
    struct supervisor *supervisor = of(public);
    struct weft__link *link;

    if (!supervisor)
        return -EINVAL;
    if (!is_innermost(supervisor))
        return weft_scope_close(&supervisor->scope); /* -EINVAL and a report */
    weft__hold(&supervisor->lock);
    supervisor->closing = true;
    weft_condition_signal(&supervisor->changed);
    weft__let_go(&supervisor->lock);
    rc = weft_scope_close_with(&supervisor->scope, rc);
    while ((link = weft__list_pop(&supervisor->children)) != NULL)
        child_free(child_of(link));
    return rc;
}

int weft_supervisor_close(weft_supervisor *supervisor)
{
    return weft_supervisor_close_with(supervisor, 0);
}
