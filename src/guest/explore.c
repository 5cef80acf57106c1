/* Exploring. The program's own process only directs: what runs a schedule is a child, so that a deadlock, a crash or a
 * schedule without end is just the end of that child. The two share pages with what was found and which choices
 * deviated from the scheduler's own.
 *
 * In the child one root task calls the function again and again, and begins a schedule each time. It does so in its own
 * frame, and not in a task of the function's, so that a schedule is the one that weft_main or weft_call makes under the
 * same seed: the function is task 1, and nobody else is there.
 *
 * Shortening is delta debugging over the deviations (Zeller and Hildebrandt, IEEE TSE 2002): leave a part of them out,
 * and keep what still fails in the same way.
 */
#include "guest/explore.h"

#include "core/detect.h"
#include "core/policy.h"
#include "core/runtime.h"
#include "guest/guest.h"
#include "sync/mutex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/guest.h>

enum { SEEDS = 1000, STEPS = 10000000, TRIES = 5000, STRATEGIES = 8, SIGKILLED = 9 };
#define LIMIT (60 * WEFT_SECOND)
#define SHORTENING (10 * WEFT_SECOND)
#define TICK (100 * WEFT_MILLISECOND)

/* Shared by the one that directs and the one that runs. */
struct shared {
    struct weft_finding finding;
    _Atomic uint64_t seed, schedules; /* under way; begun */
    atomic_bool stop;                 /* no new schedule */
    atomic_int rc;                    /* of the start */
    bool found, done;                 /* the child's last word */
    uint64_t turns;                   /* of the schedule that was found; 0: it was killed */
    struct weft__record record;
};

struct exploration {
    const struct weft_explore *options;
    const struct weft__explore_view *view;
    const struct weft_site *site;
    const void *arguments;
    struct shared *shared;
    uint64_t next, count; /* of this child: seeds from next on, so many schedules */
    uint64_t steps;
    int64_t end, limit; /* no new schedule; the longest one */
    int last_words;     /* the file that takes the place of standard error, or -1 */
    bool replays, tells;
};

static bool is_wanted(enum weft_explore_strategy strategy, uint64_t seed)
{
    bool random = seed % STRATEGIES < STRATEGIES / 2;

    return strategy == WEFT_EXPLORE_RANDOM ? random : strategy == WEFT_EXPLORE_PRIORITIES ? !random : true;
}

/* ---- in the child ---- */

static struct exploration *under_way;

static void on_finding(const char *kind, const char *text)
{
    struct shared *shared = under_way->shared;

    snprintf(shared->finding.kind, sizeof shared->finding.kind, "%s", kind);
    snprintf(shared->finding.text, sizeof shared->finding.text, "%s", text);
    shared->turns = weft__policy.turns;
    shared->found = true;
    fflush(NULL); /* what the schedule has printed */
    _Exit(0);
}

static void on_outside(const char *text)
{
    struct weft_finding *finding = &under_way->shared->finding;

    WEFT__ACQUIRE(finding);
    if (!finding->outside[0])
        snprintf(finding->outside, sizeof finding->outside, "%s", text);
    WEFT__RELEASE(finding);
}

static void on_report(const char *line)
{
    on_finding("report", line);
}

static void on_switch(const char *line)
{
    struct weft_finding *finding = &under_way->shared->finding;
    size_t used;

    WEFT__ACQUIRE(finding); /* tasks do not race for it, but TSan sees what libc writes */
    used = strlen(finding->schedule);
    finding->switches++;
    snprintf(finding->schedule + used, sizeof finding->schedule - used, "  %s\n", line);
    WEFT__RELEASE(finding);
}

/* The calling task as if it had just been made. */
static void begin(const struct exploration *x, struct weft__task *task, uint64_t seed)
{
    weft__policy_seed(seed);
    weft__order_begin();
    weft__policy_born(task);
    task->name = x->site->name;
    task->pins = 0;
    atomic_store_explicit(&task->cancelled, 0, memory_order_relaxed);
}

static void end(const struct exploration *x, struct weft__task *task, int rc)
{
    if (task->scope != task->home)
        weft__detected("error", "'%s' ended with a scope still open: close every scope with weft_scope_close",
                       x->site->name);
    if (task->locals)
        weft__locals_end(task);
    if (rc < 0 && !x->options->errors_allowed)
        weft__detected("error", "%s returned %s", x->site->name, weft_error_name(rc));
}

struct schedules {
    struct exploration *exploration;
    void *arguments; /* room for a copy */
};

static int schedules(struct schedules *self)
{
    struct exploration *x = self->exploration;
    struct weft__task *task = weft__self()->task;
    uint64_t left = x->count;

    for (uint64_t seed = x->next; left > 0; seed++) {
        if (!is_wanted(x->options->strategy, seed) && !x->replays)
            continue;
        if (left < x->count && atomic_load_explicit(&x->shared->stop, memory_order_relaxed))
            break; /* one is always run */
        left--;
        atomic_store_explicit(&x->shared->seed, seed, memory_order_relaxed);
        atomic_store_explicit(&x->shared->schedules,
                              atomic_load_explicit(&x->shared->schedules, memory_order_relaxed) + 1,
                              memory_order_relaxed);
        memcpy(self->arguments, x->arguments, x->site->size);
        begin(x, task, seed);
        end(x, task, x->site->entry(self->arguments));
    }
    x->shared->done = true;
    fflush(NULL);
    _Exit(0);
}

static void run_child(struct exploration *x)
{
    void *arguments = aligned_alloc(WEFT__CACHE_LINE, (x->site->size | (WEFT__CACHE_LINE - 1)) + 1);
    int rc;

    under_way = x;
    if (x->replays || (x->options->fork && !x->view->shows))
        weft__os_redirect(x->last_words);
    weft__policy_force(true);
    weft__on_finding = on_finding;
    weft__on_outside = on_outside;
    rc = arguments ? weft_start(NULL) : -ENOMEM;
    atomic_store_explicit(&x->shared->rc, rc, memory_order_relaxed);
    if (rc < 0)
        _Exit(0);
    weft__policy.checks = true;
    weft__policy.turns_max = x->steps;
    weft__policy.record = &x->shared->record;
    weft__policy.replays = x->replays;
    weft__policy.on_switch = x->tells ? on_switch : NULL;
    weft__policy.claims = x->options->strict ? WEFT__CLAIMS_STRICTLY : WEFT__CLAIMS_UNTIL_TOLD;
    weft__detect_alone = true;
    weft_on_report(on_report);
    (void)weft_call(schedules, .exploration = x, .arguments = arguments);
    _Exit(0);
}

/* ---- in the one that directs ---- */

/* Its end: the exit code, or 128 + a signal, or -ETIMEDOUT if it had to be killed. */
static int await_child(struct exploration *x, struct weft__os_child *child)
{
    struct shared *shared = x->shared;
    uint64_t seen = 0;
    int64_t since = weft__os_now();
    int status;

    while ((status = weft__os_await_child(child, TICK < x->limit ? TICK : x->limit)) == -ETIMEDOUT) {
        uint64_t count = atomic_load_explicit(&shared->schedules, memory_order_relaxed);
        int64_t now = weft__os_now();

        if (x->view->progress && !x->replays)
            x->view->progress(count);
        if (now >= x->end)
            atomic_store_explicit(&shared->stop, true, memory_order_relaxed);
        if (count != seen) {
            seen = count;
            since = now;
        } else if (now - since >= x->limit) {
            weft__os_kill_child(child);
            status = weft__os_await_child(child, LIMIT);
            return status == 128 + SIGKILLED ? -ETIMEDOUT : status;
        }
    }
    return status;
}

/* The child has ended without a word of its own. */
static void describe_end(struct exploration *x, int status)
{
    struct weft_finding *finding = &x->shared->finding;
    char words[1024] = "";

    if (x->replays || (x->options->fork && !x->view->shows))
        weft__os_tail(x->last_words, words, sizeof words);
    while (*words && words[strlen(words) - 1] == '\n')
        words[strlen(words) - 1] = 0;
    snprintf(finding->kind, sizeof finding->kind, "%s", status == -ETIMEDOUT ? "no end" : "crash");
    if (status == -ETIMEDOUT)
        snprintf(finding->text, sizeof finding->text, "it has not ended after %.3g s", (double)x->limit / 1e9);
    else if (status >= 128)
        snprintf(finding->text, sizeof finding->text, "killed by signal %d (%s)%s%s", status - 128,
                 strsignal(status - 128), *words ? ": " : "", words);
    else
        snprintf(finding->text, sizeof finding->text, "it ended the process with exit code %d%s%s", status,
                 *words ? ": " : "", words);
    x->shared->turns = status == -ETIMEDOUT ? 0 : x->steps;
    x->shared->found = true;
}

/* Runs some schedules in a child. 1: found, 0: nothing, -errno. */
static int run(struct exploration *x)
{
    struct shared *shared = x->shared;
    struct weft__os_child child;
    int rc, status;

    shared->found = shared->done = false;
    atomic_store_explicit(&shared->rc, -EAGAIN, memory_order_relaxed);
    rc = weft__os_fork(&child);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        weft__guest_forked();
        run_child(x);
    }
    status = await_child(x, &child);
    rc = atomic_load_explicit(&shared->rc, memory_order_relaxed);
    if (rc < 0)
        return rc;
    if (!shared->found && !shared->done)
        describe_end(x, status);
    if (shared->found)
        shared->finding.seed = atomic_load_explicit(&shared->seed, memory_order_relaxed);
    return shared->found;
}

/* The same kind of finding; and the same finding, but where the text tells more than what is wrong. */
static bool same(const struct weft_finding *a, const struct weft_finding *b)
{
    if (strcmp(a->kind, b->kind) != 0)
        return false;
    if (strcmp(a->kind, "crash") == 0)
        return strncmp(a->text, b->text, strcspn(a->text, ":")) == 0;
    return strcmp(a->kind, "deadlock") == 0 || strcmp(a->kind, "no end") == 0 || strcmp(a->text, b->text) == 0;
}

/* Whether these deviations alone lead to the finding. If so, it is told as it is now. */
static bool still_fails(struct exploration *x, const struct weft__deviation *items, uint32_t count)
{
    struct shared *shared = x->shared;
    struct weft_finding found = shared->finding;
    bool is_same;

    memcpy(shared->record.items, items, count * sizeof *items);
    shared->record.count = count;
    is_same = run(x) == 1 && same(&shared->finding, &found);
    if (!is_same)
        shared->finding = found;
    return is_same;
}

/* Leaves out parts, at first halves, in the end single ones, until none can be. The count that is left. */
static uint32_t leave_out(struct exploration *x, struct weft__deviation *items, uint32_t count)
{
    struct weft__deviation *trial = items + count;
    int64_t until = weft__os_now() + SHORTENING;
    uint32_t part = count, before = count, tries = 0;

    while (part > 0) {
        for (uint32_t at = 0; at < count && tries < TRIES && weft__os_now() < until;) {
            uint32_t out = part < count - at ? part : count - at;

            memcpy(trial, items, at * sizeof *trial);
            memcpy(trial + at, items + at + out, (count - at - out) * sizeof *trial);
            tries++;
            if (!still_fails(x, trial, count - out)) {
                at += out;
                continue;
            }
            count -= out;
            memcpy(items, trial, count * sizeof *items);
        }
        if (part > 1)
            part /= 2;
        else if (count < before && tries < TRIES && weft__os_now() < until)
            before = count; /* one more round of single ones */
        else
            part = 0;
    }
    return count;
}

static void shorten(struct exploration *x)
{
    struct shared *shared = x->shared;
    uint32_t count = shared->record.count;
    struct weft__deviation *items = malloc((2 * (size_t)count + 1) * sizeof *items);

    if (!items)
        return;
    memcpy(items, shared->record.items, count * sizeof *items);
    x->next = shared->finding.seed;
    x->count = 1;
    x->replays = true;
    x->end = INT64_MAX;
    if (x->steps > 10000 + 10 * shared->turns) /* what takes so much longer is another schedule */
        x->steps = 10000 + 10 * shared->turns;
    atomic_store_explicit(&shared->stop, false, memory_order_relaxed);
    shared->finding.replays = still_fails(x, items, count);
    if (shared->finding.replays) {
        count = leave_out(x, items, count);
        x->tells = true;
        (void)still_fails(x, items, count);
    }
    free(items);
}

/* All schedules, until something is found. */
static int explore(struct exploration *x, uint64_t seeds)
{
    int rc = 0;

    while (rc == 0 && seeds > 0 && !atomic_load_explicit(&x->shared->stop, memory_order_relaxed)) {
        uint64_t before = atomic_load_explicit(&x->shared->schedules, memory_order_relaxed);

        if (weft__os_now() >= x->end)
            break;
        while (!is_wanted(x->options->strategy, x->next))
            x->next++;
        x->count = x->options->fork ? 1 : seeds;
        rc = run(x);
        x->next++;
        seeds -= x->options->fork ? 1 : seeds;
        if (x->view->progress && x->options->fork && before % 64 == 0)
            x->view->progress(before);
    }
    return rc;
}

int weft__explore_run(const struct weft_explore *options, const struct weft__explore_view *view,
                      struct weft_finding *finding, const struct weft_site *site, const void *arguments)
{
    struct exploration x = {
        .options = options,
        .view = view,
        .site = site,
        .arguments = arguments,
        .next = options->first ? options->first : 1,
        .steps = options->steps ? options->steps : STEPS,
        .limit = options->limit ? options->limit : LIMIT,
        .end = options->time ? weft__os_now() + options->time : INT64_MAX,
    };
    int rc;

    if (!finding || options->time < 0 || options->limit < 0)
        return -EINVAL;
    if ((rc = weft__guest_idle()) < 0)
        return rc;
    x.shared = weft__os_share(sizeof *x.shared);
    if (!x.shared)
        return -ENOMEM;
    x.last_words = weft__os_memory_file();
    rc = explore(&x, options->seeds ? options->seeds : SEEDS);
    x.shared->finding.schedules = atomic_load_explicit(&x.shared->schedules, memory_order_relaxed);
    if (rc == 1 && !options->as_found && x.shared->turns) /* what was killed would have to be killed many times */
        shorten(&x);
    *finding = x.shared->finding;
    if (x.last_words >= 0)
        weft__os_close(x.last_words);
    weft__os_release(x.shared, sizeof *x.shared);
    return rc;
}

int weft__explore(const struct weft_explore *options, struct weft_finding *finding, const struct weft_site *site,
                  const void *arguments)
{
    return weft__explore_run(options, &(struct weft__explore_view){0}, finding, site, arguments);
}

void weft__unexpected(const char *condition, const char *place)
{
    weft__detected("expectation", "does not hold at %s: %s", place, condition);
}
