/* Sockets for the peers and the load generators, on an address written "127.0.0.1:4100". */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int net_parse(const char *text, struct sockaddr_in *ret_address)
{
    char host[INET_ADDRSTRLEN], tail;
    unsigned port;
    struct in_addr ip;

    if (sscanf(text, "%15[0-9.]:%5u%c", host, &port, &tail) != 2)
        return -EINVAL;
    if (port == 0 || port > 65535 || inet_pton(AF_INET, host, &ip) != 1)
        return -EINVAL;
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = ip};
    return 0;
}

/* Answers leave at once, on both sides: a small message never waits for an acknowledgement. */
static inline void net_no_delay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* A listening socket, or -errno. flags: 0 or SOCK_NONBLOCK. */
static inline int net_listen(const char *text, int flags)
{
    struct sockaddr_in address;
    int r = net_parse(text, &address);
    if (r < 0)
        return r;

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, SOMAXCONN) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

/* A connected blocking socket, or -errno. */
static inline int net_connect(const char *text)
{
    struct sockaddr_in address;
    int r = net_parse(text, &address);
    if (r < 0)
        return r;

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    net_no_delay(fd);
    return fd;
}

#endif
