/* The choices and the clock; and the environment variables that set them. */
#include "core/policy.h"

#include "base/prng.h"
#include "core/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct weft__policy weft__policy;

enum { PREEMPT_ONE_IN = 4 };

int weft__environment(const char *name, uint64_t least, uint64_t most, uint64_t *ret)
{
    const char *text = getenv(name);
    uint64_t value = 0;

    if (!text || !*text)
        return 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
            goto bad;
    }
    if (value < least || value > most)
        goto bad;
    *ret = value;
    return 0;
bad:
    weft__report("%s=%s: must be a number from %llu to %llu", name, text, (unsigned long long)least,
                 (unsigned long long)most);
    return -EINVAL;
}

int weft__policy_init(void)
{
    const char *order = getenv("WEFT_SPAWN");
    uint64_t demote = 1, seed = 0, checks = 0;
    int rc;

    memset(&weft__policy, 0, sizeof weft__policy);
    if (order && *order && strcmp(order, "child") != 0 && strcmp(order, "queue") != 0) {
        weft__report("WEFT_SPAWN=%s: must be child or queue", order);
        return -EINVAL;
    }
    weft__policy.spawn = order && strcmp(order, "queue") == 0 ? WEFT__QUEUE_FIRST : WEFT__CHILD_FIRST;
    if ((rc = weft__environment("WEFT_DEMOTE", 0, 1, &demote)) < 0 ||
        (rc = weft__environment("WEFT_CHECK", 0, 1, &checks)) < 0 ||
        (rc = weft__environment("WEFT_SEED", 0, UINT64_MAX, &seed)) < 0)
        return rc;
    weft__policy.demote = demote != 0;
    weft__policy.checks = checks != 0;
    if (getenv("WEFT_SEED") && *getenv("WEFT_SEED")) {
        weft__policy.seeded = true;
        weft__policy.seed = weft__policy.random = seed;
        atomic_store_explicit(&weft__policy.now, WEFT_SECOND, memory_order_relaxed);
    }
    return 0;
}

uint32_t weft__policy_choose(uint32_t count)
{
    return weft__random_below(&weft__policy.random, count);
}

bool weft__policy_preempts(void)
{
    return weft__policy_choose(PREEMPT_ONE_IN) == 0;
}

bool weft__policy_child_first(void)
{
    if (WEFT__UNLIKELY(weft__policy.seeded))
        return weft__policy_choose(2) == 0;
    return weft__policy.spawn == WEFT__CHILD_FIRST;
}

int64_t weft__now(void)
{
    return WEFT__UNLIKELY(weft__policy.seeded) ? atomic_load_explicit(&weft__policy.now, memory_order_relaxed)
                                               : weft__os_now();
}
