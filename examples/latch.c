/* A latch: wait until three plain threads of some library have called back, or until that takes too long.
 *
 * For tasks there is weft_scope_close; a latch counts what is not a task.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <weft.h>

static weft_latch done; /* static, as is what the threads write to: they may outlive a wait that was given up */
static int bytes[3];

/* On a thread of the library. */
static void *finished(void *argument)
{
    *(int *)argument = 1000;
    weft_latch_done(&done);
    return NULL;
}

struct demo {
    int64_t patience;
};
static int demo(struct demo *self)
{
    for (int i = 0; i < 3; i++) {
        pthread_t thread;

        weft_latch_add(&done, 1); /* before what it counts begins */
        if (pthread_create(&thread, NULL, finished, &bytes[i]) == 0)
            pthread_detach(thread);
        else
            weft_latch_done(&done);
    }
    switch (weft_select(weft_on_latch(&done), weft_on_timeout(self->patience))) {
    case 0:
        printf("%d bytes, %u to go\n", bytes[0] + bytes[1] + bytes[2], weft_latch_count(&done));
        return 0;
    case 1:
        return -ETIME;
    default:
        return -ECANCELED;
    }
}

int main(void)
{
    return weft_main(demo, .patience = 30 * WEFT_SECOND);
}
