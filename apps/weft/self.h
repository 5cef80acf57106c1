/* Where this program lies. */
#ifndef WEFT_APP_SELF_H
#define WEFT_APP_SELF_H

#include <limits.h>

/* The folder of this program, without a slash at its end. Returns 0, or -1 where it cannot be known. */
int self_folder(char ret_folder[PATH_MAX]);

/* How to call this program from where the user is: "build/weft" from above a build tree, else "weft". */
void self_name(char ret_name[PATH_MAX]);

#endif
