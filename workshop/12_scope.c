/* A scope joins its children, and says what the error of one means for the others. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct job {
    int64_t takes;
    int gives;
    int *ret; /* what became of it */
};
static int job(struct job *self)
{
    int rc = weft_sleep(self->takes);

    return *self->ret = rc < 0 ? rc : self->gives;
}

static const char *name(int rc)
{
    return rc < 0 ? weft_error_name(rc) : "done";
}

static void three(const char *what, enum weft_on_error on_error, int first, int64_t second)
{
    int rc[3] = {-ECANCELED, -ECANCELED, -ECANCELED}; /* of one that is not even started any more */
    weft_scope scope;
    int all;

    weft_scope_open(&scope, .on_error = on_error);
    weft_go(&scope, job, .takes = 0, .gives = first, .ret = &rc[0]);
    weft_go(&scope, job, .takes = second, .gives = 0, .ret = &rc[1]);
    weft_go(&scope, job, .takes = second, .gives = 0, .ret = &rc[2]);
    all = weft_scope_close(&scope); /* none of the three runs any more */
    printf("%s: %s, %s, %s; the scope: %s\n", what, name(rc[0]), name(rc[1]), name(rc[2]), name(all));
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    (void)self;
    three("one fails, the rest is cancelled", WEFT_FAIL_FAST, -ENOENT, WEFT_SECOND * 60);
    three("one fails, the rest goes on", WEFT_KEEP_GOING, -ENOENT, WEFT_MILLISECOND);
    three("the first success is enough", WEFT_FIRST_SUCCESS, 0, WEFT_SECOND * 60);
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
