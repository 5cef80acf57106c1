/* The context switch: one operation, three implementations.
 *
 *     weft__arch_switch(from, to)     saves the running context in *from and goes on in *to
 *     weft__arch_make(context, top)   a context that starts weft__arch_entry() on the stack that ends at top
 *
 * The switch is inline assembly that saves only pc, sp, frame pointer and base register and clobbers all the rest, so
 * that the compiler saves what is live and nothing else, and it ends in a jump: a return would miss the return
 * predictor each time (11 ns instead of 3). mxcsr, the x87 control word and fpcr are not saved: they belong to the
 * thread.
 */
#ifndef WEFT_ARCH_ARCH_H
#define WEFT_ARCH_ARCH_H

#include "base/check.h"

#if defined(WEFT_ARCH_UCONTEXT) || !(defined(__x86_64__) || defined(__aarch64__))
#include "arch/portable.h"
#elif defined(__x86_64__)
#include "arch/x86_64.h"
#else
#include "arch/aarch64.h"
#endif

/* Where every new context begins; defined in core/task.c. Never returns. */
__attribute__((noreturn)) void weft__arch_entry(void);

#endif
