/* Task-local values: what a thread-local is to a thread.
 *
 *     static weft_key request_id;                                    // weft_key_new(&request_id, free) once
 *     weft_local_set(request_id, strdup(id)); ... weft_local_get(request_id)
 *
 * A key is made once and for all (at most 64). A task starts with none of its parent's values. When it ends, each value
 * that is not NULL is given to its key's destructor, on the task's own stack, newest key first.
 */
#ifndef WEFT_LOCAL_H
#define WEFT_LOCAL_H

#include <weft/base.h>

WEFT_BEGIN

typedef struct weft_key {
    uint32_t weft__index; /* 0: not made */
} weft_key;

/* Makes a key; destructor may be NULL. Returns 0, -EAGAIN if all 64 are in use. Anyone but a handler. Never suspends.
 */
WEFT_EXPORT int weft_key_new(weft_key *ret_key, void (*destructor)(void *value));

/* Sets the calling task's value. Returns 0, -ENOMEM, -EINVAL for a key not made, -EPERM outside a task. */
WEFT_EXPORT int weft_local_set(weft_key key, void *value);

/* The calling task's value; NULL if there is none. */
WEFT_EXPORT void *weft_local_get(weft_key key);

WEFT_END

#endif
