/* The policy: every choice that the scheduler leaves open, and the clock.
 *
 * In production the choices are fixed and cost one predictable branch. Under WEFT_SEED=n one worker makes them from the
 * seed, the monitor is off, and time is virtual: it stands still while anything can run and jumps to the next timer
 * when nothing can. So one seed is one schedule.
 *
 * A choice is a number below the count of possibilities; 0 is what the scheduler would do by itself: go on, take the
 * oldest. What deviates from that is recorded, so that a schedule can be told, replayed and shortened as a short list
 * of deviations. Which strategy makes the choices is part of the seed: no single one finds everything.
 *  - random: any ready task, and a switch at one entry of the runtime in 2, 4, 8 or 32;
 *  - priorities: the highest runs, until one of d random steps lowers it (PCT: Burckhardt, Kothari, Musuvathi,
 *    Nagarakatte, ASPLOS 2010), with d = 0 (which starves), 1, 2 and 4.
 */
#ifndef WEFT_CORE_POLICY_H
#define WEFT_CORE_POLICY_H

#include "core/worker.h"

enum weft__spawn_order { WEFT__CHILD_FIRST, WEFT__QUEUE_FIRST };

/* At this choice, this was chosen instead of 0. A choice is known by who made it and when in his own life (0: nobody,
 * the loop), so that one can be left out and the others still mean what they meant. Of tasks that could run it is the
 * number that is kept. */
struct weft__deviation {
    uint32_t task, call, decision, choice;
};

enum { WEFT__CHANGES_MAX = 4, WEFT__DEVIATIONS_MAX = 1 << 16 };

/* The deviations of one schedule, shared with the process that explores. */
struct weft__record {
    uint32_t count;
    struct weft__deviation items[WEFT__DEVIATIONS_MAX];
};

/* What happens when something that no seed decides has a say in the schedule. */
enum weft__claims { WEFT__CLAIMS_NOTHING, WEFT__CLAIMS_UNTIL_TOLD, WEFT__CLAIMS_STRICTLY };

struct weft__policy {
    bool seeded;
    enum weft__spawn_order spawn;
    bool demote;
    bool checks; /* WEFT_CHECK: what costs too much for every day */
    uint64_t seed, random;
    _Atomic int64_t now; /* virtual */
    /* under a seed, the one worker's */
    uint32_t preempt_one_in;             /* of random; 0: priorities */
    uint32_t changes[WEFT__CHANGES_MAX]; /* of priorities: at these steps */
    uint32_t entries, streak;            /* of tasks into the runtime; of one of them in a row */
    uint64_t turns, turns_max;           /* entries and picks; so many are a finding (0: no limit) */
    uint32_t tasks;                      /* made so far */
    uint32_t loops;                      /* choices while no task ran */
    int32_t lowest;                      /* of priorities: the next one below all others */
    uint64_t hash;                       /* of the choices: equal schedules have equal ones */
    const struct weft__task *stopped;    /* who lets others run first; until the next pick */
    bool replays;                        /* choose 0, but for those recorded */
    void (*on_switch)(const char *line); /* told of the deviations of a replay, NULL: nobody is */
    struct weft__record *record;         /* NULL: not kept */
    enum weft__claims claims;
    bool claim_ended; /* of this schedule */
};

extern struct weft__policy weft__policy; /* constant after start, but for what is the one worker's */

/* Reads WEFT_SEED, WEFT_SPAWN, WEFT_DEMOTE, WEFT_CHECK, WEFT_STRICT. 0 or -EINVAL with a report. */
int weft__policy_init(void);

/* Begins a schedule. */
void weft__policy_seed(uint64_t seed);

/* For a program that explores: the next start is seeded, whatever the environment says. */
void weft__policy_force(bool seeded);

/* A number from the environment, at least `least`: *ret untouched if it is not set. 0 or -EINVAL with a report. */
int weft__environment(const char *name, uint64_t least, uint64_t most, uint64_t *ret);

/* Which of count cases a select tries next; under a seed. */
uint32_t weft__policy_choose(uint32_t count, const char *place);

/* Whether a new task runs before its spawner goes on. */
bool weft__policy_child_first(const struct weft__task *child);

/* Which of the worker's ready tasks, woken ones first, is next. */
uint32_t weft__policy_pick(struct weft__worker *worker, uint32_t count);

/* Whether a task that enters the runtime lets others run first. */
bool weft__policy_preempts(struct weft__worker *worker, struct weft__task *task);

/* The task gives way, or has had its turn for long. */
void weft__policy_lower(struct weft__task *task);

/* A new task under a seed: its number and its priority. */
void weft__policy_born(struct weft__task *task);

int64_t weft__now(void);

#endif
