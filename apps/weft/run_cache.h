/* Compiled programs of `weft run`, kept under names that say what they were made of:
 *
 *     $XDG_CACHE_HOME/weft/run/HASH      the program
 *     $XDG_CACHE_HOME/weft/run/HASH.d    the files that it was made of, as the compiler lists them
 */
#ifndef WEFT_APP_RUN_CACHE_H
#define WEFT_APP_RUN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

struct run_hash {
    uint64_t a, b;
};

#define RUN_HASH_INIT                                                                                                  \
    {                                                                                                                  \
        UINT64_C(0xcbf29ce484222325), UINT64_C(0x9e3779b97f4a7c15)                                                     \
    }

void run_hash_add(struct run_hash *hash, const void *bytes, size_t size);

/* The path of the program with this hash; its folder is made. Returns 0, or -1 after a report on stderr. */
int run_cache_path(struct run_hash hash, char *ret_path, size_t size);

/* Whether the program is there and none of the files that it was made of has changed since: those of its list, and
 * those that the compiler's command line names by a full path, a static library for one. */
bool run_cache_fresh(const char *path, const struct words *command);

#endif
