/* Hubs: a list of calls under a lock, and an eventfd that is readable while there are any. */
#include "base/lock.h"
#include "core/policy.h"
#include "core/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <weft/hub.h>

struct call {
    struct call *next;
    void (*fn)(void *argument);
    void *argument;
};

struct weft_hub {
    struct weft__lock lock;
    struct call *first, **last; /* lock */
    int event;
};

weft_hub *weft_hub_new(void)
{
    weft_hub *hub = calloc(1, sizeof *hub);

    if (!hub)
        return NULL;
    hub->last = &hub->first;
    hub->event = weft__os_eventfd();
    if (hub->event < 0) {
        free(hub);
        return NULL;
    }
    return hub;
}

int weft_hub_free(weft_hub *hub)
{
    struct call *call, *next;
    int count = 0;

    if (!hub)
        return 0;
    for (call = hub->first; call; call = next, count++) {
        next = call->next;
        free(call);
    }
    weft__os_close(hub->event);
    free(hub);
    return count;
}

int weft_hub_fd(const weft_hub *hub)
{
    return hub ? hub->event : -EINVAL;
}

int weft_hub_post(weft_hub *hub, void (*fn)(void *argument), void *argument)
{
    struct weft__thread *thread;
    struct call *call;
    bool first;

    if (!hub || !fn)
        return -EINVAL;
    call = malloc(sizeof *call);
    if (!call)
        return -ENOMEM;
    *call = (struct call){NULL, fn, argument};
    thread = weft__enter_any();
    weft__lock(&hub->lock);
    WEFT__RELEASE(hub);
    first = !hub->first;
    *hub->last = call;
    hub->last = &call->next;
    if (first) /* under the lock: the hub cannot be drained and freed in between */
        weft__os_eventfd_write(hub->event);
    weft__unlock(&hub->lock);
    weft__leave_any(thread);
    return 0;
}

static int run_calls(weft_hub *hub)
{
    struct call *call, *next;
    int count = 0;

    weft__lock(&hub->lock);
    WEFT__ACQUIRE(hub);
    call = hub->first;
    hub->first = NULL;
    hub->last = &hub->first;
    if (call)
        weft__os_eventfd_drain(hub->event);
    weft__unlock(&hub->lock);
    for (; call; call = next, count++) {
        next = call->next;
        call->fn(call->argument);
        free(call);
    }
    return count;
}

int weft_hub_poll(weft_hub *hub, int64_t deadline)
{
    int64_t until =
        weft__policy.seeded && deadline != WEFT_FOREVER ? deadline - weft__now() + weft__os_now() : deadline;
    int count;

    if (!hub)
        return -EINVAL;
    while ((count = run_calls(hub)) == 0 && deadline != 0)
        if (weft__os_poll_one(hub->event, POLLIN, until) == 0)
            return -ETIMEDOUT;
    return count;
}
