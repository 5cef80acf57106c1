/* Telling ASan and TSan which stack and which fiber runs. Empty in ordinary builds. */
#include "core/switch.h"

#ifdef WEFT__SANITIZED

enum { TSAN_NO_SYNC = 1 };

#ifdef WEFT__TSAN
/* Our own memory that changes hands under protocols that TSan does not follow. No edges are stated for it: they would
 * order all the tasks of a worker, and hide their races. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:weft__heap_insert\n"
           "race:weft__ring_grow\n"
           "race:weft__heap_insert\n"
           "race:weft__os_epoll_add\n"
           "race:weft__os_epoll_mod\n";
}
#endif

void weft__sanitize_leave(struct weft__thread *thread, struct weft__task *from, struct weft__task *to)
{
#ifdef WEFT__ASAN
    void **keep = from ? (from->ended ? NULL : &from->asan_fake_stack) : &thread->asan_fake_stack;
    const void *bottom = to ? (const void *)to->base : thread->stack_bottom;
    size_t size = to ? (size_t)((char *)to - to->base) : thread->stack_size;

    __sanitizer_start_switch_fiber(keep, bottom, size);
#endif
#ifdef WEFT__TSAN
    if (to && !to->tsan_fiber)
        to->tsan_fiber = __tsan_create_fiber(0);
    if (from && from->ended)
        WEFT__RELEASE(from); /* whoever gets the stack next comes after all of this task */
    __tsan_switch_to_fiber(to ? to->tsan_fiber : thread->tsan_fiber, TSAN_NO_SYNC);
#endif
}

void weft__sanitize_arrive(struct weft__thread *thread, struct weft__task *here)
{
#ifdef WEFT__ASAN
    void **keep = here ? &here->asan_fake_stack : &thread->asan_fake_stack;
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(*keep, &bottom, &size);
    *keep = NULL;
    if (!thread->stack_bottom && thread->from == NULL) { /* the first switch of a thread, from its own stack */
        thread->stack_bottom = bottom;
        thread->stack_size = size;
    }
#endif
    WEFT__ACQUIRE(&thread->tsan_fiber); /* what the thread's start has written: its thread-locals */
    (void)thread, (void)here;
}

#else
typedef int weft__nothing_to_tell;
#endif
