/* A mutex that is taken whatever has been cancelled: for the few lines that must keep an object whole. A mutex and not
 * a spinlock, so that those lines may allocate, wake and close.
 */
#ifndef WEFT_PAR_HOLD_H
#define WEFT_PAR_HOLD_H

#include "sync/mutex.h"

/* Cannot fail: the patterns never take the same one twice. */
#define weft__hold(mutex)                                                                                              \
    ((void)weft__mutex_take(weft__enter_any(), weft__mutex_of(mutex), WEFT__WAITING_HARD, WEFT__HERE))
#define weft__let_go(mutex) ((void)weft_mutex_unlock(mutex))

#endif
