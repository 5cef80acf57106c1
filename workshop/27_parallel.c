/* Loops in parallel: for, map, reduce. The library cuts the range into pieces; how many tasks take part, and how large
 * a piece is, it finds out as the loop runs.
 */
#include <stdbool.h>
#include <stdio.h>
#include <weft.h>
#include <weft/par.h>

enum { COUNT = 50000, SHOWN = 6 };

/* For: a piece [begin, end) of the range; each task writes places of its own. */
struct sieve {
    bool *is_prime;
};
static int sieve(struct sieve *self, size_t begin, size_t end)
{
    for (size_t n = begin; n < end; n++) {
        self->is_prime[n] = n >= 2;
        for (size_t d = 2; d * d <= n && self->is_prime[n]; d++)
            self->is_prime[n] = n % d != 0;
    }
    return 0;
}

/* Map: of one array another. */
struct square {
    int unused;
};
static int square(struct square *self, const int *in, long *out)
{
    (void)self;
    *out = (long)*in * *in;
    return 0;
}

/* Reduce: fold adds a piece to a value of its own, combine adds two such values. */
struct count_primes {
    const bool *is_prime;
};
static int count_primes(struct count_primes *self, size_t begin, size_t end, long *count)
{
    for (size_t n = begin; n < end; n++)
        *count += self->is_prime[n];
    return 0;
}

static int add(struct count_primes *self, long *left, long *right)
{
    (void)self;
    *left += *right;
    return 0;
}

struct demo {
    bool *is_prime;
};
static int demo(struct demo *self)
{
    static const int numbers[SHOWN] = {3, 1, 4, 1, 5, 9};
    long squares[SHOWN] = {0}, primes = 0;
    int rc = weft_for(0, COUNT, sieve, .is_prime = self->is_prime);

    if (rc == 0)
        rc = weft_reduce(0, COUNT, &primes, count_primes, add, .is_prime = self->is_prime);
    printf("primes below %d: %ld\n", COUNT, primes);
    if (rc == 0)
        rc = weft_map(numbers, squares, SHOWN, square, 0);
    for (int i = 0; i < SHOWN; i++)
        printf("%ld%c", squares[i], i == SHOWN - 1 ? '\n' : ' ');
    return rc;
}

int main(void)
{
    static bool is_prime[COUNT];

    return weft_main(demo, .is_prime = is_prime);
}
