/* Exploring: one task function under thousands of schedules, to find the one that fails.
 *
 *     struct transfer { int n; };
 *     static int transfer(struct transfer *self) { ... weft_expect(a + b == 100); return 0; }
 *
 *     static struct weft_finding finding;
 *     if (weft_explore((.seeds = 10000), &finding, transfer, .n = 3) == 1)
 *         printf("%s: %s\n%s", finding.kind, finding.text, finding.schedule);
 *
 * Each schedule is one seed. It runs in a child process, one after the other in the same one or each in its own
 * (.fork), on a single thread, with virtual time, and with a switch possible wherever a task calls the library.
 * Findings are "deadlock"     who waits for whom, and where; "expectation"  a weft_expect that does not hold; "error"
 * a negative result of the function; "report"       anything that the library reports: mutexes taken in two orders, an
 * error that nobody looked at; "crash"        a signal, an abort, an exit; "no end"       too many calls, or too long;
 *   "not replayable from here"   if .strict: something that no seed decides had a say.
 * The first one ends the exploration. Its schedule is shortened to the switches that matter, and the seed replays it:
 * weft explore --replay n, or WEFT_SEED=n ./prog in a program whose weft_main runs the function.
 *
 * Half of the seeds choose at random (n % 8 below 4: a switch at one call in 2, 4, 8, 32), half by priorities that
 * change at few places (4 to 7: at 0, 1, 2, 4; Burckhardt et al., ASPLOS 2010). No single strategy finds everything.
 *
 * Replayable are tasks, channels, locks, timers and everything else of this library. A plain thread, a socket or a
 * clock of the kernel that has a say in the schedule is not; finding->outside names the first.
 */
#ifndef WEFT_EXPLORE_H
#define WEFT_EXPLORE_H

#include <weft/base.h>
#include <weft/task.h>

WEFT_BEGIN

enum weft_explore_strategy {
    WEFT_EXPLORE_ANY,        /* what the seeds say */
    WEFT_EXPLORE_RANDOM,     /* only seeds that choose at random */
    WEFT_EXPLORE_PRIORITIES, /* only seeds that choose by priorities */
};

/* How to explore; a field left out keeps its default. */
struct weft_explore {
    uint64_t seeds;                      /* schedules at most; default 1000 */
    uint64_t first;                      /* the first seed; default 1 */
    int64_t time;                        /* no new schedule after so long; default: no limit */
    int64_t limit;                       /* a schedule that takes so long has no end; default one minute */
    uint64_t steps;                      /* nor has one that makes so many calls; default 10,000,000 */
    enum weft_explore_strategy strategy; /* default: both */
    unsigned char fork;                  /* a process for each schedule: for functions that change globals, or print */
    unsigned char strict;                /* what no seed decides is a finding, if it has a say */
    unsigned char errors_allowed;        /* a negative result is no finding */
    unsigned char as_found;              /* do not shorten the schedule */
};

struct weft_finding {
    uint64_t seed;         /* that replays it */
    uint64_t schedules;    /* that were run until then, it included */
    uint32_t switches;     /* in the shortened schedule */
    unsigned char replays; /* the seed alone has led to it again; not looked at with .as_found */
    char kind[32];         /* one of those above */
    char text[2048];       /* what is wrong, and where */
    char schedule[4096];   /* the shortened schedule, a line a switch */
    char outside[256];     /* what had a say that no seed decides; "": nothing */
};

/* weft_explore((options), &finding, fn, .field = value, ...): runs fn as a task under one seed after another, each with
 * a fresh copy of the arguments. Returns 1 and the finding; 0 if nothing was found (finding->schedules tells how many
 * were run, finding->outside whether that means what it says). -EBUSY if the runtime is started; -EPERM in a child that
 * was forked while it was; -EINVAL for a malformed variable of the environment or NULL; -ENOMEM, -EAGAIN (no process
 * or thread to be had). Thread only; blocks it. Functions given to atexit do not run in the children. If the program
 * has other threads, the children do not have them: a lock that one holds meanwhile stays locked there.
 *
 * Without .fork the schedules share a process: what one leaves in a global, the next one finds. A finding that so
 * comes from several schedules together has replays = 0. */
#define weft_explore(options, finding, fn, ...)                                                                        \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        weft__explore(&(struct weft_explore){WEFT__UNWRAP options}, (finding), &weft__site,                            \
                      &(struct fn){__VA_ARGS__});                                                                      \
    })

/* Tells of a finding if the condition does not hold: an exploration ends here. Outside of one it is a report, and the
 * caller goes on. Anyone. Never suspends. */
#define weft_expect(condition) ((condition) ? (void)0 : weft__unexpected(#condition, WEFT__HERE))

WEFT_EXPORT int weft__explore(const struct weft_explore *options, struct weft_finding *finding,
                              const struct weft_site *site, const void *arguments);
WEFT_EXPORT void weft__unexpected(const char *condition, const char *place);

WEFT_END

#endif
