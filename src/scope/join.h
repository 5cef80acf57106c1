/* Handles: what is left of a task when it has ended, until its scope closes. */
#ifndef WEFT_SCOPE_JOIN_H
#define WEFT_SCOPE_JOIN_H

#include "core/scope.h"

/* Frees the handles of a scope whose children have all ended. */
void weft__handles_free(struct weft__scope *scope);

#endif
