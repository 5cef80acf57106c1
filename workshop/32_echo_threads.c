/* The echo server, first way: a thread for each client.
 *
 * Straight code, and the kernel does the rest. Each client costs a thread: 8 MiB of address space, a switch in the
 * kernel for every wait, and some ten thousand of them are the end. (No Weft in this file.)
 */
#include "client.h"

#include <stdint.h>

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char buffer[512];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t sent = 0, more; sent < n; sent += more)
            if ((more = write(fd, buffer + sent, (size_t)(n - sent))) < 0)
                goto out;
out:
    close(fd);
    return NULL;
}

int main(void)
{
    int port, listener = listen_on_loopback(&port);
    pthread_t client, threads[ECHO_CLIENTS];

    if (listener < 0 || pthread_create(&client, NULL, echo_client, &port) != 0)
        return 1;
    for (int i = 0; i < ECHO_CLIENTS; i++) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0 || pthread_create(&threads[i], NULL, serve, (void *)(intptr_t)fd) != 0)
            return 1;
    }
    for (int i = 0; i < ECHO_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(client, NULL);
    close(listener);
    return 0;
}
