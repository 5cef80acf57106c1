/* The work of the fib service: every C server compiles this text, so that a hog costs them all the same. */
#ifndef BENCH_FIB_H
#define BENCH_FIB_H

__attribute__((noinline)) static long fib(long n)
{
    return n <= 2 ? 1 : fib(n - 1) + fib(n - 2);
}

#endif
