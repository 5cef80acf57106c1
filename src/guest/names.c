/* Names: of errors, of the version. */
#include <string.h>
#include <weft/base.h>
#include <weft/guest.h>

const char *weft_error_name(int rc)
{
    const char *name = rc < 0 ? strerrorname_np(-rc) : NULL;

    return name ? name : "E?";
}

#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *weft_version(void)
{
    return VERSION(WEFT_VERSION_MAJOR, WEFT_VERSION_MINOR, WEFT_VERSION_PATCH);
}
