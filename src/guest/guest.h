/* What weft_main needs of the guest's machinery. */
#ifndef WEFT_GUEST_GUEST_H
#define WEFT_GUEST_GUEST_H

#include "core/scope.h"

#include <weft/guest.h>

/* Whether no runtime runs: 0; -EBUSY: one does; -EPERM: one did where this process was forked. */
int weft__guest_idle(void);

/* In a child that no runtime was running in when it was forked: it may start one. */
void weft__guest_forked(void);

/* A scope without an owner, for a root task; any thread may cancel it. */
void weft__root_open(struct weft__scope *root);
int weft__call_in(struct weft__scope *root, const struct weft_site *site, const void *arguments);

/* overflow.c: the handler that names a stack overflow. */
int weft__overflow_install(void);

#endif
