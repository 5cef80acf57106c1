/* A hub: an event loop of the program's own, around poll(2), with tasks as its neighbours.
 *
 * The loop's thread runs no task. Tasks compute on the other cores and post what they have found; the loop calls it on
 * its own thread, between its other events, and so needs no lock for what only it touches.
 *
 *     tasks --- weft_hub_post ---> hub fd ----+
 *                                             +--- poll(2) --- the loop
 *     the program's own fds (here, a pipe) ---+
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>

/* What the loop knows; only its thread touches it. */
struct loop {
    weft_hub *hub;
    int pipe[2]; /* closed by the worker when all is done */
    long found, sum;
};

struct finding {
    struct loop *loop;
    long number;
};

/* On the loop's thread. */
static void take_finding(void *argument)
{
    struct finding *finding = argument;

    finding->loop->found++;
    finding->loop->sum += finding->number;
}

/* A task: looks for the first prime above a number, and posts it. */
struct search {
    long from;
    struct finding *finding;
};
static int search(struct search *self)
{
    long number = self->from, divisor = 0;

    while (divisor * divisor <= number) {
        number++;
        for (divisor = 2; divisor * divisor <= number && number % divisor; divisor++)
            ;
    }
    self->finding->number = number;
    return weft_hub_post(self->finding->loop->hub, take_finding, self->finding);
}

struct search_all {
    struct finding *findings;
    int count;
};
static int search_all(struct search_all *self)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < self->count; i++)
        weft_go(&scope, search, .from = 1000000L * (i + 1), .finding = &self->findings[i]);
    return weft_scope_close(&scope);
}

/* A thread that waits for the tasks, so that the loop need not. */
static void *worker(void *argument)
{
    struct loop *loop = argument;
    static struct finding findings[8]; /* they outlive this thread: the loop reads them later */
    static int rc;

    for (int i = 0; i < 8; i++)
        findings[i].loop = loop;
    rc = weft_call(search_all, .findings = findings, .count = 8);
    close(loop->pipe[1]);
    return &rc;
}

/* The event loop. It ends when the pipe does, after what was posted before. */
static void run_loop(struct loop *loop)
{
    struct pollfd fds[] = {{.fd = weft_hub_fd(loop->hub), .events = POLLIN}, {.fd = loop->pipe[0], .events = POLLIN}};

    while (!fds[1].revents && poll(fds, 2, -1) > 0)
        if (fds[0].revents || fds[1].revents)
            weft_hub_poll(loop->hub, 0);
    printf("the loop was told of %ld primes; their sum is %ld\n", loop->found, loop->sum);
}

int main(void)
{
    struct loop loop = {.hub = weft_hub_new()};
    pthread_t thread;
    void *rc;

    if (!loop.hub || pipe(loop.pipe) < 0 || weft_start(NULL) < 0)
        return 1;
    if (pthread_create(&thread, NULL, worker, &loop) != 0)
        return 1;
    run_loop(&loop);
    pthread_join(thread, &rc);
    weft_hub_free(loop.hub);
    close(loop.pipe[0]);
    weft_stop();
    return *(int *)rc < 0;
}
