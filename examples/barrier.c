/* A barrier: four tasks compute Pascal's triangle side by side, row after row.
 *
 * Each computes a part of the next row from the row before, so that none may begin a row before all have ended the
 * last one.
 */
#include <stdio.h>
#include <weft.h>

enum { TASKS = 4, WIDTH = 16, ROWS = 10 };

static weft_barrier barrier;
static int rows[2][WIDTH + 1] = {{0, 1}}; /* by turns; cell i is at i + 1 */

struct part {
    int first, count;
};
static int part(struct part *self)
{
    for (int row = 0; row < ROWS; row++) {
        const int *old = rows[row % 2];
        int *new = rows[1 - row % 2], rc;

        for (int i = self->first; i < self->first + self->count; i++)
            new[i + 1] = old[i] + old[i + 1];
        if ((rc = weft_barrier_wait(&barrier)) < 0)
            return rc; /* cancelled, or -EPIPE: another was, and the barrier is broken */
    }
    return 0;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int rc;

    (void)self;
    weft_barrier_init(&barrier, TASKS);
    weft_scope_open(&scope);
    for (int i = 0; i < TASKS; i++)
        weft_go(&scope, part, .first = i * WIDTH / TASKS, .count = WIDTH / TASKS);
    rc = weft_scope_close(&scope);
    for (int i = 0; i <= ROWS && rc == 0; i++)
        printf("%d%c", rows[ROWS % 2][i + 1], i < ROWS ? ' ' : '\n');
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
