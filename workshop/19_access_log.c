/* How many bytes did the web server send? A pipeline of generators over its log: lines -> requests -> only some -> sum.
 *
 * Each stage is a loop that knows nothing of the others, and one line at a time is in memory, however long the log is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

#ifndef DATA
#define DATA "workshop/data"
#endif

struct line {
    char text[160];
};

struct request {
    char host[32], path[64];
    int status;
    long bytes;
};

struct lines {
    weft_generator(struct line) out;
    const char *path;
};
static int lines(struct lines *self)
{
    FILE *file = fopen(self->path, "r");
    struct line line;
    int rc = file ? 0 : -ENOENT;

    while (rc == 0 && fgets(line.text, sizeof line.text, file))
        rc = weft_emit(self->out, line);
    if (file)
        fclose(file);
    return rc;
}

struct requests {
    weft_generator(struct request) out;
    weft_generator(struct line) in;
};
static int requests(struct requests *self)
{
    struct line line;
    int rc;

    while ((rc = weft_next(self->in, &line)) == 0) {
        struct request request = {.bytes = 0}; /* no body sent: the log has a "-" there */

        if (sscanf(line.text, "%31s %*s %*s [%*[^]]] \"%*s %63s %*[^\"]\" %d %ld", request.host, request.path,
                   &request.status, &request.bytes) < 3)
            continue; /* not a request */
        if ((rc = weft_emit(self->out, request)) < 0)
            break;
    }
    return rc;
}

struct with_status {
    weft_generator(struct request) out;
    weft_generator(struct request) in;
    int status;
};
static int with_status(struct with_status *self)
{
    struct request request;
    int rc;

    while ((rc = weft_next(self->in, &request)) == 0)
        if (request.status == self->status && (rc = weft_emit(self->out, request)) < 0)
            break;
    return rc;
}

/* Counts and sums what comes out of a log, all of it or what has that status. */
static int total(const char *path, int status)
{
    struct request request;
    long count = 0, bytes = 0;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_generator(struct line) text = weft_generator_new(&scope, struct line, lines, .path = path);
    weft_generator(struct request) all = weft_generator_new(&scope, struct request, requests, .in = text);
    weft_generator(struct request) some =
        weft_generator_new(&scope, struct request, with_status, .in = all, .status = status);
    while ((rc = weft_next(status ? some : all, &request)) == 0) {
        count++;
        bytes += request.bytes;
    }
    weft_generator_free(some);
    weft_generator_free(all);
    weft_generator_free(text);
    rc = weft_scope_close_with(&scope, rc == -EPIPE ? 0 : rc);
    if (status)
        printf("status %d", status);
    else
        printf("all of them");
    printf(": %ld requests, %ld bytes\n", count, bytes);
    return rc;
}

struct demo {
    const char *path;
};
static int demo(struct demo *self)
{
    int rc = 0;

    for (int i = 0; i < 3 && rc == 0; i++)
        rc = total(self->path, (int[]){0, 200, 404}[i]); /* 0: any */
    return rc;
}

int main(int argc, char **argv)
{
    return weft_main(demo, .path = argc > 1 ? argv[1] : DATA "/access.log");
}
