/* Pipelines: tasks that work on a stream of items, each on what the one before it has made.
 *
 *     struct square { int unused; };
 *     static int square(struct square *self, const int *in, long *out) { *out = (long)*in * *in; return 0; }
 *
 *     weft_scope_open(&scope);
 *     weft_source(&scope, numbers, count, .to = 100);                       // a channel of int, filled
 *     weft_stage_with(&scope, (.width = 4), numbers, squares, square, 0);   // from channel to channel, four at once
 *     while ((rc = weft_recv(squares, &n)) == 0) ...                        // -EPIPE: that was the last
 *     rc = weft_scope_close(&scope);                                        // 0, or the first error of a stage
 *
 *     rc = weft_pipeline(weft_pipeline_source(int, count, .to = 100),       // or all of it in one call, the channels
 *                        weft_pipeline_stage_with((.width = 4), int, long, square, 0),                    // included
 *                        weft_pipeline_sink(long, print, .file = stdout));
 *
 * Each call but weft_pipeline starts tasks in the given scope and returns at once. The tasks of one call own their ends
 * of the channels: they are the only readers of the one and writers of the other, and close both when they end. So the
 * end of a stream travels down (each stage ends when its input is closed and empty), and 'enough' travels up: if the
 * reader of a stream closes it, its writer gets -EPIPE, ends and closes its own input. Neither is an error. The maker
 * of a channel frees it, after the scope's close.
 *
 * Channels are bounded, so a slow stage holds up those before it: of a stage's width are in flight, and as many again
 * as its channels have room for. A body that returns an error other than -EPIPE ends its stage and is an error of the
 * scope, which cancels the other stages unless it says otherwise; only after that are the stage's channels closed, so
 * that nobody in a fail-fast scope takes a broken stream for a whole one.
 *
 * Order is kept, also by several tasks in one stage, unless .unordered gives items on as they are done.
 */
#ifndef WEFT_PIPELINE_H
#define WEFT_PIPELINE_H

#include <weft/base.h>
#include <weft/chan.h>
#include <weft/par.h>
#include <weft/scope.h>

WEFT_BEGIN

/* What a body of a stage may return besides 0 and errors: nothing is given on for this item. */
enum { WEFT_SKIP = 1 };

/* How to run a stage; a field left out keeps its default. */
struct weft_stage_options {
    uint32_t width;          /* tasks at once; default: 1. Several share the body's struct. At most 65536 */
    unsigned char unordered; /* as completed */
    uint32_t room;           /* in weft_pipeline: of the channel behind it; default: its width */
    const char *name;        /* of the tasks, for reports; kept by reference; default: the body's name */
    const char *weft__body;
};

/* weft_source(scope, out, fn, .field = value, ...): fills a channel of T: int fn(struct fn *self, T *out) makes the
 * next item and returns 0, WEFT_SKIP, or -EPIPE after the last one. With a .width the order is that of completion.
 *
 * weft_stage(scope, in, out, fn, ...): from a channel of T to one of U: int fn(struct fn *self, const T *in, U *out).
 * It returns 0, WEFT_SKIP to give nothing on, or -EPIPE to end the stream with the item before this one.
 *
 * weft_sink(scope, in, fn, ...): int fn(struct fn *self, const T *in). It returns 0, or -EPIPE if it wants no more.
 *
 * weft_map_chan(scope, items, count, out, fn, ...): a stage whose input is an array of T, which must stay. With
 * .unordered each result is in the channel as soon as it is made.
 *
 * The struct is copied once for the stage; it lives until the stage ends. Return 0; -EINVAL for NULL, a .width that is
 * too large or a scope that is not open; as weft_go otherwise, and then too the channels are closed and the scope has
 * the error. Task or thread. May suspend, as weft_go. */
#define weft_source(scope, out, fn, ...) weft_source_with(scope, (.width = 0), out, fn, __VA_ARGS__)
#define weft_source_with(scope, options, out, fn, ...)                                                                 \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, WEFT__ITEM(out) *));                                                              \
        weft_stage_raw((scope), WEFT__STAGE(fn, options, 0, WEFT__SIZE_OF(out), __VA_ARGS__), NULL, WEFT__CHAN(out));  \
    })
#define weft_stage(scope, in, out, fn, ...) weft_stage_with(scope, (.width = 0), in, out, fn, __VA_ARGS__)
#define weft_stage_with(scope, options, in, out, fn, ...)                                                              \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, const WEFT__ITEM(in) *, WEFT__ITEM(out) *));                                      \
        weft_stage_raw((scope), WEFT__STAGE(fn, options, WEFT__SIZE_OF(in), WEFT__SIZE_OF(out), __VA_ARGS__),          \
                       WEFT__CHAN(in), WEFT__CHAN(out));                                                               \
    })
#define weft_sink(scope, in, fn, ...) weft_sink_with(scope, (.width = 0), in, fn, __VA_ARGS__)
#define weft_sink_with(scope, options, in, fn, ...)                                                                    \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, const WEFT__ITEM(in) *));                                                         \
        weft_stage_raw((scope), WEFT__STAGE(fn, options, WEFT__SIZE_OF(in), 0, __VA_ARGS__), WEFT__CHAN(in), NULL);    \
    })
#define weft_map_chan(scope, items, count, out, fn, ...)                                                               \
    weft_map_chan_with(scope, (.width = 0), items, count, out, fn, __VA_ARGS__)
#define weft_map_chan_with(scope, options, items, count, out, fn, ...)                                                 \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, const __typeof__(*(items)) *, WEFT__ITEM(out) *));                                \
        weft_map_chan_raw((scope), WEFT__STAGE(fn, options, sizeof(*(items)), WEFT__SIZE_OF(out), __VA_ARGS__),        \
                          (items), (count), WEFT__CHAN(out));                                                          \
    })

/* weft_pipeline(source, stage ..., sink): runs such stages and waits for all of them. What each takes must be of the
 * type that the one before it makes. At most 64. Returns 0, the first error, -ECANCELED or -ETIMEDOUT of the caller's
 * scope, -ENOMEM, -EPERM outside a task; -EINVAL if the sizes of items do not fit, or the first is no source or the
 * last no sink. Task only. May suspend. */
#define weft_pipeline(...)                                                                                             \
    weft_pipeline_raw((struct weft_stage[]){__VA_ARGS__},                                                              \
                      sizeof((struct weft_stage[]){__VA_ARGS__}) / sizeof(struct weft_stage))
#define weft_pipeline_source(T, fn, ...) weft_pipeline_source_with((.width = 0), T, fn, __VA_ARGS__)
#define weft_pipeline_source_with(options, T, fn, ...)                                                                 \
    WEFT__STAGE_OF(fn, options, 0, sizeof(T), (struct fn *, T *), __VA_ARGS__)
#define weft_pipeline_stage(T, U, fn, ...) weft_pipeline_stage_with((.width = 0), T, U, fn, __VA_ARGS__)
#define weft_pipeline_stage_with(options, T, U, fn, ...)                                                               \
    WEFT__STAGE_OF(fn, options, sizeof(T), sizeof(U), (struct fn *, const T *, U *), __VA_ARGS__)
#define weft_pipeline_sink(T, fn, ...) weft_pipeline_sink_with((.width = 0), T, fn, __VA_ARGS__)
#define weft_pipeline_sink_with(options, T, fn, ...)                                                                   \
    WEFT__STAGE_OF(fn, options, sizeof(T), 0, (struct fn *, const T *), __VA_ARGS__)

/* weft_fan_in(scope, out, in, ...): merges channels into one: each item of each in, as they come. It closes out when
 * all of them are at their end.
 * weft_fan_out(scope, in, out, ...): each item to one of the outs, whichever has room first. An out that its reader has
 * closed gets no more; if all are closed, in is.
 * weft_broadcast(scope, in, out, ...): a copy of each item to every out; the slowest holds up all. Closed outs as
 * above. weft_tee(scope, in, a, b): that, to two. All are of one type; at most 64 outs or ins. Return as weft_stage.
 * Task or thread. May suspend, as weft_go. */
#define weft_fan_in(scope, out, ...) WEFT__FAN(weft_fan_in_raw, scope, out, __VA_ARGS__)
#define weft_fan_out(scope, in, ...) WEFT__FAN(weft_fan_out_raw, scope, in, __VA_ARGS__)
#define weft_broadcast(scope, in, ...) WEFT__FAN(weft_broadcast_raw, scope, in, __VA_ARGS__)
#define weft_tee(scope, in, a, b) weft_broadcast(scope, in, a, b)

/* For C++, bindings and generated code. A stage without in_size is a source, one without out_size a sink; fn then has
 * that parameter less. size bytes of self are copied, aligned to 64 at most. options may be NULL. */
struct weft_stage {
    void (*fn)(void);
    const void *self;
    size_t size, in_size, out_size;
    const struct weft_stage_options *options;
};
WEFT_EXPORT int weft_stage_raw(weft_scope *scope, struct weft_stage stage, struct weft__chan *in,
                               struct weft__chan *out);
WEFT_EXPORT int weft_map_chan_raw(weft_scope *scope, struct weft_stage stage, const void *items, size_t count,
                                  struct weft__chan *out);
WEFT_EXPORT int weft_pipeline_raw(const struct weft_stage *stages, size_t count);
WEFT_EXPORT int weft_fan_in_raw(weft_scope *scope, struct weft__chan *out, const void *ins, size_t count);
WEFT_EXPORT int weft_fan_out_raw(weft_scope *scope, struct weft__chan *in, const void *outs, size_t count);
WEFT_EXPORT int weft_broadcast_raw(weft_scope *scope, struct weft__chan *in, const void *outs, size_t count);

#define WEFT__SIZE_OF(chan) sizeof(WEFT__ITEM(chan))
#define WEFT__STAGE(fn, options, in_size, out_size, ...)                                                               \
    (struct weft_stage)                                                                                                \
    {                                                                                                                  \
        (void (*)(void))(fn), &(struct fn){__VA_ARGS__}, sizeof(struct fn), (in_size), (out_size),                     \
            &(struct weft_stage_options)                                                                               \
        {                                                                                                              \
            WEFT__PAR_OPTIONS(fn, options)                                                                             \
        }                                                                                                              \
    }
#define WEFT__STAGE_OF(fn, options, in_size, out_size, parameters, ...)                                                \
    WEFT__STAGE(fn, options, (in_size) + 0 * sizeof(struct {                                                           \
                                             WEFT__BODY(fn, parameters);                                               \
                                             int unused;                                                               \
                                         }),                                                                           \
                out_size, __VA_ARGS__)
#define WEFT__FAN(call, scope, one, ...)                                                                               \
    __extension__({                                                                                                    \
        __typeof__(one) weft__many[] = {__VA_ARGS__};                                                                  \
        call((scope), WEFT__CHAN(one), weft__many, sizeof weft__many / sizeof weft__many[0]);                          \
    })

WEFT_END

#endif
