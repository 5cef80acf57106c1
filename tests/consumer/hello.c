/* What every consumer builds: a program with two tasks. */
#include <weft.h>

#include <stdio.h>

struct add {
    int a, b, *out;
};

static int add(struct add *self)
{
    *self->out = self->a + self->b;
    return 0;
}

struct job {
    int n;
};

static int job(struct job *self)
{
    weft_scope scope;
    int one = 0, two = 0, rc;

    weft_scope_open(&scope);
    weft_go(&scope, add, .a = self->n, .b = 1, .out = &one);
    weft_go(&scope, add, .a = self->n, .b = 2, .out = &two);
    rc = weft_scope_close(&scope);
    printf("%d %d with weft %s\n", one, two, weft_version());
    return rc;
}

int main(void)
{
    return weft_main(job, .n = 40);
}
