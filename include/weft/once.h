/* Once: something is done by the first that comes; all others wait until it is done.
 *
 *     static weft_once loaded = WEFT_ONCE_INIT;
 *     if ((rc = weft_once_run(&loaded, load_table, &table)) < 0) return rc;
 *
 * An attempt that fails does not count: the next that comes, or one that waits, tries again.
 */
#ifndef WEFT_ONCE_H
#define WEFT_ONCE_H

#include <weft/base.h>

WEFT_BEGIN

/* Plain memory of the caller's, of private content; all zero is not done. It must stay where it is. */
typedef struct weft_once {
    uint64_t weft__private[6];
} weft_once;

#define WEFT_ONCE_INIT                                                                                                 \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Runs fn(argument) in the caller, unless it has been done. Returns 0 if it is done (what fn returned is only looked at
 * for its sign), fn's error if the caller's own attempt failed; -ECANCELED or -ETIMEDOUT while waiting for another's
 * attempt; -EDEADLK from inside fn; -EINVAL for NULL. Task or thread. May suspend. One load once it is done. */
WEFT_EXPORT WEFT_MUST_USE int weft_once_run(weft_once *once, int (*fn)(void *argument), void *argument);

WEFT_END

#endif
