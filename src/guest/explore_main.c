/* Exploring a program as a whole: weft explore sets the variables, weft_main asks here.
 *
 * WEFT_EXPLORE=n schedules, from seed WEFT_EXPLORE_FIRST on, WEFT_EXPLORE_TIME seconds at most, WEFT_EXPLORE_STEPS
 * calls in one at most, WEFT_EXPLORE_STRATEGY=random|priorities, WEFT_EXPLORE_SHOW=1 to see what the program prints,
 * WEFT_STRICT=1. On WEFT_EXPLORE_FD weft explore is told that it is weft_main that explores.
 */
#include "core/detect.h"
#include "core/policy.h"
#include "guest/explore.h"
#include "os/os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft/guest.h>

static void print_progress(uint64_t schedules)
{
    fprintf(stderr, "\r%llu schedules ", (unsigned long long)schedules);
}

static void print_finding(const struct weft_finding *finding)
{
    fprintf(stderr, "weft explore: schedule %llu, seed %llu: %s: %s\n", (unsigned long long)finding->schedules,
            (unsigned long long)finding->seed, finding->kind, finding->text);
    if (finding->switches)
        fprintf(stderr, "the switches that matter:\n%s", finding->schedule);
    else if (finding->replays)
        fprintf(stderr, "it needs no switch: every run is like this\n");
    else
        fprintf(stderr, "the schedule could not be shortened\n");
    fprintf(stderr, "replay it: weft explore --replay %llu -- PROGRAM\n", (unsigned long long)finding->seed);
}

static int print_result(int rc, const struct weft_finding *finding)
{
    if (rc < 0) {
        fprintf(stderr, "weft explore: %s: %s\n", weft_error_name(rc), strerror(-rc));
        return 2;
    }
    if (finding->outside[0])
        fprintf(stderr, "weft explore: not replayable from here: %s\n", finding->outside);
    if (rc == 0)
        fprintf(stderr, "weft explore: nothing found in %llu schedules\n", (unsigned long long)finding->schedules);
    else
        print_finding(finding);
    return rc;
}

/* 0 or -EINVAL after a report. */
static int read_strategy(enum weft_explore_strategy *ret_strategy)
{
    const char *name = getenv("WEFT_EXPLORE_STRATEGY");

    if (!name || !*name)
        return 0;
    if (strcmp(name, "random") != 0 && strcmp(name, "priorities") != 0) {
        fprintf(stderr, "weft explore: WEFT_EXPLORE_STRATEGY=%s: must be random or priorities\n", name);
        return -EINVAL;
    }
    *ret_strategy = *name == 'r' ? WEFT_EXPLORE_RANDOM : WEFT_EXPLORE_PRIORITIES;
    return 0;
}

static int read_options(struct weft_explore *ret_options, struct weft__explore_view *ret_view)
{
    uint64_t seconds = 0, strict = 0, shows = 0;
    int rc;

    if ((rc = weft__environment("WEFT_EXPLORE", 1, UINT64_MAX, &ret_options->seeds)) < 0 ||
        (rc = weft__environment("WEFT_EXPLORE_FIRST", 0, UINT64_MAX, &ret_options->first)) < 0 ||
        (rc = weft__environment("WEFT_EXPLORE_TIME", 0, 1000000000, &seconds)) < 0 ||
        (rc = weft__environment("WEFT_EXPLORE_STEPS", 1, UINT64_MAX, &ret_options->steps)) < 0 ||
        (rc = weft__environment("WEFT_EXPLORE_SHOW", 0, 1, &shows)) < 0 ||
        (rc = weft__environment("WEFT_STRICT", 0, 1, &strict)) < 0 || (rc = read_strategy(&ret_options->strategy)) < 0)
        return rc;
    ret_options->time = (int64_t)seconds * WEFT_SECOND;
    ret_options->strict = strict != 0;
    ret_options->fork = 1;
    ret_view->shows = shows != 0;
    ret_view->progress = isatty(STDERR_FILENO) && !shows ? print_progress : NULL;
    return 0;
}

bool weft__explore_main(const struct weft_site *site, const void *arguments, int *ret_exit)
{
    static struct weft_finding finding; /* the stack of a plain thread may be small */
    struct weft_explore options = {.first = 1};
    struct weft__explore_view view = {0};
    int rc, pipe = weft__detect_pipe();

    if (!getenv("WEFT_EXPLORE") || !*getenv("WEFT_EXPLORE"))
        return false;
    if (pipe >= 0)
        (void)weft__os_write(pipe, "weft_main\n", 10);
    *ret_exit = 2;
    if (read_options(&options, &view) < 0)
        return true;
    rc = weft__explore_run(&options, &view, &finding, site, arguments);
    if (view.progress)
        fprintf(stderr, "\r\033[K");
    *ret_exit = print_result(rc, &finding);
    return true;
}
