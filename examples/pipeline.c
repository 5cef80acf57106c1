/* A pipeline: numbers are made, squared by four tasks at once, and printed in order until it is enough. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct count {
    int next;
};
static int count(struct count *self, int *out)
{
    *out = self->next++; /* without end */
    return 0;
}

struct square {
    int unused;
};
static int square(struct square *self, const int *in, long *out)
{
    (void)self;
    *out = (long)*in * *in;
    return *in % 2 ? 0 : WEFT_SKIP;
}

struct print {
    int left;
};
static int print(struct print *self, const long *in)
{
    printf("%ld\n", *in);
    return --self->left ? 0 : -EPIPE; /* enough */
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    (void)self;
    return weft_pipeline(weft_pipeline_source(int, count, .next = 1),
                         weft_pipeline_stage_with((.width = 4), int, long, square, 0),
                         weft_pipeline_sink(long, print, .left = 5));
}

int main(void)
{
    return weft_main(demo, 0);
}
