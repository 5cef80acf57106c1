/* A cached lookup, in-line: the cache, on a miss the database, then the cache is set; each call may fail.
 *
 * Read `lookup` from top to bottom: that is the order in which things happen, and each failure is an `if` beside the
 * call that failed. The next program does the same with callbacks. (The example with which Guido van Rossum argued for
 * coroutines in place of callbacks.)
 */
#include "services.h"

static int lookup(struct services *services, struct row *row)
{
    int rc = cache_get(services, row);
    bool cache_is_up = rc == 0 || rc == -ENOENT;

    if (rc == 0)
        return 0;
    if ((rc = database_query(services, row)) < 0)
        return rc; /* nowhere else to look */
    if (cache_is_up && (rc = cache_set(services, row)) < 0)
        printf("  not cached, which is no harm: %s\n", weft_error_name(rc));
    return 0;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    (void)self;
    for (int i = 0; i < STORIES; i++) {
        struct services services = stories[i];
        struct row row;

        puts(services.story);
        tell(lookup(&services, &row), &row);
    }
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
