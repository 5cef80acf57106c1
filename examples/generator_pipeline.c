/* A pipeline of generators, pulled at one end and pushed at the other.
 *
 *     lines ---> only_errors ---> demo ---> running_mean
 *      (each asks the one before it)    (is sent to)
 *
 * The first two are iterators: a value is made when it is asked for. The last one is a coroutine that receives: its
 * emit gives the mean so far and takes the next number. None of them has a loop turned inside out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

static const char *const log_lines[] = {
    "info 3 started", "error 12 disk slow", "info 5 idle", "error 30 disk slow", "error 18 disk slow", "info 4 stopped",
};

struct lines {
    weft_generator(const char *) out;
};
static int lines(struct lines *self)
{
    int rc = 0;

    for (size_t i = 0; i < sizeof log_lines / sizeof log_lines[0] && rc == 0; i++)
        rc = weft_emit(self->out, log_lines[i]);
    return rc;
}

struct only_errors {
    weft_generator(const char *) out;
    weft_generator(const char *) in;
};
static int only_errors(struct only_errors *self)
{
    const char *line;
    int rc;

    while ((rc = weft_next(self->in, &line)) == 0)
        if (strncmp(line, "error ", 6) == 0 && (rc = weft_emit(self->out, line)) < 0)
            break;
    return rc; /* -EPIPE: the end, of the one before it or by the one behind it */
}

struct running_mean {
    weft_generator(double) out;
};
static int running_mean(struct running_mean *self)
{
    double sum = 0, number;
    int count = 0, rc;

    while ((rc = weft_emit_recv(self->out, count ? sum / count : 0, &number)) >= 0) {
        if (rc == 0)
            continue; /* asked, but not told anything */
        sum += number;
        count++;
    }
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_generator(const char *) all, errors;
    weft_generator(double) mean;
    const char *line;
    weft_scope scope;
    double value;
    int rc;

    (void)self;
    weft_scope_open(&scope);
    all = weft_generator_new(&scope, const char *, lines, .out = NULL);
    errors = weft_generator_new(&scope, const char *, only_errors, .in = all);
    mean = weft_generator_new(&scope, double, running_mean, .out = NULL);
    rc = weft_next(mean, NULL); /* up to its first emit, which then takes what is sent */
    while (rc == 0 && (rc = weft_next(errors, &line)) == 0)
        if ((rc = weft_send_in(mean, strtod(line + 6, NULL), &value)) == 0)
            printf("%-18s mean %g\n", line, value);
    weft_generator_free(mean);
    weft_generator_free(errors); /* those behind first: they use those before */
    weft_generator_free(all);
    return weft_scope_close_with(&scope, rc == -EPIPE ? 0 : rc);
}

int main(void)
{
    return weft_main(demo, 0);
}
