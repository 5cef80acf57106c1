/* What the sanitizers and Valgrind must be told about stacks that are switched. Empty in ordinary builds.
 *
 * TSan: each task is a fiber; switching gives no happens-before (the flag), and the real edges are stated with
 * WEFT__RELEASE and WEFT__ACQUIRE: spawn, wake, end to join. The library itself is not instrumented (meson.build says
 * why). ASan: each switch announces the stack it goes to.
 */
#ifndef WEFT_ARCH_SANITIZE_H
#define WEFT_ARCH_SANITIZE_H

#include "base/check.h"

#include <stddef.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define WEFT__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT__ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(WEFT_TSAN)
#define WEFT__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT__TSAN 1
#endif
#endif

#if defined(WEFT__ASAN) || defined(WEFT__TSAN)
#define WEFT__SANITIZED 1
#endif

#ifdef WEFT__ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

#ifdef WEFT__TSAN
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void *__tsan_get_current_fiber(void);
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define WEFT__ACQUIRE(address) __tsan_acquire((void *)(address))
#define WEFT__RELEASE(address) __tsan_release((void *)(address))
#else
#define WEFT__ACQUIRE(address) ((void)0)
#define WEFT__RELEASE(address) ((void)0)
#endif

#if defined(__has_include) && !defined(WEFT__ASAN) && !defined(WEFT__TSAN)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(low, high) 0u
#define VALGRIND_STACK_DEREGISTER(id) ((void)0)
#define VALGRIND_MAKE_MEM_UNDEFINED(start, size) ((void)0)
#define RUNNING_ON_VALGRIND 0
#endif

/* memcpy between the stacks of tasks. TSan would see memcpy, which it intercepts everywhere, but not the edges that
 * make the copy safe, in code that is not instrumented. */
WEFT__INLINE void weft__copy(void *to, const void *from, size_t size)
{
#ifdef WEFT__TSAN
    for (size_t i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
#else
    if (WEFT__LIKELY(size == 8))
        memcpy(to, from, 8);
    else if (size)
        memcpy(to, from, size);
#endif
}

#endif
