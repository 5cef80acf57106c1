/* Generators: a loop here, its body there. */
#include <stdio.h>
#include <weft.h>

struct countdown {
    weft_generator(int) out;
    int from;
};
static int countdown(struct countdown *self)
{
    int rc = 0;

    for (int i = self->from; i > 0 && rc == 0; i--)
        rc = weft_emit(self->out, i);
    return rc;
}

/* Without an end: it stops where its consumer stops asking. */
struct fibonacci {
    weft_generator(long) out;
};
static int fibonacci(struct fibonacci *self)
{
    long a = 0, b = 1;
    int rc;

    while ((rc = weft_emit(self->out, a)) == 0) {
        long next = a + b;

        a = b;
        b = next;
    }
    printf("... closed (%s); fibonacci cleans up here\n", weft_error_name(rc));
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_scope scope;

    (void)self;
    weft_scope_open(&scope);
    weft_generator(int) numbers = weft_generator_new(&scope, int, countdown, .from = 5);
    weft_generator_each(n, numbers) printf("%d ", n);
    printf("lift-off; and then %s\n", weft_error_name(weft_next(numbers, NULL)));
    weft_generator_free(numbers);

    weft_generator(long) endless = weft_generator_new(&scope, long, fibonacci);
    weft_generator_each(n, endless)
    {
        if (n > 100)
            break;
        printf("%ld ", n);
    }
    weft_generator_free(endless); /* lets the body come to its end */
    return weft_scope_close(&scope);
}

int main(void)
{
    return weft_main(demo, 0);
}
