/* Supervision: a worker that fails on some jobs is started again, and loses only those; one that always fails is not
 * started for ever. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct job {
    int number;
    weft_asker(int) from; /* who wants to know how many are done */
};

struct worker {
    weft_actor(struct job) actor;
    int *starts, *done;
};
static int worker(struct worker *self)
{
    struct job job;
    int rc;

    ++*self->starts;
    while ((rc = weft_recv(weft_mailbox(self->actor), &job)) == 0) {
        if (job.number % 4 == 3)
            return -EIO; /* its successor finds the rest in the mailbox */
        weft_reply(self->actor, job.from, ++*self->done);
    }
    return rc;
}

static int work(void)
{
    int starts = 0, done = 0, answer = 0, rc;
    weft_supervisor supervisor;
    weft_actor(struct job) actor;

    if ((rc = weft_supervisor_open(&supervisor, .restarts = 5, .span = WEFT_SECOND)) < 0)
        return rc;
    actor = weft_actor_start(&supervisor, (.restart = WEFT_TRANSIENT), struct job, worker, .starts = &starts,
                             .done = &done);
    for (int number = 0; number < 10 && rc == 0; number++)
        rc = weft_tell(actor, (struct job){.number = number});
    if (rc == 0) /* the one who asks does not notice the restarts before it is its turn */
        rc = weft_ask(actor, from, &answer, 10 * WEFT_SECOND, (struct job){.number = 10});
    weft_actor_stop(actor);
    rc = weft_supervisor_close_with(&supervisor, rc);
    printf("11 jobs: %d done, %d starts\n", answer, starts);
    return rc;
}

struct hopeless {
    int *starts;
};
static int hopeless(struct hopeless *self)
{
    ++*self->starts;
    return -ENODEV;
}

static int fail(void)
{
    weft_supervisor supervisor;
    int starts = 0, rc;

    if ((rc = weft_supervisor_open(&supervisor, .restarts = 3)) < 0)
        return rc;
    weft_supervise(&supervisor, (.restart = WEFT_PERMANENT), hopeless, .starts = &starts);
    rc = weft_supervisor_close(&supervisor);
    printf("hopeless: %d starts, then %s\n", starts, weft_error_name(rc));
    return rc == -ENODEV ? 0 : rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    int rc = work();

    (void)self;
    return rc < 0 ? rc : fail();
}

int main(void)
{
    return weft_main(demo, 0);
}
