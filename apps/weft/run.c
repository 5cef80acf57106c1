/* weft run FILE.c [ARGS]: compiles one C file against the library, and becomes that program.
 *
 * What was compiled is kept, and used again as long as the file, the compiler, the flags and the library are the same.
 * A file may say on its second line what else it needs from pkg-config, as the examples do: needs: sqlite3 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft.h>

#include "commands.h"
#include "library.h"
#include "options.h"
#include "process.h"
#include "run_cache.h"
#include "words.h"

/* The source file. */
struct source {
    const char *path;
    char folder[PATH_MAX]; /* in full */
    char *text;
    size_t size;
};

static int cannot_read(const struct source *source, int error)
{
    fprintf(stderr, "weft run: cannot read %s: %s\n", source->path, strerror(error));
    return -1;
}

/* Reads it all. Returns 0, or -1 after a report. */
static int source_read(struct source *source)
{
    FILE *file = fopen(source->path, "re");
    size_t room = 0;
    struct stat at;

    if (!file)
        return cannot_read(source, errno);
    if (fstat(fileno(file), &at) == 0 && S_ISDIR(at.st_mode)) {
        fclose(file);
        return cannot_read(source, EISDIR);
    }
    ssize_t size = getdelim(&source->text, &room, '\0', file);
    bool whole = size >= 0 ? getc(file) == EOF : feof(file);
    fclose(file);
    if (!whole)
        return cannot_read(source, size < 0 ? EIO : EILSEQ); /* text has no zero bytes */
    source->size = size > 0 ? (size_t)size : 0;
    if (!realpath(source->path, source->folder))
        return cannot_read(source, errno);
    *strrchr(source->folder, '/') = '\0';
    return 0;
}

/* Adds the packages of the line "needs: NAME...", if it is there. Returns 0, or -1 after a report. */
static int add_needs(const struct source *source, struct words *command)
{
    const char *second = source->text ? strchr(source->text, '\n') : NULL;
    struct words names = {0};
    int rc = 0;

    if (!second || strncmp(second + 1, "/* needs:", 9) != 0)
        return 0;
    second += 10;
    char *list = strndup(second, strcspn(second, "*\n"));
    words_split(&names, list ? list : "");
    free(list);
    for (size_t i = 0; i < names.count && rc == 0; i++) {
        rc = library_package(command, names.items[i]);
        if (rc < 0)
            fprintf(stderr, "weft run: %s needs %s, which is not installed\n", source->path, names.items[i]);
    }
    words_free(&names);
    return rc;
}

/* The compiler's command line, without what it is to write. Returns 0, or -1 after a report. */
static int make_command(const struct source *source, const char *cc, struct words *command)
{
    words_split(command, cc);
    if (command->count == 0) {
        fprintf(stderr, "weft run: --cc names no compiler\n");
        return -1;
    }
    words_split(command, "-std=gnu11 -O2 -g -Wall");
    words_addf(command, "-I%s", source->folder);
    words_add(command, source->path);
    return add_needs(source, command) < 0 ? -1 : library_flags(command);
}

static struct run_hash hash_of(const struct source *source, const struct words *command)
{
    struct run_hash hash = RUN_HASH_INIT;
    char here[PATH_MAX];

    if (source->path[0] != '/' && getcwd(here, sizeof here)) /* names in the list of files may be relative, too */
        run_hash_add(&hash, here, strlen(here));
    run_hash_add(&hash, weft_version(), strlen(weft_version()));
    run_hash_add(&hash, source->text, source->size);
    for (size_t i = 0; i < command->count; i++)
        run_hash_add(&hash, command->items[i], strlen(command->items[i]));
    return hash;
}

/* Runs the compiler; what it says goes to the terminal. Returns 0, or -1 when there is no program. */
static int compile(struct words *command, const char *program, const char *list)
{
    pid_t pid;
    int rc;

    words_addf(command, "-o%s", program);
    words_add(command, "-MMD");
    words_add(command, "-MF");
    words_add(command, list);
    rc = process_start((const char *const *)command->items, -1, NULL, &pid);
    if (rc == -ENOENT)
        fprintf(stderr, "weft run: there is no compiler '%s'; --cc names another one\n", command->items[0]);
    else if (rc < 0)
        fprintf(stderr, "weft run: cannot start %s: %s\n", command->items[0], strerror(-rc));
    return rc == 0 && process_wait(pid) == 0 ? 0 : -1;
}

/* Compiles beside the place in the cache and then renames, so that nobody ever sees half a program. */
static int compile_into(struct words *command, const char *path)
{
    char program[PATH_MAX + 32], list[PATH_MAX + 32], final_list[PATH_MAX + 8];

    snprintf(program, sizeof program, "%s.%ld.new", path, (long)getpid());
    snprintf(list, sizeof list, "%s.%ld.new.d", path, (long)getpid());
    snprintf(final_list, sizeof final_list, "%s.d", path);
    if (compile(command, program, list) < 0) {
        unlink(program);
        unlink(list);
        return -1;
    }
    if (rename(list, final_list) == 0 && rename(program, path) == 0)
        return 0;
    fprintf(stderr, "weft run: cannot write %s: %s\n", path, strerror(errno));
    unlink(program);
    return -1;
}

/* Makes the program if it is not there yet. Returns 0 and its path, or -1 after a report. */
static int prepare(struct source *source, const char *cc, char ret_path[PATH_MAX])
{
    struct words command = {0};
    int rc = source_read(source);

    rc = rc ? rc : make_command(source, cc, &command);
    rc = rc ? rc : run_cache_path(hash_of(source, &command), ret_path, PATH_MAX);
    if (rc == 0 && !run_cache_fresh(ret_path, &command))
        rc = compile_into(&command, ret_path);
    words_free(&command);
    free(source->text);
    return rc;
}

int command_run(int argc, char **argv)
{
    const char *cc = "cc";
    const struct option options[] = {
        {.name = "cc", .value = "CC", .text = &cc, .help = "the compiler, with options if you like (cc)"},
        {.name = NULL},
    };
    const struct usage usage = {
        .command = "weft run",
        .operands = "FILE.c [ARG...]",
        .what = "Compiles one C file against the library and runs it with the arguments. What was compiled is kept in\n"
                "~/.cache/weft/run (or below XDG_CACHE_HOME) for the next time.",
        .options = options,
    };
    char program[PATH_MAX];
    int status, first = options_read(&usage, argc, argv, &status);

    if (first < 0)
        return status;
    if (first == argc)
        return options_mistake(&usage, "which file?");
    if (prepare(&(struct source){.path = argv[first]}, cc, program) < 0)
        return EXIT_FAILED;
    fflush(stdout);
    execv(program, argv + first);
    fprintf(stderr, "weft run: cannot run %s: %s\n", program, strerror(errno));
    return EXIT_FAILED;
}
