/* Map and reduce: the squares of the numbers below 1000, and the longest Collatz sequence below 100000. */
#include <stdio.h>
#include <weft.h>

struct square {
    int unused;
};
static int square(struct square *self, const int *in, long *out)
{
    (void)self;
    *out = (long)*in * *in;
    return 0;
}

struct longest {
    size_t start;
    int steps;
};

struct search {
    int unused;
};
static int search(struct search *self, size_t begin, size_t end, struct longest *best)
{
    (void)self;
    for (size_t i = begin; i < end; i++) {
        int steps = 0;

        for (size_t n = i; n != 1; n = n % 2 ? 3 * n + 1 : n / 2)
            steps++;
        if (steps > best->steps)
            *best = (struct longest){i, steps};
    }
    return 0;
}

/* In the order of the range, so that of two that are equal the first one stays. */
static int longer(struct search *self, struct longest *left, struct longest *right)
{
    (void)self;
    if (right->steps > left->steps)
        *left = *right;
    return 0;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    static int numbers[1000];
    static long squares[1000];
    struct longest best = {0, 0};
    int rc;

    (void)self;
    for (int i = 0; i < 1000; i++)
        numbers[i] = i;
    rc = weft_map(numbers, squares, 1000, square, 0);
    if (rc == 0)
        printf("999 squared is %ld\n", squares[999]);
    if (rc == 0)
        rc = weft_reduce(1, 100000, &best, search, longer, 0);
    if (rc == 0)
        printf("%zu takes %d steps to 1\n", best.start, best.steps);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
