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

/* At this choice of the schedule, this was chosen instead of 0. */
struct weft__deviation {
    uint32_t step, choice;
};

enum { WEFT__CHANGES_MAX = 4, WEFT__DEVIATIONS_MAX = 4096 };

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
    uint32_t steps, steps_max;           /* choices made; more of them are a finding (0: no limit) */
    uint32_t entries, streak;            /* of tasks into the runtime; of one of them in a row */
    int32_t lowest;                      /* of priorities: the next one below all others */
    bool replays;                        /* choose 0, but for those recorded */
    uint32_t recorded, replayed;
    void (*on_switch)(const char *line); /* told of the deviations of a replay, NULL: nobody is */
    struct weft__deviation *record;      /* of WEFT__DEVIATIONS_MAX, NULL: not kept */
};

extern struct weft__policy weft__policy; /* constant after start, but for what is the one worker's */

/* Reads WEFT_SEED, WEFT_SPAWN, WEFT_DEMOTE, WEFT_CHECK. 0 or -EINVAL with a report. */
int weft__policy_init(void);

/* Begins a schedule. */
void weft__policy_seed(uint64_t seed);

/* For a program that explores: the next start is seeded, whatever the environment says. */
void weft__policy_force(bool seeded);

/* A number from the environment, at least `least`: *ret untouched if it is not set. 0 or -EINVAL with a report. */
int weft__environment(const char *name, uint64_t least, uint64_t most, uint64_t *ret);

/* One of count possibilities, at random under a seed. */
uint32_t weft__policy_choose(uint32_t count);
bool weft__policy_child_first(void);

/* What a deviation of a replay meant, to on_switch. */
__attribute__((format(printf, 1, 2))) void weft__policy_tell(const char *format, ...);

/* Which of the worker's ready tasks, woken ones first, is next. */
uint32_t weft__policy_pick(struct weft__worker *worker, uint32_t count);

/* Whether a task that enters the runtime lets others run first. */
bool weft__policy_preempts(struct weft__worker *worker, struct weft__task *task);

/* The task gives way, or has had its turn for long. */
void weft__policy_lower(struct weft__task *task);

/* A new task's. */
int32_t weft__policy_priority(void);

int64_t weft__now(void);

#endif
