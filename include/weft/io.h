/* Waiting for the world: plain kernel fds, read and written in straight-line code.
 *
 *     int fd, listener = weft_listen("tcp://127.0.0.1:9000");
 *     while ((fd = weft_accept(listener)) >= 0)
 *         weft_go(&scope, serve, .fd = fd);
 *
 * An fd is a plain kernel descriptor, of any kind: a socket, a pipe, a terminal, a file; its O_NONBLOCK flag does not
 * matter and is left as it is. The call is tried at once; the task parks only when the kernel would block. Reads and
 * writes of one fd may be in flight together from several tasks; each direction serves its waiters in their order.
 * Close an fd that was waited on with weft_fd_close, which wakes its waiters with -EBADF; a plain close(2) cannot tell
 * them. SIGPIPE is never raised for sockets: the error is -EPIPE. From a plain thread the calls block that thread, and
 * neither a cancellation nor weft_fd_close wakes it.
 *
 * Addresses: tcp://HOST:PORT (numeric, [IPv6], a name, or empty for every interface), unix:/path, unix:@abstract.
 */
#ifndef WEFT_IO_H
#define WEFT_IO_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <weft/base.h>
#include <weft/select.h>

WEFT_BEGIN

/* All of these, but those that never suspend: task or thread; may suspend; -ECANCELED or -ETIMEDOUT from the scope,
 * with nothing read or written; -EBADF when fd is not open or another task closes it meanwhile; otherwise the kernel's
 * own errors. */

/* read(2): bytes read (at least 1), 0 at the end of the stream. */
WEFT_EXPORT ssize_t weft_read(int fd, void *buffer, size_t size);
WEFT_EXPORT ssize_t weft_readv(int fd, const struct iovec *parts, int count);

/* write(2): bytes written, at least 1 unless size is 0. */
WEFT_EXPORT ssize_t weft_write(int fd, const void *buffer, size_t size);
WEFT_EXPORT ssize_t weft_writev(int fd, const struct iovec *parts, int count);

/* Writes all of it: returns size. On an error after some bytes the error is returned and how many went is not told:
 * the stream is to be closed. */
WEFT_EXPORT ssize_t weft_write_all(int fd, const void *buffer, size_t size);

/* Reads until size bytes or the end of the stream: the bytes read, fewer only at the end. Errors as weft_write_all. */
WEFT_EXPORT ssize_t weft_read_all(int fd, void *buffer, size_t size);

/* Waits until the fd is readable / writable (or at its end, or in error). Returns 0. */
WEFT_EXPORT int weft_wait_readable(int fd);
WEFT_EXPORT int weft_wait_writable(int fd);

/* Cases of weft_select: the fd is readable / writable (or at its end, or in error, or has been closed: the next call on
 * it tells). The select fails with -EBADF for an fd that is not open. */
#define weft_on_readable(fd) WEFT__CASE(weft__on_readable, NULL, NULL, NULL, (fd))
#define weft_on_writable(fd) WEFT__CASE(weft__on_writable, NULL, NULL, NULL, (fd))
extern WEFT_EXPORT const struct weft__kind weft__on_readable, weft__on_writable;

/* A listening socket for the address, close-on-exec, SO_REUSEADDR, backlog 4096. A stale Unix socket file that nobody
 * listens on is replaced. Returns the fd; -EINVAL for a malformed address, -ENAMETOOLONG, -ENOENT for an unknown name,
 * -EAGAIN if the name service failed, -EADDRINUSE, -EACCES ... Never suspends, unless it must look up a name. */
WEFT_EXPORT WEFT_MUST_USE int weft_listen(const char *address);

/* The next connection, close-on-exec; TCP with TCP_NODELAY. Connections that died in the queue are skipped. Out of fds
 * (EMFILE, ENFILE) or memory it backs off, from 5 ms to 1 s, and goes on at once when weft_fd_close frees one. */
WEFT_EXPORT WEFT_MUST_USE int weft_accept(int listener);

/* Connects to the address: 0 and the fd in *ret_fd, or the error of the last address tried. TCP with TCP_NODELAY. */
WEFT_EXPORT WEFT_MUST_USE int weft_connect(const char *address, int *ret_fd);

/* shutdown(2): how is SHUT_RD, SHUT_WR or SHUT_RDWR. Never suspends. */
WEFT_EXPORT int weft_shutdown(int fd, int how);

/* Closes the fd; tasks that wait on it get -EBADF. Returns 0, or -EBADF if it is not open. Never suspends. */
WEFT_EXPORT int weft_fd_close(int fd);

/* The address of a socket's own end (peer = 0) or of its peer (peer = 1), as the string form above, into text (at most
 * size bytes with the closing 0; 128 are always enough). Returns its length, -ENOSPC if it does not fit. */
WEFT_EXPORT int weft_address(int fd, int peer, char *text, size_t size);

WEFT_END

#endif
