/* Deadlocks, told by name and place. Only under a seed, where one thread runs everything and the world stands still
 * while it looks.
 */
#include "core/detect.h"

#include "core/runtime.h"
#include "core/wait.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 2048, DEPTH = 64 };

void (*weft__on_finding)(const char *kind, const char *text);

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
    return wait->owner ? *wait->owner : NULL; /* under a seed plain threads own nothing that a task waits for */
}

static void say_wait(struct text *text, const struct weft__task *task)
{
    const struct weft__wait *wait = task->wait;
    const struct weft__task *owner = owner_of(wait);

    say(text, "task '%s' waits %s", task->name, wait->what ? wait->what : "");
    if (wait->place)
        say(text, " at %s", wait->place);
    if (owner == task)
        say(text, ", which it holds itself");
    else if (owner)
        say(text, ", held by '%s'", owner->name);
}

/* The tasks of a scope and of those below. False: one of them may be woken from outside. */
static bool say_all(struct text *text, const struct weft__scope *scope, unsigned *count)
{
    for (const struct weft__link *link = scope->children.first; link; link = link->next) {
        const struct weft__task *task = WEFT__OF(const struct weft__task, sibling, link);

        if (!is_parked(task))
            continue;
        if (task->wait->is_open)
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

    buffer[0] = 0;
    weft__lock(&weft__runtime.roots_lock);
    for (const struct weft__link *link = weft__runtime.roots.first; link && closed; link = link->next)
        closed = say_all(&text, WEFT__OF(const struct weft__scope, published, link), &count);
    weft__unlock(&weft__runtime.roots_lock);
    if (count && closed)
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
