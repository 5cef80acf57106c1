/* Many tasks wait on one object: memory and time for each, and whether waking all of them takes time in proportion.
 * `weft run bench/waiters.c [MOST]`, by default 100,000. Each line comes from processes of its own, so that memory is
 * cold; times are the minimum of RUNS such processes. Parked in a sleep, beside them, a task costs what a task costs.
 */
#include <errno.h>
#include <error.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

enum { RUNS = 5 };

static weft_mutex lock = WEFT_MUTEX_INIT;
static weft_condition condition = WEFT_CONDITION_INIT;
static weft_semaphore semaphore;
static weft_rwlock rwlock = WEFT_RWLOCK_INIT;
static int is_open; /* lock */
static atomic_long came;

struct waiter {
    int unused;
};

static int in_condition(struct waiter *self)
{
    int rc = weft_mutex_lock(&lock);

    if (rc < 0)
        return rc;
    came++;
    while (!is_open && rc == 0)
        rc = weft_condition_wait(&condition, &lock);
    weft_mutex_unlock(&lock);
    return rc < 0 ? rc : self->unused;
}

static int in_semaphore(struct waiter *self)
{
    came++;
    int rc = weft_semaphore_acquire(&semaphore);

    return rc < 0 ? rc : self->unused;
}

static int in_rwlock(struct waiter *self)
{
    came++;
    int rc = weft_rwlock_read(&rwlock);

    return rc < 0 ? rc : weft_rwlock_read_unlock(&rwlock) + self->unused;
}

static int in_sleep(struct waiter *self)
{
    came++;
    int rc = weft_sleep(3600 * WEFT_SECOND);

    return rc == -ECANCELED ? self->unused : rc;
}

/* What makes them wait; what wakes them all. */
static int prepare(void)
{
    int rc = weft_semaphore_init(&semaphore);

    return rc < 0 ? rc : weft_rwlock_write(&rwlock);
}

static int wake_condition(weft_scope *scope, long count)
{
    int rc = weft_mutex_lock(&lock);

    (void)scope;
    (void)count;
    if (rc < 0)
        return rc;
    is_open = 1;
    weft_mutex_unlock(&lock);
    return weft_condition_broadcast(&condition);
}

static int wake_semaphore(weft_scope *scope, long count)
{
    int rc = 0;

    (void)scope;
    for (long i = 0; i < count && rc == 0; i++)
        rc = weft_semaphore_release(&semaphore);
    return rc;
}

static int wake_rwlock(weft_scope *scope, long count)
{
    (void)scope;
    (void)count;
    return weft_rwlock_write_unlock(&rwlock);
}

static int wake_sleep(weft_scope *scope, long count)
{
    (void)count;
    return weft_scope_cancel(scope);
}

static const struct object {
    const char *name;
    int (*wait)(struct waiter *);
    int (*wake)(weft_scope *, long);
} objects[] = {{"condition, broadcast", in_condition, wake_condition},
               {"semaphore, releases", in_semaphore, wake_semaphore},
               {"rwlock, write_unlock", in_rwlock, wake_rwlock},
               {"sleep, scope_cancel", in_sleep, wake_sleep}};

struct figures {
    double bytes, wait_ns, wake_ns, end_ns; /* each */
};

static long resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long all = 0, pages = 0;

    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2)
        error(1, 0, "cannot read /proc/self/statm");
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

struct task {
    const struct object *object;
};
static int task(struct task *self)
{
    return self->object->wait(&(struct waiter){0});
}

struct root {
    const struct object *object;
    long count;
    int out;
};
static int root(struct root *self)
{
    double count = (double)self->count;
    struct figures figures;
    weft_scope scope;
    int64_t start, woken;
    long before;
    int rc = prepare();

    if (rc < 0)
        return rc;
    before = resident();
    start = weft_now();
    weft_scope_open(&scope);
    for (long i = 0; i < self->count; i++)
        weft_go(&scope, task, .object = self->object);
    while (came < self->count) /* the last ones may run elsewhere still */
        weft_yield();
    figures.wait_ns = (double)(weft_now() - start) / count;
    figures.bytes = (double)(resident() - before) / count;

    start = weft_now();
    rc = self->object->wake(&scope, self->count);
    woken = weft_now();
    rc = weft_scope_close_with(&scope, rc);
    figures.wake_ns = (double)(woken - start) / count;
    figures.end_ns = (double)(weft_now() - start) / count;
    if (write(self->out, &figures, sizeof figures) != (ssize_t)sizeof figures)
        return -EIO;
    return self->object->wake == wake_sleep && rc == -ECANCELED ? 0 : rc;
}

/* In a process of its own. */
static struct figures measure(const struct object *object, long count)
{
    struct figures figures = {0};
    int ends[2], status;
    pid_t child;

    if (pipe(ends) < 0 || (child = fork()) < 0)
        error(1, errno, "cannot start a process");
    if (child == 0)
        _exit(weft_main(root, .object = object, .count = count, .out = ends[1]));
    close(ends[1]);
    if (read(ends[0], &figures, sizeof figures) != (ssize_t)sizeof figures || waitpid(child, &status, 0) < 0 || status)
        error(1, 0, "%s: failed", object->name);
    close(ends[0]);
    return figures;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

int main(int argc, char **argv)
{
    long most = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    long counts[] = {most / 10, most * 3 / 10, most};

    printf("%-22s %9s %12s %12s %12s %12s\n", "each, waiting on", "waiters", "bytes", "ns to wait", "ns to wake",
           "ns to end");
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        for (size_t j = 0; j < sizeof counts / sizeof *counts; j++) {
            struct figures best = measure(&objects[i], counts[j]);

            for (int run = 1; run < RUNS; run++) {
                struct figures next = measure(&objects[i], counts[j]);

                best = (struct figures){least(best.bytes, next.bytes), least(best.wait_ns, next.wait_ns),
                                        least(best.wake_ns, next.wake_ns), least(best.end_ns, next.end_ns)};
            }
            printf("%-22s %9ld %12.0f %12.0f %12.1f %12.1f\n", objects[i].name, counts[j], best.bytes, best.wait_ns,
                   best.wake_ns, best.end_ns);
            fflush(stdout);
        }
    return 0;
}
