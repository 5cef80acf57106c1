/* What the servers of the workshop are tried with: a plain thread that speaks to them over loopback with plain blocking
 * sockets, so that it is the same for all of them. Only the client prints.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket that listens on a free port of the loopback, which is in *ret_port; < 0: it cannot. */
static inline int listen_on_loopback(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static inline int connect_to(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static inline void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text)); /* what fails here shows when nothing is heard */
}

/* One line of the answer, without its end; NULL if none comes within so many milliseconds. */
static inline const char *hear(int fd, char line[80], int patience_ms)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int n = 0;

    while (n < 79 && poll(&entry, 1, patience_ms) == 1 && read(fd, line + n, 1) == 1) {
        if (line[n] == '\n') {
            line[n] = '\0';
            return line;
        }
        n++;
    }
    return NULL;
}

/* Three connections at once, spoken on in turn. The server may end when it has served three. */
enum { ECHO_CLIENTS = 3, PATIENCE_MS = 20000 };

static inline void *echo_client(void *port)
{
    static const char *const lines[] = {"one thread of the warp\n", "another\n", "and the weft across\n"};
    int fds[ECHO_CLIENTS];
    char line[80];

    for (int i = 0; i < ECHO_CLIENTS; i++)
        fds[i] = connect_to(*(int *)port);
    for (int round = 0; round < 2; round++) {
        for (int i = ECHO_CLIENTS - 1; i >= 0; i--) {
            const char *heard;

            say(fds[i], lines[(i + round) % ECHO_CLIENTS]);
            heard = hear(fds[i], line, PATIENCE_MS);
            printf("connection %d hears: %s\n", i + 1, heard ? heard : "nothing");
        }
    }
    for (int i = 0; i < ECHO_CLIENTS; i++)
        close(fds[i]);
    return NULL;
}

#endif
