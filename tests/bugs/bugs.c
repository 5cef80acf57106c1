/* Explores every kernel, as it was and fixed, and prints what was found after how many schedules.
 *
 *     bugs [--seeds N] [NAME...]
 */
#include "bugs.h"

#include <stdio.h>

static struct bug *first;

/* Kernels that no detector finds, and why; found after all, they are to be taken off the list. */
static const struct {
    const char *name, *why;
} missed[] = {
    {NULL, NULL},
};

void bug_register(struct bug *bug)
{
    struct bug **place = &first;

    while (*place && strcmp((*place)->name, bug->name) < 0)
        place = &(*place)->next;
    bug->next = *place;
    *place = bug;
}

static const char *why_missed(const char *name)
{
    for (size_t i = 0; missed[i].name; i++)
        if (strcmp(missed[i].name, name) == 0)
            return missed[i].why;
    return NULL;
}

static bool is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

/* True if all is as it should be. */
static bool look_at(const struct bug *bug, uint64_t seeds, bool *ret_found)
{
    static struct weft_finding found, fixed;
    const char *why = why_missed(bug->name);
    int rc = bug->explore(false, seeds, &found), fixed_rc = bug->explore(true, seeds, &fixed);

    *ret_found = rc == 1;
    if (rc == 1)
        printf("%-20s %-12s after %6llu schedules, %u switches: %s\n", bug->name, found.kind,
               (unsigned long long)found.schedules, found.switches, found.text);
    else
        printf("%-20s %s\n", bug->name, rc < 0 ? weft_error_name(rc) : why ? why : "NOT FOUND");
    if (fixed_rc != 0)
        printf("FAILED %s: the fixed twin: seed %llu: %s: %s\n%s", bug->name, (unsigned long long)fixed.seed,
               fixed.kind, fixed.text, fixed.schedule);
    if ((rc == 1) == (why != NULL))
        printf("FAILED %s: %s\n", bug->name, rc == 1 ? "found, though it is listed as missed" : "not found");
    fflush(stdout);
    return fixed_rc == 0 && (rc == 1) == (why == NULL);
}

int main(int argc, char **argv)
{
    uint64_t seeds = 10000;
    int skip = 1, count = 0, found = 0, failed = 0;

    if (argc > 2 && strcmp(argv[1], "--seeds") == 0) {
        seeds = strtoull(argv[2], NULL, 10);
        skip = 3;
    }
    for (const struct bug *bug = first; bug; bug = bug->next) {
        bool was_found;

        if (!is_wanted(bug->name, argv + skip, argc - skip))
            continue;
        count++;
        failed += !look_at(bug, seeds, &was_found);
        found += was_found;
    }
    printf("%d of %d found within %llu schedules each, %d not as they should be\n", found, count,
           (unsigned long long)seeds, failed);
    return failed ? 1 : 0;
}
