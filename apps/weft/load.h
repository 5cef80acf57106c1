/* Load for the fib service: fast connections that ask for fib(1), and hogs that ask for fib(n) without pause. */
#ifndef WEFT_APP_LOAD_H
#define WEFT_APP_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct load_plan {
    const char *command; /* begins what is said on stderr */
    const char *address; /* in full: tcp://127.0.0.1:25000 */
    long fast, hogs, n;
    double seconds;
    double rate; /* requests/s of all fast connections together, on a timetable; 0: each asks again at once */
    bool live;   /* a line on stderr that is renewed each half second */
};

struct load_figures {
    double seconds; /* how long it ran: less than planned when it was interrupted */
    uint64_t fast_answered, hogs_answered, unanswered;
    double fast_per_s, hogs_per_s;
    double fast_p50_us, fast_p99_us, fast_max_us;
    double hog_mean_ms, hog_max_ms;
};

/* Runs the plan and checks every answer. A task calls it; it returns when all connections are closed: after the planned
 * time and at most five seconds more for what is under way, or when the caller is cancelled.
 * Returns 0, or -Exxx after saying on stderr what went wrong. */
int load_run(const struct load_plan *plan, struct load_figures *ret_figures);

#endif
