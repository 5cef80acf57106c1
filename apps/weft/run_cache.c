/* Compiled programs of `weft run`. The hash covers the source file and the command line; headers beside the source are
 * found by the list that the compiler wrote, and compared by their times. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_cache.h"

/* FNV-1a, and a second function that is independent enough to make 128 bits of it. The size goes in as well, so that
 * two words are not one. */
void run_hash_add(struct run_hash *hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t count = size;

    for (size_t i = 0; i < size + sizeof count; i++) {
        unsigned char byte = i < size ? at[i] : (unsigned char)(count >> (8 * (i - size)));

        hash->a = (hash->a ^ byte) * UINT64_C(0x100000001b3);
        hash->b = ((hash->b << 23 | hash->b >> 41) + byte) * UINT64_C(0xbf58476d1ce4e5b9);
    }
}

/* mkdir -p; the path is changed meanwhile. Returns 0 or -Exxx. */
static int make_folders(char *path)
{
    for (char *slash = path + 1; slash; *slash++ = '/') {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return -errno;
        if (!slash)
            break;
    }
    return 0;
}

int run_cache_path(struct run_hash hash, char *ret_path, size_t size)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool own = base && base[0] == '/';
    int used, rc;

    if (!own && (!home || home[0] != '/')) {
        fprintf(stderr, "weft run: no place for compiled programs: set HOME or XDG_CACHE_HOME\n");
        return -1;
    }
    used = snprintf(ret_path, size, "%s%s/weft/run", own ? base : home, own ? "" : "/.cache");
    rc = used + 40 < (int)size ? make_folders(ret_path) : -ENAMETOOLONG;
    if (rc < 0) {
        fprintf(stderr, "weft run: cannot make %s: %s\n", ret_path, strerror(-rc));
        return -1;
    }
    snprintf(ret_path + used, size - (size_t)used, "/%016llx%016llx", (unsigned long long)hash.a,
             (unsigned long long)hash.b);
    return 0;
}

enum { BETWEEN = 0 };

/* One character of a name in a list for make, free of its escape, or BETWEEN names, or EOF. */
static int next_character(FILE *list)
{
    int c = getc(list), next;

    if (c != EOF && isspace(c))
        return BETWEEN;
    if (c != '\\' && c != '$')
        return c;
    next = getc(list);
    if (c == '\\' && next == '\n')
        return BETWEEN;
    if ((c == '\\' && (next == ' ' || next == '#')) || (c == '$' && next == '$'))
        return next;
    ungetc(next, list);
    return c;
}

/* The next name in the list, cut at size; false at its end. */
static bool next_name(FILE *list, char *ret_name, size_t size)
{
    size_t used = 0;
    int c;

    while ((c = next_character(list)) != EOF && !(c == BETWEEN && used > 0))
        if (c != BETWEEN && used + 1 < size)
            ret_name[used++] = (char)c;
    ret_name[used] = '\0';
    return used > 0;
}

/* Whether the file is there and not newer than the program. */
static bool older(const char *file, const struct stat *program)
{
    struct stat at;

    if (stat(file, &at) < 0)
        return false;
    if (at.st_mtim.tv_sec != program->st_mtim.tv_sec)
        return at.st_mtim.tv_sec < program->st_mtim.tv_sec;
    return at.st_mtim.tv_nsec <= program->st_mtim.tv_nsec;
}

bool run_cache_fresh(const char *path, const struct words *command)
{
    char name[4096];
    struct stat program;
    bool fresh = true;
    FILE *list;

    snprintf(name, sizeof name, "%s.d", path);
    if (access(path, X_OK) < 0 || stat(path, &program) < 0 || !(list = fopen(name, "re")))
        return false;
    while (fresh && next_name(list, name, sizeof name))
        fresh = name[strlen(name) - 1] == ':' || older(name, &program); /* "TARGET:" begins the list */
    fclose(list);
    for (size_t i = 0; fresh && i < command->count; i++)
        fresh = command->items[i][0] != '/' || older(command->items[i], &program);
    return fresh;
}
