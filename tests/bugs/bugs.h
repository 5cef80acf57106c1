/* Real bugs of other programs, as kernels: a few tasks, channels and locks that go wrong in some schedule.
 *
 *     BUG(project_123)                  // defines struct project_123 { bool fixed; } and the head of its function
 *     {
 *         ...                            // as the program had it; where the fix differs: if (self->fixed)
 *         return weft_scope_close(&scope);
 *     }
 *
 * The program explores each one twice: as it was, until a detector finds it, and fixed, where none may. The kernels
 * keep the tasks, channels and locks of the original and their order, and nothing is added that would make the bug
 * easier to meet. Errors are not findings here: what a kernel does with one is its own affair. A goroutine that is
 * never joined is a task of a scope that the kernel closes at its end: that it leaks is a deadlock there.
 */
#ifndef WEFT_TESTS_BUGS_H
#define WEFT_TESTS_BUGS_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

struct bug {
    const char *name;
    int (*explore)(bool fixed, uint64_t seeds, struct weft_finding *finding);
    struct bug *next;
};

void bug_register(struct bug *bug);

#define BUG(id)                                                                                                        \
    struct id {                                                                                                        \
        bool fixed;                                                                                                    \
    };                                                                                                                 \
    static int id(struct id *self);                                                                                    \
    static int explore_##id(bool is_fixed, uint64_t seeds, struct weft_finding *finding)                               \
    {                                                                                                                  \
        return weft_explore((.seeds = seeds, .errors_allowed = 1), finding, id, .fixed = is_fixed);                    \
    }                                                                                                                  \
    __attribute__((constructor)) static void register_##id(void)                                                       \
    {                                                                                                                  \
        static struct bug bug = {#id, explore_##id, NULL};                                                             \
        bug_register(&bug);                                                                                            \
    }                                                                                                                  \
    static int id(struct id *self)

#endif
