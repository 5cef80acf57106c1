/* The fall-back for every other machine, on ucontext: two system calls a switch for the signal mask, but it works. */
#ifndef WEFT_ARCH_PORTABLE_H
#define WEFT_ARCH_PORTABLE_H

#include <ucontext.h>

struct weft__context {
    ucontext_t *state; /* at the top of its stack, or on the stack of whoever saved it */
};

/* In portable.c. */
void weft__arch_switch(struct weft__context *from, struct weft__context *to);
void weft__arch_make(struct weft__context *context, void *top);
struct weft__thread *weft__arch_self(void);

extern __thread struct weft__thread *weft__self_word;

#endif
