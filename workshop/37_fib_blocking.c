/* The fib server from the ground up, first step: one client at a time. (No Weft in this file.)
 *
 * The second client is connected, for the kernel answers for us, but nobody reads what it says until the first goes.
 */
#include "fib.h"

static void serve(int fd)
{
    char text[64];
    ssize_t n;

    while ((n = read(fd, text, sizeof text - 1)) > 0) { /* waits here for this client, and for no other */
        text[n] = '\0';
        if (write(fd, text, answer(text, text, sizeof text)) < 0)
            break;
    }
    close(fd);
}

int main(void)
{
    struct fib_client client = {.patience_ms = 100};
    int fd, listener = listen_on_loopback(&client.port);
    pthread_t thread;

    if (listener < 0 || pthread_create(&thread, NULL, fib_client, &client) != 0)
        return 1;
    for (int i = 0; i < FIB_CLIENTS && (fd = accept(listener, NULL, NULL)) >= 0; i++)
        serve(fd);
    pthread_join(thread, NULL);
    close(listener);
    return 0;
}
