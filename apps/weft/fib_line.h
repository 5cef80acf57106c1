/* The protocol of the fib service, without its sockets: one line in, one line out. */
#ifndef WEFT_APP_FIB_LINE_H
#define WEFT_APP_FIB_LINE_H

#include <stddef.h>

enum {
    FIB_LINE_MAX = 64,    /* bytes of a request, its newline not counted */
    FIB_ANSWER_SIZE = 64, /* bytes that the longest answer takes, its newline included */
};

/* Answers one request of size bytes (its newline taken off; a CR and blanks around it do not matter): the Fibonacci
 * number, or "error: REASON". n may be 1 to max. Returns the bytes written to ret_answer. Computes as long as it takes.
 */
size_t fib_line_answer(const char *line, size_t size, long max, char ret_answer[FIB_ANSWER_SIZE]);

/* The same for a line that is longer than FIB_LINE_MAX. */
size_t fib_line_too_long(char ret_answer[FIB_ANSWER_SIZE]);

#endif
