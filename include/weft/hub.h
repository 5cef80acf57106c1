/* Hubs: a foreign event loop as a neighbour of the tasks.
 *
 * A hub belongs to one plain thread (of libuv, GLib, asyncio, a game loop). Tasks and threads post calls to it; the
 * thread runs them when it polls. The loop watches weft_hub_fd, or has no loop of its own and sleeps in weft_hub_poll.
 *
 *     weft_hub *hub = weft_hub_new();
 *     loop_add_reader(weft_hub_fd(hub), on_readable);    // on_readable: weft_hub_poll(hub, 0)
 *     ... in a task: weft_hub_post(hub, show, picture);  // show(picture) runs on the loop's thread
 */
#ifndef WEFT_HUB_H
#define WEFT_HUB_H

#include <weft/base.h>

WEFT_BEGIN

typedef struct weft_hub weft_hub;

/* A new hub; NULL without memory or fds. Owned by the caller. Anyone but a handler. */
WEFT_EXPORT weft_hub *weft_hub_new(void);

/* Frees it; calls that were posted and not run are dropped, and their number returned. Nobody may post any more.
 * NULL gives 0. */
WEFT_EXPORT int weft_hub_free(weft_hub *hub);

/* An fd that is readable while posted calls wait. It belongs to the hub: watch it, do not read it. */
WEFT_EXPORT int weft_hub_fd(const weft_hub *hub);

/* Runs fn(argument) on the hub's thread at its next poll, in the order of posting. Returns 0, -ENOMEM, -EINVAL for
 * NULL. Task or thread. Never suspends. */
WEFT_EXPORT int weft_hub_post(weft_hub *hub, void (*fn)(void *argument), void *argument);

/* Runs what was posted; if nothing was, waits for it until the deadline (0: does not wait, WEFT_FOREVER: no limit).
 * Returns the number of calls run, -ETIMEDOUT if the deadline came first (0 if it was 0), -EINVAL for NULL.
 * The hub's thread only, not a task. Blocks the thread. */
WEFT_EXPORT int weft_hub_poll(weft_hub *hub, int64_t deadline);

WEFT_END

#endif
