/* grpc/grpc-go 1275: a stream is closed, and who reads from it is not told.
 *
 *     recvBufferReader.Read, io.ReadFull over it   -> read_once, read_full
 *     http2Client.CloseStream                      -> close_stream
 *     the goroutine of testInflightStreamClosing   -> reader
 *
 * The test gives up after its timeout; the reader waits for ever. The fix sends the error to the stream when it is
 * closed.
 */
#include "bugs.h"

struct message {
    int error;
};

struct stream {
    weft_chan(struct message) messages;
    bool fixed;
};

static int read_once(struct stream *s)
{
    struct message message;

    if (weft_select(weft_on_recv(s->messages, &message, NULL)) < 0) /* waits here */
        return -ECANCELED;
    return message.error;
}

static int read_full(struct stream *s, int size)
{
    int rc = 0;

    for (int got = 0; got < size && rc >= 0; got += rc)
        rc = read_once(s);
    return rc;
}

static void close_stream(struct stream *s)
{
    if (s->fixed)
        weft_send(s->messages, (struct message){-ECONNRESET});
}

struct reader {
    struct stream *s;
    weft_chan(char) done;
};

static int reader(struct reader *self)
{
    (void)read_full(self->s, 1);
    weft_chan_close(self->done);
    return 0;
}

BUG(grpc_1275)
{
    struct stream s = {weft_chan_new(struct message, 0), self->fixed};
    weft_chan(char) done = weft_chan_new(char, 0);
    weft_scope scope;
    char none;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, reader, .s = &s, .done = done);
    close_stream(&s);
    weft_select(weft_on_recv(done, &none, NULL), weft_on_timeout(300));
    rc = weft_scope_close(&scope);
    weft_chan_free(s.messages);
    weft_chan_free(done);
    return rc;
}
