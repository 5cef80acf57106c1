/* Exploring, for weft_main: with WEFT_EXPLORE in the environment it explores instead of running. */
#ifndef WEFT_GUEST_EXPLORE_H
#define WEFT_GUEST_EXPLORE_H

#include <stdbool.h>
#include <weft/explore.h>

/* What only weft_main asks for. */
struct weft__explore_view {
    void (*progress)(uint64_t schedules); /* called a few times a second; NULL: nobody looks */
    bool shows;                           /* what the program prints */
};

int weft__explore_run(const struct weft_explore *options, const struct weft__explore_view *view,
                      struct weft_finding *finding, const struct weft_site *site, const void *arguments);

/* Explores as the environment says, prints what was found, and gives the exit code. False: the environment says
 * nothing. */
bool weft__explore_main(const struct weft_site *site, const void *arguments, int *ret_exit);

#endif
