/* The same calls for every fd: a pipe between two tasks, and a file.
 *
 * One task writes lines into the pipe; another reads them and writes them to a file. The pipe parks whoever is too
 * fast; a file never blocks a worker.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>

enum { LINES = 20000 }; /* more than a pipe holds */

struct produce {
    int fd;
};
static int produce(struct produce *self)
{
    ssize_t n = 0;

    for (int i = 1; i <= LINES && n >= 0; i++) {
        char line[32];

        n = weft_write_all(self->fd, line, (size_t)snprintf(line, sizeof line, "line %d\n", i));
    }
    weft_fd_close(self->fd); /* the reader sees the end */
    return n < 0 ? (int)n : 0;
}

struct store {
    int from, to;
};
static int store(struct store *self)
{
    char buffer[4096];
    ssize_t n;

    while ((n = weft_read(self->from, buffer, sizeof buffer)) > 0)
        if ((n = weft_write_all(self->to, buffer, (size_t)n)) < 0)
            break;
    weft_fd_close(self->from);
    return (int)n;
}

/* Counts the lines of the file, and keeps the beginning of the last one. */
static int count_lines(int fd, char *ret_last, size_t size)
{
    char buffer[4096];
    size_t used = 0;
    int lines = 0;
    ssize_t n;

    while ((n = weft_read(fd, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (used > 0 && ret_last[used - 1] == '\n')
                used = 0;
            if (used + 1 < size)
                ret_last[used++] = buffer[i];
            lines += buffer[i] == '\n';
        }
    }
    ret_last[used] = '\0';
    return n < 0 ? (int)n : lines;
}

struct demo {
    int file;
};
static int demo(struct demo *self)
{
    char last[32];
    weft_scope scope;
    int ends[2], rc;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -EMFILE;
    weft_scope_open(&scope);
    weft_go(&scope, produce, .fd = ends[1]);
    weft_go(&scope, store, .from = ends[0], .to = self->file);
    rc = weft_scope_close(&scope);
    if (rc < 0)
        return rc;
    if (lseek(self->file, 0, SEEK_SET) < 0)
        return -EIO;
    rc = count_lines(self->file, last, sizeof last);
    if (rc >= 0)
        printf("%d lines, the last one: %s", rc, last);
    return rc;
}

int main(void)
{
    char name[] = "/tmp/weft-lines-XXXXXX";
    int file = mkstemp(name);

    if (file < 0)
        return 1;
    unlink(name); /* it lives as long as it is open */
    return weft_main(demo, .file = file);
}
