/* Exploring. The program's own process only directs: what runs a schedule is a child, so that a deadlock, a crash or a
 * schedule without end is just the end of that child. The two share a page with what was found and which choices
 * deviated from the scheduler's own.
 *
 * Shortening is delta debugging over the deviations (Zeller and Hildebrandt, IEEE TSE 2002): leave a part of them out,
 * and keep what still fails in the same way.
 */
#include "guest/explore.h"

#include "core/detect.h"
#include "core/policy.h"
#include "core/runtime.h"
#include "guest/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/guest.h>
#include <weft/scope.h>

enum { SEEDS = 1000, STEPS = 1000000, LIMIT_S = 60, TRIES = 400, BATCH = 1 << 20 };

/* Shared by the one that directs and the one that runs. */
struct shared {
    struct weft_finding finding;
    bool found;
    uint32_t recorded;
    struct weft__deviation record[WEFT__DEVIATIONS_MAX];
};

struct exploration {
    const struct weft_explore *options;
    const struct weft_site *site;
    const void *arguments;
    struct shared *shared;
    uint64_t first, count; /* of this child */
    bool replays, tells;
};

/* ---- in the child ---- */

static struct exploration *under_way;

static void on_finding(const char *kind, const char *text)
{
    struct shared *shared = under_way->shared;

    snprintf(shared->finding.kind, sizeof shared->finding.kind, "%s", kind);
    snprintf(shared->finding.text, sizeof shared->finding.text, "%s", text);
    shared->finding.seed = weft__policy.seed;
    if (!under_way->replays)
        shared->recorded = weft__policy.recorded;
    shared->found = true;
    _Exit(0);
}

static void on_report(const char *line)
{
    on_finding("report", line);
}

static void on_switch(const char *line)
{
    struct weft_finding *finding = &under_way->shared->finding;
    size_t used = strlen(finding->schedule);

    finding->switches++;
    snprintf(finding->schedule + used, sizeof finding->schedule - used, "  %s\n", line);
}

struct drive {
    struct exploration *exploration;
};

static int drive(struct drive *self)
{
    struct exploration *x = self->exploration;
    const struct weft_site *site = x->site;

    for (uint64_t i = 0; i < x->count; i++) {
        weft_scope scope;
        int rc;

        weft__policy_seed(x->first + i);
        weft_scope_open(&scope);
        rc = weft_go_raw(&scope, site->entry, x->arguments, site->size, site->align,
                         &(struct weft_spawn){.name = site->name});
        rc = weft_scope_close_with(&scope, rc);
        if (rc < 0 && !x->options->errors_allowed)
            weft__detected("error", "%s returned %s", site->name, weft_error_name(rc));
        x->shared->finding.schedules++;
    }
    return 0;
}

static void run_child(struct exploration *x)
{
    under_way = x;
    weft__os_alarm(LIMIT_S);
    if (x->options->fork && !x->tells)
        weft__os_silence();
    weft__policy_force(true);
    if (weft_start(NULL) < 0)
        _Exit(2);
    weft__policy.checks = true;
    weft__policy.steps_max = x->options->steps ? x->options->steps : STEPS;
    weft__policy.record = x->shared->record;
    weft__policy.recorded = x->replays ? x->shared->recorded : 0;
    weft__policy.replays = x->replays;
    weft__policy.on_switch = x->tells ? on_switch : NULL;
    weft__on_finding = on_finding;
    weft_on_report(on_report);
    (void)weft_call(drive, .exploration = x);
    _Exit(0);
}

/* ---- in the one that directs ---- */

/* Runs some schedules in a child. 1: found, 0: nothing, -errno. */
static int run(struct exploration *x)
{
    struct shared *shared = x->shared;
    uint64_t before = shared->finding.schedules;
    int pid, status;

    shared->found = false;
    pid = weft__os_fork();
    if (pid < 0)
        return pid;
    if (pid == 0) {
        weft__guest_forked();
        run_child(x);
    }
    status = weft__os_await_child(pid);
    if (status >= 128) {
        shared->found = true;
        shared->finding.seed = x->first + (shared->finding.schedules - before);
        snprintf(shared->finding.kind, sizeof shared->finding.kind, "%s", status == 128 + 14 ? "no end" : "crash");
        snprintf(shared->finding.text, sizeof shared->finding.text,
                 status == 128 + 14 ? "a schedule took more than %d seconds" : "killed by signal %d",
                 status == 128 + 14 ? LIMIT_S : status - 128);
        shared->recorded = 0; /* nobody was left to count them */
    } else if (status != 0) {
        return -EAGAIN;
    }
    if (shared->found)
        shared->finding.schedules = before + (shared->finding.seed - x->first) + 1;
    return shared->found;
}

/* Whether these deviations alone lead to the same kind of finding. */
static bool still_fails(struct exploration *x, const struct weft__deviation *record, uint32_t count)
{
    struct shared *shared = x->shared;
    struct weft_finding found = shared->finding;
    bool same;

    memcpy(shared->record, record, count * sizeof *record);
    shared->recorded = count;
    same = run(x) == 1 && strcmp(shared->finding.kind, found.kind) == 0;
    if (!same)
        shared->finding = found;
    shared->finding.schedules = found.schedules;
    return same;
}

/* Leaves out parts, at first halves, in the end single ones. */
static void shorten(struct exploration *x)
{
    struct weft__deviation *record = malloc(2 * sizeof x->shared->record), *trial;
    uint32_t count = x->shared->recorded, tries = 0;

    if (!record)
        return;
    trial = record + WEFT__DEVIATIONS_MAX;
    memcpy(record, x->shared->record, sizeof x->shared->record);
    x->first = x->shared->finding.seed;
    x->count = 1;
    x->replays = true;
    for (uint32_t part = count; part > 0; part /= 2) {
        for (uint32_t at = 0; at < count && tries < TRIES;) {
            uint32_t out = part < count - at ? part : count - at;

            memcpy(trial, record, at * sizeof *trial);
            memcpy(trial + at, record + at + out, (count - at - out) * sizeof *trial);
            tries++;
            if (!still_fails(x, trial, count - out)) {
                at += out;
                continue;
            }
            count -= out;
            memcpy(record, trial, count * sizeof *record);
        }
    }
    x->tells = true;
    x->shared->finding.schedule[0] = 0;
    x->shared->finding.switches = 0;
    (void)still_fails(x, record, count);
    free(record);
}

int weft__explore(const struct weft_explore *options, struct weft_finding *finding, const struct weft_site *site,
                  const void *arguments)
{
    struct exploration x = {.options = options, .site = site, .arguments = arguments};
    uint64_t seeds = options->seeds ? options->seeds : SEEDS, first = options->first ? options->first : 1;
    int64_t start = weft__os_now();
    int rc = 0;

    if (!finding)
        return -EINVAL;
    if (weft_stats(&(struct weft_stats){0}) == 0)
        return -EBUSY;
    x.shared = weft__os_share(sizeof *x.shared);
    if (!x.shared)
        return -ENOMEM;
    for (uint64_t done = 0; done < seeds && rc == 0; done += x.count) {
        if (options->time && weft__os_now() - start >= options->time)
            break;
        x.first = first + done;
        x.count = options->fork ? 1 : options->time ? 4096 : BATCH;
        if (x.count > seeds - done)
            x.count = seeds - done;
        rc = run(&x);
    }
    if (rc == 1 && !options->as_found && strcmp(x.shared->finding.kind, "crash") != 0 &&
        strcmp(x.shared->finding.kind, "no end") != 0)
        shorten(&x);
    *finding = x.shared->finding;
    weft__os_release(x.shared, sizeof *x.shared);
    return rc;
}

void weft__unexpected(const char *condition, const char *place)
{
    weft__detected("expectation", "does not hold at %s: %s", place, condition);
}
