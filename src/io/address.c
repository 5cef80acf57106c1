/* Addresses from and to strings. */
#include "io/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <weft/task.h>

static int parse_unix(const char *path, struct weft__address *ret)
{
    struct sockaddr_un *un = (struct sockaddr_un *)(void *)&ret->storage;
    size_t length = strlen(path);

    if (length == 0 || (path[0] == '@' && length == 1))
        return -EINVAL;
    if (length >= sizeof un->sun_path)
        return -ENAMETOOLONG;
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length);
    ret->size = (unsigned)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    if (path[0] == '@') { /* abstract: a zero byte in front, and no closing one */
        un->sun_path[0] = 0;
        ret->size--;
    }
    return 1;
}

/* "host:port" or "[v6]:port" into its parts. */
static int split(const char *text, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *colon = strrchr(text, ':'), *end = colon, *start = text;

    if (!colon || !colon[1] || strlen(colon + 1) >= port_size)
        return -EINVAL;
    if (*text == '[') {
        start++;
        end--;
        if (end < start || *end != ']')
            return -EINVAL;
    } else if (memchr(text, ':', (size_t)(colon - text))) {
        return -EINVAL; /* an IPv6 address without its brackets */
    }
    if ((size_t)(end - start) >= host_size)
        return -ENAMETOOLONG;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = 0;
    if (strpbrk(host, "[]/ \t\r\n")) /* no name of a host: nobody is to be asked for it */
        return -EINVAL;
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    for (const char *c = port; *c; c++)
        if (*c < '0' || *c > '9' || c - port > 4)
            return -EINVAL;
    return 0;
}

struct lookup {
    const char *host, *port;
    struct addrinfo hints, *found;
};

static int look_up(void *argument)
{
    struct lookup *l = argument;

    return getaddrinfo(l->host, l->port, &l->hints, &l->found);
}

static int parse_tcp(const char *text, bool listening, struct weft__address *ret)
{
    char host[256], port[8];
    struct lookup l = {.host = host, .port = port, .hints = {.ai_socktype = SOCK_STREAM}};
    int rc = split(text, host, sizeof host, port, sizeof port), count = 0;

    if (rc < 0)
        return rc;
    if (strtol(port, NULL, 10) > 65535)
        return -EINVAL;
    if (!*host)
        l.host = NULL;
    l.hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (listening ? AI_PASSIVE : 0);
    rc = look_up(&l);
    if (rc == EAI_NONAME) { /* not numeric: ask the name service, which may take its time */
        l.hints.ai_flags &= ~AI_NUMERICHOST;
        rc = weft_blocking(look_up, &l);
    }
    if (rc != 0)
        return rc == EAI_NONAME || rc == EAI_NODATA ? -ENOENT : rc == EAI_MEMORY ? -ENOMEM : -EAGAIN;
    for (struct addrinfo *a = l.found; a && count < WEFT__ADDRESSES_MAX; a = a->ai_next) {
        memcpy(&ret[count].storage, a->ai_addr, a->ai_addrlen);
        ret[count++].size = a->ai_addrlen;
    }
    freeaddrinfo(l.found);
    return count;
}

int weft__address_parse(const char *text, bool listening, struct weft__address *ret_addresses)
{
    if (!text)
        return -EINVAL;
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, ret_addresses);
    if (strncmp(text, "tcp://", 6) == 0)
        return parse_tcp(text + 6, listening, ret_addresses);
    return -EINVAL;
}

int weft__address_format(const struct weft__address *address, char *text, size_t size)
{
    const struct sockaddr *any = (const struct sockaddr *)(const void *)&address->storage;
    char host[INET6_ADDRSTRLEN] = "";
    int n;

    if (any->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)any;

        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        n = snprintf(text, size, "tcp://[%s]:%u", host, ntohs(in6->sin6_port));
    } else if (any->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)any;

        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        n = snprintf(text, size, "tcp://%s:%u", host, ntohs(in->sin_port));
    } else {
        const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)any;
        size_t length = address->size > offsetof(struct sockaddr_un, sun_path)
                            ? address->size - offsetof(struct sockaddr_un, sun_path)
                            : 0;
        bool abstract = length > 0 && !un->sun_path[0];

        n = snprintf(text, size, "unix:%s%.*s", abstract ? "@" : "", (int)(abstract ? length - 1 : length),
                     un->sun_path + abstract);
    }
    return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}
