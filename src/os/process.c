/* Child processes of an exploration. */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int weft__os_fork(struct weft__os_child *ret_child)
{
    int pid, parent = getpid();

    fflush(NULL); /* what is buffered is said once */
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        return 0;
    }
    *ret_child = (struct weft__os_child){pid, (int)syscall(SYS_pidfd_open, pid, 0)};
    return 1;
}

/* Without a pidfd it looks again and again. */
static void await_end(const struct weft__os_child *child, int64_t span)
{
    struct pollfd entry = {.fd = child->fd, .events = POLLIN};
    struct timespec moment = {.tv_nsec = 200000};

    if (child->fd >= 0)
        poll(&entry, 1, (int)(span / 1000000));
    else
        nanosleep(&moment, NULL);
}

int weft__os_await_child(struct weft__os_child *child, int64_t span)
{
    int64_t end = weft__os_now() + span;
    int status, rc;

    while ((rc = waitpid(child->pid, &status, WNOHANG)) == 0 || (rc < 0 && errno == EINTR)) {
        int64_t left = end - weft__os_now();

        if (left <= 0)
            return -ETIMEDOUT;
        await_end(child, left);
    }
    rc = rc < 0 ? -errno : 0;
    if (child->fd >= 0)
        close(child->fd);
    child->fd = -1;
    return rc < 0 ? rc : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void weft__os_kill_child(const struct weft__os_child *child)
{
    kill(child->pid, SIGKILL);
}

int weft__os_memory_file(void)
{
    int file = memfd_create("weft", MFD_CLOEXEC);

    if (file >= 0)
        fcntl(file, F_SETFL, O_APPEND); /* the offset is shared with those who wrote to it before */
    return file;
}

void weft__os_redirect(int file)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (file >= 0 && ftruncate(file, 0) < 0)
        file = -1;
    if (nowhere < 0)
        return;
    dup2(nowhere, STDOUT_FILENO);
    dup2(file >= 0 ? file : nowhere, STDERR_FILENO);
    close(nowhere);
}

void weft__os_tail(int file, char *ret_text, size_t size)
{
    off_t end = file >= 0 ? lseek(file, 0, SEEK_END) : 0;
    off_t start = end > (off_t)size - 1 ? end - ((off_t)size - 1) : 0;
    ssize_t n = end > 0 ? pread(file, ret_text, size - 1, start) : 0;

    ret_text[n > 0 ? n : 0] = 0;
}

unsigned weft__os_threads(void)
{
    struct stat at;

    return stat("/proc/self/task", &at) == 0 && at.st_nlink > 2 ? (unsigned)at.st_nlink - 2 : 0;
}
