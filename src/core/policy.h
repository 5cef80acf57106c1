/* The policy: every choice that the scheduler leaves open, and the clock.
 *
 * In production the choices are fixed and cost one predictable branch. Under WEFT_SEED=n one worker makes them at
 * random from the seed, the monitor is off, and time is virtual: it stands still while anything can run and jumps to
 * the next timer when nothing can. So one seed is one schedule.
 */
#ifndef WEFT_CORE_POLICY_H
#define WEFT_CORE_POLICY_H

#include "core/worker.h"

enum weft__spawn_order { WEFT__CHILD_FIRST, WEFT__QUEUE_FIRST };

struct weft__policy {
    bool seeded;
    enum weft__spawn_order spawn;
    bool demote;
    bool checks; /* WEFT_CHECK: what costs too much for every day */
    uint64_t seed, random;
    _Atomic int64_t now; /* virtual */
};

extern struct weft__policy weft__policy; /* constant after start, but for random and now: the one worker's */

/* Reads WEFT_SEED, WEFT_SPAWN, WEFT_DEMOTE. 0 or -EINVAL with a report. */
int weft__policy_init(void);

/* A number from the environment, at least `least`: *ret untouched if it is not set. 0 or -EINVAL with a report. */
int weft__environment(const char *name, uint64_t least, uint64_t most, uint64_t *ret);

/* Which of count ready tasks is next. */
uint32_t weft__policy_choose(uint32_t count);
bool weft__policy_child_first(void);
bool weft__policy_preempts(void); /* whether a task that enters the runtime lets others run first */

int64_t weft__now(void);

#endif
