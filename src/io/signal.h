/* Signals, for weft_main. */
#ifndef WEFT_IO_SIGNAL_H
#define WEFT_IO_SIGNAL_H

#include <stdbool.h>

/* Hands a signal to whoever watches it; false: nobody does. Also in a signal handler. */
bool weft__signal_deliver(int number);

/* Takes all watches back; no task is alive. */
void weft__signals_fini(void);

#endif
