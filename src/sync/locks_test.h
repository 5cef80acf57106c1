/* What the tests of the locks share: looking into a queue, and a log of who came when. */
#ifndef WEFT_SYNC_LOCKS_TEST_H
#define WEFT_SYNC_LOCKS_TEST_H

#include "run.h"
#include "sync/guard.h"

#include <errno.h>
#include <pthread.h>

/* The library is not instrumented for TSan, so that what looks into it must not be either. */
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
#define NOT_INSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#endif
#endif
#ifndef NOT_INSTRUMENTED
#define NOT_INSTRUMENTED
#endif

/* Waiters in the queue at that offset of an object, which begins with its guard. */
NOT_INSTRUMENTED UNUSED static int queued(void *object, size_t offset)
{
    struct weft__list *queue = (struct weft__list *)(void *)((char *)object + offset);
    struct weft__thread *thread = weft__enter_any();
    int count = 0;

    weft__guard_enter(thread, object);
    for (const struct weft__link *link = queue->first; link; link = link->next)
        count++;
    weft__guard_leave(thread, object);
    weft__leave_any(thread);
    return count;
}

/* Lets others run until so many wait there. */
UNUSED static void await_queued(void *object, size_t offset, int wanted)
{
    while (queued(object, offset) != wanted)
        (void)weft_yield();
}

/* Who came when: each stands in notes before it is counted. */
enum { NOTES = 256 };
static int notes[NOTES];
static atomic_int noted;

UNUSED static void note(int id)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&lock); /* nothing suspends under it */
    notes[noted % NOTES] = id;
    atomic_fetch_add(&noted, 1);
    pthread_mutex_unlock(&lock);
}

/* Threads of a stress beside its tasks. */
UNUSED static pthread_t run_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;

    MUST(pthread_create(&thread, NULL, body, argument) == 0);
    return thread;
}

UNUSED static void join_threads(const pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
}

#endif
