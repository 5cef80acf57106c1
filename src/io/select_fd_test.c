/* Descriptors as cases of a select. */
#include "io/io_test.h"

/* A connected pair of each kind: 0 is read from, 1 is written to. */
enum { PIPE, UNIX, TCP, KINDS };

static void connected(int ends[2], int kind)
{
    if (kind == PIPE)
        MUST(pipe(ends) == 0);
    else if (kind == UNIX)
        pair(ends);
    else
        tcp_pair(ends);
}

static void put(int fd)
{
    CHECK_EQ(weft_write(fd, "p", 1), 1);
}

static void take(int fd)
{
    char byte = 0;

    CHECK_EQ(weft_read(fd, &byte, 1), 1);
    CHECK_EQ(byte, 'p');
}

/* As await, for what comes by way of the kernel: under a seed it is asked only when no task is ready. */
static void await_io(atomic_int *counter, int wanted)
{
    while (atomic_load(counter) < wanted)
        (void)weft_sleep(WEFT_MILLISECOND);
}

struct put_later {
    int fd, yields;
};

static int put_later(struct put_later *self)
{
    for (int i = 0; i < self->yields; i++)
        (void)weft_yield();
    put(self->fd);
    return 0;
}

TEST_IN_TASK(a_select_tells_which_descriptor_is_readable)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (int yields = 0; yields < 6; yields++) {
            weft_scope scope;
            int a[2], b[2];

            connected(a, kind);
            connected(b, (kind + yields) % KINDS);
            weft_scope_open(&scope);
            weft_go(&scope, put_later, .fd = b[1], .yields = yields);
            CHECK_EQ(weft_select(weft_on_readable(a[0]), weft_on_readable(b[0])), 1);
            CHECK_EQ(weft_select(weft_on_readable(a[0]), weft_on_readable(b[0])), 1); /* nothing was read */
            take(b[0]);
            CHECK_EQ(weft_select(weft_on_readable(a[0]), weft_on_readable(b[0]), weft_on_default()), 2);
            CHECK_EQ(weft_select(weft_on_readable(a[0]), weft_on_readable(b[0]), weft_on_timeout(WEFT_MICROSECOND)), 2);
            put(a[1]);
            take(a[0]); /* who has lost waits no more, and took nothing */
            CHECK_EQ(weft_scope_close(&scope), 0);
            close_both(a);
            close_both(b);
        }
    }
    return 0;
}

TEST_IN_TASK(the_same_descriptor_may_stand_twice_in_a_select)
{
    weft_scope scope;
    int ends[2];

    pair(ends);
    CHECK_EQ(weft_select(weft_on_readable(ends[0]), weft_on_writable(ends[0])), 1);
    weft_scope_open(&scope);
    weft_go(&scope, put_later, .fd = ends[1], .yields = 3);
    CHECK(weft_select(weft_on_readable(ends[0]), weft_on_readable(ends[0])) <= 1);
    CHECK_EQ(weft_select_first(weft_on_readable(ends[0]), weft_on_writable(ends[0])), 0);
    take(ends[0]);
    CHECK_EQ(weft_scope_close(&scope), 0);
    close_both(ends);
    return 0;
}

/* How much a stream takes before it blocks. */
static size_t fill(int fd)
{
    static const char block[4096];
    size_t total = 0;

    while (weft_select(weft_on_writable(fd), weft_on_default()) == 0) {
        ssize_t n;
        weft_scope brief;

        weft_scope_open(&brief, .timeout = WEFT_MILLISECOND);
        n = weft_write(fd, block, sizeof block);
        (void)weft_scope_close(&brief);
        if (n < 0)
            break;
        total += (size_t)n;
    }
    return total;
}

struct drain {
    int fd;
    size_t bytes;
};

static int drain(struct drain *self)
{
    static char block[65536];

    (void)weft_yield();
    while (self->bytes > 0) {
        ssize_t n = weft_read(self->fd, block, self->bytes < sizeof block ? self->bytes : sizeof block);

        CHECK(n > 0);
        if (n <= 0)
            return (int)n;
        self->bytes -= (size_t)n;
    }
    return 0;
}

TEST_IN_TASK(a_select_waits_until_a_descriptor_is_writable)
{
    for (int kind = 0; kind < KINDS; kind++) {
        weft_scope scope;
        size_t bytes;
        int ends[2];

        connected(ends, kind);
        bytes = fill(ends[1]);
        CHECK(bytes > 0);
        weft_scope_open(&scope);
        weft_go(&scope, drain, .fd = ends[0], .bytes = bytes);
        CHECK_EQ(weft_select(weft_on_writable(ends[1]), weft_on_readable(ends[1])), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        close_both(ends);
    }
    return 0;
}

struct shut {
    int fd;
};

static int shut(struct shut *self)
{
    (void)weft_yield();
    return weft_fd_close(self->fd);
}

TEST_IN_TASK(the_end_of_a_stream_is_readable)
{
    for (int kind = 0; kind < KINDS; kind++) {
        weft_scope scope;
        int ends[2];
        char byte;

        connected(ends, kind);
        weft_scope_open(&scope);
        weft_go(&scope, shut, .fd = ends[1]);
        CHECK_EQ(weft_select(weft_on_readable(ends[0])), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(weft_read(ends[0], &byte, 1), 0);
        CHECK_EQ(weft_select(weft_on_readable(ends[0]), weft_on_default()), 0); /* for good */
        CHECK_EQ(weft_fd_close(ends[0]), 0);
    }
    return 0;
}

TEST_IN_TASK(a_stream_without_a_reader_is_writable)
{
    for (int kind = PIPE; kind <= UNIX; kind++) {
        weft_scope scope;
        int ends[2];

        connected(ends, kind);
        signal(SIGPIPE, SIG_IGN);
        CHECK(fill(ends[1]) > 0);
        weft_scope_open(&scope);
        weft_go(&scope, shut, .fd = ends[0]);
        CHECK_EQ(weft_select(weft_on_writable(ends[1])), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(weft_write(ends[1], "x", 1), -EPIPE);
        CHECK_EQ(weft_fd_close(ends[1]), 0);
    }
    return 0;
}

struct dial {
    const char *address;
};

static int dial(struct dial *self)
{
    int fd, rc = weft_connect(self->address, &fd);

    return rc < 0 ? rc : weft_fd_close(fd);
}

TEST_IN_TASK(a_listener_is_readable_when_somebody_connects)
{
    char address[ADDRESS];
    int listener = listen_on("tcp://127.0.0.1:0", address), fd;
    weft_scope scope;

    weft_scope_open(&scope);
    CHECK_EQ(weft_select(weft_on_readable(listener), weft_on_default()), 1);
    weft_go(&scope, dial, .address = address);
    CHECK_EQ(weft_select(weft_on_readable(listener)), 0);
    fd = weft_accept(listener);
    CHECK(fd >= 0);
    CHECK_EQ(weft_fd_close(fd), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return weft_fd_close(listener);
}

/* ---- what is no descriptor to wait for ---- */

TEST_IN_TASK(a_descriptor_that_is_not_open_is_EBADF)
{
    int bad[] = {-1, INT_MIN, INT_MAX, 0}, ends[2];

    pair(ends);
    bad[3] = ends[1];
    CHECK_EQ(weft_fd_close(ends[1]), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(weft_select(weft_on_readable(bad[i])), -EBADF);
        CHECK_EQ(weft_select(weft_on_writable(bad[i]), weft_on_default()), -EBADF);
        CHECK_EQ(weft_select_first(weft_on_timeout(WEFT_SECOND), weft_on_readable(bad[i])), -EBADF);
    }
    CHECK_EQ(weft_fd_close(ends[0]), 0);
    return 0;
}

TEST_IN_TASK(a_regular_file_is_always_ready)
{
    char path[] = "/tmp/weft-select-XXXXXX", byte;
    int fd = mkstemp(path), folder = open("/", O_RDONLY | O_CLOEXEC);

    MUST(fd >= 0 && folder >= 0);
    unlink(path);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(weft_select(weft_on_readable(fd)), 0);
        CHECK_EQ(weft_select(weft_on_writable(fd)), 0);
        CHECK_EQ(weft_select(weft_on_readable(folder)), 0);
        CHECK_EQ(weft_read(fd, &byte, 1), 0);
    }
    CHECK_EQ(weft_fd_close(folder), 0);
    return weft_fd_close(fd);
}

/* ---- closing, cancelling ---- */

struct selects {
    int fd, want;
    atomic_int *here, *done;
};

static int selects(struct selects *self)
{
    char byte;

    atomic_fetch_add(self->here, 1);
    CHECK_EQ(weft_select(weft_on_readable(self->fd)), self->want);
    if (self->want == 0 && !self->done)
        CHECK_EQ(weft_read(self->fd, &byte, 1), -EBADF);
    if (self->done)
        atomic_fetch_add(self->done, 1);
    return 0;
}

TEST_IN_TASK(closing_wakes_a_select_and_the_next_call_tells_why)
{
    for (int kind = 0; kind < KINDS; kind++) {
        atomic_int here = 0;
        weft_scope scope;
        int ends[2];

        connected(ends, kind);
        weft_scope_open(&scope);
        for (int i = 0; i < 3; i++)
            weft_go(&scope, selects, .fd = ends[0], .here = &here);
        await(&here, 3);
        settle();
        CHECK_EQ(weft_fd_close(ends[0]), 0);
        (void)weft_scope_close(&scope);
        CHECK_EQ(weft_fd_close(ends[1]), 0);
    }
    return 0;
}

TEST_IN_TASK(a_cancelled_select_leaves_the_descriptor_as_it_was)
{
    atomic_int here = 0, done = 0;
    weft_scope scope;
    int ends[2];

    pair(ends);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_select(weft_on_readable(ends[0])), -ETIMEDOUT);
    CHECK_EQ(weft_select(weft_on_writable(ends[0])), -ETIMEDOUT); /* looks first */
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, selects, .fd = ends[0], .want = -ECANCELED, .here = &here, .done = &done);
    await(&here, 3);
    weft_scope_cancel(&scope);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(done, 3);
    put(ends[1]);
    CHECK_EQ(weft_select(weft_on_readable(ends[0])), 0);
    take(ends[0]);
    close_both(ends);
    return 0;
}

/* ---- several at once ---- */

TEST_IN_TASK(one_of_two_that_are_ready_is_done_and_the_other_kept)
{
    weft_chan(int) items = weft_chan_new(int, 1);
    int ends[2], item = 0, rc = 1;

    pair(ends);
    put(ends[1]);
    CHECK_EQ(weft_send(items, 7), 0);
    CHECK_EQ(weft_select_first(weft_on_readable(ends[0]), weft_on_recv(items, &item, &rc)), 0);
    CHECK_EQ(item, 0);
    CHECK_EQ(rc, 1);
    CHECK_EQ(weft_select_first(weft_on_recv(items, &item, &rc), weft_on_readable(ends[0])), 0);
    CHECK_EQ(item, 7);
    CHECK_EQ(weft_select_first(weft_on_recv(items, &item, &rc), weft_on_readable(ends[0])), 1);
    take(ends[0]);
    weft_chan_free(items);
    close_both(ends);
    return 0;
}

TEST_IN_TASK(every_select_on_a_descriptor_is_woken)
{
    for (int kind = 0; kind < KINDS; kind++) {
        atomic_int here = 0, done = 0;
        weft_scope scope;
        int ends[2];

        connected(ends, kind);
        weft_scope_open(&scope);
        for (int i = 0; i < 5; i++)
            weft_go(&scope, selects, .fd = ends[0], .here = &here, .done = &done);
        await(&here, 5);
        put(ends[1]); /* nobody reads it, so that all see it */
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(done, 5);
        take(ends[0]);
        close_both(ends);
    }
    return 0;
}

enum { LINES = 4 };

/* Reads whichever of the lines has something, until all have ended. */
struct listen_to_all {
    const int *fds;
    atomic_int *bytes;
};

static int listen_to_all(struct listen_to_all *self)
{
    int open[LINES], left = LINES;

    memcpy(open, self->fds, sizeof open);
    while (left > 0) {
        struct weft_case cases[LINES];
        char block[16];
        ssize_t n;
        int at;

        for (int i = 0; i < left; i++)
            cases[i] = weft_on_readable(open[i]);
        at = weft_select_raw(cases, (size_t)left, 0);
        CHECK(at >= 0);
        n = recv(open[at], block, sizeof block, MSG_DONTWAIT); /* the other one may have been faster */
        if (n > 0)
            atomic_fetch_add(self->bytes, (int)n);
        else if (n == 0)
            open[at] = open[--left];
    }
    return 0;
}

struct chatter {
    int fd, bytes;
};

static int chatter(struct chatter *self)
{
    for (int i = 0; i < self->bytes; i++) {
        put(self->fd);
        if (i % 7 == 0)
            (void)weft_yield();
    }
    return weft_shutdown(self->fd, SHUT_WR);
}

TEST_IN_TASK(no_byte_is_missed_by_selects_over_many_lines)
{
    int ends[LINES][2], fds[LINES], bytes = many(3000);
    atomic_int read = 0;
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < LINES; i++) {
        connected(ends[i], i % 2 ? TCP : UNIX);
        fds[i] = ends[i][0];
    }
    for (int i = 0; i < 2; i++)
        weft_go(&scope, listen_to_all, .fds = fds, .bytes = &read);
    for (int i = 0; i < LINES; i++)
        weft_go(&scope, chatter, .fd = ends[i][1], .bytes = bytes);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(read, LINES * bytes);
    for (int i = 0; i < LINES; i++)
        close_both(ends[i]);
    return 0;
}

/* ---- from a plain thread ---- */

struct outside {
    int in, out;
    atomic_int done;
};

static void *select_outside(void *argument)
{
    struct outside *self = argument;

    for (int i = 0; i < 10; i++) {
        CHECK_EQ(weft_select(weft_on_readable(self->in)), 0);
        take(self->in);
        put(self->out);
    }
    CHECK_EQ(weft_select(weft_on_readable(self->in), weft_on_writable(self->in)), 1);
    CHECK_EQ(weft_select(weft_on_readable(-1)), -EBADF);
    if (!is_seeded()) /* virtual time waits for tasks, not for threads */
        CHECK_EQ(weft_select(weft_on_readable(self->in), weft_on_timeout(WEFT_MILLISECOND)), 1);
    atomic_store(&self->done, 1);
    return NULL;
}

TEST_IN_TASK(a_plain_thread_selects_on_descriptors)
{
    for (int kind = UNIX; kind <= TCP; kind++) {
        struct outside outside = {.done = 0};
        int there[2], back[2];
        pthread_t thread;

        connected(there, kind);
        connected(back, kind);
        outside.in = there[0];
        outside.out = back[1];
        MUST(pthread_create(&thread, NULL, select_outside, &outside) == 0);
        for (int i = 0; i < 10; i++) {
            put(there[1]);
            CHECK_EQ(weft_select(weft_on_readable(back[0])), 0);
            take(back[0]);
        }
        await_io(&outside.done, 1);
        MUST(pthread_join(thread, NULL) == 0);
        close_both(there);
        close_both(back);
    }
    return 0;
}

TEST_IN_TASK(a_number_that_comes_again_can_be_selected_on)
{
    for (int i = 0; i < 30; i++) {
        weft_scope scope;
        int ends[2];

        connected(ends, i % KINDS);
        weft_scope_open(&scope);
        CHECK_EQ(weft_select(weft_on_readable(ends[0]), weft_on_timeout(WEFT_MICROSECOND)), 1);
        weft_go(&scope, put_later, .fd = ends[1], .yields = i % 4);
        CHECK_EQ(weft_select(weft_on_readable(ends[0])), 0);
        take(ends[0]);
        CHECK_EQ(weft_scope_close(&scope), 0);
        if (i % 2) {
            close_both(ends);
        } else { /* behind our back */
            close(ends[0]);
            close(ends[1]);
        }
    }
    return 0;
}
