/* Exploring: one task function under thousands of schedules, to find the one that fails.
 *
 *     struct transfer { int n; };
 *     static int transfer(struct transfer *self) { ... weft_expect(a + b == 100); return 0; }
 *
 *     struct weft_finding finding;
 *     if (weft_explore((.seeds = 10000), &finding, transfer, .n = 3) == 1)
 *         printf("%s\n%s", finding.text, finding.schedule);
 *
 * Each schedule is one seed, run in a process of its own or one after the other in one: a single thread, virtual time,
 * and a switch wherever a task calls the library. Findings are a deadlock (who waits for whom, and where), an
 * expectation that does not hold, a negative result, a report (a lock order, an error that nobody looked at), a crash,
 * and no end. The first one ends the exploration; its schedule is shortened to the switches that matter, and the seed
 * replays it: WEFT_SEED=n ./prog, or weft explore --replay n.
 *
 * Replayable are tasks, channels, locks, timers and everything else of this library. A plain thread, a socket or a
 * clock of the kernel that has a say in the schedule is not.
 */
#ifndef WEFT_EXPLORE_H
#define WEFT_EXPLORE_H

#include <weft/base.h>
#include <weft/task.h>

WEFT_BEGIN

/* How to explore; a field left out keeps its default. */
struct weft_explore {
    uint64_t seeds;               /* schedules at most; default 1000 */
    uint64_t first;               /* the first seed; default 1 */
    int64_t time;                 /* no new schedule after so long; default: no limit */
    uint32_t steps;               /* choices in one schedule that count as no end; default 1,000,000 */
    unsigned char fork;           /* a process for each schedule: for functions that change globals, or print */
    unsigned char errors_allowed; /* a negative result is no finding */
    unsigned char as_found;       /* do not shorten the schedule */
};

struct weft_finding {
    uint64_t seed;       /* that replays it */
    uint64_t schedules;  /* that were run until then, it included */
    uint32_t switches;   /* in the shortened schedule */
    char kind[32];       /* "deadlock", "expectation", "error", "report", "crash", "no end" */
    char text[2048];     /* what is wrong, and where */
    char schedule[4096]; /* the shortened schedule, a line a switch */
};

/* weft_explore((options), &finding, fn, .field = value, ...): runs fn as a task under one seed after another.
 * Returns 1 and the finding, 0 if nothing was found (finding->schedules tells how many were run); -EBUSY if the runtime
 * is started, -ENOMEM, -EAGAIN (no process to be had), -EINVAL. finding may not be NULL. From a plain thread of a
 * program without others. Blocks the thread. */
#define weft_explore(options, finding, fn, ...)                                                                        \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__explore(&(struct weft_explore){WEFT__UNWRAP options}, (finding), &weft__site,                            \
                      &(struct fn){__VA_ARGS__});                                                                      \
    })

/* In a task: tells of a finding if the condition does not hold. Outside an exploration it is a report. */
#define weft_expect(condition) ((condition) ? (void)0 : weft__unexpected(#condition, WEFT__HERE))

WEFT_EXPORT int weft__explore(const struct weft_explore *options, struct weft_finding *finding,
                              const struct weft_site *site, const void *arguments);
WEFT_EXPORT void weft__unexpected(const char *condition, const char *place);

WEFT_END

#endif
