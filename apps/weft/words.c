/* A command line that grows. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "words.h"

static void *must_have(void *memory)
{
    if (memory)
        return memory;
    fprintf(stderr, "weft: out of memory\n");
    exit(EXIT_FAILED);
}

static void append(struct words *words, char *owned)
{
    words->items = must_have(realloc(words->items, (words->count + 2) * sizeof *words->items));
    words->items[words->count++] = owned;
    words->items[words->count] = NULL;
}

void words_add(struct words *words, const char *word)
{
    append(words, must_have(strdup(word)));
}

void words_addf(struct words *words, const char *format, ...)
{
    va_list arguments;
    char *word;
    int size;

    va_start(arguments, format);
    size = vasprintf(&word, format, arguments);
    va_end(arguments);
    append(words, must_have(size < 0 ? NULL : word));
}

void words_split(struct words *words, const char *text)
{
    static const char blanks[] = " \t\r\n";

    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t size = strcspn(text, blanks);

        append(words, must_have(strndup(text, size)));
        text += size;
    }
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    *words = (struct words){0};
}
