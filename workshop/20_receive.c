/* Coroutines that receive: the values go in where an ordinary generator gives them out. */
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct line {
    char text[48];
};

/* Gives nothing, and keeps its pattern and its count in local variables from line to line. */
struct grep {
    weft_generator(struct line) out;
    const char *pattern;
};
static int grep(struct grep *self)
{
    struct line line, nothing = {""};
    int rc, found = 0;

    printf("looking for %s\n", self->pattern);
    while ((rc = weft_emit_recv(self->out, nothing, &line)) >= 0) /* 1: a line came with it */
        if (rc == 1 && strstr(line.text, self->pattern)) {
            puts(line.text);
            found++;
        }
    printf("closed; found: %d\n", found);
    return rc;
}

/* Takes a number, gives the average of all so far. */
struct average {
    weft_generator(double) out;
};
static int average(struct average *self)
{
    double sum = 0, number;
    int rc, count = 0;

    while ((rc = weft_emit_recv(self->out, count ? sum / count : 0, &number)) >= 0)
        if (rc == 1) {
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
    static const struct line lines[] = {{"yeah, but no, but yeah"}, {"a series of tubes"}, {"the loom and the weft"}};
    double now = 0;
    weft_scope scope;
    int rc;

    (void)self;
    weft_scope_open(&scope);
    weft_generator(struct line) search = weft_generator_new(&scope, struct line, grep, .pattern = "weft");
    rc = weft_next(search, NULL); /* runs it to its first emit, where it can receive */
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = weft_send_in(search, lines[i], NULL);
    weft_generator_free(search);

    weft_generator(double) running = weft_generator_new(&scope, double, average);
    if (rc == 0)
        rc = weft_next(running, NULL);
    for (int i = 1; i <= 4 && rc == 0; i++) {
        rc = weft_send_in(running, i * 10.0, &now);
        printf("%d in, average %.1f\n", i * 10, now);
    }
    weft_generator_free(running);
    return weft_scope_close_with(&scope, rc);
}

int main(void)
{
    return weft_main(demo, 0);
}
