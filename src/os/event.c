/* epoll, eventfd, signalfd. */
#include "os/os.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int weft__os_epoll_new(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};

    return epoll_ctl(epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int weft__os_epoll_add(int epoll, int fd, uint32_t events, uint64_t data)
{
    return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

int weft__os_epoll_mod(int epoll, int fd, uint32_t events, uint64_t data)
{
    return control(epoll, EPOLL_CTL_MOD, fd, events, data);
}

int weft__os_epoll_del(int epoll, int fd)
{
    return control(epoll, EPOLL_CTL_DEL, fd, 0, 0);
}

/* Where the kernel has no epoll_pwait2 (before 5.11) the time-out is in whole milliseconds, rounded up: never early, so
 * that nothing spins towards its deadline. */
int weft__os_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t deadline)
{
    static atomic_bool no_pwait2;
    int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline <= 0 ? 0 : deadline - weft__os_now();
    int n;

    if (left < 0)
        left = 0;
    if (left == 0 || left == INT64_MAX) {
        n = epoll_wait(epoll, events, count, left == 0 ? 0 : -1);
        return n < 0 ? -errno : n;
    }
#ifdef SYS_epoll_pwait2
    if (!atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
        struct timespec span = {left / 1000000000, left % 1000000000};

        n = (int)syscall(SYS_epoll_pwait2, epoll, events, count, &span, NULL, 0);
        if (n >= 0 || errno != ENOSYS)
            return n < 0 ? -errno : n;
        atomic_store_explicit(&no_pwait2, true, memory_order_relaxed);
    }
#endif
    left = (left + 999999) / 1000000;
    n = epoll_wait(epoll, events, count, left > 60000 ? 60000 : (int)left);
    return n < 0 ? -errno : n;
}

int weft__os_eventfd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

void weft__os_eventfd_write(int fd)
{
    uint64_t one = 1;
    int saved = errno; /* callable from signal handlers */

    if (write(fd, &one, sizeof one) < 0 &&
        errno == EAGAIN) { /* the counter is full: empty it, the edge is what counts */
        weft__os_eventfd_drain(fd);
        if (write(fd, &one, sizeof one) < 0)
            abort();
    }
    errno = saved;
}

void weft__os_eventfd_drain(int fd)
{
    uint64_t count;
    int saved = errno;

    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    errno = saved;
}

static sigset_t signal_set(const int *signals, int count)
{
    sigset_t set;

    sigemptyset(&set);
    for (int i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    return set;
}

int weft__os_signalfd(const int *signals, int count)
{
    sigset_t set = signal_set(signals, count);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

int weft__os_signals_block(const int *signals, int count, bool block)
{
    sigset_t set = signal_set(signals, count);

    return -pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

int weft__os_signal_read(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : -errno;
}

int weft__os_eventfd_counter(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);

    return fd < 0 ? -errno : fd;
}

bool weft__os_eventfd_take(int fd)
{
    uint64_t one;

    return read(fd, &one, sizeof one) == sizeof one;
}

int weft__os_signal_handle(int number, void (*handler)(int number))
{
    static struct sigaction before[NSIG];
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK};

    sigemptyset(&action.sa_mask);
    return sigaction(number, handler ? &action : &before[number], handler ? &before[number] : NULL) < 0 ? -errno : 0;
}
