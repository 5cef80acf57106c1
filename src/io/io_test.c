/* Reading, writing, accepting, connecting, closing; each where it works, where it waits, and where it fails. */
#include "io/io_test.h"

#include "io/fd.h"

/* ---- every kind of descriptor ---- */

TEST_IN_TASK(tcp_connections_echo)
{
    return talk("tcp://127.0.0.1:0", 8);
}

TEST_IN_TASK(tcp_over_ipv6_echoes)
{
    int fd = weft_listen("tcp://[::1]:0");

    if (fd < 0)
        SKIP_IN_TASK("no IPv6 here");
    weft_fd_close(fd);
    return talk("tcp://[::1]:0", 4);
}

TEST_IN_TASK(an_empty_host_listens_everywhere)
{
    char address[ADDRESS], to[ADDRESS + 32];
    int listener = listen_on("tcp://:0", address), fd, other;

    snprintf(to, sizeof to, "tcp://127.0.0.1:%s", strrchr(address, ':') + 1);
    CHECK_EQ(weft_connect(to, &fd), 0);
    CHECK((other = weft_accept(listener)) >= 0);
    weft_fd_close(fd);
    weft_fd_close(other);
    return weft_fd_close(listener);
}

TEST_IN_TASK(unix_sockets_with_a_path_echo)
{
    char at[64];
    int rc;

    snprintf(at, sizeof at, "unix:/tmp/weft-io-%d.sock", getpid());
    rc = talk(at, 8);
    unlink(at + 5);
    return rc;
}

TEST_IN_TASK(abstract_unix_sockets_echo)
{
    char at[64];

    snprintf(at, sizeof at, "unix:@weft-io-%d", getpid());
    return talk(at, 8);
}

TEST_IN_TASK(addresses_are_told_as_they_are_given)
{
    char given[64], address[ADDRESS];
    int fd, listener, end;

    snprintf(given, sizeof given, "unix:@weft-io-a-%d", getpid());
    listener = listen_on(given, address);
    CHECK_STR(address, given);
    CHECK_EQ(weft_address(listener, 0, address, 4), -ENOSPC);
    MUST(weft_connect(given, &fd) == 0);
    MUST((end = weft_accept(listener)) >= 0);
    CHECK_EQ(weft_address(fd, 1, address, sizeof address), strlen(given));
    CHECK_STR(address, given);
    CHECK(weft_address(fd, 0, address, sizeof address) >= 0);
    CHECK_EQ(weft_address(-1, 0, address, sizeof address), -EBADF);
    CHECK_EQ(weft_address(listener, 1, address, sizeof address), -ENOTCONN);
    weft_fd_close(end);
    weft_fd_close(fd);
    return weft_fd_close(listener);
}

struct pipe_writer {
    int fd;
};

static int pipe_writer(struct pipe_writer *self)
{
    char block[1000];

    memset(block, 'p', sizeof block);
    for (int i = 0; i < 200; i++) /* more than a pipe holds */
        CHECK_EQ(weft_write_all(self->fd, block, sizeof block), sizeof block);
    return weft_fd_close(self->fd);
}

TEST_IN_TASK(pipes_wait_and_keep_their_blocking_flag)
{
    char byte[1000];
    weft_scope scope;
    int ends[2];
    long sum = 0;
    ssize_t n;

    MUST(pipe(ends) == 0);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, pipe_writer, .fd = ends[1]), 0);
    while ((n = weft_read(ends[0], byte, sizeof byte)) > 0)
        sum += n;
    CHECK_EQ(n, 0);
    CHECK_EQ(sum, 200000);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    return weft_fd_close(ends[0]);
}

TEST_IN_TASK(a_foreign_sockets_blocking_flag_is_left_alone)
{
    ssize_t n = 0;
    weft_scope scope;
    int ends[2];

    pair(ends);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, read_one, .fd = ends[1], .n = &n), 0);
    settle();
    CHECK_EQ(weft_write(ends[0], "x", 1), 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQ(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close_both(ends);
    return 0;
}

TEST_IN_TASK(regular_files_are_read_and_written)
{
    char path[] = "/tmp/weft-io-XXXXXX", text[16] = "";
    struct iovec parts[] = {{(void *)"ab", 2}, {(void *)"cde", 3}};
    int fd = mkstemp(path);

    MUST(fd >= 0);
    unlink(path);
    CHECK_EQ(weft_write(fd, "01234", 5), 5);
    CHECK_EQ(weft_writev(fd, parts, 2), 5);
    CHECK_EQ(weft_wait_readable(fd), 0);
    CHECK_EQ(weft_wait_writable(fd), 0);
    MUST(lseek(fd, 0, SEEK_SET) == 0);
    CHECK_EQ(weft_read_all(fd, text, sizeof text), 10);
    CHECK_STR(text, "01234abcde");
    CHECK_EQ(weft_read(fd, text, sizeof text), 0);
    return weft_fd_close(fd);
}

TEST_IN_TASK(parts_are_gathered_and_scattered)
{
    char a[2] = "", b[4] = "", c[8] = "";
    struct iovec out[] = {{(void *)"12", 2}, {NULL, 0}, {(void *)"345", 3}, {(void *)"6", 1}};
    struct iovec in[] = {{a, 1}, {b, 3}, {c, 7}};
    int ends[2];

    tcp_pair(ends);
    CHECK_EQ(weft_writev(ends[0], out, 4), 6);
    CHECK_EQ(weft_wait_readable(ends[1]), 0);
    CHECK_EQ(weft_readv(ends[1], in, 3), 6);
    CHECK_STR(a, "1");
    CHECK_STR(b, "234");
    CHECK_STR(c, "56");
    CHECK_EQ(weft_readv(ends[1], in, -1), -EINVAL);
    CHECK_EQ(weft_writev(ends[1], out, -1), -EINVAL);
    CHECK_EQ(weft_writev(ends[1], out, IOV_MAX + 1), -EINVAL);
    close_both(ends);
    return 0;
}

TEST_IN_TASK(nothing_to_write_is_no_error)
{
    int ends[2];

    pair(ends);
    CHECK_EQ(weft_write(ends[0], "", 0), 0);
    CHECK_EQ(weft_write_all(ends[0], "", 0), 0);
    CHECK_EQ(weft_read_all(ends[0], NULL, 0), 0);
    close_both(ends);
    return 0;
}

/* ---- several on one descriptor ---- */

struct push {
    int fd;
    size_t size;
};

static int push(struct push *self)
{
    unsigned char block[10007];
    size_t done = 0;

    while (done < self->size) {
        size_t size = self->size - done < sizeof block ? self->size - done : sizeof block;
        ssize_t n;

        for (size_t i = 0; i < size; i++)
            block[i] = (unsigned char)((done + i) * 31 >> 3);
        n = weft_write_all(self->fd, block, size);
        if (n < 0)
            return (int)n;
        done += size;
    }
    return weft_shutdown(self->fd, SHUT_WR);
}

struct pull {
    int fd;
    size_t size;
};

static int pull(struct pull *self)
{
    unsigned char block[7919];
    size_t done = 0, wrong = 0;
    ssize_t n;

    while ((n = weft_read(self->fd, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < n; i++, done++)
            wrong += block[i] != (unsigned char)(done * 31 >> 3);
    CHECK_EQ(n, 0);
    CHECK_EQ(done, self->size);
    CHECK_EQ(wrong, 0);
    return (int)n;
}

static int big_both_ways(int ends[2], size_t size)
{
    weft_scope scope;
    int rc;

    MUST(weft_scope_open(&scope) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(weft_go(&scope, push, .fd = ends[i], .size = size), 0);
        CHECK_EQ(weft_go(&scope, pull, .fd = ends[i], .size = size), 0);
    }
    rc = weft_scope_close(&scope);
    close_both(ends);
    return rc;
}

TEST_IN_TASK(four_mebibytes_go_both_ways_at_once_over_tcp)
{
    int ends[2];

    tcp_pair(ends);
    return big_both_ways(ends, is_seeded() ? BIG / 16 : BIG);
}

TEST_IN_TASK(four_mebibytes_go_both_ways_at_once_over_a_socketpair)
{
    int ends[2];

    pair(ends);
    return big_both_ways(ends, is_seeded() ? BIG / 16 : BIG);
}

struct count_bytes {
    int fd;
    atomic_int *sum;
    weft_waker *counted;
};

static int count_bytes(struct count_bytes *self)
{
    char bytes[64];
    ssize_t n;

    while ((n = weft_read(self->fd, bytes, sizeof bytes)) > 0) {
        atomic_fetch_add(self->sum, (int)n);
        weft_wake(self->counted);
    }
    return (int)n;
}

/* Each message is waited for: an edge that is lost between the two readers hangs. */
static void two_readers(const int ends[2], int messages)
{
    weft_waker counted = WEFT_WAKER_INIT;
    atomic_int sum = 0;
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, count_bytes, .fd = ends[1], .sum = &sum, .counted = &counted), 0);
    CHECK_EQ(weft_go(&scope, count_bytes, .fd = ends[1], .sum = &sum, .counted = &counted), 0);
    for (int i = 0; i < messages; i++) {
        CHECK_EQ(weft_write(ends[0], "abc", 3), 3);
        if (i % 3 == 0)
            CHECK_EQ(weft_write(ends[0], "d", 1), 1);
        while (atomic_load(&sum) < 3 * (i + 1) + i / 3 + 1)
            CHECK_EQ(weft_wait(&counted), 0);
    }
    CHECK_EQ(weft_shutdown(ends[0], SHUT_WR), 0);
    CHECK_EQ(weft_scope_close(&scope), 0); /* the end of the stream wakes both */
}

TEST_IN_TASK(two_readers_of_one_socket_lose_nothing)
{
    int ends[2];

    tcp_pair(ends);
    two_readers(ends, many(3000));
    close_both(ends);
    pair(ends);
    two_readers(ends, many(3000));
    close_both(ends);
    return 0;
}

/* White box: no public call stops between its try and its wait. */
TEST_IN_TASK(an_edge_since_the_try_is_seen_by_every_waiter)
{
    struct weft__fd *entry;
    struct weft__fd_try try;
    int ends[2];

    tcp_pair(ends);
    CHECK_EQ(weft_write(ends[0], "x", 1), 1);
    CHECK_EQ(weft_wait_readable(ends[1]), 0);
    MUST(weft_read(ends[1], &(char){0}, 1) == 1);
    entry = weft__fd_entry(ends[1]);
    try = weft__fd_try(entry, WEFT__IN);
    for (int round = 0; round < 2; round++) {
        if (round == 1) { /* the first wait has registered it: from now on there are edges */
            CHECK_EQ(weft_write(ends[0], "y", 1), 1);
            while (weft__fd_try(entry, WEFT__IN).edges == try.edges)
                CHECK_EQ(weft_sleep(WEFT_MILLISECOND), 0);
            CHECK_EQ(weft__fd_wait(entry, ends[1], WEFT__IN, try), 0);
            CHECK_EQ(weft__fd_wait(entry, ends[1], WEFT__IN, try), 0); /* it was not the first one's alone */
        } else {
            weft_scope scope;

            MUST(weft_scope_open(&scope, .timeout = WEFT_MILLISECOND) == 0);
            while (weft__fd_wait(entry, ends[1], WEFT__IN, try) == 0)
                try = weft__fd_try(entry, WEFT__IN);
            (void)weft_scope_close(&scope); /* timed out */
        }
    }
    close_both(ends);
    return 0;
}

/* ---- being woken by other things than data ---- */

static int wake_by_close(int fd_read, int fd_other, int readers)
{
    atomic_int here = 0;
    weft_scope scope;
    weft_task *tasks[4];
    int rc;

    MUST(weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING) == 0);
    for (int i = 0; i < readers; i++)
        CHECK_EQ(weft_go_with(&scope, (.handle = &tasks[i]), read_one, .fd = fd_read, .here = &here), 0);
    await(&here, readers);
    settle();
    CHECK_EQ(weft_fd_close(fd_read), 0);
    for (int i = 0; i < readers; i++) {
        CHECK_EQ(weft_join(tasks[i], &rc), 0);
        CHECK_EQ(rc, -EBADF);
    }
    rc = weft_scope_close(&scope);
    CHECK_EQ(weft_fd_close(fd_other), 0);
    return rc;
}

TEST_IN_TASK(closing_wakes_every_reader)
{
    int ends[2];

    tcp_pair(ends);
    CHECK_EQ(wake_by_close(ends[1], ends[0], 4), -EBADF);
    pair(ends);
    CHECK_EQ(wake_by_close(ends[1], ends[0], 4), -EBADF);
    MUST(pipe(ends) == 0);
    CHECK_EQ(wake_by_close(ends[0], ends[1], 4), -EBADF);
    return 0;
}

TEST_IN_TASK(closing_a_listener_wakes_accept)
{
    char address[ADDRESS];
    int listener = listen_on("tcp://127.0.0.1:0", address);
    atomic_int here = 0;
    weft_scope scope;

    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, accept_one, .listener = listener, .here = &here), 0);
    await(&here, 1);
    settle();
    CHECK_EQ(weft_fd_close(listener), 0);
    CHECK_EQ(weft_scope_close(&scope), -EBADF);
    return 0;
}

/* Fills the other's buffer, then waits for room. */
struct fill {
    int fd;
    atomic_int *here;
};

static int fill(struct fill *self)
{
    static const char block[65536];
    ssize_t n = 0;

    atomic_fetch_add(self->here, 1);
    while (n >= 0)
        n = weft_write(self->fd, block, sizeof block);
    return (int)n;
}

TEST_IN_TASK(closing_wakes_a_writer)
{
    atomic_int here = 0;
    weft_scope scope;
    int ends[2];

    pair(ends);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, fill, .fd = ends[0], .here = &here), 0);
    await(&here, 1);
    settle();
    CHECK_EQ(weft_fd_close(ends[0]), 0);
    CHECK_EQ(weft_scope_close(&scope), -EBADF);
    return weft_fd_close(ends[1]);
}

TEST_IN_TASK(cancelling_wakes_readers_writers_and_accept)
{
    char address[ADDRESS];
    int ends[2], listener = listen_on("tcp://127.0.0.1:0", address);
    atomic_int here = 0;
    weft_scope scope;

    tcp_pair(ends);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, read_one, .fd = ends[0], .here = &here), 0);
    CHECK_EQ(weft_go(&scope, read_one, .fd = ends[0], .here = &here), 0);
    CHECK_EQ(weft_go(&scope, fill, .fd = ends[0], .here = &here), 0);
    CHECK_EQ(weft_go(&scope, accept_one, .listener = listener, .here = &here), 0);
    await(&here, 4);
    settle();
    CHECK_EQ(weft_scope_cancel(&scope), 0);
    CHECK_EQ(weft_scope_close(&scope), -ECANCELED);
    close_both(ends);
    return weft_fd_close(listener);
}

TEST_IN_TASK(a_cancelled_task_reads_and_writes_nothing)
{
    char byte = 0, address[ADDRESS];
    weft_scope scope;
    int ends[2], listener = listen_on("tcp://127.0.0.1:0", address), fd = -7;

    pair(ends);
    CHECK_EQ(weft_write(ends[0], "x", 1), 1);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_scope_cancel(&scope), 0);
    CHECK_EQ(weft_read(ends[1], &byte, 1), -ECANCELED);
    CHECK_EQ(weft_write(ends[1], "y", 1), -ECANCELED);
    CHECK_EQ(weft_wait_readable(ends[1]), -ECANCELED);
    CHECK_EQ(weft_accept(listener), -ECANCELED);
    CHECK_EQ(weft_connect(address, &fd), -ECANCELED);
    CHECK_EQ(fd, -7);
    (void)weft_scope_close(&scope);            /* what it makes of that is not the point here */
    CHECK_EQ(weft_read(ends[1], &byte, 1), 1); /* it is still there */
    CHECK_EQ(byte, 'x');
    close_both(ends);
    return weft_fd_close(listener);
}

TEST_IN_TASK(a_deadline_ends_a_read_and_consumes_nothing)
{
    char byte = 0;
    weft_scope scope;
    int ends[2];

    tcp_pair(ends);
    for (int i = 0; i < 5; i++) {
        MUST(weft_scope_open(&scope, .timeout = WEFT_MILLISECOND) == 0);
        CHECK_EQ(weft_read(ends[1], &byte, 1), -ETIMEDOUT);
        CHECK_EQ(weft_wait_readable(ends[1]), -ETIMEDOUT);
        (void)weft_scope_close(&scope); /* what it makes of that is not the point here */
        CHECK_EQ(weft_write(ends[0], "z", 1), 1);
        CHECK_EQ(weft_read(ends[1], &byte, 1), 1);
        CHECK_EQ(byte, 'z');
    }
    close_both(ends);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_accept_also_on_a_foreign_listener)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int foreign = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), listener = weft_listen("tcp://127.0.0.1:0");
    weft_scope scope;

    MUST(foreign >= 0 && bind(foreign, (struct sockaddr *)&any, sizeof any) == 0 && listen(foreign, 5) == 0);
    MUST(listener >= 0);
    MUST(weft_scope_open(&scope, .timeout = WEFT_MILLISECOND) == 0);
    CHECK_EQ(weft_accept(listener), -ETIMEDOUT);
    CHECK_EQ(weft_accept(foreign), -ETIMEDOUT);
    (void)weft_scope_close(&scope); /* what it makes of that is not the point here */
    MUST(weft_scope_open(&scope, .timeout = WEFT_MILLISECOND) == 0);
    CHECK_EQ(weft_accept(foreign), -ETIMEDOUT);
    (void)weft_scope_close(&scope); /* what it makes of that is not the point here */
    weft_fd_close(foreign);
    return weft_fd_close(listener);
}

/* ---- ends and errors ---- */

TEST_IN_TASK(a_half_closed_connection_still_goes_the_other_way)
{
    char text[8] = "";
    int ends[2];

    tcp_pair(ends);
    CHECK_EQ(weft_write(ends[0], "ask", 3), 3);
    CHECK_EQ(weft_shutdown(ends[0], SHUT_WR), 0);
    CHECK_EQ(weft_read_all(ends[1], text, sizeof text), 3);
    CHECK_EQ(weft_read(ends[1], text, sizeof text), 0);
    CHECK_EQ(weft_read(ends[1], text, sizeof text), 0);
    CHECK_EQ(weft_write(ends[1], "answer", 6), 6);
    CHECK_EQ(weft_fd_close(ends[1]), 0);
    memset(text, 0, sizeof text);
    CHECK_EQ(weft_read_all(ends[0], text, sizeof text), 6);
    CHECK_STR(text, "answer");
    return weft_fd_close(ends[0]);
}

TEST_IN_TASK(a_reset_by_the_peer_wakes_a_reader)
{
    struct linger hard = {1, 0};
    atomic_int here = 0;
    weft_scope scope;
    int ends[2];

    tcp_pair(ends);
    MUST(weft_scope_open(&scope) == 0);
    CHECK_EQ(weft_go(&scope, read_one, .fd = ends[1], .here = &here), 0);
    await(&here, 1);
    settle();
    MUST(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
    CHECK_EQ(weft_fd_close(ends[0]), 0);
    CHECK_EQ(weft_scope_close(&scope), -ECONNRESET);
    return weft_fd_close(ends[1]);
}

TEST_IN_TASK(writing_to_a_closed_peer_is_epipe_and_no_signal)
{
    struct iovec parts[] = {{(void *)"a", 1}, {(void *)"b", 1}};
    int ends[2];

    pair(ends);
    CHECK_EQ(weft_fd_close(ends[1]), 0);
    CHECK_EQ(weft_write(ends[0], "x", 1), -EPIPE);
    CHECK_EQ(weft_writev(ends[0], parts, 2), -EPIPE);
    CHECK_EQ(weft_write_all(ends[0], "x", 1), -EPIPE);
    return weft_fd_close(ends[0]);
}

TEST_IN_TASK(nobody_listens_is_connection_refused)
{
    char address[ADDRESS], at[64];
    int fd = -7, listener = listen_on("tcp://127.0.0.1:0", address);

    CHECK_EQ(weft_fd_close(listener), 0);
    CHECK_EQ(weft_connect(address, &fd), -ECONNREFUSED);
    snprintf(at, sizeof at, "unix:/tmp/weft-io-none-%d", getpid());
    CHECK_EQ(weft_connect(at, &fd), -ENOENT);
    snprintf(at, sizeof at, "unix:@weft-io-none-%d", getpid());
    CHECK_EQ(weft_connect(at, &fd), -ECONNREFUSED);
    CHECK_EQ(fd, -7);
    return 0;
}

TEST_IN_TASK(a_port_in_use_is_eaddrinuse)
{
    char address[ADDRESS], at[64];
    int listener = listen_on("tcp://127.0.0.1:0", address);

    CHECK_EQ(weft_listen(address), -EADDRINUSE);
    weft_fd_close(listener);
    listener = weft_listen(address);
    CHECK(listener >= 0);
    weft_fd_close(listener);
    snprintf(at, sizeof at, "unix:@weft-io-use-%d", getpid());
    listener = listen_on(at, address);
    CHECK_EQ(weft_listen(at), -EADDRINUSE);
    return weft_fd_close(listener);
}

TEST_IN_TASK(malformed_addresses_are_einval)
{
    static const char *const bad[] = {
        "",
        "tcp",
        "tcp:",
        "tcp:/127.0.0.1:1",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://1.2.3.4:",
        "tcp://1.2.3.4:x",
        "tcp://1.2.3.4:-1",
        "tcp://1.2.3.4:65536",
        "tcp://1.2.3.4:999999",
        "tcp://[::1",
        "tcp://[::1]",
        "tcp://[::1]9",
        "tcp://::1:80",
        "tcp://[:80",
        "udp://127.0.0.1:9",
        "127.0.0.1:80",
        "unix:",
        "unix:@",
        "http://x:80",
        "TCP://127.0.0.1:1",
        "tcp://1.2.3.4:1 ",
        "tcp://1.2.3.4: 1",
        "tcp://1.2.3.4:0x10",
        "tcp://[::1]]:80",
        "tcp://]:80",
    };
    char longest[400];
    int fd = -7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int listening = weft_listen(bad[i]), connecting = weft_connect(bad[i], &fd);

        if (listening != -EINVAL || connecting != -EINVAL)
            test__failed(__FILE__, __LINE__, "'%s' gives %s and %s", bad[i], weft_error_name(listening),
                         weft_error_name(connecting));
    }
    CHECK_EQ(weft_listen(NULL), -EINVAL);
    CHECK_EQ(weft_connect(NULL, &fd), -EINVAL);
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "unix:/", 6);
    longest[sizeof longest - 1] = 0;
    CHECK_EQ(weft_listen(longest), -ENAMETOOLONG);
    memcpy(longest, "tcp://", 6);
    strcpy(longest + sizeof longest - 4, ":80");
    CHECK_EQ(weft_listen(longest), -ENAMETOOLONG);
    CHECK_EQ(weft_listen("unix:/no/such/place/s"), -ENOENT);
    CHECK_EQ(fd, -7);
    return 0;
}

TEST_IN_TASK(a_stale_unix_socket_is_replaced_and_a_live_one_is_not)
{
    char at[64], address[ADDRESS];
    int fd, first, second, file;

    snprintf(at, sizeof at, "unix:/tmp/weft-io-stale-%d.sock", getpid());
    first = listen_on(at, address);
    CHECK_EQ(weft_listen(at), -EADDRINUSE);
    CHECK_EQ(weft_connect(at, &fd), 0); /* unharmed */
    weft_fd_close(fd);
    CHECK_EQ(weft_fd_close(first), 0);
    second = weft_listen(at);
    CHECK(second >= 0);
    CHECK_EQ(weft_connect(at, &fd), 0);
    weft_fd_close(fd);
    weft_fd_close(second);
    unlink(at + 5);
    file = open(at + 5, O_CREAT | O_RDWR, 0600); /* no socket at all: never removed */
    MUST(file >= 0 && write(file, "x", 1) == 1);
    CHECK_EQ(weft_listen(at), -EADDRINUSE);
    CHECK_EQ(access(at + 5, F_OK), 0);
    close(file);
    unlink(at + 5);
    return 0;
}
