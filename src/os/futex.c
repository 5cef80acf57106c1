/* Sleeping on a word. Absolute deadlines on CLOCK_MONOTONIC (FUTEX_WAIT_BITSET). */
#include "os/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int weft__os_futex_wait(atomic_uint *word, unsigned value, int64_t deadline)
{
    struct timespec until = {deadline / 1000000000, deadline % 1000000000};
    int rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline == INT64_MAX ? NULL : &until, NULL,
                     FUTEX_BITSET_MATCH_ANY) < 0
                 ? -errno
                 : 0;

#ifdef WEFT_TSAN
    usleep(0); /* TSan runs signal handlers at its interceptors only, of which a bare system call has none */
#endif
    return rc;
}

void weft__os_futex_wake(atomic_uint *word, int count)
{
    int saved = errno; /* callable from signal handlers */

    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
    errno = saved;
}
