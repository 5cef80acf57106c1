/* The first frame of a task: unwinding stops here, since the return address is undefined. */
#if defined(__aarch64__) && !defined(WEFT_ARCH_UCONTEXT)
        .text
        .globl  weft__arch_start
        .hidden weft__arch_start
        .type   weft__arch_start, %function
weft__arch_start:
        .cfi_startproc
        .cfi_undefined x30
        .cfi_undefined x29
        hint    #36             /* bti j */
        mov     x29, xzr
        mov     x30, xzr
        bl      weft__arch_entry
        brk     #1
        .cfi_endproc
        .size   weft__arch_start, . - weft__arch_start

        .section .note.gnu.property, "a"        /* BTI: 1 */
        .align  3
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000000, 4, 1, 0
#endif
        .section .note.GNU-stack, "", %progbits
