/* A barrier: eight numbers sort themselves.
 *
 * Each task stands between two neighbours and puts them in order: tasks with an even number in even steps, the others
 * in odd ones, so that no two touch the same number. The barrier keeps the steps apart. After as many steps as there
 * are numbers they are sorted (odd-even transposition sort, Habermann 1972).
 */
#include <stdio.h>
#include <weft.h>

enum { NUMBERS = 8 };

struct between {
    weft_barrier *step_done;
    int *left; /* and the one to its right */
    int number;
};
static int between(struct between *self)
{
    int *left = self->left, *right = left + 1, rc = 0;

    for (int step = 0; step < NUMBERS && rc >= 0; step++) {
        if (step % 2 == self->number % 2 && *left > *right) {
            int larger = *left;

            *left = *right;
            *right = larger;
        }
        rc = weft_barrier_wait(self->step_done); /* 1 for the last to come, 0 for the others */
    }
    return rc;
}

struct sort {
    int numbers[NUMBERS];
};
static int sort(struct sort *self)
{
    weft_barrier step_done;
    weft_scope scope;
    int rc;

    weft_barrier_init(&step_done, NUMBERS - 1);
    weft_scope_open(&scope);
    for (int i = 0; i < NUMBERS - 1; i++)
        weft_go(&scope, between, .step_done = &step_done, .left = &self->numbers[i], .number = i);
    rc = weft_scope_close(&scope);
    for (int i = 0; i < NUMBERS; i++)
        printf("%d%c", self->numbers[i], i == NUMBERS - 1 ? '\n' : ' ');
    return rc;
}

int main(void)
{
    return weft_main(sort, .numbers = {8, 3, 7, 1, 6, 2, 5, 4});
}
