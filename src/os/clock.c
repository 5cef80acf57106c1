/* Clocks. */
#include "os/os.h"

#include <sys/random.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t weft__os_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* The kernel's encoding of a thread's CPU clock, as pthread_getcpuclockid makes it: no pthread_t needed, no race with
 * its end (a dead tid reads as 0). */
int64_t weft__os_thread_cpu(int tid)
{
    struct timespec now = {0};

    if (tid == 0)
        return read_clock(CLOCK_THREAD_CPUTIME_ID);
    clock_gettime((clockid_t)((~(unsigned)tid << 3) | 6), &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

uint64_t weft__os_entropy(void)
{
    uint64_t value = 0;

    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        value = (uint64_t)weft__os_now() * 2654435761u;
    return value;
}
