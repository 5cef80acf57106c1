/* The first frame of a task: debuggers and profilers unwind to it and stop, since the return address is undefined. */
#if defined(__x86_64__) && !defined(WEFT_ARCH_UCONTEXT)
        .text
        .globl  weft__arch_start
        .hidden weft__arch_start
        .type   weft__arch_start, @function
weft__arch_start:
        .cfi_startproc
        .cfi_undefined rip
        .cfi_undefined rbp
        endbr64
        xorl    %ebp, %ebp
        call    weft__arch_entry
        ud2
        .cfi_endproc
        .size   weft__arch_start, . - weft__arch_start

        .section .note.gnu.property, "a"        /* IBT: 1; no shadow stack */
        .align  8
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000002, 4, 1, 0
#endif
        .section .note.GNU-stack, "", @progbits
