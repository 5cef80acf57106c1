/* x86-64, System V ABI. IBT is honoured (endbr64 at every indirect target); shadow stacks are not used by tasks. */
#ifndef WEFT_ARCH_X86_64_H
#define WEFT_ARCH_X86_64_H

struct weft__context {
    void *pc, *sp, *fp, *rbx;
};

extern void weft__arch_start(void);

#ifdef __AVX512F__
#define WEFT__CLOBBER_AVX512                                                                                           \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",      \
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define WEFT__CLOBBER_AVX512
#endif

WEFT__INLINE void weft__arch_switch(struct weft__context *from, struct weft__context *to)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rax, 0(%0)\n\t"
                     "movq %%rsp, 8(%0)\n\t"
                     "movq %%rbp, 16(%0)\n\t"
                     "movq %%rbx, 24(%0)\n\t"
                     "movq 8(%1), %%rsp\n\t"
                     "movq 16(%1), %%rbp\n\t"
                     "movq 24(%1), %%rbx\n\t"
                     "jmpq *0(%1)\n"
                     "1:\tendbr64\n"
                     : "+S"(from), "+D"(to)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15" WEFT__CLOBBER_AVX512);
}

WEFT__INLINE void weft__arch_make(struct weft__context *context, void *top)
{
    context->pc = (void *)weft__arch_start;
    context->sp = (void *)((unsigned long)top & ~15ul);
    context->fp = context->rbx = 0;
}

/* The thread's own word, read anew each time: a compiler that keeps the address of a thread-local across a switch would
 * read another thread's. [T1] */
extern __thread struct weft__thread *weft__self_word;

WEFT__INLINE struct weft__thread *weft__arch_self(void)
{
    struct weft__thread *self;

    __asm__ volatile("movq weft__self_word@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(self));
    return self;
}

#endif
