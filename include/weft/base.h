/* What every other header stands on: export marks, time units, the version.
 *
 * Conventions of the whole library:
 *  - a call returns >= 0 for success and -Exxx for failure; errno is never used to report;
 *  - time is int64_t nanoseconds; a timeout is a span, a deadline a point on CLOCK_MONOTONIC;
 *  - -ECANCELED comes only from a cancelled scope, -ETIMEDOUT from a scope's deadline (or the kernel's own);
 *  - a call that may suspend looks at cancellation first, and then has consumed nothing;
 *  - "task" means inside a task, "thread" a plain thread of the program, "handler" a signal handler.
 */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0

#define WEFT_NANOSECOND INT64_C(1)
#define WEFT_MICROSECOND INT64_C(1000)
#define WEFT_MILLISECOND INT64_C(1000000)
#define WEFT_SECOND INT64_C(1000000000)
#define WEFT_FOREVER INT64_MAX

#define WEFT_EXPORT __attribute__((visibility("default")))
#define WEFT_MUST_USE __attribute__((warn_unused_result))

/* In C, at compile time: the pointer is one to T, or a plain NULL. */
#ifdef __cplusplus
#define WEFT__FITS(pointer, T) (void)0
#else
#define WEFT__FITS(pointer, T)                                                                                         \
    _Static_assert(__builtin_types_compatible_p(__typeof__(1 ? (pointer) : (pointer)), __typeof__(T) *) ||             \
                       __builtin_types_compatible_p(__typeof__(1 ? (pointer) : (pointer)), void *),                    \
                   "the place to receive into must have the type of the items")
#endif

/* The place of a call, for reports. */
#define WEFT__TEXT_OF(x) #x
#define WEFT__TEXT(x) WEFT__TEXT_OF(x)
#define WEFT__HERE __FILE__ ":" WEFT__TEXT(__LINE__)

#ifdef __cplusplus
#define WEFT_BEGIN extern "C" {
#define WEFT_END }
#else
#define WEFT_BEGIN
#define WEFT_END
#endif

WEFT_BEGIN

/* The version of the library that runs, as "MAJOR.MINOR.PATCH"; a constant string. Anyone may call it. Never suspends.
 */
WEFT_EXPORT const char *weft_version(void);

WEFT_END

#endif
