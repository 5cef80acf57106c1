/* A command line that grows: words that a list owns, ended by NULL as posix_spawn wants them.
 *
 *     struct words line = {0};
 *     words_add(&line, "cc"); words_split(&line, "-I/usr/include -lweft");
 *     process_start(line.items, ...); words_free(&line);
 *
 * Without memory the program ends: there is nothing that a command could do about it. */
#ifndef WEFT_APP_WORDS_H
#define WEFT_APP_WORDS_H

#include <stddef.h>

struct words {
    char **items;
    size_t count;
};

void words_add(struct words *words, const char *word);

/* "%s%s" and the like, as one word. */
void words_addf(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds each word of a text with blanks between them, as pkg-config prints it. */
void words_split(struct words *words, const char *text);

void words_free(struct words *words);

#endif
