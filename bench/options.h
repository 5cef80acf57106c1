/* Numbers on the command line of the load generators. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <error.h>
#include <stdlib.h>

/* Ends the program unless the text is a number within the bounds. */
static inline double number(const char *text, double min, double max)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= min && value <= max))
        error(2, 0, "%s is not a number from %g to %g", text, min, max);
    return value;
}

#endif
