/* Parallel for: the primes below a million, each number tested on its own. */
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

struct test_primes {
    unsigned char *prime;
};
static int test_primes(struct test_primes *self, size_t begin, size_t end)
{
    for (size_t n = begin; n < end; n++) {
        self->prime[n] = 1;
        for (size_t d = 2; d * d <= n && self->prime[n]; d++)
            self->prime[n] = n % d != 0;
    }
    return 0;
}

struct demo {
    size_t limit;
};
static int demo(struct demo *self)
{
    unsigned char *prime = calloc(self->limit, 1);
    size_t count = 0;
    int rc = weft_for(2, self->limit, test_primes, .prime = prime);

    for (size_t n = 0; n < self->limit; n++)
        count += prime[n];
    if (rc == 0)
        printf("%zu primes below %zu\n", count, self->limit);
    free(prime);
    return rc;
}

int main(void)
{
    return weft_main(demo, .limit = 1000000);
}
