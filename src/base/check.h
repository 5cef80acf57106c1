/* Checks that stay on in release builds: a broken invariant stops the program with the facts. */
#ifndef WEFT_BASE_CHECK_H
#define WEFT_BASE_CHECK_H

#define WEFT__LIKELY(x) __builtin_expect(!!(x), 1)
#define WEFT__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WEFT__NOINLINE __attribute__((noinline))
#define WEFT__INLINE static inline __attribute__((always_inline))
#define WEFT__CACHE_LINE 64

/* Says what is wrong on stderr and aborts. Used for our own bugs and for misuse that has already broken memory. */
__attribute__((noreturn, cold, format(printf, 1, 2))) void weft__panic(const char *format, ...);

#define WEFT__CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (WEFT__UNLIKELY(!(condition)))                                                                              \
            weft__panic("%s:%d: broken invariant: %s", __FILE__, __LINE__, #condition);                                \
    } while (0)

#endif
