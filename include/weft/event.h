/* Events: a flag that many can wait for.
 *
 *     static weft_event ready = WEFT_EVENT_INIT;
 *     weft_event_set(&ready);                                  // wakes all that wait, and all that come later
 *     if ((rc = weft_event_wait(&ready)) < 0) return rc;
 *
 * Once set it stays set until it is cleared. (What Python's threading.Event and Win32's manual-reset event are.)
 */
#ifndef WEFT_EVENT_H
#define WEFT_EVENT_H

#include <weft/base.h>
#include <weft/select.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero is not set. It must stay where it is. */
typedef struct weft_event {
    uint64_t weft__private[5];
} weft_event;

#define WEFT_EVENT_INIT                                                                                                \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Sets it; those that wait go on. Clears it. Return 0, -EINVAL for NULL. Task or thread. Never suspend. */
WEFT_EXPORT int weft_event_set(weft_event *event);
WEFT_EXPORT int weft_event_clear(weft_event *event);

/* 1 if it is set, 0 if not. A moment's truth. */
WEFT_EXPORT int weft_event_is_set(const weft_event *event);

/* Waits until it is set. Returns 0; -ECANCELED, -ETIMEDOUT; -EINVAL for NULL. A waiter that a set has woken has seen
 * it, even if it is cleared right after. Task or thread. May suspend. */
WEFT_EXPORT int weft_event_wait(weft_event *event);

/* A case of weft_select: the event is set. */
#define weft_on_event(event) WEFT__CASE(weft__on_event, (1 ? (event) : (weft_event *)0), NULL, NULL, 0)
extern WEFT_EXPORT const struct weft__kind weft__on_event;

WEFT_END

#endif
