/* A spinlock for sections of a few instructions. Holders are threads of normal priority that never suspend under it. */
#ifndef WEFT_BASE_LOCK_H
#define WEFT_BASE_LOCK_H

#include "base/check.h"

#include <stdatomic.h>

#if defined(__x86_64__) || defined(__i386__)
#define WEFT__PAUSE() __builtin_ia32_pause()
#else
#define WEFT__PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

struct weft__lock {
    atomic_uint word;
};

/* Gives the CPU away while a holder is preempted; in os/thread.c. */
void weft__os_yield(void);

WEFT__NOINLINE __attribute__((unused)) static void weft__lock_slow(struct weft__lock *lock)
{
    for (unsigned spins = 1;; spins++) {
        while (atomic_load_explicit(&lock->word, memory_order_relaxed)) {
            if (spins++ % 256 == 0)
                weft__os_yield();
            WEFT__PAUSE();
        }
        if (!atomic_exchange_explicit(&lock->word, 1, memory_order_acquire)) /* pairs with unlock [K1] */
            return;
    }
}

static inline void weft__lock(struct weft__lock *lock)
{
    if (WEFT__UNLIKELY(atomic_exchange_explicit(&lock->word, 1, memory_order_acquire))) /* pairs with unlock [K1] */
        weft__lock_slow(lock);
}

static inline void weft__unlock(struct weft__lock *lock)
{
    atomic_store_explicit(&lock->word, 0, memory_order_release); /* pairs with lock [K1] */
}

#endif
