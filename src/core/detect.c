/* Deadlocks, told by name and place. Only under a seed, where one thread runs everything and the world stands still
 * while it looks.
 */
#include "core/detect.h"

#include "core/policy.h"
#include "core/runtime.h"
#include "core/wait.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 2048, DEPTH = 64, FD_MAX = 1 << 20 };

void (*weft__on_finding)(const char *kind, const char *text);
void (*weft__on_outside)(const char *text);
bool weft__detect_alone;

void weft__detected(const char *kind, const char *format, ...)
{
    char text[TEXT];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (weft__on_finding)
        weft__on_finding(kind, text);
    weft__report("%s: %s", kind, text);
}

/* ---- a program that weft explore runs under one seed after another ---- */

int weft__detect_pipe(void)
{
    uint64_t fd = 0;

    return weft__environment("WEFT_EXPLORE_FD", 0, FD_MAX, &fd) == 0 && fd ? (int)fd : -1;
}

/* One line in one write, so that lines of several threads stay whole. */
static void say_to_pipe(const char *word, const char *kind, const char *text)
{
    char line[TEXT + 128];
    int size = snprintf(line, sizeof line, "%s %s%s%s", word, kind, *kind ? ": " : "", text);

    if (size >= (int)sizeof line - 1)
        size = (int)sizeof line - 2;
    for (int i = 0; i < size; i++)
        if (line[i] == '\n')
            line[i] = ' ';
    line[size++] = '\n';
    (void)weft__os_write(weft__detect_pipe(), line, (size_t)size); /* nobody listens any more: then it is lost */
}

static void found(const char *kind, const char *text)
{
    say_to_pipe("found", kind, text);
    fflush(NULL); /* what the schedule has printed */
    _Exit(1);
}

static void outside(const char *text)
{
    say_to_pipe("outside", "", text);
}

void weft__detect_attach(void)
{
    if (weft__on_finding || weft__detect_pipe() < 0)
        return;
    say_to_pipe("started", "", "");
    weft__on_finding = found;
    weft__on_outside = outside;
    weft__detect_alone = true;
    weft__policy.checks = true;
    if (!weft__policy.claims)
        weft__policy.claims = WEFT__CLAIMS_UNTIL_TOLD;
}

/* ---- the claim of replay ---- */

void weft__detect_outside(const char *format, ...)
{
    char text[256];
    va_list arguments;

    if (!weft__policy.claims || weft__policy.claim_ended)
        return;
    weft__policy.claim_ended = true;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (weft__policy.claims == WEFT__CLAIMS_STRICTLY)
        weft__detected("not replayable from here", "%s", text);
    else if (weft__on_outside)
        weft__on_outside(text);
    else
        weft__report("not replayable from here: %s", text);
}

/* Who calls a root task only waits for it; one that runs beside it may do more. */
void weft__detect_foreign(const struct weft__task *task)
{
    bool is_root = !task->wait && !task->home->owner;

    if (!is_root)
        atomic_store_explicit(&weft__runtime.foreign, true, memory_order_relaxed);
    if (task->wait)
        weft__detect_outside("a plain thread woke task %u '%s'", task->number, task->name);
    else if (!is_root || atomic_load_explicit(&weft__runtime.live, memory_order_relaxed) > 1)
        weft__detect_outside("a plain thread started task %u '%s'", task->number, task->name);
}

/* ---- deadlocks ---- */

struct text {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    if (len < 0)
        return;
    if ((size_t)len >= text->left)
        len = (int)text->left - 1;
    text->at += len;
    text->left -= (size_t)len;
}

static bool is_parked(const struct weft__task *task)
{
    return atomic_load_explicit(&task->claim, memory_order_relaxed) != WEFT__RUNNING && task->wait;
}

static const struct weft__task *owner_of(const struct weft__wait *wait)
{
    const void *owner = wait->owner ? *wait->owner : NULL;

    return (uintptr_t)owner % 2 ? NULL : owner; /* odd: a plain thread */
}

static void say_wait(struct text *text, const struct weft__task *task)
{
    const struct weft__wait *wait = task->wait;
    const struct weft__task *owner = owner_of(wait);

    say(text, "task %u '%s' waits %s", task->number, task->name, wait->what ? wait->what : "");
    if (wait->place)
        say(text, " at %s", wait->place);
    if (owner == task)
        say(text, ", which it holds itself");
    else if (owner)
        say(text, ", held by task %u '%s'", owner->number, owner->name);
}

/* Whether a thread that we did not make may be about to wake a task. TSan has two of its own in a forked child. */
static bool has_others(void)
{
#ifdef WEFT__TSAN
    unsigned ours = weft__pool_threads() + 3;
#else
    unsigned ours = weft__pool_threads() + 1;
#endif

    return weft__os_threads() > ours;
}

/* The tasks of a scope and of those below. False: one of them may be woken from outside. */
static bool say_all(struct text *text, const struct weft__scope *scope, unsigned *count)
{
    for (const struct weft__link *link = scope->children.first; link; link = link->next) {
        const struct weft__task *task = WEFT__OF(const struct weft__task, sibling, link);

        if (!is_parked(task))
            continue;
        if (task->wait->is_open && !weft__detect_alone)
            return false;
        say(text, (*count)++ ? "; " : "");
        say_wait(text, task);
    }
    for (const struct weft__link *link = scope->scopes.first; link; link = link->next)
        if (!say_all(text, WEFT__OF(const struct weft__scope, published, link), count))
            return false;
    return true;
}

void weft__detect_deadlock(void)
{
    char buffer[TEXT];
    struct text text = {buffer, sizeof buffer};
    unsigned count = 0;
    bool closed = true;

    if (weft__detect_alone && has_others())
        return;
    buffer[0] = 0;
    weft__lock(&weft__runtime.roots_lock);
    for (const struct weft__link *link = weft__runtime.roots.first; link && closed; link = link->next)
        closed = say_all(&text, WEFT__OF(const struct weft__scope, published, link), &count);
    weft__unlock(&weft__runtime.roots_lock);
    if (count == 1 && closed)
        weft__detected("deadlock", "the only task there is waits for ever: %s", buffer);
    else if (count && closed)
        weft__detected("deadlock", "all %u tasks wait: %s", count, buffer);
}

void weft__detect_circle(const struct weft__wait *wait)
{
    const struct weft__task *self = wait->task, *task = owner_of(wait);
    char buffer[TEXT];
    struct text text = {buffer, sizeof buffer};

    for (int i = 0; i < DEPTH && task && task != self; i++)
        task = is_parked(task) && task->wait->owner ? owner_of(task->wait) : NULL;
    if (!task)
        return;
    say_wait(&text, self);
    for (task = owner_of(wait); task && task != self; task = owner_of(task->wait)) {
        say(&text, "; ");
        say_wait(&text, task);
    }
    weft__detected("deadlock", "a circle of waits: %s", buffer);
}
