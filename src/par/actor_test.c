#include "run.h"

#include <errno.h>
#include <pthread.h>

enum kind { ADD, GET, FAIL, IGNORE, REFUSE, KEEP, ANSWER_KEPT };

struct message {
    enum kind kind;
    int n;
    weft_asker(long) from;
};

/* Adds up what it is told. */
struct counter {
    weft_actor(struct message) actor;
    long total;
    atomic_int *runs, *handled;
};

static int counter(struct counter *self)
{
    struct message message;
    weft_asker(long) kept = NULL;
    int rc;

    if (self->runs)
        atomic_fetch_add(self->runs, 1);
    while ((rc = weft_recv(weft_mailbox(self->actor), &message)) == 0) {
        if (self->handled)
            atomic_fetch_add(self->handled, 1);
        switch (message.kind) {
        case ADD:
            self->total += message.n;
            break;
        case GET:
            CHECK_EQ(weft_reply(self->actor, message.from, self->total), 0);
            CHECK_EQ(weft_reply(self->actor, message.from, 0L), -ENOENT);
            break;
        case FAIL:
            return message.n;
        case IGNORE:
            break;
        case REFUSE:
            CHECK_EQ(weft_refuse(self->actor, message.from, message.n), 0);
            break;
        case KEEP:
            kept = message.from;
            break;
        case ANSWER_KEPT:
            CHECK_EQ(weft_reply(self->actor, kept, 77L), message.n);
            CHECK_EQ(weft_reply(self->actor, message.from, 88L), 0);
        }
    }
    return rc;
}

TEST_IN_TASK(an_actor_is_told_and_asked)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    long total = 0;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (), struct message, counter, .total = 5));
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_SECOND, (struct message){.kind = GET}), 0);
    CHECK_EQ(total, 5);
    for (int i = 1; i <= 100; i++)
        CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD, .n = i}), 0);
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_SECOND, (struct message){.kind = GET}), 0);
    CHECK_EQ(total, 5055);
    CHECK_EQ(weft_ask(actor, from, NULL, WEFT_FOREVER, (struct message){.kind = GET}), 0);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(a_stopped_actor_handles_what_it_has_and_takes_no_more)
{
    atomic_int runs = 0, handled = 0;
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    long total;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor =
             weft_actor_start(&supervisor, (.room = 50), struct message, counter, .runs = &runs, .handled = &handled));
    for (int i = 0; i < 50; i++)
        CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD}), 0);
    CHECK_EQ(weft_actor_stop(actor), 0);
    CHECK_EQ(weft_actor_stop(actor), 0);
    CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD}), -EPIPE);
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_SECOND, (struct message){.kind = GET}), -EPIPE);
    CHECK_EQ(weft_supervisor_close(&supervisor), 0);
    CHECK_EQ(handled, 50);
    CHECK_EQ(runs, 1);
    return 0;
}

TEST_IN_TASK(a_restarted_actor_keeps_its_mailbox)
{
    atomic_int runs = 0;
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    long total = 0;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (.restart = WEFT_TRANSIENT), struct message, counter, .total = 1000,
                                  .runs = &runs));
    CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD, .n = 1}), 0);
    CHECK_EQ(weft_tell(actor, (struct message){.kind = FAIL, .n = -EIO}), 0);
    CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD, .n = 20}), 0);
    CHECK_EQ(weft_ask(actor, from, &total, 3600 * WEFT_SECOND, (struct message){.kind = GET}), 0);
    CHECK_EQ(total, 1020); /* its state is as at first, its mailbox as it was */
    CHECK_EQ(runs, 2);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(an_asker_waits_no_longer_than_its_span)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    weft_scope scope;
    long total = -1;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (), struct message, counter, 0));
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_MILLISECOND, (struct message){.kind = IGNORE}), -ETIMEDOUT);
    CHECK_EQ(weft_scope_status(NULL), 0);
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_MILLISECOND, (struct message){.kind = KEEP}), -ETIMEDOUT);
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_ask(actor, from, &total, 3600 * WEFT_SECOND, (struct message){.kind = KEEP}), -ETIMEDOUT);
    CHECK_EQ(weft_scope_status(NULL), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(total, -1);
    /* the answer to one who has gone finds nobody */
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_FOREVER, (struct message){.kind = ANSWER_KEPT, .n = -ENOENT}), 0);
    CHECK_EQ(total, 88);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(an_asker_waits_for_room_no_longer_either)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    atomic_int handled = 0;
    long total;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (.room = 1, .restart = WEFT_TEMPORARY), struct message, counter,
                                  .handled = &handled));
    CHECK_EQ(weft_tell(actor, (struct message){.kind = FAIL}), 0);
    await(&handled, 1);
    while (weft_try_send(weft_mailbox(actor), (struct message){.kind = ADD}) == 0)
        (void)weft_yield(); /* full, or closed behind it */
    CHECK(weft_ask(actor, from, &total, WEFT_MILLISECOND, (struct message){.kind = GET}) < 0);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(an_actor_may_refuse_or_answer_later)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    long total = -1;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (), struct message, counter, 0));
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_FOREVER, (struct message){.kind = REFUSE, .n = -EACCES}), -EACCES);
    CHECK_EQ(total, -1);
    CHECK_EQ(weft_refuse(actor, (weft_asker(long))NULL, -EIO), -ENOENT);
    CHECK_EQ(weft_refuse(actor, (weft_asker(long))NULL, 0), -EINVAL);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return weft_supervisor_close(&supervisor);
}

struct asker {
    weft_actor(struct message) actor;
    struct message message;
    int want_rc, rounds;
    long want;
};

static int asker(struct asker *self)
{
    long answer = 0;

    for (int i = 0; i < self->rounds; i++) {
        CHECK_EQ(weft_ask(self->actor, from, &answer, WEFT_FOREVER, self->message), self->want_rc);
        CHECK_EQ(answer, self->want);
    }
    return 0;
}

TEST_IN_TASK(an_answer_may_come_later)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    atomic_int handled = 0;
    weft_scope scope;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (), struct message, counter, .handled = &handled));
    weft_scope_open(&scope);
    weft_go(&scope, asker, .actor = actor, .message = {.kind = KEEP}, .rounds = 1, .want = 77);
    await(&handled, 1);
    weft_go(&scope, asker, .actor = actor, .message = {.kind = ANSWER_KEPT}, .rounds = 1, .want = 88);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(who_waits_learns_of_the_actors_end)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    atomic_int handled = 0;
    weft_scope scope;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor =
             weft_actor_start(&supervisor, (.restart = WEFT_TEMPORARY), struct message, counter, .handled = &handled));
    weft_scope_open(&scope);
    for (int i = 0; i < 5; i++)
        weft_go(&scope, asker, .actor = actor, .message = {.kind = IGNORE}, .rounds = 1, .want_rc = -EPIPE);
    await(&handled, 5);
    CHECK_EQ(weft_tell(actor, (struct message){.kind = FAIL, .n = -EIO}), 0);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD}), -EPIPE);
    return weft_supervisor_close(&supervisor); /* a temporary one's error is nobody's */
}

TEST_IN_TASK(many_ask_at_once)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    weft_scope scope;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (.room = 4), struct message, counter, .total = 9));
    weft_scope_open(&scope);
    for (int i = 0; i < 20; i++)
        weft_go(&scope, asker, .actor = actor, .message = {.kind = GET}, .rounds = many(500), .want = 9);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return weft_supervisor_close(&supervisor);
}

/* Two actors that ask on behalf of each other's askers. */
struct relay {
    weft_actor(struct message) actor;
    weft_actor(struct message) next;
};

static int relay(struct relay *self)
{
    struct message message;
    long answer;
    int rc;

    while ((rc = weft_recv(weft_mailbox(self->actor), &message)) == 0)
        if (weft_ask(self->next, from, &answer, WEFT_FOREVER, (struct message){.kind = GET}) == 0)
            CHECK_EQ(weft_reply(self->actor, message.from, answer + 1), 0);
    return rc;
}

TEST_IN_TASK(actors_ask_actors)
{
    weft_supervisor supervisor;
    weft_actor(struct message) last, actor;
    long answer = 0;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = last = weft_actor_start(&supervisor, (), struct message, counter, .total = 5));
    for (int i = 0; i < 10; i++)
        MUST(actor = weft_actor_start(&supervisor, (), struct message, relay, .next = actor));
    CHECK_EQ(weft_ask(actor, from, &answer, WEFT_FOREVER, (struct message){.kind = GET}), 0);
    CHECK_EQ(answer, 15);
    CHECK_EQ(weft_supervisor_stop(&supervisor), 0);
    return weft_supervisor_close(&supervisor);
}

static void *ask_from_thread(void *place)
{
    weft_actor(struct message) actor = place;
    long total = 0;

    CHECK_EQ(weft_tell(actor, (struct message){.kind = ADD, .n = 2}), 0);
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_FOREVER, (struct message){.kind = GET}), 0);
    CHECK_EQ(total, 2);
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_MILLISECOND, (struct message){.kind = IGNORE}), -ETIMEDOUT);
    CHECK_EQ(weft_actor_stop(actor), 0);
    return NULL;
}

static int join_thread(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

TEST_IN_TASK(plain_threads_tell_and_ask)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    pthread_t thread;

    if (is_seeded())
        SKIP_IN_TASK("a foreign thread has no part in a seed");
    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    MUST(actor = weft_actor_start(&supervisor, (), struct message, counter, 0));
    MUST(pthread_create(&thread, NULL, ask_from_thread, actor) == 0);
    CHECK_EQ(weft_blocking(join_thread, &thread), 0);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(NULL_is_no_actor)
{
    weft_actor(struct message) actor = NULL;
    long total;

    CHECK_EQ(weft_tell(actor, (struct message){.kind = GET}), -EINVAL);
    CHECK_EQ(weft_ask(actor, from, &total, WEFT_SECOND, (struct message){.kind = GET}), -EINVAL);
    CHECK_EQ(weft_reply(actor, (weft_asker(long))NULL, 1L), -EINVAL);
    CHECK_EQ(weft_actor_stop(actor), -EINVAL);
    CHECK(weft_mailbox(actor) == NULL);
    CHECK(weft_actor_start(NULL, (), struct message, counter, 0) == NULL);
    return 0;
}
