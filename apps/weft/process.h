/* Other programs, started from plain code: before the runtime starts, since a task's thread may run at low priority,
 * which a child would inherit. */
#ifndef WEFT_APP_PROCESS_H
#define WEFT_APP_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* Starts argv[0], looked up in PATH, with stdin, stdout and stderr of ours; fd out of the child is ret_pipe's other
 * end, unless out is -1. Returns 0 or -Exxx. */
int process_start(const char *const argv[], int out, int *ret_pipe, pid_t *ret_pid);

/* Waits for its end. Returns the exit code, 128 + the signal that ended it, or -Exxx. */
int process_wait(pid_t pid);

/* Runs argv and collects at most size - 1 bytes of its stdout, with a 0 behind. Returns as process_wait, -E2BIG if
 * there was more, or -Exxx when it did not start. */
int process_capture(const char *const argv[], char *ret_text, size_t size);

#endif
