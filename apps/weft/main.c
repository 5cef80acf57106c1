/* The program weft: finds the command that its words name. A command is one word or two ("fib serve"). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

#include "commands.h"
#include "options.h"

struct command {
    const char *first, *second; /* second is NULL for a command of one word */
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct command commands[] = {
    {"run", NULL, command_run, "compile one C file against the library and run it"},
    {"explore", NULL, command_explore, "run a program under thousands of schedules, to find the one that fails"},
    {"tour", NULL, command_tour, "see tasks wait and compute at the same time (half a minute)"},
    {"fib", "serve", command_fib_serve, "a service that computes Fibonacci numbers, the slow way"},
    {"fib", "load", command_fib_load, "a load generator for it"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void list_commands(const char *first)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        char name[32];

        if (first && strcmp(commands[i].first, first) != 0)
            continue;
        snprintf(name, sizeof name, "%s%s%s", commands[i].first, commands[i].second ? " " : "",
                 commands[i].second ? commands[i].second : "");
        printf("  weft %-12s %s\n", name, commands[i].help);
    }
}

/* Help for the whole program, or for the commands that begin with one word. */
static int print_help(const char *first)
{
    printf("Usage: weft%s%s COMMAND [OPTION...]\n\n", first ? " " : "", first ? first : "");
    list_commands(first);
    if (!first)
        printf("\n  weft --version     show the version\n");
    printf("\n'weft%s%s COMMAND --help' tells more.\n", first ? " " : "", first ? first : "");
    return EXIT_OK;
}

static int mistake(const char *what, const char *word)
{
    fprintf(stderr, "weft: %s%s\nTry 'weft --help'.\n", what, word);
    return EXIT_USAGE;
}

static int dispatch(int argc, char **argv)
{
    bool group = false;

    for (int i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &commands[i];
        int words = command->second ? 2 : 1;

        if (strcmp(command->first, argv[1]) != 0)
            continue;
        group = command->second != NULL;
        if (!group || (argc > 2 && strcmp(command->second, argv[2]) == 0))
            return command->run(argc - words, argv + words);
    }
    if (!group)
        return mistake(argv[1][0] == '-' ? "unknown option " : "unknown command ", argv[1]);
    if (argc > 2 && strcmp(argv[2], "--help") == 0)
        return print_help(argv[1]);
    fprintf(stderr, "weft %s: %s%s\nTry 'weft %s --help'.\n", argv[1],
            argc > 2 ? "unknown command " : "a command is missing", argc > 2 ? argv[2] : "", argv[1]);
    return EXIT_USAGE;
}

/* What went to stdout must have arrived: a full disk or a closed pipe is a failure, whatever the command says. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("weft: cannot write to standard output");
    return status ? status : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return mistake("a command is missing", "");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return finish(print_help(NULL));
    if (strcmp(argv[1], "--version") == 0) {
        printf("weft %s\n", weft_version());
        return finish(EXIT_OK);
    }
    return finish(dispatch(argc, argv));
}
