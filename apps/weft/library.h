/* Where the library is, for programs that are to be compiled against it. */
#ifndef WEFT_APP_LIBRARY_H
#define WEFT_APP_LIBRARY_H

#include "words.h"

/* Adds what a compiler needs to compile one C file with the library and link it: that of the build tree in which this
 * program lies, or else what pkg-config knows. Returns 0, or -1 after saying on stderr why there is none. */
int library_flags(struct words *flags);

/* Adds what pkg-config prints for a package. Returns 0, or -1 after saying on stderr that it is missing. */
int library_package(struct words *flags, const char *package);

#endif
