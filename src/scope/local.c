/* Task-local values: a table of 64 per task, made when the first is set. */
#include "base/lock.h"
#include "core/sched.h"

#include <errno.h>
#include <stdlib.h>
#include <weft/local.h>

static struct {
    struct weft__lock lock;
    atomic_uint count;
    void (*destructors[WEFT__LOCALS])(void *value); /* constant once counted */
} keys;

int weft_key_new(weft_key *ret_key, void (*destructor)(void *value))
{
    struct weft__lock *lock = &keys.lock;
    unsigned count;
    int rc = -EAGAIN;

    weft__lock(lock);
    count = atomic_load_explicit(&keys.count, memory_order_relaxed);
    if (count < WEFT__LOCALS) {
        keys.destructors[count] = destructor;
        atomic_store_explicit(&keys.count, count + 1, memory_order_release);
        ret_key->weft__index = count + 1;
        rc = 0;
    }
    weft__unlock(lock);
    return rc;
}

static struct weft__task *current(void)
{
    struct weft__thread *thread = weft__self();

    return thread ? thread->task : NULL;
}

static bool is_made(weft_key key)
{
    return key.weft__index && key.weft__index <= atomic_load_explicit(&keys.count, memory_order_acquire);
}

int weft_local_set(weft_key key, void *value)
{
    struct weft__task *task = current();

    if (!task)
        return -EPERM;
    if (!is_made(key))
        return -EINVAL;
    if (!task->locals && !(task->locals = calloc(WEFT__LOCALS, sizeof *task->locals)))
        return -ENOMEM;
    task->locals[key.weft__index - 1] = value;
    return 0;
}

void *weft_local_get(weft_key key)
{
    struct weft__task *task = current();

    return task && task->locals && is_made(key) ? task->locals[key.weft__index - 1] : NULL;
}

/* A destructor may set values again; a few rounds, as POSIX threads do. */
void weft__locals_end(struct weft__task *task)
{
    bool any = true;

    for (int round = 0; any && round < 4; round++) {
        any = false;
        for (unsigned i = WEFT__LOCALS; i-- > 0;) {
            void *value = task->locals[i];

            task->locals[i] = NULL;
            if (value && keys.destructors[i]) {
                keys.destructors[i](value);
                any = true;
            }
        }
    }
    free(task->locals);
    task->locals = NULL;
}
