/* Counts the words of a text in parallel: `wordcount FILE` prints seconds, words, different words and a sum over all
 * that any other counting must give too. `wordcount make FILE BYTES` makes a text. peers/wordcount_go does the same
 * work with the same hash table.
 */
#include "clock.h"

#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft.h>
#include <weft/par.h>

struct word {
    uint64_t hash;
    const char *text;
    uint32_t length, count;
};

/* Open addressing; at most half full. All zero is empty. */
struct table {
    struct word *words;
    size_t capacity, used;
};

static struct word *find(const struct table *table, uint64_t hash, const char *text, uint32_t length)
{
    for (size_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
        struct word *word = &table->words[i];

        if (word->count == 0 || (word->hash == hash && word->length == length && memcmp(word->text, text, length) == 0))
            return word;
    }
}

static int grow(struct table *table)
{
    struct table next = {.capacity = table->capacity ? 2 * table->capacity : 4096, .used = table->used};

    next.words = calloc(next.capacity, sizeof *next.words);
    if (!next.words)
        return -ENOMEM;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->words[i].count)
            *find(&next, table->words[i].hash, table->words[i].text, table->words[i].length) = table->words[i];
    free(table->words);
    *table = next;
    return 0;
}

static int add(struct table *table, uint64_t hash, const char *text, uint32_t length, uint32_t count)
{
    struct word *word;

    if (2 * table->used >= table->capacity && grow(table) < 0)
        return -ENOMEM;
    word = find(table, hash, text, length);
    if (word->count == 0) {
        *word = (struct word){hash, text, length, 0};
        table->used++;
    }
    word->count += count;
    return 0;
}

static int is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* The words that begin in the piece. The text ends with no letter. */
struct count_words {
    const char *text;
};
static int count_words(struct count_words *self, size_t begin, size_t end, struct table *table)
{
    const char *at = self->text + begin, *stop = self->text + end;
    int rc = 0;

    if (begin > 0 && is_letter(at[-1])) /* this one began before */
        while (is_letter(*at))
            at++;
    while (at < stop && rc == 0) {
        const char *start = at;
        uint64_t hash = 14695981039346656037u;

        for (; is_letter(*at); at++)
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
        if (at > start)
            rc = add(table, hash ^ hash >> 32, start, (uint32_t)(at - start), 1);
        else
            at++;
    }
    return rc;
}

static int merge(struct count_words *self, struct table *left, struct table *right)
{
    int rc = 0;

    (void)self;
    for (size_t i = 0; i < right->capacity && rc == 0; i++)
        if (right->words[i].count)
            rc = add(left, right->words[i].hash, right->words[i].text, right->words[i].length, right->words[i].count);
    free(right->words);
    *right = (struct table){0};
    return rc;
}

struct root {
    const char *text;
    size_t size;
};
static int root(struct root *self)
{
    struct table table = {0};
    uint64_t words = 0, sum = 0;
    int64_t start = now_ns();
    int rc = weft_reduce_with((.unordered = 1), 0, self->size, &table, count_words, merge, .text = self->text);
    double seconds = (double)(now_ns() - start) / 1e9;

    for (size_t i = 0; i < table.capacity; i++) {
        words += table.words[i].count;
        sum += table.words[i].hash * table.words[i].count;
    }
    printf("%.4f %llu %zu %llx\n", seconds, (unsigned long long)words, table.used, (unsigned long long)sum);
    free(table.words);
    return rc;
}

static char *read_file(const char *path, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *text;

    if (fd < 0 || fstat(fd, &status) < 0)
        error(1, errno, "%s", path);
    text = malloc((size_t)status.st_size + 1);
    if (!text)
        error(1, 0, "no memory");
    *ret_size = (size_t)status.st_size;
    for (size_t done = 0; done < *ret_size;) {
        ssize_t n = read(fd, text + done, *ret_size - done);

        if (n <= 0)
            error(1, n < 0 ? errno : 0, "%s", path);
        done += (size_t)n;
    }
    text[*ret_size] = '\0';
    close(fd);
    return text;
}

static uint64_t any(void)
{
    static uint64_t state;
    uint64_t z = state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Words of 2 to 12 letters; some are much more frequent than others. */
static void make(const char *path, double bytes)
{
    enum { WORDS = 60000 };
    static char words[WORDS][16];
    FILE *file = fopen(path, "w");
    double written = 0;

    if (!file)
        error(1, errno, "%s", path);
    for (int i = 0; i < WORDS; i++)
        for (uint64_t j = 0, length = 2 + any() % 11; j < length; j++)
            words[i][j] = (char)('a' + any() % 26);
    while (written < bytes) {
        double rank = (double)(any() >> 11) / 9007199254740992.0;

        written += fprintf(file, "%s%c", words[(int)(rank * rank * rank * WORDS)], any() % 12 ? ' ' : '\n');
    }
    if (fclose(file) != 0)
        error(1, errno, "%s", path);
}

int main(int argc, char **argv)
{
    size_t size;
    char *text;

    if (argc == 4 && strcmp(argv[1], "make") == 0) {
        make(argv[2], strtod(argv[3], NULL));
        return 0;
    }
    if (argc != 2)
        error(2, 0, "usage: wordcount FILE | wordcount make FILE BYTES");
    text = read_file(argv[1], &size);
    return weft_main(root, .text = text, .size = size);
}
