/* Generators: two that take turns. At any time one of them may run:
 *
 *     NEW, EMITTED      the body waits for its turn; a consumer that comes gives it to it and waits for what it emits
 *     RUNNING           the body has the turn; a consumer waits, or has been cancelled meanwhile
 *     KEPT              the body waits with a value that no consumer was there to take; the next one takes it
 *     ENDED             the body has returned
 *
 * Values are copied from stack to stack by whoever comes second. For TSan each passage comes after all before it.
 */
#include <weft/generator.h>

#include "sync/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum state { NEW, RUNNING, EMITTED, KEPT, ENDED };

struct weft__generator {
    struct weft__guard guard;
    struct weft__list consumer, body, closers; /* guard; at most one in the first two */
    struct weft__task *task;                   /* guard: the body's */
    const void *kept;                          /* guard: the value of KEPT, on the body's stack */
    enum state state;                          /* guard */
    int rc;                                    /* guard: the error of the body that nobody has been told; else -EPIPE */
    int early;                                 /* guard: the word to a body that was not in its queue */
    int thrown;                                /* guard: for the next emit, since none waited; else 0 */
    bool closing;                              /* guard */
    atomic_uint references;                    /* the owner's and the body's */
    size_t size;                               /* of a value; constant */
    weft_entry *entry;                         /* constant */
    char sent[] __attribute__((aligned(16)));  /* guard: the value that belongs to 'early' */
};

/* What the consumer has to say to the emit that waits. */
struct word {
    const void *sent; /* NULL: nothing */
    int rc;           /* < 0: thrown */
};

static void drop(struct weft__generator *generator)
{
    WEFT__RELEASE(&generator->references);
    if (atomic_fetch_sub_explicit(&generator->references, 1, memory_order_acq_rel) != 1)
        return;
    WEFT__ACQUIRE(&generator->references);
    free(generator);
}

/* Gives the body its turn, with a word. NULL: it is on its way, to its start, cancelled, or woken for nothing: it finds
 * the word in 'early'. The guard is held. */
static struct weft__waiter *give_turn(struct weft__generator *generator, struct word word)
{
    struct weft__waiter *body = weft__take_first(&generator->body);

    generator->state = RUNNING;
    if (!body) {
        generator->early = word.sent ? 1 : word.rc;
        if (word.sent)
            weft__copy(generator->sent, word.sent, generator->size);
        return NULL;
    }
    if (word.sent && body->value)
        weft__copy(body->value, word.sent, generator->size);
    body->rc = word.sent ? 1 : word.rc;
    return body;
}

/* ---- the consumer ---- */

/* What needs no waiting: 1 if it must wait. The guard is held. */
static int next_now(struct weft__generator *generator, struct weft__thread *thread, struct word word, void *value)
{
    int rc;

    if (thread && generator->task == thread->task)
        return -EDEADLK;
    if (generator->consumer.first)
        return -EBUSY;
    switch (generator->state) {
    case ENDED:
        rc = generator->rc;
        generator->rc = -EPIPE;
        return rc;
    case KEPT:
        if (word.sent)
            return -EAGAIN; /* its sender has not seen what that emit gave */
        if (word.rc < 0)
            return 1;
        if (value)
            weft__copy(value, generator->kept, generator->size);
        generator->state = EMITTED;
        return 0;
    case NEW:
        return word.sent ? -EAGAIN : 1;
    case RUNNING: /* for a consumer that was cancelled: no emit waits */
        if (word.sent)
            return -EAGAIN;
        if (word.rc < 0)
            generator->thrown = word.rc;
        break;
    case EMITTED:
        break;
    }
    return 1;
}

static int resume(struct weft__generator *generator, struct word word, void *value)
{
    struct weft__wait wait = {.what = "for the next value of a generator"};
    struct weft__waiter consumer = {.wait = &wait, .value = value}, *body = NULL;
    struct weft__thread *thread;
    int rc;

    if (!generator)
        return -EINVAL;
    do {
        if ((rc = weft__begin(&thread)) < 0)
            return rc;
        weft__guard_enter(thread, &generator->guard);
        WEFT__ACQUIRE(generator);
        rc = next_now(generator, thread, word, value);
        WEFT__RELEASE(generator);
        if (rc <= 0) {
            weft__end(thread, &generator->guard);
            return rc;
        }
        if (generator->state != RUNNING)
            body = give_turn(generator, word);
        word = (struct word){0}; /* it has been said */
        weft__guard_queue(thread, &generator->guard, &generator->consumer, &consumer, WEFT__WAITING, false);
        if (body)
            weft__wait_won(thread, body->wait);
        body = NULL;
        rc = weft__guard_await(&generator->guard, &generator->consumer, &consumer);
    } while (rc > 0);
    WEFT__ACQUIRE(generator);
    return rc < 0 ? rc : consumer.rc;
}

int weft_next_raw(struct weft__generator *generator, void *value)
{
    return resume(generator, (struct word){0}, value);
}

int weft_send_in_raw(struct weft__generator *generator, const void *sent, void *value)
{
    return sent ? resume(generator, (struct word){.sent = sent}, value) : -EINVAL;
}

int weft_throw_raw(struct weft__generator *generator, int rc, void *value)
{
    return rc < 0 ? resume(generator, (struct word){.rc = rc}, value) : -EINVAL;
}

/* listens: the caller passes the body's error on; else it is the scope's. */
static int finish(struct weft__generator *generator, bool listens)
{
    struct weft__wait wait = {.what = "for a generator to end"};
    struct weft__waiter closer = {.wait = &wait, .value = listens ? &wait : NULL}, *body; /* NULL: it tells nobody */
    int rc;

    for (;;) {
        struct weft__thread *thread = weft__enter_any();

        body = NULL;
        weft__guard_enter(thread, &generator->guard);
        WEFT__ACQUIRE(generator);
        WEFT__RELEASE(generator);
        if (generator->state == ENDED || (thread && generator->task == thread->task)) {
            rc = generator->state != ENDED ? -EDEADLK : generator->rc == -EPIPE ? 0 : generator->rc;
            if (generator->state == ENDED)
                generator->rc = -EPIPE;
            weft__end(thread, &generator->guard);
            return rc;
        }
        generator->closing = true;
        if (generator->state != RUNNING)
            body = give_turn(generator, (struct word){.rc = -EPIPE});
        weft__guard_queue(thread, &generator->guard, &generator->closers, &closer, WEFT__WAITING_HARD, false);
        if (body)
            weft__wait_won(thread, body->wait);
        (void)weft__guard_await(&generator->guard, &generator->closers, &closer);
    }
}

int weft_generator_close_raw(struct weft__generator *generator)
{
    return generator ? finish(generator, true) : -EINVAL;
}

void weft_generator_free_raw(struct weft__generator *generator)
{
    if (!generator)
        return;
    (void)finish(generator, false); /* an error that has been left unsaid is the scope's already */
    drop(generator);
}

/* ---- the body ---- */

/* The word to a body that was on its way when its turn came. The guard is held. */
static int take_early(struct weft__generator *generator, void *sent)
{
    if (generator->early > 0 && sent)
        weft__copy(sent, generator->sent, generator->size);
    return generator->early;
}

/* Waits for the next turn; the guard is held, and left. What the consumer said: 0, 1, or an error; -ECANCELED ... */
static int await_turn(struct weft__thread *thread, struct weft__generator *generator, struct weft__waiter *woken,
                      void *sent)
{
    struct weft__wait wait = {.what = "for the consumer of a generator"};
    struct weft__waiter body = {.wait = &wait, .value = sent};
    int rc;

    for (;;) {
        weft__guard_queue(thread, &generator->guard, &generator->body, &body, WEFT__WAITING, false);
        if (woken)
            weft__wait_won(thread, woken->wait);
        woken = NULL;
        rc = weft__guard_await(&generator->guard, &generator->body, &body);
        WEFT__ACQUIRE(generator);
        if (rc == 0)
            return body.rc;
        thread = weft__enter_any();
        weft__guard_enter(thread, &generator->guard);
        WEFT__ACQUIRE(generator);
        if (rc < 0)
            break;
        if (generator->state == RUNNING) { /* woken for nothing, and the turn has come meanwhile */
            rc = take_early(generator, sent);
            break;
        }
    }
    generator->state = RUNNING;
    generator->kept = NULL;
    weft__end(thread, &generator->guard);
    return rc;
}

int weft_emit_raw(struct weft__generator *generator, const void *value, void *sent)
{
    struct weft__waiter *consumer;
    struct weft__thread *thread;
    int rc;

    if (!generator || !value)
        return -EINVAL;
    if ((rc = weft__begin(&thread)) < 0)
        return rc;
    weft__guard_enter(thread, &generator->guard);
    rc = !thread || generator->task != thread->task ? -EPERM : generator->closing ? -EPIPE : generator->thrown;
    if (rc < 0) {
        if (rc != -EPERM)
            generator->thrown = 0;
        weft__end(thread, &generator->guard);
        return rc;
    }
    WEFT__RELEASE(generator);
    consumer = weft__take_first(&generator->consumer);
    generator->state = consumer ? EMITTED : KEPT;
    generator->kept = value;
    if (consumer) {
        if (consumer->value)
            weft__copy(consumer->value, value, generator->size);
        consumer->rc = 0;
    }
    return await_turn(thread, generator, consumer, sent);
}

/* The body has returned. What its consumer, or who closes it, is not told is the scope's: returns that. */
static int ended(struct weft__generator *generator, int rc)
{
    struct weft__thread *thread = weft__enter_any();
    struct weft__waiter *consumer;
    struct weft__list closers;
    bool told;

    weft__guard_enter(thread, &generator->guard);
    WEFT__RELEASE(generator);
    generator->state = ENDED;
    generator->task = NULL;
    generator->rc = rc < 0 ? rc : -EPIPE;
    consumer = weft__take_first(&generator->consumer);
    told = consumer != NULL;
    if (consumer) {
        consumer->rc = generator->rc;
        generator->rc = -EPIPE;
    }
    closers = weft__take_all(&generator->closers, 0);
    for (struct weft__link *link = closers.first; link; link = link->next)
        told |= WEFT__OF(struct weft__waiter, link, link)->value != NULL;
    weft__guard_leave(thread, &generator->guard);
    if (consumer)
        weft__wait_won(thread, consumer->wait);
    weft__wake_list(thread, &closers);
    weft__leave_any(thread);
    return told || rc >= 0 || rc == -EPIPE ? 0 : rc;
}

struct body {
    struct weft__generator *generator; /* with a reference */
    char arguments[] __attribute__((aligned(64)));
};

static int run_body(void *self)
{
    struct body *body = self;
    struct weft__generator *generator = body->generator;
    struct weft__thread *thread = weft__enter_any();
    int rc;

    weft__guard_enter(thread, &generator->guard);
    WEFT__ACQUIRE(generator);
    generator->task = thread->task;
    if (generator->state == RUNNING) { /* its turn has come before it */
        rc = take_early(generator, NULL);
        weft__end(thread, &generator->guard);
    } else {
        rc = await_turn(thread, generator, NULL, NULL);
    }
    if (rc >= 0)
        rc = generator->entry(body->arguments);
    rc = ended(generator, rc);
    drop(generator);
    return rc;
}

struct weft__generator *weft__generator_new(weft_scope *scope, size_t size, const struct weft_site *site,
                                            void *arguments, size_t out)
{
    struct weft__generator *generator = size > UINT32_MAX ? NULL : calloc(1, sizeof *generator + size);
    struct body *body = aligned_alloc(64, (sizeof *body + site->size + 63) & ~(size_t)63);

    if (!generator || !body)
        goto fail;
    generator->size = size;
    generator->entry = site->entry;
    generator->rc = -EPIPE;
    atomic_init(&generator->references, 2);
    memcpy((char *)arguments + out, &generator, sizeof generator);
    body->generator = generator;
    memcpy(body->arguments, arguments, site->size);
    if (weft_go_raw(scope, run_body, body, sizeof *body + site->size, 64, &(struct weft_spawn){.name = site->name}) < 0)
        goto fail;
    free(body);
    return generator;
fail:
    free(body);
    free(generator);
    return NULL;
}
