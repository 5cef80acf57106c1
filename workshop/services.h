/* What the two cache programs look things up in: a cache and a database, each of which can be out of order. A call
 * takes a millisecond, as if it went over a network, and writes a line of the story.
 */
#ifndef SERVICES_H
#define SERVICES_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <weft.h>

struct row {
    char text[32];
};

/* What is out of order in a run, and what the cache holds. */
struct services {
    const char *story;
    bool cache_down, query_fails, set_fails, cached;
};

static inline int call_takes_time(const char *what, int rc)
{
    int slept = weft_sleep(WEFT_MILLISECOND);

    if (slept < 0)
        return slept;
    printf("  %s: %s\n", what, rc < 0 ? weft_error_name(rc) : "ok");
    return rc;
}

/* 0, -ENOENT for a miss, -ECONNREFUSED if the cache is down. */
static inline int cache_get(struct services *services, struct row *row)
{
    int rc = services->cache_down ? -ECONNREFUSED : services->cached ? 0 : -ENOENT;

    snprintf(row->text, sizeof row->text, "%s", rc == 0 ? "Ada, from the cache" : "");
    return call_takes_time("cache get", rc);
}

static inline int database_query(struct services *services, struct row *row)
{
    snprintf(row->text, sizeof row->text, "%s", services->query_fails ? "" : "Ada, from the database");
    return call_takes_time("query", services->query_fails ? -EIO : 0);
}

static inline int cache_set(struct services *services, const struct row *row)
{
    (void)row;
    return call_takes_time("cache set", services->set_fails ? -ENOSPC : 0);
}

static const struct services stories[] = {
    {.story = "a hit", .cached = true},
    {.story = "a miss"},
    {.story = "a miss, and the query fails", .query_fails = true},
    {.story = "a miss, and the set fails", .set_fails = true},
    {.story = "the cache is down", .cache_down = true},
};
enum { STORIES = sizeof stories / sizeof stories[0] };

static inline void tell(int rc, const struct row *row)
{
    printf("  => %s\n", rc < 0 ? weft_error_name(rc) : row->text);
}

#endif
