/* Long options; options.h tells how they look. Operands end them, so that `weft run x.c --flag` gives the flag to x.c.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

int options_mistake(const struct usage *usage, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", usage->command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry '%s --help'.\n", usage->command);
    return EXIT_USAGE;
}

static void print_help(const struct usage *usage)
{
    printf("Usage: %s [OPTION...]%s%s\n%s\n\n", usage->command, usage->operands ? " " : "",
           usage->operands ? usage->operands : "", usage->what);
    for (const struct option *o = usage->options; o->name; o++) {
        char left[64];

        snprintf(left, sizeof left, "--%s%s%s", o->name, o->flag ? "" : " ", o->flag ? "" : o->value);
        printf("  %-20s %s\n", left, o->help);
    }
    printf("  %-20s %s\n", "--help", "show this and exit");
}

static const struct option *find(const struct option *options, const char *name, size_t size)
{
    for (; options->name; options++)
        if (strlen(options->name) == size && memcmp(options->name, name, size) == 0)
            return options;
    return NULL;
}

/* Returns 0, or EXIT_USAGE after a report. */
static int store_number(const struct usage *usage, const struct option *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    bool whole = option->number != NULL;

    if (end == text || *end || !isfinite(value) || (whole && text[strspn(text, "+-0123456789")]))
        return options_mistake(usage, "--%s: '%s' is not a %snumber", option->name, text, whole ? "whole " : "");
    if (value < option->min || value > option->max)
        return options_mistake(usage, "--%s: %s is out of range (%g to %g)", option->name, text, option->min,
                               option->max);
    if (whole)
        *option->number = strtol(text, NULL, 10);
    else
        *option->real = value;
    return 0;
}

/* Reads the option at argv[*at] and moves *at to its last word. Returns 0, or EXIT_USAGE after a report. */
static int read_one(const struct usage *usage, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2, *text = strchr(name, '=');
    size_t size = text ? (size_t)(text - name) : strlen(name);
    const struct option *option = find(usage->options, name, size);

    if (!option || argv[*at][1] != '-')
        return options_mistake(usage, "unknown option %s", argv[*at]);
    if (option->flag) {
        *option->flag = true;
        return text ? options_mistake(usage, "--%s takes no value", option->name) : 0;
    }
    if (!text && *at + 1 == argc)
        return options_mistake(usage, "--%s needs a value: %s", option->name, option->value);
    text = text ? text + 1 : argv[++*at];
    if (!option->text)
        return store_number(usage, option, text);
    *option->text = text;
    return 0;
}

int options_read(const struct usage *usage, int argc, char **argv, int *ret_status)
{
    int at = 1;

    *ret_status = 0;
    for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            print_help(usage);
            return -1;
        }
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        *ret_status = read_one(usage, argc, argv, &at);
        if (*ret_status)
            return -1;
    }
    if (at < argc && !usage->operands) {
        *ret_status = options_mistake(usage, "unexpected '%s'", argv[at]);
        return -1;
    }
    return at;
}
