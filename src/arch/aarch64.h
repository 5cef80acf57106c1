/* AArch64, AAPCS64. BTI landing pads at every indirect target. */
#ifndef WEFT_ARCH_AARCH64_H
#define WEFT_ARCH_AARCH64_H

struct weft__context {
    void *pc, *sp, *fp, *x19;
};

extern void weft__arch_start(void);

WEFT__INLINE void weft__arch_switch(struct weft__context *from, struct weft__context *to)
{
    register struct weft__context *x0 __asm__("x0") = from;
    register struct weft__context *x1 __asm__("x1") = to;

    __asm__ volatile("adr x2, 1f\n\t"
                     "mov x3, sp\n\t"
                     "stp x2, x3, [x0]\n\t"
                     "stp x29, x19, [x0, #16]\n\t"
                     "ldp x16, x3, [x1]\n\t"
                     "ldp x29, x19, [x1, #16]\n\t"
                     "mov sp, x3\n\t"
                     "br x16\n"
                     "1:\thint #36\n" /* bti j */
                     : "+r"(x0), "+r"(x1)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                       "x17", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "memory", "cc",
                       "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
                       "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                       "v29", "v30", "v31");
}

WEFT__INLINE void weft__arch_make(struct weft__context *context, void *top)
{
    context->pc = (void *)weft__arch_start;
    context->sp = (void *)((unsigned long)top & ~15ul);
    context->fp = context->x19 = 0;
}

extern __thread struct weft__thread *weft__self_word;

/* Read anew each time; see x86_64.h [T1]. */
WEFT__INLINE struct weft__thread *weft__arch_self(void)
{
    struct weft__thread *self;
    void *offset;

    __asm__ volatile("adrp %1, :gottprel:weft__self_word\n\t"
                     "ldr %1, [%1, :gottprel_lo12:weft__self_word]\n\t"
                     "mrs %0, tpidr_el0\n\t"
                     "ldr %0, [%0, %1]"
                     : "=&r"(self), "=&r"(offset));
    return self;
}

#endif
