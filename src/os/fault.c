/* Naming a stack overflow: a SIGSEGV handler on an alternate stack that asks whether the address is a guard of ours,
 * and then lets the host's handler (or the default) do what it would have done. */
#include "os/os.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAULT_STACK = 32768 };

static struct sigaction before;
static void (*claim_fault)(void *address);

void weft__os_stderr(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(2, text, left);

        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    claim_fault(info->si_addr);
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(signal, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(signal);
    } else { /* the default: the faulting instruction runs again and ends the program with a core as usual */
        struct sigaction plain = {.sa_handler = SIG_DFL};

        sigaction(signal, &plain, NULL);
    }
}

int weft__os_fault_install(void (*claim)(void *address))
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    struct sigaction now;

    if (sigaction(SIGSEGV, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault)
        return 0;
    claim_fault = claim;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, &before) < 0 ? -errno : 0;
}

void *weft__os_fault_stack(void)
{
    stack_t stack = {.ss_sp = malloc(FAULT_STACK), .ss_size = FAULT_STACK}, old;

    if (!stack.ss_sp || (sigaltstack(NULL, &old) == 0 && !(old.ss_flags & SS_DISABLE)) ||
        sigaltstack(&stack, NULL) < 0) {
        free(stack.ss_sp);
        return NULL;
    }
    return stack.ss_sp;
}

void weft__os_fault_stack_free(void *memory)
{
    stack_t off = {.ss_flags = SS_DISABLE};

    if (!memory)
        return;
    sigaltstack(&off, NULL);
    free(memory);
}
