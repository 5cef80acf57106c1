/* Where the library is: beside this program, if that lies in a build tree, or installed. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "process.h"
#include "self.h"

/* Adds the flags of a build tree; 0 if this is none. */
static int tree_flags(struct words *flags)
{
    char folder[PATH_MAX], library[PATH_MAX + 16], header[PATH_MAX + 32];

    if (self_folder(folder) < 0)
        return 0;
    snprintf(library, sizeof library, "%s/libweft.a", folder);
    snprintf(header, sizeof header, "%s/../include/weft.h", folder);
    if (access(library, R_OK) < 0 || access(header, R_OK) < 0)
        return 0;
    words_addf(flags, "-I%s/../include", folder);
    words_add(flags, library);
    words_add(flags, "-pthread");
    return 1;
}

int library_package(struct words *flags, const char *package)
{
    const char *const argv[] = {"pkg-config", "--cflags", "--libs", package, NULL};
    char text[4096];
    int rc = process_capture(argv, text, sizeof text);

    if (rc == 0) {
        words_split(flags, text);
        return 0;
    }
    if (rc < 0)
        fprintf(stderr, "weft run: cannot start pkg-config: %s\n", strerror(-rc));
    return -1;
}

/* A library in a folder that the dynamic linker does not know is found all the same. */
static void add_run_path(struct words *flags)
{
    const char *const argv[] = {"pkg-config", "--variable=libdir", "weft", NULL};
    char folder[PATH_MAX];

    if (process_capture(argv, folder, sizeof folder) != 0)
        return;
    folder[strcspn(folder, "\n")] = 0;
    if (*folder)
        words_addf(flags, "-Wl,-rpath,%s", folder);
}

int library_flags(struct words *flags)
{
    if (tree_flags(flags))
        return 0;
    if (library_package(flags, "weft") == 0) {
        add_run_path(flags);
        return 0;
    }
    fprintf(stderr, "weft run: the library was not found: neither beside this program nor by 'pkg-config weft'\n");
    return -1;
}
