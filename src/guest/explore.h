/* Exploring, for weft_main: with WEFT_EXPLORE in the environment it explores instead of running. */
#ifndef WEFT_GUEST_EXPLORE_H
#define WEFT_GUEST_EXPLORE_H

#include <stdbool.h>
#include <weft/explore.h>

/* Explores as the environment says, prints what was found, and gives the exit code. False: the environment says
 * nothing. */
bool weft__explore_main(const struct weft_site *site, const void *arguments, int *ret_exit);

#endif
