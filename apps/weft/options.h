/* Long options, as every command reads them: --name VALUE, --name=VALUE, --flag, --help; "--" ends them.
 *
 *     long hogs = 0;
 *     const struct option options[] = {
 *         {.name = "hogs", .value = "K", .number = &hogs, .max = 10000, .help = "connections that compute"},
 *         {.name = NULL},
 *     };
 *     const struct usage usage = {.command = "weft fib load", .what = "...", .options = options};
 *     int status, first = options_read(&usage, argc, argv, &status);
 *     if (first < 0)
 *         return status;
 */
#ifndef WEFT_APP_OPTIONS_H
#define WEFT_APP_OPTIONS_H

#include <stdbool.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* One option. Exactly one of the pointers is set: it says what kind of value there is and where it goes. */
struct option {
    const char *name;  /* without the dashes; NULL ends a list */
    const char *value; /* what the help calls the value */
    const char *help;
    bool *flag;
    long *number; /* from min to max, as is */
    double *real;
    const char **text;
    double min, max;
};

struct usage {
    const char *command;  /* "weft run" */
    const char *operands; /* "FILE.c [ARG...]"; NULL: there are none, and one too many is an error */
    const char *what;     /* for the help: what the command does */
    const struct option *options;
};

/* Reads argv[1...] up to the first operand. Returns its index (argc if there is none), or -1 when the command ends
 * here: then *ret_status is its exit code, 0 after --help and EXIT_USAGE after a mistake that was reported. */
int options_read(const struct usage *usage, int argc, char **argv, int *ret_status);

/* Reports a mistake on stderr, with the hint where help is. Returns EXIT_USAGE. */
int options_mistake(const struct usage *usage, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
