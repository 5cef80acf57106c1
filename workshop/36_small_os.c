/* A small operating system, built on nothing but generators.
 *
 * A task is a generator. What it emits is a system call, what is sent in is its result; between two calls it has the
 * machine to itself. The kernel keeps the ready tasks in a queue and runs each to its next call. Calls: who am I,
 * start, kill, wait for a task, sleep, wait until a descriptor is readable, and give way. (The idea is David Beazley's,
 * in 'A Curious Course on Coroutines and Concurrency', 2009; it took eight steps there.)
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include <weft.h>

enum { TASKS = 8 };

struct call {
    enum { GIVE_WAY, GET_ID, START, KILL, WAIT, SLEEP, WAIT_READ } what;
    int number;      /* an id, an fd; on the way back the result */
    int64_t span;    /* of SLEEP */
    void *generator; /* of START: a weft_generator(struct call) */
};
typedef weft_generator(struct call) program;

static struct kernel {
    weft_scope scope;
    struct task {
        enum { FREE, READY, WAITS, SLEEPS, READS } state;
        program program;
        struct call result; /* of its last call, sent in when it runs again */
        int waits_for;      /* a task's index, or an fd */
        int64_t wake_at;
        bool started;
    } tasks[TASKS];
} kernel;

/* The kernel's side. */

static int start(program body)
{
    for (int i = 0; i < TASKS; i++)
        if (kernel.tasks[i].state == FREE) {
            kernel.tasks[i] = (struct task){.state = READY, .program = body};
            return i;
        }
    weft_generator_free(body);
    return -EAGAIN;
}

static int end(int id)
{
    if (id < 0 || id >= TASKS || kernel.tasks[id].state == FREE)
        return -ESRCH;
    weft_generator_free(kernel.tasks[id].program); /* one that is killed cleans up here */
    kernel.tasks[id].state = FREE;
    for (int i = 0; i < TASKS; i++)
        if (kernel.tasks[i].state == WAITS && kernel.tasks[i].waits_for == id)
            kernel.tasks[i].state = READY;
    return 0;
}

static void serve(int id, const struct call *call)
{
    struct task *task = &kernel.tasks[id];

    task->result = (struct call){.number = 0};
    switch (call->what) {
    case GIVE_WAY:
        break;
    case GET_ID:
        task->result.number = id;
        break;
    case START:
        task->result.number = start(call->generator);
        break;
    case KILL:
        task->result.number = call->number == id ? -EINVAL : end(call->number);
        break;
    case WAIT:
        if (call->number >= 0 && call->number < TASKS && kernel.tasks[call->number].state != FREE)
            task->state = WAITS;
        task->waits_for = call->number;
        break;
    case SLEEP:
        task->state = SLEEPS;
        task->wake_at = weft_now() + call->span;
        break;
    case WAIT_READ:
        task->state = READS;
        task->waits_for = call->number;
    }
}

static int run(int id)
{
    struct task *task = &kernel.tasks[id];
    struct call call;
    int rc;

    if (task->started)
        rc = weft_send_in(task->program, task->result, &call);
    else
        rc = weft_next(task->program, &call);
    task->started = true;
    if (rc < 0)
        return end(id); /* it has returned */
    serve(id, &call);
    return 0;
}

/* Nobody is ready: waits for the first of all that is waited for. < 0: nothing is, and that is the end. */
static int idle(void)
{
    struct weft_case cases[TASKS];
    int ids[TASKS], count = 0, i;

    for (int id = 0; id < TASKS; id++) {
        struct task *task = &kernel.tasks[id];

        if (task->state != SLEEPS && task->state != READS)
            continue;
        ids[count] = id;
        cases[count++] = task->state == SLEEPS ? weft_on_deadline(task->wake_at) : weft_on_readable(task->waits_for);
    }
    i = count ? weft_select_raw(cases, (size_t)count, 1) : -ESRCH;
    if (i >= 0)
        kernel.tasks[ids[i]].state = READY;
    return i;
}

static int run_all(void)
{
    int rc = 0;

    while (rc >= 0) {
        int ran = 0;

        for (int id = 0; id < TASKS; id++)
            if (kernel.tasks[id].state == READY && ++ran)
                (void)run(id);
        if (ran == 0)
            rc = idle();
    }
    return rc == -ESRCH ? 0 : rc;
}

/* The tasks' side: a library of one line for each call. */

static int call_kernel(program self, struct call call)
{
    struct call result = {.number = 0};
    int rc = weft_emit_recv(self, call, &result);

    return rc < 0 ? rc : result.number; /* < 0: killed */
}
#define RUN(self, fn, ...)                                                                                             \
    call_kernel(                                                                                                       \
        (self)->out,                                                                                                   \
        (struct call){.what = START, .generator = weft_generator_new(&kernel.scope, struct call, fn, __VA_ARGS__)})

struct ticker {
    program out;
    const char *name;
    int ticks; /* < 0: until it is killed */
};
static int ticker(struct ticker *self)
{
    int id = call_kernel(self->out, (struct call){.what = GET_ID}), rc = id;

    for (int i = 1; i != self->ticks + 1 && rc >= 0; i++) {
        if (self->ticks > 0)
            printf("task %d, %s: %d\n", id, self->name, i);
        rc = call_kernel(self->out, (struct call){.what = GIVE_WAY});
    }
    printf("task %d, %s: %s\n", id, self->name, rc < 0 ? "killed" : "done");
    return rc;
}

struct reader {
    program out;
    int fd;
};
static int reader(struct reader *self)
{
    char text[32];
    int rc = call_kernel(self->out, (struct call){.what = WAIT_READ, .number = self->fd});
    ssize_t n = rc < 0 ? rc : read(self->fd, text, sizeof text);

    if (n > 0)
        printf("reader: %.*s\n", (int)n, text);
    return rc;
}

struct init {
    program out;
    int pipe[2];
};
static int init(struct init *self)
{
    int warp, weft, endless, rc;

    RUN(self, reader, .fd = self->pipe[0]);
    warp = RUN(self, ticker, .name = "warp", .ticks = 3);
    weft = RUN(self, ticker, .name = "weft", .ticks = 4);
    endless = RUN(self, ticker, .name = "endless", .ticks = -1);
    call_kernel(self->out, (struct call){.what = WAIT, .number = warp});
    call_kernel(self->out, (struct call){.what = WAIT, .number = weft});
    puts("init: both have ended");
    rc = call_kernel(self->out, (struct call){.what = KILL, .number = endless});
    printf("init: killed task %d: %d\n", endless, rc);
    rc = call_kernel(self->out, (struct call){.what = KILL, .number = endless});
    printf("init: and once more: %s\n", weft_error_name(rc));
    call_kernel(self->out, (struct call){.what = SLEEP, .span = 5 * WEFT_MILLISECOND});
    puts("init: has slept");
    return write(self->pipe[1], "hello through a pipe", 20) == 20 ? 0 : -EPIPE;
}

struct boot {
    int unused;
};
static int boot(struct boot *self)
{
    int pipes[2], rc;

    (void)self;
    if (pipe(pipes) < 0)
        return -EMFILE;
    weft_scope_open(&kernel.scope, .on_error = WEFT_KEEP_GOING);
    start(weft_generator_new(&kernel.scope, struct call, init, .pipe = {pipes[0], pipes[1]}));
    rc = run_all();
    rc = weft_scope_close_with(&kernel.scope, rc);
    weft_fd_close(pipes[0]);
    weft_fd_close(pipes[1]);
    return rc;
}

int main(void)
{
    return weft_main(boot, 0);
}
