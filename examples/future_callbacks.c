/* Futures, for those who call back: what is to be done with a value is chained to it before it is there.
 *
 *     text --parse--> number --invert--> inverse --show--> shown
 *                                           error --mend--^
 *
 * The same four steps for each text. An error passes by the steps that want a value, to the first that takes errors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

struct text {
    char bytes[32];
};

static int parse(const struct text *text, double *result, void *data)
{
    char *end;

    (void)data;
    *result = strtod(text->bytes, &end);
    return end != text->bytes && *end == 0 ? 0 : -EINVAL;
}

static int invert(const double *number, double *result, void *data)
{
    (void)data;
    if (*number == 0)
        return -EDOM;
    *result = 1 / *number;
    return 0;
}

static int show(const double *inverse, int *result, void *data)
{
    *result = printf("%s -> %g\n", (const char *)data, *inverse);
    return 0;
}

static int mend(int rc, int *result, void *data)
{
    *result = printf("%s -> no inverse: %s\n", (const char *)data, weft_error_name(rc));
    return rc == -EDOM ? 0 : rc; /* of zero it was to be expected */
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    static const char *const texts[] = {"4", "0", "four"};

    (void)self;
    for (int i = 0; i < 3; i++) {
        weft_future(struct text) text = weft_future_new(struct text);
        weft_future(double) number = weft_then(text, double, parse, NULL, NULL);
        weft_future(double) inverse = weft_then(number, double, invert, NULL, NULL);
        weft_future(int) shown = weft_then(inverse, int, show, mend, (void *)texts[i]);
        struct text value;

        weft_future_free(number); /* what is chained to them keeps what it needs */
        weft_future_free(inverse);
        snprintf(value.bytes, sizeof value.bytes, "%s", texts[i]);
        weft_resolve(text, value); /* all of it happens in here */
        printf("   in the end: %s\n", weft_get(shown, NULL) < 0 ? weft_error_name(weft_get(shown, NULL)) : "fine");
        weft_future_free(text);
        weft_future_free(shown);
    }
    return 0;
}

int main(void)
{
    return weft_main(demo, 0);
}
