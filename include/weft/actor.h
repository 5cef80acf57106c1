/* Actors: tasks that are spoken to. Each has a mailbox and a supervisor, and outlives its failures.
 *
 *     struct message { int add; weft_asker(int) from; };
 *     struct counter { weft_actor(struct message) actor; int total; };
 *     static int counter(struct counter *self)
 *     {
 *         struct message message;
 *         int rc;
 *
 *         while ((rc = weft_recv(weft_mailbox(self->actor), &message)) == 0) {
 *             self->total += message.add;
 *             weft_reply(self->actor, message.from, self->total);      // if somebody asked
 *         }
 *         return rc;                                                   // < 0: failed; it is started again, with total
 * 0
 *     }
 *
 *     weft_actor(struct message) actor = weft_actor_start(&supervisor, (.restart = WEFT_PERMANENT), struct message,
 *                                                         counter, .total = 0);           // sets .actor
 *     weft_tell(actor, (struct message){.add = 2});
 *     rc = weft_ask(actor, from, &total, WEFT_SECOND, (struct message){.add = 3});         // waits for the answer
 *     weft_actor_stop(actor);
 *
 * The mailbox is a channel, and belongs to the actor and not to a run of its function: after a restart it holds what it
 * held, and who waits for an answer goes on waiting. The message that was in hand is lost; who asked with it waits
 * until its time is over. When the actor ends for good its mailbox is closed, and who waits gets -EPIPE. The handle is
 * valid until the supervisor is closed.
 *
 * (C. Hewitt, P. Bishop, R. Steiger, IJCAI 1973; tell and ask as in Akka, the rest as in Erlang/OTP:
 * weft/supervisor.h.)
 */
#ifndef WEFT_ACTOR_H
#define WEFT_ACTOR_H

#include <weft/base.h>
#include <weft/chan.h>
#include <weft/supervisor.h>

WEFT_BEGIN

struct weft__actor;
struct weft__ask;

/* The type of an actor that is sent messages of type T. */
#define weft_actor(T) __typeof__(T(**)(struct weft__actor *))

/* The type of a message's member that says who asked, and is answered with an R. A number and no pointer: an answer to
 * one who has gone is noticed. All zero: nobody. */
#define weft_asker(R) __typeof__(R(**)(struct weft__ask *))

/* weft_actor_start(supervisor, (.restart = ..., .room = n), T, fn, .field = value, ...): a child that runs fn and has a
 * mailbox of so many T. fn's struct has a member weft_actor(T) actor, which is set here. The handle belongs to the
 * supervisor. NULL without memory, or if the supervisor takes no child any more. Task or thread, any, as long as the
 * supervisor is open. Never suspends for long. */
#define weft_actor_start(supervisor, options, T, fn, ...)                                                              \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        _Static_assert(__builtin_types_compatible_p(__typeof__(((struct fn *)0)->actor), weft_actor(T)),               \
                       "the actor's struct needs a member: weft_actor(T) actor");                                      \
        (weft_actor(T))(void *)                                                                                        \
            weft__actor_start((supervisor), &weft__site, &(struct weft_child){WEFT__UNWRAP options},                   \
                              &(struct fn){__VA_ARGS__}, offsetof(struct fn, actor), sizeof(T));                       \
    })

/* Its mailbox, a weft_chan(T): the actor receives from it, or selects; others may send, try to send, or select. Closed
 * and freed by the supervisor. NULL for NULL. Anyone. Never suspends. */
#define weft_mailbox(actor) ((weft_chan(WEFT__MESSAGE(actor)))(void *)weft__mailbox(WEFT__ACTOR(actor)))

/* weft_tell(actor, message): sends it the message, waiting for room. Returns as weft_send: -EPIPE: it has ended or is
 * stopped. Task or thread. May suspend. */
#define weft_tell(actor, ...) weft_send(weft_mailbox(actor), __VA_ARGS__)

/* weft_ask(actor, member, &answer, span, message): sends it the message, with the asker in that member, and waits for
 * the answer, which is copied to *pointer (may be NULL). Returns 0; the error if the actor refuses; -ETIMEDOUT if there
 * is none after the span; -EPIPE if the actor has ended or ends; -ECANCELED or -ETIMEDOUT of the scope; -EINVAL for
 * NULL or a negative span. After an error the actor may or may not have the message. Task or thread. May suspend. */
#define weft_ask(actor, member, pointer, span, ...)                                                                    \
    __extension__({                                                                                                    \
        WEFT__MESSAGE(actor) weft__message = (__VA_ARGS__);                                                            \
        WEFT__ANSWER(weft__message.member) *weft__place = (pointer);                                                   \
        weft_ask_raw(WEFT__ACTOR(actor), &weft__message, offsetof(WEFT__MESSAGE(actor), member), weft__place,          \
                     sizeof *weft__place, (span));                                                                     \
    })

/* weft_reply(actor, asker, answer): gives the answer to who waits for it. The actor need not do so at once, nor in its
 * own task. Returns 0; -ENOENT if nobody waits (any more), or asked; -EINVAL for NULL. Task or thread. Never suspends
 * for long. */
#define weft_reply(actor, asker, ...)                                                                                  \
    __extension__({                                                                                                    \
        WEFT__ANSWER(asker) weft__answer = (__VA_ARGS__);                                                              \
        weft_reply_raw(WEFT__ACTOR(actor), (asker), &weft__answer, 0);                                                 \
    })

/* The same with an error instead, rc < 0; -EINVAL for another. */
#define weft_refuse(actor, asker, rc) weft_reply_raw(WEFT__ACTOR(actor), (asker), NULL, (rc))

/* Ends it for good: closes its mailbox; its function gets -EPIPE from it when it has had all that is in it, and is not
 * started again, whatever it returns. Idempotent. Returns 0, -EINVAL for NULL. Task or thread. Never suspends for long.
 */
#define weft_actor_stop(actor) weft_actor_stop_raw(WEFT__ACTOR(actor))

/* For C++, bindings and generated code: the same; member: the offset of the asker in the message; answer NULL: rc. */
WEFT_EXPORT int weft_ask_raw(struct weft__actor *actor, void *message, size_t member, void *answer, size_t size,
                             int64_t span);
WEFT_EXPORT int weft_reply_raw(struct weft__actor *actor, const void *asker, const void *answer, int rc);
WEFT_EXPORT int weft_actor_stop_raw(struct weft__actor *actor);
WEFT_EXPORT struct weft__chan *weft__mailbox(struct weft__actor *actor);
WEFT_EXPORT struct weft__actor *weft__actor_start(weft_supervisor *supervisor, const struct weft_site *site,
                                                  const struct weft_child *options, void *arguments, size_t member,
                                                  size_t size);

/* The types of an actor's messages and of an asker's answer; and the actor itself, from nothing but an actor. */
#define WEFT__MESSAGE(actor) __typeof__((**(actor))((struct weft__actor *)0))
#define WEFT__ANSWER(asker) __typeof__((**(asker))((struct weft__ask *)0))
#define WEFT__ACTOR(actor) ((void)sizeof(WEFT__MESSAGE(actor)), (struct weft__actor *)(void *)(actor))

WEFT_END

#endif
