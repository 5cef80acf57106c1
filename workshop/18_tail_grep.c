/* tail -f | grep, as a pipeline of generators, on a log that is being written meanwhile.
 *
 * `follow` gives the lines of a file and waits for more where it ends; `grep` asks it for lines and gives on those that
 * match. Nothing happens until the last of them is asked for a line. Closing the last closes the one before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft.h>

struct line {
    char text[80];
};

struct follow {
    weft_generator(struct line) out;
    const char *path;
};
static int follow(struct follow *self)
{
    FILE *file = fopen(self->path, "r");
    struct line line;
    size_t have = 0;
    int rc = 0;

    if (!file)
        return -ENOENT;
    while (rc == 0) {
        if (!fgets(line.text + have, (int)(sizeof line.text - have), file)) {
            clearerr(file);
            rc = weft_sleep(2 * WEFT_MILLISECOND); /* the end, for now */
            continue;
        }
        have += strlen(line.text + have);
        if (line.text[have - 1] != '\n' && have < sizeof line.text - 1)
            continue; /* the rest of the line is still to come */
        line.text[strcspn(line.text, "\n")] = '\0';
        have = 0;
        rc = weft_emit(self->out, line);
    }
    fclose(file);
    return rc;
}

struct grep {
    weft_generator(struct line) out;
    weft_generator(struct line) in;
    const char *pattern;
};
static int grep(struct grep *self)
{
    struct line line;
    int rc;

    while ((rc = weft_next(self->in, &line)) == 0)
        if (strstr(line.text, self->pattern) && (rc = weft_emit(self->out, line)) < 0)
            break;
    weft_generator_free(self->in); /* it was given to us */
    return rc;
}

struct writer {
    int fd;
};
static int writer(struct writer *self)
{
    char line[80];
    ssize_t n = 0;

    for (int i = 1; n >= 0; i++) { /* until it is cancelled */
        n = snprintf(line, sizeof line, "%d %s\n", i, i % 3 ? "GET /index.html" : "GET /weft.html");
        n = weft_write_all(self->fd, line, (size_t)n);
        if (n >= 0)
            n = weft_sleep(WEFT_MILLISECOND);
    }
    return (int)n;
}

struct demo {
    const char *path;
    int fd;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    struct line line;
    int rc = 0;

    weft_scope_open(&scope);
    weft_go(&scope, writer, .fd = self->fd);
    weft_generator(struct line) lines = weft_generator_new(&scope, struct line, follow, .path = self->path);
    weft_generator(struct line) found = weft_generator_new(&scope, struct line, grep, .in = lines, .pattern = "weft");
    for (int i = 0; i < 4 && (rc = weft_next(found, &line)) == 0; i++)
        puts(line.text);
    weft_generator_free(found);
    weft_scope_cancel(&scope); /* the writer never ends by itself */
    (void)weft_scope_close(&scope);
    return rc;
}

int main(void)
{
    char path[] = "/tmp/weft-tail-XXXXXX";
    int code, fd = mkstemp(path);

    if (fd < 0)
        return 1;
    code = weft_main(demo, .path = path, .fd = fd);
    close(fd);
    unlink(path);
    return code;
}
