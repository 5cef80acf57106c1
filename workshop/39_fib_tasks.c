/* The fib server, third step: a task for each client.
 *
 * The same loop once more. A task that waits costs a page or two and no thread; one that computes is stepped around
 * within milliseconds, and from then on has only what the others leave. Nothing in `serve` says which of both it will
 * do.
 */
#include "fib.h"

#include <weft.h>

struct serve {
    int fd;
};
static int serve(struct serve *self)
{
    char text[64];
    ssize_t n;

    while ((n = weft_read(self->fd, text, sizeof text - 1)) > 0) { /* parks the task, not the thread */
        text[n] = '\0';
        n = weft_write_all(self->fd, text, answer(text, text, sizeof text)); /* computes: nobody else waits */
        if (n < 0)
            break;
    }
    weft_fd_close(self->fd);
    return (int)n;
}

struct server {
    int listener, clients;
};
static int server(struct server *self)
{
    weft_scope scope;
    int fd = 0;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < self->clients && (fd = weft_accept(self->listener)) >= 0; i++)
        weft_go(&scope, serve, .fd = fd);
    return weft_scope_close_with(&scope, fd < 0 ? fd : 0);
}

int main(void)
{
    struct fib_client client = {.patience_ms = PATIENCE_MS};
    int code, listener = listen_on_loopback(&client.port);
    pthread_t thread;

    if (listener < 0 || pthread_create(&thread, NULL, fib_client, &client) != 0)
        return 1;
    code = weft_main(server, .listener = listener, .clients = FIB_CLIENTS);
    pthread_join(thread, NULL);
    close(listener);
    return code;
}
