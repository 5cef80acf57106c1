/* What the patterns share: a crew, and values that are being reduced.
 *
 * A crew is up to so many tasks in one scope that do the same work until there is none left: iterations of a range,
 * items of a channel, jobs of a queue. Every pattern is a crew with another source of work.
 */
#ifndef WEFT_PAR_PAR_H
#define WEFT_PAR_PAR_H

#include "base/lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weft/par.h>
#include <weft/scope.h>

enum { WEFT__CREW_MAX = 1 << 16 };

struct weft__crew {
    weft_scope scope;
    /* What each member does; the members are numbered from 0, each number at most once. */
    int (*work)(struct weft__crew *crew, uint32_t member);
    bool (*is_over)(struct weft__crew *crew); /* nothing is left: more members are of no use. NULL: never */
    const char *name;
};

/* Opens the crew's scope, does the work with up to width tasks of which the caller is one, and closes it. Returns what
 * the scope's close does; -EPERM outside a task. */
int weft__crew_run(struct weft__crew *crew, uint32_t width, enum weft_on_error on_error);

/* Makes rc an error of the scope at once, though the task that has it has something left to do. */
void weft__crew_fail(weft_scope *scope, int rc);

/* Whether the caller may run one: 0; -EPERM outside a task; -ECANCELED, -ETIMEDOUT. */
int weft__crew_check(void);

/* What the options say, or the defaults. */
uint32_t weft__crew_width(const struct weft_par_options *options);
const char *weft__crew_name(const struct weft_par_options *options);

/* Values under reduction. */
struct weft__reduction {
    weft_combine_fn *combine; /* constant, as are the four that follow */
    void *self, *result;      /* *result is the neutral value until the end */
    size_t size;
    bool unordered;
    struct weft__lock lock;
    struct weft__part *parts; /* lock; those that nobody works on, by begin */
};

/* What a piece of the source has come to. */
struct weft__part {
    struct weft__part *next;
    size_t begin, end; /* of the source */
    _Alignas(64) char value[];
};

/* The value to fold [begin, end) into: of what stands just before it if that is there, else a new one. NULL without
 * memory. It is the caller's until it puts it back, which is when it is combined with its neighbours: the first error
 * of that, or rc. */
struct weft__part *weft__reduction_take(struct weft__reduction *reduction, size_t begin, size_t end);
int weft__reduction_put(struct weft__reduction *reduction, struct weft__part *part, int rc);

/* When all are put back: combines what is left, in order, into *result. */
int weft__reduction_end(struct weft__reduction *reduction, int rc);

#endif
