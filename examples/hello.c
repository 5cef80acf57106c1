/* The first program: five tasks at once, and a scope that waits for them. Run it with: weft run examples/hello.c */
#include <stdio.h>
#include <weft.h>

/* A task is a function and a struct of the same name: its arguments. */
struct square {
    int n;
    int *result;
};
static int square(struct square *self)
{
    weft_sleep(100 * WEFT_MILLISECOND); /* parks this task; all five sleep at the same time */
    *self->result = self->n * self->n;
    return 0;
}

struct hello {
    const char *whom;
};
static int hello(struct hello *self)
{
    weft_scope scope;
    int results[5];

    printf("hello, %s\n", self->whom);
    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, square, .n = i + 1, .result = &results[i]);
    if (weft_scope_close(&scope) < 0) /* waits for all five */
        return -1;
    for (int i = 0; i < 5; i++)
        printf("%d squared is %d\n", i + 1, results[i]);
    return 0;
}

int main(void)
{
    return weft_main(hello, .whom = "world");
}
