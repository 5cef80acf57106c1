/* Child processes of an exploration. */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int weft__os_fork(void)
{
    int pid;

    fflush(NULL); /* what is buffered is said once */
    pid = fork();
    return pid < 0 ? -errno : pid;
}

int weft__os_await_child(int pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void weft__os_alarm(unsigned seconds)
{
    alarm(seconds);
}

void weft__os_silence(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere < 0)
        return;
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}
