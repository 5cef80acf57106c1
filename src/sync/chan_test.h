/* What the tests of channels share: seeing who waits, and plain threads beside the tasks. */
#ifndef WEFT_SYNC_CHAN_TEST_H
#define WEFT_SYNC_CHAN_TEST_H

#include "run.h"
#include "sync/chan.h"

#include <pthread.h>

/* For code of ours that does what the library does: TSan, which does not see the library, would misunderstand it. */
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
#define UNWATCHED __attribute__((disable_sanitizer_instrumentation, noinline))
#endif
#endif
#ifndef UNWATCHED
#define UNWATCHED
#endif

/* How many wait to send, or to receive, those included that have been cancelled and have not left yet. */
UNUSED UNWATCHED static int waiters(struct weft__chan *chan, bool senders)
{
    struct weft__thread *thread = weft__enter_any();
    const struct weft__link *link;
    int count = 0;

    weft__guard_enter(thread, &chan->guard);
    for (link = senders ? chan->senders.first : chan->receivers.first; link; link = link->next)
        count++;
    weft__guard_leave(thread, &chan->guard);
    weft__leave_any(thread);
    return count;
}

UNUSED static void await_waiters(struct weft__chan *chan, bool senders, int wanted)
{
    while (waiters(chan, senders) < wanted)
        (void)weft_yield();
}

#define SENDERS(chan) waiters(WEFT__CHAN(chan), true)
#define RECEIVERS(chan) waiters(WEFT__CHAN(chan), false)
#define AWAIT_SENDERS(chan, wanted) await_waiters(WEFT__CHAN(chan), true, (wanted))
#define AWAIT_RECEIVERS(chan, wanted) await_waiters(WEFT__CHAN(chan), false, (wanted))

/* One value sent, one received; the result of the call, and how many such calls are over. */
struct send_one {
    weft_chan(int) chan;
    int value, want;
    atomic_int *done;
};

UNUSED static int send_one(struct send_one *self)
{
    CHECK_EQ(weft_send(self->chan, self->value), self->want);
    if (self->done)
        atomic_fetch_add(self->done, 1);
    return 0;
}

struct recv_one {
    weft_chan(int) chan;
    int value, want; /* the value is left as it is when the call fails */
    atomic_int *done;
};

UNUSED static int recv_one(struct recv_one *self)
{
    int value = self->want == 0 ? ~self->value : self->value;

    CHECK_EQ(weft_recv(self->chan, &value), self->want);
    CHECK_EQ(value, self->value);
    if (self->done)
        atomic_fetch_add(self->done, 1);
    return 0;
}

/* Sends 0, 1, 2 ... */
struct send_count {
    weft_chan(int) chan;
    int count;
};

UNUSED static int send_count(struct send_count *self)
{
    int rc = 0;

    for (int i = 0; i < self->count && rc == 0; i++)
        rc = weft_send(self->chan, i);
    return rc;
}

/* A plain thread that runs the body of a task. */
struct beside {
    weft_entry *entry;
    void *arguments;
    pthread_t thread;
    int rc;
};

UNUSED static void *run_beside(void *argument)
{
    struct beside *self = argument;

    self->rc = self->entry(self->arguments);
    return NULL;
}

/* BESIDE(&thread, fn, .field = value, ...); join_beside frees the arguments. */
#define BESIDE(beside, fn, ...)                                                                                        \
    do {                                                                                                               \
        (beside)->entry = (weft_entry *)(void (*)(void))(fn);                                                          \
        (beside)->arguments = memcpy(malloc(sizeof(struct fn)), &(struct fn){__VA_ARGS__}, sizeof(struct fn));         \
        MUST(pthread_create(&(beside)->thread, NULL, run_beside, (beside)) == 0);                                      \
    } while (0)

UNUSED static int join_beside(struct beside *self)
{
    MUST(pthread_join(self->thread, NULL) == 0);
    free(self->arguments);
    return self->rc;
}

/* The same from inside a task, without holding up its worker. */
UNUSED static int join_blocking(void *self)
{
    return join_beside(self);
}

#define JOIN_BESIDE(beside) weft_blocking(join_blocking, (beside))

#endif
