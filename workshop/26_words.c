/* Map and reduce over the words of a text: which are the most frequent?
 *
 * The text is cut into parts at the ends of words. Each part is counted by a task of its own into a table of its own,
 * so nothing is shared and nothing locked; the tables are added up when the scope has joined the tasks.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

#ifndef DATA
#define DATA "workshop/data"
#endif

enum { PARTS = 4, BUCKETS = 2048, WORD_MAX = 24, TEXT_MAX = 100 * 1024, SHOWN = 6 };

struct entry {
    char word[WORD_MAX];
    int count; /* 0: free */
};
struct table {
    struct entry entries[BUCKETS]; /* open addressing; more than the text has words */
};

static int add(struct table *table, const char *word, int count)
{
    unsigned at = 0;

    for (const char *c = word; *c; c++)
        at = at * 31 + (unsigned char)*c;
    for (int i = 0; i < BUCKETS; i++) {
        struct entry *entry = &table->entries[(at + (unsigned)i) % BUCKETS];

        if (entry->count == 0)
            snprintf(entry->word, sizeof entry->word, "%s", word);
        if (strcmp(entry->word, word) == 0) {
            entry->count += count;
            return 0;
        }
    }
    return -ENOSPC;
}

/* Map. */
struct count_words {
    const char *from, *to;
    struct table *table;
};
static int count_words(struct count_words *self)
{
    char word[WORD_MAX];
    int length = 0, rc = 0;

    for (const char *c = self->from; c <= self->to && rc == 0; c++) {
        if (c < self->to && isalpha((unsigned char)*c) && length < WORD_MAX - 1) {
            word[length++] = (char)tolower((unsigned char)*c);
        } else if (length > 0) {
            word[length] = '\0';
            rc = add(self->table, word, 1);
            length = 0;
        }
    }
    return rc;
}

/* Reduce. */
static int merge(struct table *into, const struct table *from)
{
    int rc = 0;

    for (int i = 0; i < BUCKETS && rc == 0; i++)
        if (from->entries[i].count)
            rc = add(into, from->entries[i].word, from->entries[i].count);
    return rc;
}

static int by_count(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    return left->count != right->count ? right->count - left->count : strcmp(left->word, right->word);
}

struct map_reduce {
    const char *text;
    struct table *tables; /* PARTS */
};
static int map_reduce(struct map_reduce *self)
{
    const char *from = self->text, *end = from + strlen(from);
    size_t part = (size_t)(end - from) / PARTS;
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < PARTS; i++) {
        const char *to = i == PARTS - 1 ? end : self->text + part * (size_t)(i + 1);

        while (to < end && isalpha((unsigned char)*to))
            to++;
        weft_go(&scope, count_words, .from = from, .to = to, .table = &self->tables[i]);
        from = to;
    }
    rc = weft_scope_close(&scope);
    for (int i = 1; i < PARTS && rc == 0; i++)
        rc = merge(&self->tables[0], &self->tables[i]);
    qsort(self->tables[0].entries, BUCKETS, sizeof(struct entry), by_count);
    for (int i = 0; i < SHOWN; i++)
        printf("%4d %s\n", self->tables[0].entries[i].count, self->tables[0].entries[i].word);
    return rc;
}

int main(int argc, char **argv)
{
    FILE *file = fopen(argc > 1 ? argv[1] : DATA "/loom.txt", "r");
    struct table *tables = calloc(PARTS, sizeof *tables);
    char *text = calloc(1, TEXT_MAX + 1);
    int code = 1;

    if (file && tables && text) {
        (void)!fread(text, 1, TEXT_MAX, file);
        code = weft_main(map_reduce, .text = text, .tables = tables);
    }
    if (file)
        fclose(file);
    free(text);
    free(tables);
    return code;
}
