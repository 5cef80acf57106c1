/* An echo server on libuv, written for speed: it writes at once, and queues a request for the rest only. */
#define _GNU_SOURCE
#include <error.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "../net.h"

struct conn {
    uv_tcp_t tcp; /* first: a handle's address is its connection's */
    uv_write_t write;
    char data[4096]; /* belongs to the read, or until the write has ended to the write */
};

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf);

static void on_close(uv_handle_t *handle)
{
    free(handle);
}

static void drop(uv_stream_t *stream)
{
    if (!uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, on_close);
}

static void on_buffer(uv_handle_t *handle, size_t hint, uv_buf_t *ret_buf)
{
    (void)hint; /* always 64 KiB */
    struct conn *c = (struct conn *)handle;
    *ret_buf = uv_buf_init(c->data, sizeof c->data);
}

static void on_written(uv_write_t *write, int status)
{
    if (status < 0 || uv_read_start(write->handle, on_buffer, on_read) < 0)
        drop(write->handle);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct conn *c = (struct conn *)stream;
    if (len == 0)
        return;
    if (len < 0) {
        drop(stream);
        return;
    }

    uv_buf_t out = uv_buf_init(buf->base, (unsigned)len);
    int n = uv_try_write(stream, &out, 1);
    if (n == len)
        return;
    if (n < 0 && n != UV_EAGAIN) {
        drop(stream);
        return;
    }
    if (n > 0)
        out = uv_buf_init(buf->base + n, (unsigned)(len - n));
    uv_read_stop(stream);
    if (uv_write(&c->write, stream, &out, 1, on_written) < 0)
        drop(stream);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status < 0)
        error(1, -status, "accept");
    struct conn *c = malloc(sizeof *c);
    if (!c)
        error(1, ENOMEM, "connection");
    uv_tcp_init(listener->loop, &c->tcp);
    uv_stream_t *stream = (uv_stream_t *)&c->tcp;
    if (uv_accept(listener, stream) < 0 || uv_tcp_nodelay(&c->tcp, 1) < 0 ||
        uv_read_start(stream, on_buffer, on_read) < 0)
        drop(stream);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    uv_tcp_t listener;

    if (argc != 2 || net_parse(argv[1], &address) < 0)
        error(2, 0, "usage: echo_libuv 127.0.0.1:PORT");
    signal(SIGPIPE, SIG_IGN);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_init(loop, &listener);
    int r = uv_tcp_bind(&listener, (struct sockaddr *)&address, 0);
    if (r == 0)
        r = uv_listen((uv_stream_t *)&listener, SOMAXCONN, on_connection);
    if (r < 0)
        error(1, -r, "listen on %s", argv[1]);
    return uv_run(loop, UV_RUN_DEFAULT);
}
