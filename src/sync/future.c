/* Futures. Settling one takes its waiters and its reactions (what is chained to it) in one step under the guard; both
 * are served afterwards, outside. A reaction that settles another future hands back the reactions of that one, which
 * are appended to the row: chains run one after the other, on one stack frame.
 *
 * A future lives as long as its owner, and as those who will give it its outcome: a reaction, or a task that was
 * started for it. Its own reactions hold it only from the settling on, until they have run: held before, a future that
 * nobody can settle any more would keep itself. When the last holder goes, such a one is rejected instead, for what is
 * chained to it.
 */
#include <weft/future.h>

#include "core/runtime.h"
#include "sync/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum state { PENDING, RESOLVED, REJECTED };

struct weft__future {
    struct weft__guard guard;
    struct weft__list waiters;      /* guard */
    struct reaction *first, **last; /* guard: in the order of chaining */
    uint32_t chained;               /* guard: their number */
    atomic_uint references;
    uint32_t size;                             /* of the value; constant */
    enum state state;                          /* guard for writing */
    int rc;                                    /* constant once rejected */
    atomic_bool looked_at;                     /* somebody has dealt with the error */
    const char *place;                         /* where it was made; constant */
    char value[] __attribute__((aligned(16))); /* constant once resolved */
};

/* What follows when its source is settled: run gives back the reactions to that, if there are any. */
struct reaction {
    struct reaction *next;
    struct reaction *(*run)(struct reaction *reaction);
    struct weft__future *source; /* with a reference once it is settled */
};

/* ---- life ---- */

struct weft__future *weft_future_new_raw(size_t size, const char *place)
{
    struct weft__future *future;

    if (size > UINT32_MAX - sizeof *future)
        return NULL;
    future = calloc(1, sizeof *future + size);
    if (!future)
        return NULL;
    future->last = &future->first;
    atomic_init(&future->references, 1);
    future->size = (uint32_t)size;
    future->place = place;
    return future;
}

static struct weft__future *refer(struct weft__future *future)
{
    atomic_fetch_add_explicit(&future->references, 1, memory_order_relaxed);
    return future;
}

void weft_future_free_raw(struct weft__future *future)
{
    if (!future)
        return;
    WEFT__RELEASE(&future->references);
    if (atomic_fetch_sub_explicit(&future->references, 1, memory_order_acq_rel) != 1)
        return;
    WEFT__ACQUIRE(&future->references);
    if (future->waiters.first)
        weft__panic("weft_future_free: somebody still waits for the future made at %s", future->place);
    if (future->first) {
        refer(future);
        (void)weft_reject_raw(future, -EPIPE); /* makes its reactions hold it */
        weft_future_free_raw(future);
        return;
    }
    if (future->state == REJECTED && !atomic_load_explicit(&future->looked_at, memory_order_relaxed))
        weft__report("the future made at %s was rejected with error %d (%s) and nobody looked at it: get it, or chain "
                     "an on_error to it",
                     future->place, -future->rc, strerrorname_np(-future->rc) ? strerrorname_np(-future->rc) : "?");
    free(future);
}

/* ---- settling ---- */

/* Gives it its outcome: value if rc is 0. 0 and the reactions, or -EALREADY. */
static int settle(struct weft__future *future, const void *value, int rc, struct reaction **ret_reactions)
{
    struct weft__thread *thread = weft__enter_any();
    struct weft__list waiters;

    *ret_reactions = NULL;
    weft__guard_enter(thread, &future->guard);
    if (future->state != PENDING) {
        weft__end(thread, &future->guard);
        return -EALREADY;
    }
    WEFT__ACQUIRE(future); /* what was chained */
    if (rc == 0)
        weft__copy(future->value, value, future->size);
    future->rc = rc;
    WEFT__RELEASE(future);
    future->state = rc == 0 ? RESOLVED : REJECTED;
    atomic_fetch_add_explicit(&future->references, future->chained, memory_order_relaxed);
    *ret_reactions = future->first;
    future->first = NULL;
    future->last = &future->first;
    waiters = weft__take_all(&future->waiters, 0);
    weft__guard_leave(thread, &future->guard);
    weft__wake_list(thread, &waiters);
    weft__leave_any(thread);
    return 0;
}

/* Whether it has its outcome. Whoever learns so may free it: not before settle has left the guard. */
static bool settled(struct weft__thread *thread, struct weft__future *future)
{
    bool is_settled;

    weft__guard_enter(thread, &future->guard);
    is_settled = future->state != PENDING;
    weft__guard_leave(thread, &future->guard);
    if (is_settled)
        WEFT__ACQUIRE(future);
    return is_settled;
}

static struct reaction **end_of(struct reaction **row)
{
    while (*row)
        row = &(*row)->next;
    return row;
}

/* Runs a row of reactions, and those that they bring about. */
static void run_all(struct reaction *first)
{
    struct reaction **end = end_of(&first);

    while (first) {
        struct reaction *reaction = first;
        struct weft__future *source = reaction->source;

        first = reaction->next;
        if (!first)
            end = &first;
        *end = reaction->run(reaction); /* frees it */
        end = end_of(end);
        weft_future_free_raw(source);
    }
}

static int settle_and_run(struct weft__future *future, const void *value, int rc)
{
    struct reaction *reactions;
    int result;

    if (!future)
        return -EINVAL;
    result = settle(future, value, rc, &reactions);
    run_all(reactions);
    return result;
}

int weft_resolve_raw(struct weft__future *future, const void *value)
{
    return value ? settle_and_run(future, value, 0) : -EINVAL;
}

int weft_reject_raw(struct weft__future *future, int rc)
{
    return rc >= 0 ? -EINVAL : settle_and_run(future, NULL, rc);
}

/* ---- getting ---- */

/* The outcome of a settled one. */
static int outcome(struct weft__future *future, void *value)
{
    if (future->state == REJECTED) {
        atomic_store_explicit(&future->looked_at, true, memory_order_relaxed);
        return future->rc;
    }
    if (value)
        weft__copy(value, future->value, future->size);
    return 0;
}

int weft_future_status_raw(struct weft__future *future)
{
    struct weft__thread *thread;
    bool is_settled;

    if (!future)
        return -EINVAL;
    thread = weft__enter_any();
    is_settled = settled(thread, future);
    weft__leave_any(thread);
    return is_settled ? outcome(future, NULL) : -EAGAIN;
}

int weft_get_raw(struct weft__future *future, void *value)
{
    struct weft__wait wait = {.what = "to get a future"};
    struct weft__waiter waiter = {.wait = &wait};
    struct weft__thread *thread;
    int rc;

    if (!future)
        return -EINVAL;
    do {
        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        weft__guard_enter(thread, &future->guard);
        if (future->state != PENDING) {
            weft__end(thread, &future->guard);
            break;
        }
        rc = weft__guard_wait(thread, &future->guard, &future->waiters, &waiter, WEFT__WAITING);
        if (rc < 0)
            return rc;
    } while (rc > 0);
    WEFT__ACQUIRE(future);
    return outcome(future, value);
}

static int try(struct weft__thread *thread, struct weft_case *c)
{
    struct weft__future *future = c->weft__object;

    if (!future)
        return -EINVAL;
    if (!settled(thread, future))
        return 0;
    weft__case_result(c, outcome(future, c->weft__value));
    return 1;
}

static int queue(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft__future *future = c->weft__object;

    weft__guard_enter(thread, &future->guard);
    return weft__place_in(thread, &future->guard, &future->waiters, place, future->state != PENDING);
}

static void leave(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    struct weft__future *future = c->weft__object;

    weft__guard_remove(thread, &future->guard, &future->waiters, &place->waiter);
}

static bool finish(struct weft__thread *thread, struct weft_case *c, struct weft__place *place)
{
    (void)place;
    return try(thread, c) > 0;
}

const struct weft__kind weft__on_future = {true, try, queue, leave, finish};

/* ---- chaining ---- */

/* Chains the reaction; if the outcome is there already, runs it. */
static void chain(struct weft__future *source, struct reaction *reaction)
{
    struct weft__thread *thread = weft__enter_any();
    bool is_pending;

    reaction->source = source;
    WEFT__RELEASE(source);
    weft__guard_enter(thread, &source->guard);
    is_pending = source->state == PENDING;
    if (is_pending) {
        *source->last = reaction;
        source->last = &reaction->next;
        source->chained++;
    }
    weft__end(thread, &source->guard);
    if (is_pending)
        return;
    WEFT__ACQUIRE(source);
    refer(source);
    run_all(reaction);
}

struct then {
    struct reaction reaction;
    struct weft__future *target; /* with a reference */
    weft__then_value *on_value;
    weft__then_error *on_error;
    void *data;
    char result[] __attribute__((aligned(16)));
};

/* What the callback makes of the outcome: 0 and the result, or an error. */
static int call_back(struct then *then, struct weft__future *source)
{
    int rc;

    if (source->state == RESOLVED && !then->on_value) {
        if (source->size != then->target->size)
            return -EINVAL;
        memcpy(then->result, source->value, source->size);
        return 0;
    }
    if (source->state == RESOLVED) {
        rc = then->on_value(source->value, then->result, then->data);
        return rc < 0 ? rc : 0;
    }
    atomic_store_explicit(&source->looked_at, true, memory_order_relaxed); /* or the target carries it on */
    if (!then->on_error)
        return source->rc;
    rc = then->on_error(source->rc, then->result, then->data);
    return rc < 0 ? rc : 0;
}

static struct reaction *run_then(struct reaction *reaction)
{
    struct then *then = WEFT__OF(struct then, reaction, reaction);
    struct reaction *more;

    (void)settle(then->target, then->result, call_back(then, reaction->source), &more); /* it may be settled already */
    weft_future_free_raw(then->target);
    free(then);
    return more;
}

struct weft__future *weft_then_raw(struct weft__future *future, size_t size, weft__then_value *on_value,
                                   weft__then_error *on_error, void *data, const char *place)
{
    struct weft__future *target = weft_future_new_raw(size, place);
    struct then *then = target && future ? calloc(1, sizeof *then + size) : NULL;

    if (!then) {
        weft_future_free_raw(target);
        return NULL;
    }
    then->reaction.run = run_then;
    then->target = refer(target);
    then->on_value = on_value;
    then->on_error = on_error;
    then->data = data;
    chain(future, &then->reaction);
    return target;
}

/* ---- several ---- */

enum how { ALL, ANY, RACE };

struct gathering {
    struct weft__future *target; /* with a reference */
    atomic_size_t left;          /* sources without an outcome, and one for the maker */
    atomic_int rc;               /* the last error */
    size_t count;
    enum how how;
    struct member {
        struct reaction reaction;
        struct gathering *gathering;
        size_t index;
    } members[];
};

/* One fewer to come; the last one settles what has not been settled, and ends the gathering. */
static struct reaction *count_down(struct gathering *gathering)
{
    struct reaction *more = NULL;

    if (atomic_fetch_sub_explicit(&gathering->left, 1, memory_order_acq_rel) != 1)
        return NULL;
    if (gathering->how == ALL)
        (void)settle(gathering->target, &gathering->count, 0, &more);
    else
        (void)settle(gathering->target, NULL, atomic_load_explicit(&gathering->rc, memory_order_relaxed), &more);
    weft_future_free_raw(gathering->target);
    free(gathering);
    return more;
}

static struct reaction *run_member(struct reaction *reaction)
{
    struct member *member = WEFT__OF(struct member, reaction, reaction);
    struct gathering *gathering = member->gathering;
    struct reaction *more = NULL;
    int rc = outcome(reaction->source, NULL);

    if (rc < 0)
        atomic_store_explicit(&gathering->rc, rc, memory_order_relaxed);
    if (rc == 0 && gathering->how != ALL)
        (void)settle(gathering->target, &member->index, 0, &more);
    else if (rc < 0 && gathering->how != ANY)
        (void)settle(gathering->target, NULL, rc, &more);
    *end_of(&more) = count_down(gathering);
    return more;
}

static weft_future(size_t) gather(struct weft__future *const *futures, size_t count, enum how how, const char *place)
{
    struct weft__future *target = weft_future_new_raw(sizeof(size_t), place);
    struct gathering *gathering = NULL;
    size_t bytes;

    for (size_t i = 0; target && i < count; i++) {
        if (!futures || !futures[i]) {
            (void)weft_reject_raw(target, -EINVAL);
            return (weft_future(size_t))(void *)target;
        }
    }
    if (target && !__builtin_mul_overflow(count, sizeof *gathering->members, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *gathering, &bytes))
        gathering = calloc(1, bytes);
    if (!gathering) {
        weft_future_free_raw(target);
        return NULL;
    }
    gathering->target = refer(target);
    gathering->how = how;
    gathering->count = count;
    atomic_init(&gathering->left, count + 1);
    atomic_init(&gathering->rc, -EINVAL); /* that of any of none */
    for (size_t i = 0; i < count; i++) {
        struct member *member = &gathering->members[i];

        *member = (struct member){.reaction.run = run_member, .gathering = gathering, .index = i};
        chain(futures[i], &member->reaction);
    }
    run_all(count_down(gathering));
    return (weft_future(size_t))(void *)target;
}

weft_future(size_t) weft_future_all(struct weft__future *const *futures, size_t count)
{
    return gather(futures, count, ALL, "weft_future_all");
}

weft_future(size_t) weft_future_any(struct weft__future *const *futures, size_t count)
{
    return gather(futures, count, ANY, "weft_future_any");
}

weft_future(size_t) weft_future_race(struct weft__future *const *futures, size_t count)
{
    return gather(futures, count, RACE, "weft_future_race");
}

/* ---- with tasks ---- */

struct watch {
    struct weft__future *source, *target; /* with a reference each */
    int64_t deadline;
};

static int watch(struct watch *self)
{
    struct weft_case cases[] = {WEFT__CASE(weft__on_future, self->source, NULL, NULL, 0),
                                weft_on_deadline(self->deadline)};
    int rc = weft_select_raw(cases, 2, 1);

    if (rc == 0)
        rc = weft_future_status_raw(self->source);
    else if (rc > 0)
        rc = -ETIMEDOUT;
    if (rc == 0)
        (void)weft_resolve_raw(self->target, self->source->value);
    else
        (void)weft_reject_raw(self->target, rc);
    weft_future_free_raw(self->source);
    weft_future_free_raw(self->target);
    return 0;
}

struct weft__future *weft_future_timeout_raw(weft_scope *scope, struct weft__future *future, int64_t span,
                                             const char *place)
{
    struct weft__future *target = future ? weft_future_new_raw(future->size, place) : NULL;

    if (!target)
        return NULL;
    if (weft_go(scope, watch, .source = refer(future), .target = refer(target), .deadline = weft__deadline_in(span)) ==
        0)
        return target;
    weft_future_free_raw(target); /* the task's, and ours */
    weft_future_free_raw(target);
    weft_future_free_raw(future);
    return NULL;
}

/* The head of what weft__go_future hands to its task; the arguments follow. */
struct promised {
    struct weft__future *future; /* with a reference */
    weft_entry *entry;
    char arguments[] __attribute__((aligned(64)));
};

static int run_promised(void *self)
{
    struct promised *promised = self;
    int rc = promised->entry(promised->arguments);

    (void)weft_reject_raw(promised->future, rc < 0 ? rc : -EPIPE); /* unless it has its outcome, as it should */
    weft_future_free_raw(promised->future);
    return rc;
}

int weft__go_future(weft_scope *scope, struct weft__future *future, const struct weft_site *site, const void *arguments)
{
    struct promised *promised;
    int rc;

    if (!future)
        return -EINVAL;
    promised = aligned_alloc(64, (sizeof *promised + site->size + 63) & ~(size_t)63);
    if (!promised) {
        if (scope)
            weft__scope_result(weft__scope_of(scope), -ENOMEM); /* as for any task that cannot be started */
        (void)weft_reject_raw(future, -ENOMEM);
        return -ENOMEM;
    }
    promised->future = refer(future);
    promised->entry = site->entry;
    memcpy(promised->arguments, arguments, site->size);
    rc = weft_go_raw(scope, run_promised, promised, sizeof *promised + site->size, 64,
                     &(struct weft_spawn){.name = site->name});
    free(promised);
    if (rc < 0) {
        (void)weft_reject_raw(future, rc);
        weft_future_free_raw(future);
    }
    return rc;
}
