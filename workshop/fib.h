/* What the three fib servers share: the slow function, one request, and a client that holds one connection open while
 * it asks on another.
 */
#ifndef FIB_H
#define FIB_H

#include "client.h"

#include <stdlib.h>

enum { FIB_CLIENTS = 2 };

static inline long fib(long n)
{
    return n <= 2 ? 1 : fib(n - 1) + fib(n - 2);
}

/* From a number as text to the answer as text; its length. */
static inline size_t answer(const char *request, char *text, size_t size)
{
    return (size_t)snprintf(text, size, "%ld\n", fib(strtol(request, NULL, 10)));
}

struct fib_client {
    int port, patience_ms; /* how long the second waits while the first has its connection */
};

static inline void *fib_client(void *argument)
{
    const struct fib_client *self = argument;
    int first = connect_to(self->port), second = connect_to(self->port);
    const char *heard;
    char line[80];

    say(first, "10\n");
    heard = hear(first, line, PATIENCE_MS);
    printf("the first asks for fib(10) and hears %s\n", heard ? heard : "nothing");
    say(second, "20\n");
    heard = hear(second, line, self->patience_ms);
    printf("the second asks for fib(20) and hears %s\n", heard ? heard : "nothing, while the first is there");
    close(first);
    if (!heard) {
        heard = hear(second, line, PATIENCE_MS);
        printf("the first has gone: the second hears %s\n", heard ? heard : "nothing");
    }
    say(second, "27\n");
    heard = hear(second, line, PATIENCE_MS);
    printf("the second asks for fib(27) and hears %s\n", heard ? heard : "nothing");
    close(second);
    return NULL;
}

#endif
