/* The context switch on ucontext. A saved context lies on the stack that it saves. */
#include "arch/arch.h"

__thread struct weft__thread *weft__self_word;

#if defined(WEFT_ARCH_UCONTEXT) || !(defined(__x86_64__) || defined(__aarch64__))

#include <stdint.h>
#include <string.h>

WEFT__NOINLINE void weft__arch_switch(struct weft__context *from, struct weft__context *to)
{
    ucontext_t here;

    from->state = &here;
    swapcontext(&here, to->state);
}

void weft__arch_make(struct weft__context *context, void *top)
{
    ucontext_t *state = (ucontext_t *)(void *)(((uintptr_t)top - sizeof *state) & ~(uintptr_t)63);

    memset(state, 0, sizeof *state);
    getcontext(state);
    state->uc_stack.ss_size = 64 * 1024; /* the part below state that the first frame may be put in */
    state->uc_stack.ss_sp = (char *)state - state->uc_stack.ss_size;
    makecontext(state, weft__arch_entry, 0);
    context->state = state;
}

/* Not inlined and opaque to the compiler, so that nothing of it is kept across a switch [T1]. */
WEFT__NOINLINE struct weft__thread *weft__arch_self(void)
{
    __asm__ volatile("" ::: "memory");
    return weft__self_word;
}

#endif
