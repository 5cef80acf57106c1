/* Exploring a program as a whole: weft explore sets the variables, weft_main asks here. */
#include "core/policy.h"
#include "guest/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/guest.h>

static void print_finding(const struct weft_finding *finding)
{
    fprintf(stderr, "weft explore: schedule %llu, seed %llu: %s: %s\n", (unsigned long long)finding->schedules,
            (unsigned long long)finding->seed, finding->kind, finding->text);
    if (finding->switches)
        fprintf(stderr, "the switches that matter:\n%s", finding->schedule);
    fprintf(stderr, "replay it: weft explore --replay %llu\n", (unsigned long long)finding->seed);
}

bool weft__explore_main(const struct weft_site *site, const void *arguments, int *ret_exit)
{
    static struct weft_finding finding; /* the stack of a plain thread may be small */
    uint64_t seeds = 0, first = 1, seconds = 0;
    int rc;

    if (!getenv("WEFT_EXPLORE"))
        return false;
    *ret_exit = 2;
    if (weft__environment("WEFT_EXPLORE", 1, UINT64_MAX, &seeds) < 0 ||
        weft__environment("WEFT_EXPLORE_FIRST", 1, UINT64_MAX, &first) < 0 ||
        weft__environment("WEFT_EXPLORE_TIME", 0, 1000000, &seconds) < 0)
        return true;
    rc = weft__explore(
        &(struct weft_explore){.seeds = seeds, .first = first, .time = (int64_t)seconds * WEFT_SECOND, .fork = 1},
        &finding, site, arguments);
    if (rc < 0)
        fprintf(stderr, "weft explore: %s: %s\n", weft_error_name(rc), strerror(-rc));
    else if (rc == 0)
        fprintf(stderr, "weft explore: nothing found in %llu schedules\n", (unsigned long long)finding.schedules);
    else
        print_finding(&finding);
    *ret_exit = rc < 0 ? 2 : rc;
    return true;
}
