/* Signals as something to wait for.
 *
 *     weft_signal_watch(SIGHUP);                               // from here on it is kept for whoever waits
 *     while ((rc = weft_signal_wait(SIGHUP)) == 0)
 *         reload();
 *
 * Or in a select: weft_on_signal(SIGHUP). A watched signal does nothing but become readable here: its default action
 * and the program's own handler are out of force until it is unwatched, or the runtime stopped. Each one that the
 * kernel delivers is received once, by one waiter; those that came while nobody waited are kept. (Of several equal ones
 * that are pending at once the kernel delivers one, unless they are real-time signals.) Under weft_main SIGINT and
 * SIGTERM cancel the root scope unless they are watched. A thread of the program must have the signal unblocked (the
 * runtime's threads block all; under weft_main the first thread serves).
 */
#ifndef WEFT_SIGNAL_H
#define WEFT_SIGNAL_H

#include <signal.h>
#include <weft/base.h>
#include <weft/select.h>

WEFT_BEGIN

/* Takes the signal over; counted. Returns 0; -EINVAL for a number that cannot be handled; -EMFILE, -ENFILE, -ENOMEM.
 * Task or thread, the runtime being started. Never suspends. */
WEFT_EXPORT int weft_signal_watch(int number);

/* Gives it back as it was before the first watch, when it has been called as often; signals that were kept are
 * dropped. Nobody may be waiting for it. Returns 0, -EINVAL if it is not watched. Task or thread. Never suspends. */
WEFT_EXPORT int weft_signal_unwatch(int number);

/* Waits for one; a signal that is not watched is from now on. Returns 0; -ECANCELED, -ETIMEDOUT, and none is received;
 * errors of weft_signal_watch. Task or thread, the runtime being started. May suspend. */
WEFT_EXPORT int weft_signal_wait(int number);

/* A case of weft_select: the signal has come; it is received. Watched from the first use on; the select fails with the
 * errors of weft_signal_watch. */
#define weft_on_signal(number) WEFT__CASE(weft__on_signal, NULL, NULL, NULL, (number))
extern WEFT_EXPORT const struct weft__kind weft__on_signal;

WEFT_END

#endif
