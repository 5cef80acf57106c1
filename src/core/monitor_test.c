/* The monitor, proven as progress: every hog spins, and every blocked task blocks in a real flock(2) or read(2), until
 * a ticker has ticked so often. A scheduler that starves the ticker hangs, and the harness says so.
 */
#include "run.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/guest.h>
#include <weft/io.h>
#include <weft/scope.h>
#include <weft/task.h>
#include <weft/time.h>

enum { TICKS = 100, BLOCKED = 64, ROUNDS = 3 };

#define NEEDS_THREADS                                                                                                  \
    do {                                                                                                               \
        if (getenv("WEFT_SEED"))                                                                                       \
            SKIP("needs real threads");                                                                                \
    } while (0)

static atomic_int ticks, ended; /* of the round */
static char lock_path[64];

static unsigned workers(void)
{
    struct weft_stats stats;

    MUST(weft_stats(&stats) == 0);
    return stats.workers;
}

/* ---- what waits, and what it waits for ---- */

struct ticker {
    int count;
};

static int ticker(struct ticker *self)
{
    for (int i = 0; i < self->count; i++) {
        int rc = weft_sleep(100 * WEFT_MICROSECOND);

        if (rc < 0)
            return rc;
        atomic_fetch_add(&ticks, 1);
    }
    return 0;
}

struct hog {
    int until;
};

/* Calls nothing of ours. */
static int hog(struct hog *self)
{
    while (atomic_load_explicit(&ticks, memory_order_relaxed) < self->until)
        ;
    atomic_fetch_add(&ended, 1);
    return 0;
}

struct reader {
    int fd;
};

/* Blocks in the kernel until a byte comes; one write wakes one reader. */
static int reader(struct reader *self)
{
    char byte;

    if (read(self->fd, &byte, 1) != 1)
        return -EIO;
    atomic_fetch_add(&ended, 1);
    return 0;
}

static int open_lock(void)
{
    int fd = open(lock_path, O_RDWR | O_CLOEXEC);

    MUST(fd >= 0);
    return fd;
}

struct locker {
    int unused;
};

static int locker(struct locker *self)
{
    int fd = open_lock();

    (void)self;
    if (flock(fd, LOCK_EX) < 0)
        return -errno;
    flock(fd, LOCK_UN);
    close(fd);
    atomic_fetch_add(&ended, 1);
    return 0;
}

/* Ticks, then lets everybody go. */
struct release {
    int pipe, lock, readers;
};

static int release(struct release *self)
{
    struct ticker t = {TICKS};
    int rc = ticker(&t);

    for (int i = 0; i < self->readers; i++)
        MUST(write(self->pipe, "x", 1) == 1);
    MUST(flock(self->lock, LOCK_UN) == 0);
    return rc;
}

static void make_lock_file(void)
{
    int fd;

    snprintf(lock_path, sizeof lock_path, "/tmp/weft-monitor-XXXXXX");
    fd = mkstemp(lock_path);
    MUST(fd >= 0);
    close(fd);
}

/* So many hogs a core, and so many tasks that block, half on a pipe and half on a lock; the ticker comes last. */
struct crowd {
    int hogs_a_core, blocked, hold;
};

static int crowd(struct crowd *self)
{
    int hogs = self->hogs_a_core * (int)workers(), readers = self->blocked / 2, ends[2], lock = open_lock(), rc;
    weft_scope scope;

    atomic_store(&ticks, 0);
    atomic_store(&ended, 0);
    MUST(pipe2(ends, O_CLOEXEC) == 0);
    MUST(flock(lock, LOCK_EX) == 0);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < readers; i++)
        CHECK_EQ(weft_go(&scope, reader, .fd = ends[0]), 0);
    for (int i = readers; i < self->blocked; i++)
        CHECK_EQ(weft_go(&scope, locker), 0);
    for (int i = 0; i < hogs; i++)
        CHECK_EQ(weft_go(&scope, hog, .until = TICKS), 0);
    if (self->hold) { /* the holder ticks by itself */
        struct release r = {ends[1], lock, readers};

        CHECK_EQ(release(&r), 0);
    } else {
        CHECK_EQ(weft_go(&scope, release, .pipe = ends[1], .lock = lock, .readers = readers), 0);
    }
    rc = weft_scope_close(&scope);
    CHECK_EQ(atomic_load(&ended), hogs + self->blocked);
    CHECK_EQ(atomic_load(&ticks), TICKS);
    close(lock);
    close(ends[0]);
    close(ends[1]);
    return rc;
}

static void crowds(int rounds, int hogs_a_core, int blocked, int hold)
{
    make_lock_file();
    for (int i = 0; i < rounds; i++)
        CHECK_EQ(RUN(crowd, .hogs_a_core = hogs_a_core, .blocked = blocked, .hold = hold), 0);
    unlink(lock_path);
}

/* ---- progress ---- */

TEST(four_hogs_a_core_do_not_stop_a_ticker)
{
    NEEDS_THREADS;
    crowds(ROUNDS, 4, 0, 0);
}

TEST(sixty_four_blocked_tasks_do_not_stop_a_ticker)
{
    NEEDS_THREADS;
    crowds(ROUNDS, 0, BLOCKED, 0);
}

TEST(hogs_and_blocked_tasks_together_do_not_stop_a_ticker)
{
    NEEDS_THREADS;
    crowds(ROUNDS, 4, BLOCKED, 0);
}

TEST(the_holder_of_a_lock_that_all_others_want_goes_on)
{
    NEEDS_THREADS;
    crowds(ROUNDS, 4, BLOCKED, 1);
}

TEST(one_hog_and_one_blocked_task_again_and_again)
{
    NEEDS_THREADS;
    make_lock_file();
    MUST(weft_start(NULL) == 0);
    for (int i = 0; i < 3 * ROUNDS; i++)
        CHECK_EQ(weft_call(crowd, .hogs_a_core = 1, .blocked = 2), 0);
    MUST(weft_stop() == 0);
    unlink(lock_path);
}

TEST_PROCESS(the_crowd)
{
    crowds(2, 4, BLOCKED, 0);
}

TEST(hogs_that_keep_their_priority_do_not_stop_a_ticker)
{
    const char *env[] = {"WEFT_DEMOTE=0", NULL};
    char output[2048];

    NEEDS_THREADS;
    CHECK_EQ(test_process("the_crowd", env, output, sizeof output), 0);
    CHECK_STR(output, "");
}

TEST(one_worker_is_enough_for_all_of_it)
{
    const char *env[] = {"WEFT_WORKERS=1", NULL};
    char output[2048];

    NEEDS_THREADS;
    CHECK_EQ(test_process("the_crowd", env, output, sizeof output), 0);
    CHECK_STR(output, "");
}

TEST(more_workers_than_cores_change_nothing)
{
    const char *env[] = {"WEFT_WORKERS=8", NULL};
    char output[2048];

    NEEDS_THREADS;
    CHECK_EQ(test_process("the_crowd", env, output, sizeof output), 0);
    CHECK_STR(output, "");
}

/* ---- the thread cap ---- */

static void print_report(const char *line)
{
    fprintf(stderr, "report: %s\n", line);
}

TEST_PROCESS(twice_the_cap)
{
    weft_on_report(print_report);
    crowds(1, 0, 16, 1);
    crowds(1, 0, 16, 0);
}

TEST_PROCESS(twice_the_cap_with_hogs)
{
    weft_on_report(print_report);
    crowds(1, 8, 16, 1);
}

TEST(beyond_the_cap_there_is_a_report_and_no_stall)
{
    const char *env[] = {"WEFT_THREADS=8", "WEFT_WORKERS=2", NULL};
    char output[4096];

    NEEDS_THREADS;
    CHECK_EQ(test_process("twice_the_cap", env, output, sizeof output), 0);
    CHECK_HAS(output, "report: all ");
    CHECK_HAS(output, "WEFT_THREADS");
}

TEST(beyond_the_cap_hogs_are_no_stall_either)
{
    const char *env[] = {"WEFT_THREADS=8", "WEFT_WORKERS=2", NULL};
    char output[4096];

    NEEDS_THREADS;
    CHECK_EQ(test_process("twice_the_cap_with_hogs", env, output, sizeof output), 0);
    CHECK_HAS(output, "report: all ");
}

/* ---- what becomes of a hog ---- */

struct answer {
    int value;
};

static int answer(struct answer *self)
{
    struct hog h = {TICKS};

    hog(&h);
    return self->value;
}

struct join_hogs {
    int unused;
};

static int join_hogs(struct join_hogs *self)
{
    enum { HOGS = 8 };
    weft_task *tasks[HOGS];
    weft_scope scope;

    (void)self;
    atomic_store(&ticks, 0);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < HOGS; i++)
        CHECK_EQ(weft_go_with(&scope, (.handle = &tasks[i]), answer, .value = 100 + i), 0);
    CHECK_EQ(weft_go(&scope, ticker, .count = TICKS), 0);
    for (int i = 0; i < HOGS; i++) {
        int result = -1;

        CHECK_EQ(weft_join(tasks[i], &result), 0);
        CHECK_EQ(result, 100 + i);
    }
    return weft_scope_close(&scope);
}

TEST(a_hog_that_returns_is_joined_as_usual)
{
    NEEDS_THREADS;
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQ(RUN(join_hogs), 0);
}

struct checker {
    int unused;
};

static int checker(struct checker *self)
{
    int rc;

    (void)self;
    while ((rc = weft_check()) == 0)
        ;
    atomic_fetch_add(&ended, 1);
    return rc;
}

struct cancel_hogs {
    int by_deadline;
};

static int cancel_hogs(struct cancel_hogs *self)
{
    int hogs = 4 * (int)workers(), rc;
    weft_scope scope;

    atomic_store(&ticks, 0);
    atomic_store(&ended, 0);
    MUST(weft_scope_open(&scope, .timeout = self->by_deadline ? 20 * WEFT_MILLISECOND : 0) == 0);
    for (int i = 0; i < hogs; i++) {
        rc = weft_go(&scope, checker);
        CHECK(rc == 0 || (self->by_deadline && rc == -ETIMEDOUT));
        if (rc < 0)
            atomic_fetch_add(&ended, 1);
    }
    if (!self->by_deadline) {
        struct ticker t = {TICKS};

        CHECK_EQ(ticker(&t), 0);
        CHECK_EQ(weft_scope_cancel(&scope), 0);
    }
    rc = weft_scope_close(&scope);
    CHECK_EQ(atomic_load(&ended), hogs);
    return rc;
}

TEST(hogs_that_check_end_when_they_are_cancelled)
{
    NEEDS_THREADS;
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQ(RUN(cancel_hogs), -ECANCELED);
}

TEST(hogs_that_check_end_at_a_deadline)
{
    NEEDS_THREADS;
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQ(RUN(cancel_hogs, .by_deadline = 1), -ETIMEDOUT);
}

/* Computes, sleeps, computes: becomes a hog and comes back, often. */
struct part_time {
    int bursts;
};

static int part_time(struct part_time *self)
{
    for (int i = 0; i < self->bursts; i++) {
        int seen = atomic_load(&ticks);

        while (atomic_load_explicit(&ticks, memory_order_relaxed) < seen + 5)
            ;
        CHECK_EQ(weft_yield(), 0);
        CHECK_EQ(weft_sleep(1), 0);
    }
    atomic_fetch_add(&ended, 1);
    return 0;
}

struct part_timers {
    int count;
};

struct endless_ticker {
    int until; /* so many have ended */
};

static int endless_ticker(struct endless_ticker *self)
{
    while (atomic_load(&ended) < self->until) {
        int rc = weft_sleep(100 * WEFT_MICROSECOND);

        if (rc < 0)
            return rc;
        atomic_fetch_add(&ticks, 1);
    }
    return 0;
}

static int part_timers(struct part_timers *self)
{
    weft_scope scope;

    atomic_store(&ticks, 0);
    atomic_store(&ended, 0);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->count; i++)
        CHECK_EQ(weft_go(&scope, part_time, .bursts = 10), 0);
    CHECK_EQ(weft_go(&scope, endless_ticker, .until = self->count), 0);
    return weft_scope_close(&scope);
}

TEST(tasks_that_hog_and_wait_by_turns_all_end)
{
    NEEDS_THREADS;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(RUN(part_timers, .count = 12), 0);
}

/* ---- blocking, then waiting as usual ---- */

struct block_then_read {
    int pipe, socket;
};

static int block_then_read(struct block_then_read *self)
{
    struct reader r = {self->pipe};
    int rc = reader(&r), sum = 0;
    char byte;

    if (rc < 0)
        return rc;
    for (int i = 0; i < 10; i++) {
        if (weft_read(self->socket, &byte, 1) != 1 || weft_write(self->socket, &byte, 1) != 1)
            return -EIO;
        sum += byte;
        if (i == 5 && read(self->pipe, &byte, 1) != 1)
            return -EIO;
    }
    return sum;
}

struct block_and_serve {
    int count;
};

static int block_and_serve(struct block_and_serve *self)
{
    enum { MOST = 16 };
    int pipes[2], sockets[MOST][2], count = self->count, rc;
    weft_task *tasks[MOST];
    weft_scope scope;
    char byte;

    atomic_store(&ticks, 0);
    MUST(count <= MOST && pipe2(pipes, O_CLOEXEC) == 0);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < count; i++) {
        MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets[i]) == 0);
        rc = weft_go_with(&scope, (.handle = &tasks[i]), block_then_read, .pipe = pipes[0], .socket = sockets[i][1]);
        CHECK_EQ(rc, 0);
    }
    CHECK_EQ(weft_go(&scope, ticker, .count = 10), 0);
    for (int i = 0; i < 2 * count; i++) /* each reads twice */
        MUST(write(pipes[1], "x", 1) == 1);
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < count; i++) {
            byte = (char)i;
            CHECK_EQ(weft_write(sockets[i][0], &byte, 1), 1);
            byte = 99;
            CHECK_EQ(weft_read(sockets[i][0], &byte, 1), 1);
            CHECK_EQ(byte, i);
        }
    for (int i = 0; i < count; i++) {
        CHECK_EQ(weft_join(tasks[i], &rc), 0);
        CHECK_EQ(rc, 10 * i);
    }
    rc = weft_scope_close(&scope);
    for (int i = 0; i < count; i++) {
        weft_fd_close(sockets[i][0]);
        weft_fd_close(sockets[i][1]);
    }
    close(pipes[0]);
    close(pipes[1]);
    return rc;
}

TEST(a_task_that_blocked_reads_sockets_afterwards)
{
    NEEDS_THREADS;
    for (int i = 0; i < 2 * ROUNDS; i++)
        CHECK_EQ(RUN(block_and_serve, .count = 16), 0);
}

static int read_byte(void *argument)
{
    struct reader r = {*(int *)argument};

    return reader(&r) < 0 ? -EIO : 7;
}

struct hint {
    int fd;
};

static int hint(struct hint *self)
{
    char before[16], after[16];

    snprintf(before, sizeof before, "%s", weft_task_name());
    CHECK_EQ(weft_blocking(read_byte, &self->fd), 7);
    snprintf(after, sizeof after, "%s", weft_task_name());
    CHECK_STR(after, before);
    CHECK_EQ(weft_yield(), 0);
    return 0;
}

struct hints {
    int count;
};

static int hints(struct hints *self)
{
    weft_scope scope;
    int ends[2], rc;

    atomic_store(&ended, 0);
    atomic_store(&ticks, 0);
    MUST(pipe2(ends, O_CLOEXEC) == 0);
    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->count; i++)
        CHECK_EQ(weft_go(&scope, hint, .fd = ends[0]), 0);
    CHECK_EQ(ticker(&(struct ticker){TICKS}), 0);
    for (int i = 0; i < self->count; i++)
        MUST(write(ends[1], "x", 1) == 1);
    rc = weft_scope_close(&scope);
    CHECK_EQ(atomic_load(&ended), self->count);
    close(ends[0]);
    close(ends[1]);
    return rc;
}

TEST(weft_blocking_frees_the_worker_for_others)
{
    NEEDS_THREADS;
    for (int i = 0; i < ROUNDS; i++)
        CHECK_EQ(RUN(hints, .count = 32), 0);
}

static int give_seven(void *argument)
{
    return *(int *)argument + 7;
}

struct hint_in_place {
    int times;
};

static int hint_in_place(struct hint_in_place *self)
{
    for (int i = 0; i < self->times; i++) {
        CHECK_EQ(weft_blocking(give_seven, &i), i + 7);
        if (i % 3 == 0)
            CHECK_EQ(weft_yield(), 0);
    }
    return 0;
}

static int nested(void *argument)
{
    return weft_blocking(give_seven, argument);
}

struct hint_in_hint {
    int unused;
};

static int hint_in_hint(struct hint_in_hint *self)
{
    int one = 1;

    (void)self;
    CHECK_EQ(weft_blocking(nested, &one), 8);
    return weft_yield();
}

TEST(weft_blocking_runs_in_place_and_gives_the_result)
{
    int one = 1;

    CHECK_EQ(weft_blocking(give_seven, &one), 8); /* a plain thread, before any start */
    CHECK_EQ(RUN(hint_in_place, .times = 200), 0);
    CHECK_EQ(RUN(hint_in_hint), 0);
}

struct hint_often {
    int tasks, times;
};

static int hint_often(struct hint_often *self)
{
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < self->tasks; i++)
        CHECK_EQ(weft_go(&scope, hint_in_place, .times = self->times), 0);
    return weft_scope_close(&scope);
}

TEST_PROCESS(hints_among_thieves)
{
    CHECK_EQ(RUN(hint_often, .tasks = 32, .times = many(400)), 0);
}

TEST(weft_blocking_is_safe_from_thieves_that_reach_for_the_worker)
{
    const char *env[] = {"WEFT_WORKERS=4", NULL};
    char output[2048];

    NEEDS_THREADS;
    CHECK_EQ(test_process("hints_among_thieves", env, output, sizeof output), 0);
    CHECK_STR(output, "");
}

TEST_PROCESS(hints_beyond_the_cap)
{
    weft_on_report(print_report);
    CHECK_EQ(RUN(hints, .count = 16), 0);
}

TEST(weft_blocking_at_the_thread_cap_does_not_stall)
{
    const char *env[] = {"WEFT_THREADS=4", "WEFT_WORKERS=2", NULL};
    char output[4096];

    NEEDS_THREADS;
    CHECK_EQ(test_process("hints_beyond_the_cap", env, output, sizeof output), 0);
}

/* ---- threads are reused ---- */

struct threads_stay {
    int rounds;
};

static int threads_stay(struct threads_stay *self)
{
    struct weft_stats stats;
    unsigned after_first = 0;

    for (int i = 0; i < self->rounds; i++) {
        struct crowd c = {0, 16, 0};

        CHECK_EQ(crowd(&c), 0);
        MUST(weft_stats(&stats) == 0);
        if (i == 0)
            after_first = stats.threads;
    }
    CHECK(stats.threads <= after_first + 16 + stats.workers);
    return 0;
}

TEST(threads_of_blocked_tasks_are_used_again)
{
    NEEDS_THREADS;
    make_lock_file();
    CHECK_EQ(RUN(threads_stay, .rounds = 10), 0);
    unlink(lock_path);
}

/* ---- events behind hogs ---- */

struct echo {
    int fd;
};

static int echo(struct echo *self)
{
    char byte;
    ssize_t n;

    while ((n = weft_read(self->fd, &byte, 1)) == 1)
        if (weft_write(self->fd, &byte, 1) != 1)
            return -EIO;
    return (int)n;
}

static int client_fd;

/* A plain thread: ticks at each answer. */
static void *ask(void *argument)
{
    char byte = 'x';

    (void)argument;
    for (int i = 0; i < TICKS; i++) {
        MUST(write(client_fd, &byte, 1) == 1);
        MUST(read(client_fd, &byte, 1) == 1);
        atomic_fetch_add(&ticks, 1);
    }
    shutdown(client_fd, SHUT_WR);
    return NULL;
}

struct serve_behind_hogs {
    int fd;
};

static int serve_behind_hogs(struct serve_behind_hogs *self)
{
    int hogs = 4 * (int)workers();
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, echo, .fd = self->fd), 0);
    for (int i = 0; i < hogs; i++)
        CHECK_EQ(weft_go(&scope, hog, .until = TICKS), 0);
    return weft_scope_close(&scope);
}

TEST(answers_come_from_behind_hogs)
{
    NEEDS_THREADS;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        int ends[2];

        atomic_store(&ticks, 0);
        MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        client_fd = ends[0];
        MUST(pthread_create(&thread, NULL, ask, NULL) == 0);
        CHECK_EQ(RUN(serve_behind_hogs, .fd = ends[1]), 0);
        pthread_join(thread, NULL);
        close(ends[0]);
        close(ends[1]);
    }
}
