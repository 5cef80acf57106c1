#include "run.h"

#include "base/prng.h"
#include "core/policy.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct weft_finding finding;

#ifdef __SANITIZE_THREAD__
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif

/* Memory that the children write to and we read. */
static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    MUST(memory != MAP_FAILED);
    return memory;
}

/* ---- functions to explore ---- */

struct give {
    weft_chan(int) to;
    int value;
};
static int give(struct give *self)
{
    return weft_send(self->to, self->value);
}

/* Two tasks and a channel: right under every schedule. */
struct hand_over {
    int value;
};
static int hand_over(struct hand_over *self)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;
    int got = 0, rc;

    weft_scope_open(&scope);
    weft_go(&scope, give, .to = chan, .value = self->value);
    rc = weft_recv(chan, &got);
    rc = weft_scope_close_with(&scope, rc);
    weft_expect(rc < 0 || got == self->value);
    weft_chan_free(chan);
    return rc;
}

/* Adds one to what it has read before a call that lets others in. */
struct add {
    int *sum;
};
static int add(struct add *self)
{
    int before = *self->sum;

    (void)weft_check();
    (void)weft_sleep(0);
    *self->sum = before + 1;
    return 0;
}

/* Wrong whenever a second task comes between: one switch. */
struct careless {
    weft_chan(int) unused;
};
static int careless(struct careless *self)
{
    weft_mutex other = WEFT_MUTEX_INIT;
    weft_scope scope;
    int sum = 0, rc;

    (void)self;
    weft_scope_open(&scope);
    weft_go(&scope, add, .sum = &sum);
    weft_go(&scope, add, .sum = &sum);
    (void)weft_mutex_lock(&other);
    weft_mutex_unlock(&other);
    rc = weft_scope_close(&scope);
    weft_expect(sum == 2);
    return rc;
}

struct cross {
    weft_rwlock *first, *second;
};
static int cross(struct cross *self)
{
    int rc = weft_rwlock_write_lock(self->first);

    if (rc < 0)
        return rc;
    rc = weft_rwlock_write_lock(self->second);
    if (rc == 0)
        weft_rwlock_write_unlock(self->second);
    weft_rwlock_write_unlock(self->first);
    return rc;
}

struct crossing {
    int unused;
};
static int crossing(struct crossing *self)
{
    weft_rwlock a = WEFT_RWLOCK_INIT, b = WEFT_RWLOCK_INIT;
    weft_scope scope;

    (void)self;
    weft_scope_open(&scope);
    weft_go(&scope, cross, .first = &a, .second = &b);
    weft_go(&scope, cross, .first = &b, .second = &a);
    return weft_scope_close(&scope);
}
