/* Broadcast: what is pushed into one coroutine goes to several others.
 *
 *                       +-> grep weft ---+
 *     lines -> broadcast +-> grep warp ---+-> printer
 *                       +-> grep loom ---+
 *
 * In a pipeline of generators the last one pulls; here the first one pushes, and so the pipe may fork and join.
 */
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct line {
    char text[48];
};
typedef weft_generator(struct line) sink; /* what lines are sent to */

static const struct line nothing;

struct printer {
    sink out;
};
static int printer(struct printer *self)
{
    struct line line;
    int rc, number = 0;

    while ((rc = weft_emit_recv(self->out, nothing, &line)) >= 0)
        if (rc == 1)
            printf("%d: %s\n", ++number, line.text);
    return rc;
}

struct grep {
    sink out;
    sink target;
    const char *pattern;
};
static int grep(struct grep *self)
{
    struct line line, found;
    int rc;

    while ((rc = weft_emit_recv(self->out, nothing, &line)) >= 0) {
        if (rc != 1 || !strstr(line.text, self->pattern))
            continue;
        snprintf(found.text, sizeof found.text, "[%s] %.38s", self->pattern, line.text);
        if ((rc = weft_send_in(self->target, found, NULL)) < 0)
            break;
    }
    return rc;
}

struct broadcast {
    sink out;
    sink *targets;
    int count;
};
static int broadcast(struct broadcast *self)
{
    struct line line;
    int rc, sent = 0;

    while ((rc = weft_emit_recv(self->out, nothing, &line)) >= 0 && sent == 0)
        for (int i = 0; rc == 1 && i < self->count && sent == 0; i++)
            sent = weft_send_in(self->targets[i], line, NULL);
    return sent < 0 ? sent : rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    static const char *const patterns[] = {"weft", "warp", "loom"};
    static const struct line lines[] = {{"the weft crosses the warp"}, {"nothing here"}, {"a loom holds the warp"}};
    weft_scope scope;
    sink print, all, greps[3];
    int rc;

    (void)self;
    weft_scope_open(&scope);
    print = weft_generator_new(&scope, struct line, printer);
    rc = weft_next(print, NULL); /* each must stand at its first emit before it can receive */
    for (int i = 0; i < 3; i++) {
        greps[i] = weft_generator_new(&scope, struct line, grep, .target = print, .pattern = patterns[i]);
        if (rc == 0)
            rc = weft_next(greps[i], NULL);
    }
    all = weft_generator_new(&scope, struct line, broadcast, .targets = greps, .count = 3);
    if (rc == 0)
        rc = weft_next(all, NULL);
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = weft_send_in(all, lines[i], NULL);
    weft_generator_free(all);
    for (int i = 0; i < 3; i++)
        weft_generator_free(greps[i]);
    weft_generator_free(print);
    return weft_scope_close_with(&scope, rc);
}

int main(void)
{
    return weft_main(demo, 0);
}
