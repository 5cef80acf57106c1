/* The work of the fib service: slow on purpose, so that a request is a hog without looking like one. */
#ifndef WEFT_APP_FIB_H
#define WEFT_APP_FIB_H

/* The largest n whose Fibonacci number fits a long of 64 bits. */
enum { FIB_MAX = 92 };

__attribute__((noinline, unused)) static long fib(long n)
{
    return n <= 2 ? 1 : fib(n - 1) + fib(n - 2);
}

#endif
