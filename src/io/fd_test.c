/* Numbers of descriptors that come again, run out, are used by plain threads, and are many. */
#include "io/io_test.h"

/* ---- numbers that come again ---- */

TEST_IN_TASK(bad_numbers_and_a_double_close_are_ebadf)
{
    char byte;
    int ends[2], out;

    pair(ends);
    CHECK_EQ(weft_fd_close(ends[0]), 0);
    CHECK_EQ(weft_fd_close(ends[0]), -EBADF);
    CHECK_EQ(weft_read(ends[0], &byte, 1), -EBADF);
    CHECK_EQ(weft_write(ends[0], &byte, 1), -EBADF);
    CHECK_EQ(weft_wait_readable(ends[0]), -EBADF);
    CHECK_EQ(weft_accept(ends[0]), -EBADF);
    CHECK_EQ(weft_shutdown(ends[0], SHUT_WR), -EBADF);
    for (int i = 0; i < 3; i++) {
        static const int bad[] = {-1, INT_MIN, INT_MAX};

        CHECK_EQ(weft_fd_close(bad[i]), -EBADF);
        CHECK_EQ(weft_read(bad[i], &byte, 1), -EBADF);
        CHECK_EQ(weft_write(bad[i], &byte, 1), -EBADF);
        CHECK_EQ(weft_wait_writable(bad[i]), -EBADF);
        CHECK_EQ(weft_accept(bad[i]), -EBADF);
    }
    out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK_EQ(weft_read(out, &byte, 1), -EBADF); /* the kernel's own: not open for reading */
    CHECK_EQ(weft_fd_close(out), 0);
    return weft_fd_close(ends[1]);
}

TEST_IN_TASK(a_number_that_comes_again_is_a_new_descriptor)
{
    for (int i = 0; i < 50; i++) {
        char byte = 0;
        int ends[2];
        weft_scope scope;

        if (i % 3 == 0)
            tcp_pair(ends);
        else if (i % 3 == 1)
            pair(ends);
        else
            MUST(pipe(ends) == 0);
        MUST(weft_scope_open(&scope) == 0);
        CHECK_EQ(weft_go(&scope, read_one, .fd = ends[0 + 0], .byte = &byte), 0);
        if (i % 3 == 2)
            CHECK_EQ(weft_write(ends[1], "n", 1), 1);
        else
            CHECK_EQ(weft_write_all(ends[1], "n", 1), 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(byte, 'n');
        close_both(ends);
    }
    return 0;
}

/* Gives the two descriptors those two numbers. */
static void take_numbers(int fds[2], const int numbers[2])
{
    int high[2];

    for (int i = 0; i < 2; i++) {
        MUST((high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 500)) >= 0);
        close(fds[i]);
    }
    for (int i = 0; i < 2; i++) {
        MUST((fds[i] = dup2(high[i], numbers[i])) == numbers[i]);
        close(high[i]);
    }
}

/* Waits on it, closes it with close(2), and makes another kind of file of the same number. */
TEST_IN_TASK(a_descriptor_closed_behind_our_back_may_come_again)
{
    for (int i = 0; i < 12; i++) {
        char byte = 0;
        int ends[2], again[2];
        weft_scope scope;

        if (i & 1)
            pair(ends);
        else
            tcp_pair(ends);
        MUST(weft_scope_open(&scope, .timeout = WEFT_MICROSECOND) == 0);
        CHECK_EQ(weft_read(ends[1], &byte, 1), -ETIMEDOUT); /* it is registered now */
        (void)weft_scope_close(&scope);                     /* what it makes of that is not the point here */
        close(ends[0]);
        close(ends[1]);
        if (i & 2)
            pair(again);
        else
            MUST(pipe(again) == 0);
        take_numbers(again, ends);
        MUST(weft_scope_open(&scope) == 0);
        CHECK_EQ(weft_go(&scope, read_one, .fd = again[0], .byte = &byte), 0);
        settle();
        CHECK_EQ(weft_write(again[1], "b", 1), 1);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(byte, 'b');
        close_both(again);
    }
    return 0;
}

/* ---- out of descriptors ---- */

struct starve {
    int unused;
};

static int starve(struct starve *self)
{
    char address[ADDRESS];
    int listener = listen_on("tcp://127.0.0.1:0", address), client, spare[64], count = 0;
    atomic_int here = 0;
    weft_scope scope;

    (void)self;
    MUST(weft_connect(address, &client) == 0);
    while (count < 64 && (spare[count] = dup(client)) >= 0)
        count++;
    MUST(count < 64 && count > 0 && errno == EMFILE);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, accept_one, .listener = listener, .here = &here), 0);
    await(&here, 1);
    settle();
    CHECK_EQ(weft_scope_count(&scope), 1); /* it waits, and does not fail */
    CHECK_EQ(weft_fd_close(spare[--count]), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    MUST((spare[count] = dup(client)) >= 0);
    count++;
    MUST(weft_scope_open(&scope, .timeout = 20 * WEFT_MILLISECOND) == 0);
    CHECK_EQ(weft_accept(listener), -ETIMEDOUT);
    (void)weft_scope_close(&scope); /* what it makes of that is not the point here */
    CHECK_EQ(weft_listen("tcp://127.0.0.1:0"), -EMFILE);
    CHECK_EQ(weft_connect(address, &client), -EMFILE);
    return 0;
}

TEST_PROCESS(few_descriptors)
{
    struct rlimit few = {32, 32};

    MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
    CHECK_EQ(RUN(starve), 0);
}

TEST(accept_waits_while_there_are_no_descriptors_and_goes_on_when_one_is_closed)
{
    char output[2048];

    CHECK_EQ(test_process("few_descriptors", NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
}

/* ---- plain threads ---- */

static void *plain_echo(void *argument)
{
    int fd = *(int *)argument;
    char byte;

    while (weft_read(fd, &byte, 1) == 1)
        CHECK_EQ(weft_write(fd, &byte, 1), 1);
    return NULL;
}

static void threads_talk(int started)
{
    char address[ADDRESS], byte = 'a';
    int ends[2], listener = listen_on("tcp://127.0.0.1:0", address);
    pthread_t thread;

    MUST(weft_connect(address, &ends[0]) == 0);
    MUST((ends[1] = weft_accept(listener)) >= 0);
    MUST(pthread_create(&thread, NULL, plain_echo, &ends[1]) == 0);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(weft_write_all(ends[0], &byte, 1), 1);
        CHECK_EQ(weft_wait_readable(ends[0]), 0);
        CHECK_EQ(weft_read_all(ends[0], &byte, 1), 1);
    }
    CHECK_EQ(weft_shutdown(ends[0], SHUT_WR), 0);
    pthread_join(thread, NULL);
    close_both(ends);
    CHECK_EQ(weft_fd_close(listener), 0);
    CHECK_EQ(weft_fd_close(listener), -EBADF);
    (void)started;
}

TEST(plain_threads_may_read_and_write_before_and_after_a_start)
{
    threads_talk(0);
    MUST(weft_start(NULL) == 0);
    threads_talk(1);
    MUST(weft_stop() == 0);
    threads_talk(0);
}

struct echo_task {
    int fd;
};

static int echo_task(struct echo_task *self)
{
    return echo(&(struct echo){self->fd});
}

static void *plain_client(void *argument)
{
    int fd = *(int *)argument;
    char byte;

    for (int i = 0; i < 100; i++) {
        byte = (char)i;
        MUST(weft_write(fd, &byte, 1) == 1);
        byte = 0;
        MUST(weft_read(fd, &byte, 1) == 1);
        CHECK_EQ(byte, i);
    }
    CHECK_EQ(weft_fd_close(fd), 0);
    return NULL;
}

TEST(a_plain_thread_talks_with_a_task)
{
    pthread_t thread;
    int ends[2];

    pair(ends);
    MUST(pthread_create(&thread, NULL, plain_client, &ends[0]) == 0);
    CHECK_EQ(RUN(echo_task, .fd = ends[1]), 0);
    pthread_join(thread, NULL);
}

static void *close_it(void *argument)
{
    CHECK_EQ(weft_fd_close(*(int *)argument), 0);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_closes_what_a_task_reads)
{
    atomic_int here = 0;
    pthread_t thread;
    weft_scope scope;
    int ends[2];

    tcp_pair(ends);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, read_one, .fd = ends[1], .here = &here), 0);
    await(&here, 1);
    settle();
    MUST(pthread_create(&thread, NULL, close_it, &ends[1]) == 0);
    CHECK_EQ(weft_scope_close(&scope), -EBADF);
    pthread_join(thread, NULL);
    return weft_fd_close(ends[0]);
}

TEST(a_descriptor_outlives_the_runtime)
{
    int ends[2];

    pair(ends);
    for (int i = 0; i < 3; i++) {
        ssize_t n = 0;

        CHECK_EQ(weft_write(ends[0], "x", 1), 1);
        CHECK_EQ(RUN(read_one, .fd = ends[1], .n = &n), 0);
        CHECK_EQ(n, 1);
    }
    close_both(ends);
}

/* ---- many ---- */

TEST_IN_TASK(a_thousand_connections_echo)
{
    int count = is_seeded() ? 20 : 1000;
    struct rlimit limit;

    MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur < 2100) {
        limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
        if (limit.rlim_cur < 2100 || setrlimit(RLIMIT_NOFILE, &limit) < 0)
            SKIP_IN_TASK("needs 2,100 descriptors");
    }
    return talk("tcp://127.0.0.1:0", count);
}

TEST_IN_TASK(a_full_queue_of_a_unix_listener_delays_connect)
{
    char at[64];

    snprintf(at, sizeof at, "unix:@weft-io-full-%d", getpid());
    return talk(at, is_seeded() ? 20 : 300);
}
