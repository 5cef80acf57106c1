/* Generators: a function that gives its results one by one, and waits in between until the next one is asked for.
 *
 *     struct count { weft_generator(int) out; int from, to; };
 *     static int count(struct count *self)
 *     {
 *         int rc = 0;
 *         for (int i = self->from; i < self->to && rc == 0; i++)
 *             rc = weft_emit(self->out, i);                   // until the consumer asks again; < 0: end, return it
 *         return rc;
 *     }
 *
 *     weft_generator(int) numbers = weft_generator_new(&scope, int, count, .from = 1, .to = 10);     // sets .out
 *     while ((rc = weft_next(numbers, &n)) == 0) ...           // -EPIPE: no more; else the error that count returned
 *     weft_generator_free(numbers);
 *
 * The function runs as a task of the scope, from the first weft_next on, and only while a consumer waits for it: of the
 * two one runs at a time, whatever the number of workers. A generator may take part in a conversation: weft_send_in
 * gives a value to the weft_emit that waits (weft_emit_recv receives it), weft_throw makes it return an error. Closing
 * makes it return -EPIPE, and waits until the function has returned; a function that emits nevertheless gets -EPIPE
 * again. One consumer at a time. (CLU's iterators, Liskov 1977; send, throw and close are Python's PEP 342.)
 *
 * A coroutine that only receives is a generator that is sent to; the pipelines of 'A Curious Course on Coroutines and
 * Concurrency' are among the examples.
 */
#ifndef WEFT_GENERATOR_H
#define WEFT_GENERATOR_H

#include <weft/base.h>
#include <weft/scope.h>
#include <weft/task.h>

WEFT_BEGIN

struct weft__generator;

/* The type of a generator of T; what is sent in is of type T, too. */
#define weft_generator(T) __typeof__(T(**)(struct weft__generator *))

/* weft_generator_new(scope, T, fn, .field = value, ...): a generator whose body is fn, not started yet. fn's struct has
 * a member weft_generator(T) out, which is set here. NULL without memory, or if the scope takes no task (then the scope
 * has the error). Owned by the caller, who frees it before he closes the scope: the close waits for the body. For the
 * scope the body is a child like any other, but that its result counts as 0 if a consumer or weft_generator_close was
 * told of it, and for -EPIPE. Task or thread. May suspend, as weft_go. */
#define weft_generator_new(scope, T, fn, ...)                                                                          \
    __extension__({                                                                                                    \
        WEFT__SITE(fn);                                                                                                \
        _Static_assert(__builtin_types_compatible_p(__typeof__(((struct fn *)0)->out), weft_generator(T)),             \
                       "the body's struct needs a member: weft_generator(T) out");                                     \
        struct fn weft__body = {__VA_ARGS__};                                                                          \
        (weft_generator(T))(void *)                                                                                    \
            weft__generator_new((scope), sizeof(T), &weft__site, &weft__body, offsetof(struct fn, out));               \
    })

/* Closes it, if it has not ended, and frees it. An error of the body that nobody was told is the scope's. NULL:
 * nothing. Not inside the body. Task or thread. May suspend until the body has returned; is not interrupted by
 * cancellation. */
#define weft_generator_free(generator) weft_generator_free_raw(WEFT__GENERATOR(generator))

/* Lets the body run until it emits the next value. Returns 0 and the value in *pointer (may be NULL); -EPIPE when the
 * body has returned >= 0; its error if it has returned one (once; then -EPIPE); -ECANCELED or -ETIMEDOUT of the
 * consumer's scope; -EDEADLK from inside the body; -EBUSY if another consumer waits; -EINVAL for NULL. A cancellation
 * does not stop a body that has been let run: what it emits then waits for the next weft_next. Task or thread. May
 * suspend. */
#define weft_next(generator, pointer)                                                                                  \
    __extension__({                                                                                                    \
        WEFT__FITS(pointer, WEFT__YIELDED(generator));                                                                 \
        WEFT__YIELDED(generator) *weft__place = (pointer);                                                             \
        weft_next_raw(WEFT__GENERATOR(generator), weft__place);                                                        \
    })

/* The same, and the weft_emit_recv that waits receives the value. -EAGAIN, and nothing is sent, while no emit waits
 * whose value has been taken: before the first weft_next, and after one that was cancelled: weft_next comes first. */
#define weft_send_in(generator, value, pointer)                                                                        \
    __extension__({                                                                                                    \
        WEFT__YIELDED(generator) weft__sent = (value);                                                                 \
        WEFT__FITS(pointer, WEFT__YIELDED(generator));                                                                 \
        WEFT__YIELDED(generator) *weft__place = (pointer);                                                             \
        weft_send_in_raw(WEFT__GENERATOR(generator), &weft__sent, weft__place);                                        \
    })

/* The same, and the emit that waits returns rc; a value of it that no consumer lived to take is dropped. If none waits,
 * since the body is still at work for a consumer that was cancelled, its next emit returns rc. A body not yet started
 * never runs, and rc is returned. -EINVAL for rc >= 0. */
#define weft_throw(generator, rc, pointer)                                                                             \
    __extension__({                                                                                                    \
        WEFT__FITS(pointer, WEFT__YIELDED(generator));                                                                 \
        WEFT__YIELDED(generator) *weft__place = (pointer);                                                             \
        weft_throw_raw(WEFT__GENERATOR(generator), (rc), weft__place);                                                 \
    })

/* Ends it: the emit that waits, or else the next, returns -EPIPE; waits until the body has returned. A body not yet
 * started never runs. Returns 0, or the body's error other than -EPIPE that nobody was told yet; -EDEADLK from inside
 * the body; -EINVAL for NULL. Task or thread. May suspend; is not interrupted by cancellation. */
#define weft_generator_close(generator) weft_generator_close_raw(WEFT__GENERATOR(generator))

/* In the body: hands the value to the consumer and waits until it asks for the next. Returns 0; -EPIPE when it is
 * closed; what was thrown; -ECANCELED or -ETIMEDOUT of the body's scope, and the value may not have been taken; -EPERM
 * from any task but the body's; -EINVAL for NULL. May suspend.
 * weft_emit_recv also receives what was sent in: 1 if something was, and then it is in *pointer. */
#define weft_emit(generator, ...)                                                                                      \
    __extension__({                                                                                                    \
        WEFT__YIELDED(generator) weft__value = (__VA_ARGS__);                                                          \
        int weft__rc = weft_emit_raw(WEFT__GENERATOR(generator), &weft__value, NULL);                                  \
        weft__rc > 0 ? 0 : weft__rc;                                                                                   \
    })
#define weft_emit_recv(generator, value, pointer)                                                                      \
    __extension__({                                                                                                    \
        WEFT__YIELDED(generator) weft__value = (value);                                                                \
        WEFT__FITS(pointer, WEFT__YIELDED(generator));                                                                 \
        WEFT__YIELDED(generator) *weft__place = (pointer);                                                             \
        weft_emit_raw(WEFT__GENERATOR(generator), &weft__value, weft__place);                                          \
    })

/* weft_generator_each(item, generator) { ... }: runs the block with each value, up to the first weft_next that does not
 * give one. Which error that was it does not tell: where the body may fail, or the loop be cancelled, call weft_next.
 */
#define weft_generator_each(item, generator) for (WEFT__YIELDED(generator) item; weft_next((generator), &item) == 0;)

/* For C++, bindings and generated code. */
WEFT_EXPORT void weft_generator_free_raw(struct weft__generator *generator);
WEFT_EXPORT int weft_next_raw(struct weft__generator *generator, void *value);
WEFT_EXPORT int weft_send_in_raw(struct weft__generator *generator, const void *sent, void *value);
WEFT_EXPORT int weft_throw_raw(struct weft__generator *generator, int rc, void *value);
WEFT_EXPORT int weft_generator_close_raw(struct weft__generator *generator);
WEFT_EXPORT int weft_emit_raw(struct weft__generator *generator, const void *value, void *sent);
WEFT_EXPORT struct weft__generator *weft__generator_new(weft_scope *scope, size_t size, const struct weft_site *site,
                                                        void *arguments, size_t out);

/* The type of a generator's values; and the generator itself, from nothing but a generator. */
#define WEFT__YIELDED(generator) __typeof__((**(generator))((struct weft__generator *)0))
#define WEFT__GENERATOR(generator)                                                                                     \
    ((void)sizeof(WEFT__YIELDED(generator)), (struct weft__generator *)(void *)(generator))

WEFT_END

#endif
