/* The same lookup with callbacks chained to futures: same services, same failures, same output.
 *
 * What was the local state of a function is an object that each callback is given; what was the next line is another
 * function; what was an `if` is a pair of them. It is all there, and this is the place to compare.
 */
#include "services.h"

typedef int operation(struct services *services, struct row *row);

struct lookup {
    struct services *services;
    weft_scope *scope;
    weft_future(struct row) result;
    struct row row;
};

/* The calls of services.h as futures: each runs as a task. */
struct run {
    weft_future(struct row) out;
    operation *operation;
    struct services *services;
    struct row row;
};
static int run(struct run *self)
{
    int rc = self->operation(self->services, &self->row);

    return rc < 0 ? rc : weft_resolve(self->out, self->row); /* an error rejects it */
}

static int set_cache(struct services *services, struct row *row)
{
    return cache_set(services, row);
}

typedef int on_value(const struct row *row, char *unused, void *data);
typedef int on_error(int rc, char *unused, void *data);

static void start(struct lookup *lookup, operation *what, on_value *then, on_error *otherwise)
{
    weft_future(struct row) future = weft_future_new(struct row);

    weft_future_free(weft_then(future, char, then, otherwise, lookup)); /* what the callbacks return is not wanted */
    weft_go_future(lookup->scope, future, run, .out = future, .operation = what, .services = lookup->services,
                   .row = lookup->row);
    weft_future_free(future);
}

static int fail(int rc, char *unused, void *data)
{
    struct lookup *lookup = data;

    (void)unused;
    return weft_reject(lookup->result, rc);
}

static int finish(const struct row *row, char *unused, void *data)
{
    struct lookup *lookup = data;

    (void)unused;
    return weft_resolve(lookup->result, *row);
}

static int finish_uncached(int rc, char *unused, void *data)
{
    struct lookup *lookup = data;

    printf("  not cached, which is no harm: %s\n", weft_error_name(rc));
    return finish(&lookup->row, unused, data);
}

static int on_row(const struct row *row, char *unused, void *data)
{
    struct lookup *lookup = data;

    (void)unused;
    lookup->row = *row;
    start(lookup, set_cache, finish, finish_uncached);
    return 0;
}

static int on_no_hit(int rc, char *unused, void *data)
{
    struct lookup *lookup = data;

    (void)unused;
    start(lookup, database_query, rc == -ENOENT ? on_row : finish, fail); /* without a cache there is none to set */
    return 0;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_scope scope;

    (void)self;
    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING); /* failures are told by the futures */
    for (int i = 0; i < STORIES; i++) {
        struct services services = stories[i];
        struct lookup lookup = {&services, &scope, weft_future_new(struct row), {""}};
        struct row row;

        puts(services.story);
        start(&lookup, cache_get, finish, on_no_hit);
        tell(weft_get(lookup.result, &row), &row);
        weft_future_free(lookup.result);
    }
    (void)weft_scope_close(&scope);
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
