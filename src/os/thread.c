/* OS threads, their priorities, the CPUs there are for them, and the barrier that makes others' fences cheap. */
#include "os/os.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct start {
    weft__os_body *body;
    void *argument;
};

static void *start_thread(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    start.body(start.argument);
    return NULL;
}

/* Threads of ours block every signal: the host's handlers never run on them. (SIGSEGV and its kin cannot be blocked
 * from faults.) */
int weft__os_thread_start(struct weft__os_thread *ret_thread, weft__os_body *body, void *argument)
{
    struct start *start = malloc(sizeof *start);
    sigset_t all, old;
    pthread_t thread;
    int rc;

    if (!start)
        return -ENOMEM;
    *start = (struct start){body, argument};
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&thread, NULL, start_thread, start);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        free(start);
        return -rc;
    }
    ret_thread->id = (unsigned long)thread;
    return 0;
}

void weft__os_thread_join(struct weft__os_thread thread)
{
    pthread_join((pthread_t)thread.id, NULL);
}

int weft__os_tid(void)
{
    return (int)syscall(SYS_gettid);
}

void weft__os_name(const char *name)
{
    prctl(PR_SET_NAME, name);
}

void weft__os_precise_timers(void)
{
    prctl(PR_SET_TIMERSLACK, 1);
}

/* As in linux/sched/types.h, which collides with glibc's sched.h. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static int set_attributes(int tid, uint32_t policy, int32_t nice, uint64_t slice_ns)
{
    struct attributes attributes = {.size = sizeof attributes, .policy = policy, .nice = nice, .runtime = slice_ns};

    return syscall(SYS_sched_setattr, tid, &attributes, 0) < 0 ? -errno : 0;
}

/* Since Linux 6.12 the slice is a thread's own (EEVDF; older kernels ignore it). The longest one, 100 ms, means that
 * whoever wakes has a shorter one and goes first at once, where the running slice would otherwise be protected. Tried:
 * a short slice for the workers instead, which made the whole session's turns short, and other sessions wait for tens
 * of milliseconds. */
int weft__os_demote(int tid)
{
    return set_attributes(tid, SCHED_BATCH, 19, 100000000);
}

void weft__os_yield(void)
{
    sched_yield();
}

/* quota / period of a cgroup file pair or line, rounded up; 0 if there is no limit. */
static unsigned quota_cpus(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

static unsigned cgroup_cpus(void)
{
    char line[512], path[640], group[512] = "";
    long long quota = -1, period = 0;
    FILE *file = fopen("/proc/self/cgroup", "re");
    char *cpu1 = NULL;

    if (!file)
        return 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "0::", 3) == 0)
            snprintf(group, sizeof group, "%s", line + 3);
        else if (!cpu1 && (strstr(line, ":cpu,") || strstr(line, ":cpu:") || strstr(line, ",cpu:")))
            cpu1 = strdup(strrchr(line, ':') + 1);
    }
    fclose(file);
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    if ((file = fopen(path, "re")) || (file = fopen("/sys/fs/cgroup/cpu.max", "re"))) {
        if (fscanf(file, "%lld %lld", &quota, &period) != 2)
            quota = -1;
        fclose(file);
    } else if (cpu1) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", cpu1);
        if ((file = fopen(path, "re"))) {
            if (fscanf(file, "%lld", &quota) != 1)
                quota = -1;
            fclose(file);
        }
        snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", cpu1);
        if ((file = fopen(path, "re"))) {
            if (fscanf(file, "%lld", &period) != 1)
                period = 0;
            fclose(file);
        }
    }
    free(cpu1);
    return quota_cpus(quota, period);
}

unsigned weft__os_cpus(void)
{
    unsigned count = 1, quota = cgroup_cpus();
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = (unsigned)CPU_COUNT(&set);
    else
        count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    if (quota && quota < count)
        count = quota;
    return count ? count : 1;
}

bool weft__os_membarrier_init(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void weft__os_membarrier(void)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

int weft__os_atfork(void (*in_child)(void))
{
    return -pthread_atfork(NULL, NULL, in_child);
}
