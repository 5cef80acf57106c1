/* The two clocks of the load generators: the time, and the CPU time of another process. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <errno.h>
#include <error.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) < 0)
        error(1, errno, "clock %d", (int)clock);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* CPU time of all threads of a process so far, those that ended included; 0 for process 0, meaning none.
   It is the sum that schedstat shows per thread, so a thread on a CPU lags by at most a tick. */
static inline int64_t cpu_ns(pid_t pid)
{
    clockid_t clock;
    if (pid == 0)
        return 0;
    int r = clock_getcpuclockid(pid, &clock);
    if (r != 0)
        error(1, r, "CPU time of process %d", (int)pid);
    return clock_ns(clock);
}

#endif
