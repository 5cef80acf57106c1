/* Naming a stack overflow: which task, how much stack it had, and what to do. Runs in a signal handler. */
#include "core/task.h"
#include "core/worker.h"
#include "guest/guest.h"
#include "os/os.h"

#include <string.h>

static char *append(char *at, const char *end, const char *text)
{
    while (*text && at < end)
        *at++ = *text++;
    *at = 0;
    return at;
}

static char *append_number(char *at, const char *end, size_t value)
{
    char digits[24], *first = digits + sizeof digits - 1;

    *first = 0;
    do
        *--first = (char)('0' + value % 10);
    while (value /= 10);
    return append(at, end, first);
}

static void claim_fault(void *address)
{
    char line[256], *end = line + sizeof line - 1, *at = line;
    bool in_guard;
    struct weft__task *task = weft__stack_find(address, &in_guard);

    if (!task || !in_guard)
        return;
    at = append(at, end, "weft: stack overflow in task '");
    at = append(at, end, task->name);
    at = append(at, end, "': it has used all its ");
    at = append_number(at, end, weft__stack_bytes(task) / 1024);
    at = append(
        at, end,
        " KiB; start it with weft_go_with(&scope, (.stack_size = ...), ...), or keep big arrays off the stack\n");
    weft__os_stderr(line);
}

int weft__overflow_install(void)
{
    return weft__os_fault_install(claim_fault);
}
