/* Other programs, through posix_spawn. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

int process_start(const char *const argv[], int out, int *ret_pipe, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    int ends[2] = {-1, -1}, rc;

    if (out >= 0 && pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0) {
        if (out >= 0)
            rc = posix_spawn_file_actions_adddup2(&actions, ends[1], out);
        if (rc == 0)
            rc = posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    if (out >= 0)
        close(ends[1]);
    if (out >= 0 && rc != 0)
        close(ends[0]);
    if (out >= 0 && rc == 0)
        *ret_pipe = ends[0];
    return -rc;
}

int process_wait(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_capture(const char *const argv[], char *ret_text, size_t size)
{
    size_t used = 0;
    ssize_t n;
    pid_t pid;
    int fd, rc = process_start(argv, STDOUT_FILENO, &fd, &pid);

    if (rc < 0)
        return rc;
    while (used < size && (n = read(fd, ret_text + used, size - used)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        used += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    rc = process_wait(pid);
    if (used == size)
        return -E2BIG;
    ret_text[used] = '\0';
    return rc;
}
