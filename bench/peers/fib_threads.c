/* The fib service with a thread per connection and blocking I/O: the kernel's scheduler does everything.
   A request is an integer in one segment, the answer is fib(n) and a newline. */
#define _GNU_SOURCE
#include <error.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../net.h"
#include "fib.h"

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char text[64], *end;
    ssize_t n;

    while ((n = read(fd, text, sizeof text - 1)) > 0) {
        text[n] = '\0';
        long wanted = strtol(text, &end, 10);
        if (end == text)
            break;
        int len = snprintf(text, sizeof text, "%ld\n", fib(wanted));
        if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
            break;
    }
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "--listen") != 0)
        error(2, 0, "usage: fib_threads --listen 127.0.0.1:PORT");
    int listener = net_listen(argv[2], 0);
    if (listener < 0)
        error(1, -listener, "listen on %s", argv[2]);

    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 256 * 1024);

    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && errno == ECONNABORTED)
            continue;
        if (fd < 0)
            error(1, errno, "accept");
        net_no_delay(fd);

        pthread_t thread;
        int r = pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd);
        if (r != 0)
            error(1, r, "thread");
    }
}
