/* Sockets. */
#include "os/os.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESULT(call)                                                                                                   \
    ({                                                                                                                 \
        int result = (call);                                                                                           \
        result < 0 ? -errno : result;                                                                                  \
    })

int weft__os_socket(int family, int type)
{
    return RESULT(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int weft__os_bind(int fd, const struct sockaddr *address, unsigned size)
{
    return RESULT(bind(fd, address, size));
}

int weft__os_listen(int fd, int backlog)
{
    return RESULT(listen(fd, backlog));
}

int weft__os_accept(int fd)
{
    return RESULT(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int weft__os_connect(int fd, const struct sockaddr *address, unsigned size)
{
    return RESULT(connect(fd, address, size));
}

int weft__os_connect_result(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -errno;
    return -error;
}

int weft__os_shutdown(int fd, int how)
{
    return RESULT(shutdown(fd, how));
}

int weft__os_option(int fd, int level, int name, int value)
{
    return RESULT(setsockopt(fd, level, name, &value, sizeof value));
}

int weft__os_own_address(int fd, struct sockaddr *ret_address, unsigned *size)
{
    return RESULT(getsockname(fd, ret_address, size));
}

int weft__os_peer_address(int fd, struct sockaddr *ret_address, unsigned *size)
{
    return RESULT(getpeername(fd, ret_address, size));
}

int weft__os_unlink(const char *path)
{
    return RESULT(unlink(path));
}
