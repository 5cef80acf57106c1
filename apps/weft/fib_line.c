/* One request of the fib service and its answer.
 *
 * Digits are read and written by hand: it is all that the library does for a request of fib(1), and printf would take
 * more stack than a waiting task has pages. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fib.h"
#include "fib_line.h"

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The number in the line; larger ones than any that counts become 1000. False if it is not a number. */
static bool parse(const char *at, const char *end, long *ret_n)
{
    bool negative = false;
    long n = 0;

    while (at < end && blank(*at))
        at++;
    while (end > at && blank(end[-1]))
        end--;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    if (at == end)
        return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        n = n * 10 + (*at - '0');
        n = n > 1000 ? 1000 : n;
    }
    *ret_n = negative ? -n : n;
    return true;
}

static size_t put_number(char *out, long n)
{
    char digits[20];
    size_t count = 0, size = 0;

    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    while (count > 0)
        out[size++] = digits[--count];
    out[size++] = '\n';
    return size;
}

static size_t put_error(char *out, const char *reason)
{
    return (size_t)snprintf(out, FIB_ANSWER_SIZE, "error: %s\n", reason);
}

size_t fib_line_answer(const char *line, size_t size, long max, char ret_answer[FIB_ANSWER_SIZE])
{
    long n;

    if (!parse(line, line + size, &n))
        return put_error(ret_answer, "not an integer");
    if (n < 1)
        return put_error(ret_answer, "the number must be at least 1");
    if (n > max)
        return (size_t)snprintf(ret_answer, FIB_ANSWER_SIZE, "error: the number must be at most %ld\n", max);
    return put_number(ret_answer, fib(n));
}

size_t fib_line_too_long(char ret_answer[FIB_ANSWER_SIZE])
{
    return put_error(ret_answer, "the line is longer than 64 bytes");
}
