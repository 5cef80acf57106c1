/* Select: wait for work, for a signal and for nothing of the kind, in one place. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>

struct boss {
    weft_chan(int) jobs;
};
static int boss(struct boss *self)
{
    int rc = 0;

    for (int job = 1; job <= 3 && rc == 0; job++)
        rc = weft_send(self->jobs, job);
    kill(getpid(), SIGHUP); /* as an administrator would from a shell */
    return rc;
}

struct worker {
    int reloads;
};
static int worker(struct worker *self)
{
    weft_chan(int) jobs = weft_chan_new(int, 0);
    weft_scope scope;
    int job, rc = 0, got = 0;

    weft_signal_watch(SIGHUP); /* before it can come */
    weft_scope_open(&scope);
    weft_go(&scope, boss, .jobs = jobs);
    while (self->reloads == 0 && got >= 0) {
        switch (got = weft_select(weft_on_recv(jobs, &job, &rc), weft_on_signal(SIGHUP))) {
        case 0:
            printf("job %d\n", job);
            break;
        case 1:
            printf("reload %d\n", ++self->reloads);
        }
    }
    rc = weft_scope_close_with(&scope, got < 0 ? got : 0); /* < 0: cancelled, as by Ctrl-C */

    got = weft_select(weft_on_recv(jobs, &job, NULL), weft_on_timeout(10 * WEFT_MILLISECOND));
    printf("nobody sends: case %d, the timeout\n", got);
    got = weft_select(weft_on_recv(jobs, &job, NULL), weft_on_default());
    printf("only a look: case %d, the default\n", got);
    weft_chan_close(jobs);
    got = weft_select(weft_on_recv(jobs, &job, &rc), weft_on_timeout(WEFT_SECOND));
    printf("closed: case %d with %s\n", got, weft_error_name(rc));
    weft_signal_unwatch(SIGHUP);
    weft_chan_free(jobs);
    return got < 0 ? got : 0;
}

int main(void)
{
    return weft_main(worker, .reloads = 0);
}
