/* Checks that stay on in release builds: a broken invariant stops the program with the facts. */
#ifndef WEFT_BASE_CHECK_H
#define WEFT_BASE_CHECK_H

#define WEFT__LIKELY(x) __builtin_expect(!!(x), 1)
#define WEFT__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WEFT__NOINLINE __attribute__((noinline))
#define WEFT__INLINE static inline __attribute__((always_inline))
#define WEFT__CACHE_LINE 64

/* Of a big local that is written before it is read: hardened builds would clear it first. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define WEFT__UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
/* Of a short function on the hot path that has no arrays: it needs no stack protector. */
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#define WEFT__HOT __attribute__((no_stack_protector))
#endif
#endif
#ifndef WEFT__HOT
#define WEFT__HOT
#endif
#ifndef WEFT__UNINITIALIZED
#define WEFT__UNINITIALIZED
#endif

/* Says what is wrong on stderr and aborts. Used for our own bugs and for misuse that has already broken memory. */
__attribute__((noreturn, cold, format(printf, 1, 2))) void weft__panic(const char *format, ...);

#define WEFT__CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (WEFT__UNLIKELY(!(condition)))                                                                              \
            weft__panic("%s:%d: broken invariant: %s", __FILE__, __LINE__, #condition);                                \
    } while (0)

#endif
