/* Select: one task listens to two channels at once, and gives up when nothing has come for too long. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct speaker {
    weft_chan(int) out;
    int first, count;
};
static int speaker(struct speaker *self)
{
    int rc = 0;

    for (int i = 0; i < self->count && rc == 0; i++)
        rc = weft_send(self->out, self->first + i);
    return rc;
}

static int listen_to(weft_chan(int) low, weft_chan(int) high, int count)
{
    long sums[2] = {0};
    int number, rc, which;

    for (int i = 0; i < count; i++) {
        which = weft_select(weft_on_recv(low, &number, &rc), weft_on_recv(high, &number, &rc),
                            weft_on_timeout(30 * WEFT_SECOND));
        if (which < 0)
            return which; /* the scope's cancellation or deadline: nothing was received */
        if (which == 2)
            return -ETIME;
        if (rc < 0) /* what the receive would have returned: 0, or -EPIPE from a closed channel */
            return rc;
        sums[which] += number; /* exactly one case has happened */
    }
    printf("low numbers make %ld, high ones %ld\n", sums[0], sums[1]);
    return 0;
}

struct demo {
    int count;
};
static int demo(struct demo *self)
{
    weft_chan(int) low = weft_chan_new(int, 0), high = weft_chan_new(int, 10);
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, speaker, .out = low, .first = 1, .count = self->count);
    weft_go(&scope, speaker, .out = high, .first = 1001, .count = self->count);
    rc = weft_scope_close_with(&scope, listen_to(low, high, 2 * self->count));
    weft_chan_free(low);
    weft_chan_free(high);
    return rc;
}

int main(void)
{
    return weft_main(demo, .count = 100);
}
