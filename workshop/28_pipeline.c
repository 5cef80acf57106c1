/* The access log once more, as a pipeline of tasks: a source, a stage four tasks wide, a sink.
 *
 * The pipeline of generators (19_access_log.c) runs one stage at a time, which costs least; here the stages run side by
 * side, which pays where a stage waits or computes. The order is kept although four tasks work on the lines.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>
#include <weft/pipeline.h>

#ifndef DATA
#define DATA "workshop/data"
#endif

struct line {
    char text[160];
};

struct request {
    char path[64];
    long bytes;
};

struct total {
    long count, bytes;
    struct request largest; /* the first of them, so the order matters */
};

struct read_line {
    FILE *file;
};
static int read_line(struct read_line *self, struct line *line)
{
    return fgets(line->text, sizeof line->text, self->file) ? 0 : -EPIPE; /* -EPIPE: that was the last */
}

struct parse {
    int status;
};
static int parse(struct parse *self, const struct line *line, struct request *request)
{
    int status;

    request->bytes = 0;
    if (sscanf(line->text, "%*s %*s %*s [%*[^]]] \"%*s %63s %*[^\"]\" %d %ld", request->path, &status,
               &request->bytes) < 2)
        return WEFT_SKIP; /* not a request: nothing goes on for this line */
    return status == self->status ? 0 : WEFT_SKIP;
}

struct sum {
    struct total *total;
};
static int sum(struct sum *self, const struct request *request)
{
    self->total->count++;
    self->total->bytes += request->bytes;
    if (request->bytes > self->total->largest.bytes)
        self->total->largest = *request;
    return 0;
}

struct demo {
    FILE *file;
};
static int demo(struct demo *self)
{
    struct total total = {.count = 0};
    int rc = weft_pipeline(weft_pipeline_source(struct line, read_line, .file = self->file),
                           weft_pipeline_stage_with((.width = 4), struct line, struct request, parse, .status = 200),
                           weft_pipeline_sink(struct request, sum, .total = &total));

    printf("%ld requests, %ld bytes, the largest is %s\n", total.count, total.bytes, total.largest.path);
    return rc;
}

int main(int argc, char **argv)
{
    FILE *file = fopen(argc > 1 ? argv[1] : DATA "/access.log", "r");
    int code;

    if (!file)
        return 1;
    code = weft_main(demo, .file = file);
    fclose(file);
    return code;
}
