/* The fib server, second step: a thread for each client. `serve` is as it was; only who calls it has changed.
 *
 * Both clients are served at once. Where clients are many, so are the threads, and the kernel divides the machine among
 * them evenly: one who asks for fib(45) slows down a thousand who ask for fib(1). (No Weft in this file.)
 */
#include "fib.h"

static void *serve(void *argument)
{
    int fd = *(int *)argument;
    char text[64];
    ssize_t n;

    while ((n = read(fd, text, sizeof text - 1)) > 0) {
        text[n] = '\0';
        if (write(fd, text, answer(text, text, sizeof text)) < 0)
            break;
    }
    close(fd);
    return NULL;
}

int main(void)
{
    struct fib_client client = {.patience_ms = PATIENCE_MS};
    int fds[FIB_CLIENTS], listener = listen_on_loopback(&client.port);
    pthread_t thread, threads[FIB_CLIENTS];

    if (listener < 0 || pthread_create(&thread, NULL, fib_client, &client) != 0)
        return 1;
    for (int i = 0; i < FIB_CLIENTS; i++)
        if ((fds[i] = accept(listener, NULL, NULL)) < 0 || pthread_create(&threads[i], NULL, serve, &fds[i]) != 0)
            return 1;
    for (int i = 0; i < FIB_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(thread, NULL);
    close(listener);
    return 0;
}
