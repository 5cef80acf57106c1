/* The echo server, fourth way: a task for each client.
 *
 * The code of the first way, at the cost of the second: nothing is emitted, nothing called back. A read that would
 * block parks the task, and its thread goes on with others.
 */
#include "client.h"

#include <weft.h>

struct serve {
    int fd;
};
static int serve(struct serve *self)
{
    char buffer[512];
    ssize_t n;

    while ((n = weft_read(self->fd, buffer, sizeof buffer)) > 0)
        if ((n = weft_write_all(self->fd, buffer, (size_t)n)) < 0)
            break;
    weft_fd_close(self->fd);
    return (int)n;
}

struct server {
    int listener;
};
static int server(struct server *self)
{
    weft_scope scope;
    int fd = 0;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < ECHO_CLIENTS && (fd = weft_accept(self->listener)) >= 0; i++)
        weft_go(&scope, serve, .fd = fd);
    return weft_scope_close_with(&scope, fd < 0 ? fd : 0);
}

int main(void)
{
    int code, port, listener = listen_on_loopback(&port);
    pthread_t client;

    if (listener < 0 || pthread_create(&client, NULL, echo_client, &port) != 0)
        return 1;
    code = weft_main(server, .listener = listener);
    pthread_join(client, NULL);
    close(listener);
    return code;
}
