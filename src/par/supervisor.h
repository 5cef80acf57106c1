/* A supervisor's child, as the actor that it may be sees it. */
#ifndef WEFT_PAR_SUPERVISOR_H
#define WEFT_PAR_SUPERVISOR_H

#include <weft/actor.h>

struct weft__child;

/* Adds a child, whose arguments are copied; actor may be NULL. It is the supervisor's if that takes it: then *ret_child
 * is set before it runs. -EPIPE, -ENOMEM, -EINVAL. */
int weft__child_add(weft_supervisor *supervisor, const struct weft_site *site, const struct weft_child *options,
                    const void *arguments, struct weft__actor *actor, struct weft__child **ret_child);

/* It is not to be started again; an actor is to have its mailbox closed. */
void weft__child_stop(struct weft__child *child);

/* actor.c: closes the mailbox; nobody will answer any more; and the end of its memory. */
void weft__actor_shut(struct weft__actor *actor);
void weft__actor_ended(struct weft__actor *actor);
void weft__actor_free(struct weft__actor *actor);

#endif
