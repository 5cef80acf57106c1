/* Loops whose iterations run in parallel: for, map, reduce.
 *
 *     struct scale { double *values, by; };
 *     static int scale(struct scale *self, size_t begin, size_t end)       // a piece of the range
 *     {
 *         for (size_t i = begin; i < end; i++)
 *             self->values[i] *= self->by;
 *         return 0;                                                         // or -Exxx, which ends the loop
 *     }
 *
 *     rc = weft_for(0, count, scale, .values = values, .by = 2);
 *
 * The call returns when all is done: 0, or the first error, which cancels the rest; it inherits the deadline and the
 * cancellation of the caller's scope. The body and its struct share their name, as with weft_go. The struct is one for
 * all tasks of the loop, in the caller's frame: what several of them change in it needs a lock or an atomic.
 *
 * As many tasks take part as there are workers free for it: on one worker alone the loop costs one spawn. Each takes
 * the next piece of the range when it has done one. How large a piece is follows from how long the last one took, so
 * that taking one costs nearly nothing and the tasks end together, also if the iterations differ in length. (Guided
 * self-scheduling, Polychronopoulos and Kuck, 1987, bounds the size from above.) A body may wait, spawn, and run loops
 * of its own. For bodies that mostly wait give .width: so many of them are under way at once.
 *
 * Every call: 0; the first error of a body; -ECANCELED or -ETIMEDOUT of the caller's scope, or -ENOMEM, after which
 * some iterations were not run (cancellation is looked at between iterations or pieces; what a body was in the middle
 * of is its own affair); -EPERM outside a task; -EINVAL for a NULL that is needed. Task only. May suspend.
 */
#ifndef WEFT_PAR_H
#define WEFT_PAR_H

#include <weft/base.h>
#include <weft/chan.h>

WEFT_BEGIN

/* How to run a loop; a field left out keeps its default. The calls that end in _with take them in parentheses. */
struct weft_par_options {
    size_t grain;            /* iterations in a piece; default: chosen as the loop runs */
    uint32_t width;          /* tasks at once; default: as many as there are workers */
    unsigned char unordered; /* of a reduction: combine in any order, and so less often */
    const char *name;        /* of the tasks, for reports; kept by reference; default: the body's name */
    const char *weft__body;
};

/* weft_for(begin, end, fn, .field = value, ...): runs fn(self, b, e) for pieces [b, e) that together are [begin, end);
 * none if end <= begin. Returns as above. */
#define weft_for(begin, end, fn, ...) weft_for_with((.grain = 0), begin, end, fn, __VA_ARGS__)
#define weft_for_with(options, begin, end, fn, ...)                                                                    \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, size_t, size_t));                                                                 \
        weft_for_raw((begin), (end), (weft_for_fn *)(void (*)(void))(fn), &(struct fn){__VA_ARGS__},                   \
                     &(struct weft_par_options){WEFT__PAR_OPTIONS(fn, options)});                                      \
    })

/* weft_for_each(begin, end, fn, .field = value, ...): runs fn(self, i) for each i in [begin, end). Returns as above. */
#define weft_for_each(begin, end, fn, ...) weft_for_each_with((.grain = 0), begin, end, fn, __VA_ARGS__)
#define weft_for_each_with(options, begin, end, fn, ...)                                                               \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, size_t));                                                                         \
        weft_for_each_raw((begin), (end), (weft_for_each_fn *)(void (*)(void))(fn), &(struct fn){__VA_ARGS__},         \
                          &(struct weft_par_options){WEFT__PAR_OPTIONS(fn, options)});                                 \
    })

/* weft_map(in, out, count, fn, .field = value, ...): runs fn(self, &in[i], &out[i]) for each i below count; of an array
 * of T it makes one of U: int fn(struct fn *self, const T *in, U *out). Returns as above. (weft_map_chan, in
 * pipeline.h, delivers the results as they are made.) */
#define weft_map(in, out, count, fn, ...) weft_map_with((.grain = 0), in, out, count, fn, __VA_ARGS__)
#define weft_map_with(options, in, out, count, fn, ...)                                                                \
    __extension__({                                                                                                    \
        WEFT__BODY(fn, (struct fn *, const __typeof__(*(in)) *, __typeof__(*(out)) *));                                \
        weft_map_raw((in), sizeof(*(in)), (out), sizeof(*(out)), (count), (weft_map_fn *)(void (*)(void))(fn),         \
                     &(struct fn){__VA_ARGS__}, &(struct weft_par_options){WEFT__PAR_OPTIONS(fn, options)});           \
    })

/* weft_reduce(begin, end, result, fold, combine, .field = value, ...): one value of a range.
 *
 *     int fold(struct fold *self, size_t begin, size_t end, A *value)       adds the piece [begin, end) to the value
 *     int combine(struct fold *self, A *left, A *right)                     left = left + right; right is gone after it
 *
 * *result, an A, is the neutral value before the call, from whose copies (of its bytes) the folds start; afterwards it
 * is the result. combine must be associative; it need not be commutative, unless .unordered says that it is: then each
 * task has one value for all that it does. There are never more than 2 * width + 1 values. After an error, too, all
 * values are combined into *result, so that what they own is not lost. Returns as above. */
#define weft_reduce(begin, end, result, fold, combine, ...)                                                            \
    weft_reduce_with((.grain = 0), begin, end, result, fold, combine, __VA_ARGS__)
#define weft_reduce_with(options, begin, end, result, fold, combine, ...)                                              \
    __extension__({                                                                                                    \
        WEFT__BODY(fold, (struct fold *, size_t, size_t, __typeof__(*(result)) *));                                    \
        WEFT__COMBINE(fold, combine, result);                                                                          \
        weft_reduce_raw((begin), (end), (result), sizeof(*(result)), (weft_reduce_fn *)(void (*)(void))(fold),         \
                        (weft_combine_fn *)(void (*)(void))(combine), &(struct fold){__VA_ARGS__},                     \
                        &(struct weft_par_options){WEFT__PAR_OPTIONS(fold, options)});                                 \
    })

/* weft_map_reduce(in, result, fold, combine, .field = value, ...): the same for what comes out of a channel of T, until
 * it is closed and empty: int fold(struct fold *self, const T *item, A *value). At most .width items are in flight. The
 * channel's room bounds what its senders are ahead; a function that makes the items is a weft_source into it. (Dean and
 * Ghemawat, OSDI 2004.) It is the channel's reader, and closes it when it ends, so that a sender does not wait in vain.
 * Returns as above. */
#define weft_map_reduce(in, result, fold, combine, ...)                                                                \
    weft_map_reduce_with((.grain = 0), in, result, fold, combine, __VA_ARGS__)
#define weft_map_reduce_with(options, in, result, fold, combine, ...)                                                  \
    __extension__({                                                                                                    \
        WEFT__BODY(fold, (struct fold *, const WEFT__ITEM(in) *, __typeof__(*(result)) *));                            \
        WEFT__COMBINE(fold, combine, result);                                                                          \
        weft_map_reduce_raw(WEFT__CHAN(in), (result), sizeof(*(result)), (weft_map_fn *)(void (*)(void))(fold),        \
                            (weft_combine_fn *)(void (*)(void))(combine), &(struct fold){__VA_ARGS__},                 \
                            &(struct weft_par_options){WEFT__PAR_OPTIONS(fold, options)});                             \
    })

/* For C++, bindings and generated code: the same, self handed through. options may be NULL. */
typedef int weft_for_fn(void *self, size_t begin, size_t end);
typedef int weft_for_each_fn(void *self, size_t i);
typedef int weft_map_fn(void *self, const void *in, void *out);
typedef int weft_reduce_fn(void *self, size_t begin, size_t end, void *value);
typedef int weft_combine_fn(void *self, void *left, void *right);
WEFT_EXPORT int weft_for_raw(size_t begin, size_t end, weft_for_fn *fn, void *self,
                             const struct weft_par_options *options);
WEFT_EXPORT int weft_for_each_raw(size_t begin, size_t end, weft_for_each_fn *fn, void *self,
                                  const struct weft_par_options *options);
WEFT_EXPORT int weft_map_raw(const void *in, size_t in_size, void *out, size_t out_size, size_t count, weft_map_fn *fn,
                             void *self, const struct weft_par_options *options);
WEFT_EXPORT int weft_reduce_raw(size_t begin, size_t end, void *result, size_t size, weft_reduce_fn *fold,
                                weft_combine_fn *combine, void *self, const struct weft_par_options *options);
WEFT_EXPORT int weft_map_reduce_raw(struct weft__chan *in, void *result, size_t size, weft_map_fn *fold,
                                    weft_combine_fn *combine, void *self, const struct weft_par_options *options);

/* The check that a body has the parameters that its caller will give it. */
#define WEFT__BODY(fn, parameters)                                                                                     \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&fn), int(*) parameters),                                   \
                   "this body is: static int NAME(struct NAME *self, ...), with what the header says after self")
#define WEFT__COMBINE(fold, combine, result)                                                                           \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&combine), int (*)(struct fold *, __typeof__(*(result)) *,  \
                                                                              __typeof__(*(result)) *)),               \
                   "combine is: static int NAME(struct FOLD *self, A *left, A *right)")
#define WEFT__PAR_OPTIONS(fn, options) .weft__body = #fn, WEFT__PAR_UNWRAP options
#define WEFT__PAR_UNWRAP(...) __VA_ARGS__

WEFT_END

#endif
