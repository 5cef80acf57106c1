/* The kernel, one function a need: results >= 0 or -errno. errno lives and dies in this folder. */
#ifndef WEFT_OS_OS_H
#define WEFT_OS_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct epoll_event;
struct sockaddr;

/* clock.c */
int64_t weft__os_now(void);           /* CLOCK_MONOTONIC, ns */
int64_t weft__os_thread_cpu(int tid); /* CPU time of a thread of ours, ns; tid 0: the caller */
uint64_t weft__os_entropy(void);

/* futex.c: waits while *word == value, until the absolute deadline (INT64_MAX: none). 0 or -ETIMEDOUT, -EAGAIN, -EINTR.
 */
int weft__os_futex_wait(atomic_uint *word, unsigned value, int64_t deadline);
void weft__os_futex_wake(atomic_uint *word, int count);

/* thread.c */
typedef void weft__os_body(void *argument);
struct weft__os_thread {
    unsigned long id;
};
int weft__os_thread_start(struct weft__os_thread *ret_thread, weft__os_body *body, void *argument);
void weft__os_thread_join(struct weft__os_thread thread);
int weft__os_tid(void);
void weft__os_name(const char *name);
void weft__os_precise_timers(void); /* no timer slack for the calling thread */
int weft__os_demote(int tid);       /* SCHED_BATCH, nice 19: cannot be undone without privilege */
unsigned weft__os_cpus(void);       /* what affinity and the cgroup quota allow, at least 1 */
void weft__os_yield(void);
bool weft__os_membarrier_init(void); /* false: the kernel refuses, full fences are needed */
void weft__os_membarrier(void);
int weft__os_atfork(void (*in_child)(void));

/* process.c: children of an exploration, which end with the thread that made them. */
struct weft__os_child {
    int pid, fd; /* fd: a pidfd, or -1 where there are none */
};
int weft__os_fork(struct weft__os_child *ret_child);                  /* 0 in the child, 1, or -errno */
int weft__os_await_child(struct weft__os_child *child, int64_t span); /* exit code, 128 + signal, or -ETIMEDOUT */
void weft__os_kill_child(const struct weft__os_child *child);
int weft__os_memory_file(void);   /* -1: there are none */
void weft__os_redirect(int file); /* standard output goes nowhere, standard error to the file, emptied; or nowhere */
void weft__os_tail(int file, char *ret_text, size_t size); /* the last of what was written to it */
unsigned weft__os_threads(void);                           /* of this process; 0: cannot tell */

/* pages.c */
void *weft__os_reserve(size_t size, size_t align); /* zeroed private memory, committed lazily; NULL */
void *weft__os_share(size_t size);                 /* zeroed, shared with children; NULL */
void weft__os_release(void *pages, size_t size);
int weft__os_guard(void *pages, size_t size);    /* any access faults */
void weft__os_discard(void *pages, size_t size); /* content may go */

/* io.c */
ssize_t weft__os_read(int fd, void *buffer, size_t size);
ssize_t weft__os_write(int fd, const void *buffer, size_t size);
ssize_t weft__os_readv(int fd, const struct iovec *parts, int count);
ssize_t weft__os_writev(int fd, const struct iovec *parts, int count);
ssize_t weft__os_readv_now(int fd, const struct iovec *parts, int count); /* -EAGAIN, -EOPNOTSUPP: cannot tell */
ssize_t weft__os_writev_now(int fd, const struct iovec *parts, int count);
ssize_t weft__os_recv_now(int fd, void *buffer, size_t size);       /* sockets; never waits */
ssize_t weft__os_send_now(int fd, const void *buffer, size_t size); /* nor raises SIGPIPE */
ssize_t weft__os_recvv_now(int fd, const struct iovec *parts, int count);
ssize_t weft__os_sendv_now(int fd, const struct iovec *parts, int count);
int weft__os_close(int fd);
int weft__os_kind(int fd);                /* S_IFSOCK, S_IFREG, S_IFIFO ... */
int weft__os_path_kind(const char *path); /* the same of a path itself, links not followed */
bool weft__os_nonblocking(int fd);
int weft__os_poll_one(int fd, short events, int64_t deadline); /* 1 ready, 0 not yet */
int weft__os_fd_limit(void);

/* socket.c */
int weft__os_socket(int family, int type); /* non-blocking, close-on-exec */
int weft__os_bind(int fd, const struct sockaddr *address, unsigned size);
int weft__os_listen(int fd, int backlog);
int weft__os_accept(int fd);
int weft__os_connect(int fd, const struct sockaddr *address, unsigned size);
int weft__os_connect_result(int fd);
int weft__os_shutdown(int fd, int how);
int weft__os_option(int fd, int level, int name, int value);
int weft__os_own_address(int fd, struct sockaddr *ret_address, unsigned *size);
int weft__os_peer_address(int fd, struct sockaddr *ret_address, unsigned *size);
int weft__os_unlink(const char *path);

/* event.c */
int weft__os_epoll_new(void);
int weft__os_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int weft__os_epoll_mod(int epoll, int fd, uint32_t events, uint64_t data);
int weft__os_epoll_del(int epoll, int fd);
int weft__os_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t deadline);
int weft__os_eventfd(void);
void weft__os_eventfd_write(int fd);
void weft__os_eventfd_drain(int fd);
int weft__os_signalfd(const int *signals, int count);
int weft__os_signals_block(const int *signals, int count, bool block);
int weft__os_signal_read(int fd); /* the signal's number */
int weft__os_eventfd_counter(void);
bool weft__os_eventfd_take(int fd);                                  /* counts a counter down by one */
int weft__os_signal_handle(int number, void (*handler)(int number)); /* NULL: as it was before; one caller at a time */

/* fault.c: the SIGSEGV handler on a stack of its own. claim says whether the fault is ours, and reports it. */
void *weft__os_fault_stack(void); /* gives the calling thread an alternate stack; what to free, NULL */
void weft__os_fault_stack_free(void *stack);
int weft__os_fault_install(void (*claim)(void *address));
void weft__os_stderr(const char *text); /* async-signal-safe */

#endif
