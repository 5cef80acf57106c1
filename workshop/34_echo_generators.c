/* The echo server, third way: generators that say what they wait for, and a loop that waits for all of them.
 *
 * The straight code is back: each client is a loop again. Before each call that could block it emits what it needs; the
 * scheduler below asks poll() which of the generators can go on. This is how coroutines were first used for servers.
 */
#include "client.h"

#include <weft.h>

enum { GENERATORS = ECHO_CLIENTS + 1 };

struct want {
    int fd;
    short events;
};

struct scheduler {
    weft_generator(struct want) generators[GENERATORS];
    struct pollfd wants[GENERATORS];
    int count;
    weft_scope scope;
};

struct serve {
    weft_generator(struct want) out;
    int fd;
};
static int serve(struct serve *self)
{
    char buffer[512];
    ssize_t n, sent, more = 0;
    int rc;

    while ((rc = weft_emit(self->out, (struct want){self->fd, POLLIN})) == 0) {
        if ((n = read(self->fd, buffer, sizeof buffer)) <= 0)
            break;
        for (sent = 0; sent < n && more >= 0; sent += more)
            if ((rc = weft_emit(self->out, (struct want){self->fd, POLLOUT})) < 0 ||
                (more = send(self->fd, buffer + sent, (size_t)(n - sent), MSG_DONTWAIT)) < 0)
                goto out;
    }
out:
    close(self->fd);
    return rc;
}

/* Runs a generator to its next wish; one that has ended wants nothing more. */
static void run(struct scheduler *scheduler, int i)
{
    struct want want;

    if (weft_next(scheduler->generators[i], &want) == 0)
        scheduler->wants[i] = (struct pollfd){.fd = want.fd, .events = want.events};
    else
        scheduler->wants[i].fd = -1; /* poll() passes over it */
}

static void add(struct scheduler *scheduler, weft_generator(struct want) generator)
{
    scheduler->generators[scheduler->count++] = generator;
    run(scheduler, scheduler->count - 1);
}

struct acceptor {
    weft_generator(struct want) out;
    struct scheduler *scheduler;
    int listener;
};
static int acceptor(struct acceptor *self)
{
    struct scheduler *scheduler = self->scheduler;
    int rc = 0;

    for (int i = 0; i < ECHO_CLIENTS; i++) {
        int fd;

        if ((rc = weft_emit(self->out, (struct want){self->listener, POLLIN})) < 0)
            break;
        if ((fd = accept(self->listener, NULL, NULL)) >= 0)
            add(scheduler, weft_generator_new(&scheduler->scope, struct want, serve, .fd = fd));
    }
    return rc;
}

static int count_wants(const struct scheduler *scheduler)
{
    int wants = 0;

    for (int i = 0; i < scheduler->count; i++)
        wants += scheduler->wants[i].fd >= 0;
    return wants;
}

struct server {
    int listener;
};
static int server(struct server *self)
{
    struct scheduler scheduler = {.count = 0};

    weft_scope_open(&scheduler.scope);
    add(&scheduler, weft_generator_new(&scheduler.scope, struct want, acceptor, .scheduler = &scheduler,
                                       .listener = self->listener));
    while (count_wants(&scheduler) > 0 && poll(scheduler.wants, (nfds_t)scheduler.count, -1) > 0)
        for (int i = 0, count = scheduler.count; i < count; i++)
            if (scheduler.wants[i].fd >= 0 && scheduler.wants[i].revents)
                run(&scheduler, i);
    for (int i = 0; i < scheduler.count; i++)
        weft_generator_free(scheduler.generators[i]);
    return weft_scope_close(&scheduler.scope);
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
