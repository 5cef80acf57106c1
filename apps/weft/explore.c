/* weft explore -- PROGRAM [ARGS]: the program under one schedule after another, until one fails.
 *
 * The variables that are set make weft_main explore the function that it was given (src/guest/explore_main.c); it says
 * so on a pipe, and then all is its own. A program without weft_main, a guest, instead runs as a whole under the first
 * seed, and is then run again under each of the others. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

#include "commands.h"
#include "options.h"

enum { SEEDS = 1000, LIMIT_S = 60, LINE = 4096 };

struct plan {
    char **argv;
    const char *strategy;
    long seeds, first, seconds, steps, replay;
    bool strict, is_replay;
    int64_t end; /* no new run */
};

/* One run of the program, and what it has said on the pipe. */
struct course {
    pid_t pid;
    int pipe;
    char text[LINE];
    size_t used;
    bool explores, started; /* weft_main; the runtime, under a seed */
    bool timed_out;
    char found[LINE], outside[LINE];
    int status;
};

static int64_t now(void)
{
    return weft_now();
}

static void set(const char *name, long number)
{
    char text[32];

    snprintf(text, sizeof text, "%ld", number);
    setenv(name, text, 1);
}

/* The variables of all runs. WEFT_SEED is for programs without weft_main. */
static void set_variables(const struct plan *plan)
{
    set("WEFT_EXPLORE", plan->is_replay ? 1 : plan->seeds);
    set("WEFT_EXPLORE_FIRST", plan->is_replay ? plan->replay : plan->first);
    set("WEFT_EXPLORE_TIME", plan->is_replay ? 0 : plan->seconds);
    set("WEFT_EXPLORE_STEPS", plan->steps);
    set("WEFT_EXPLORE_SHOW", plan->is_replay);
    set("WEFT_STRICT", plan->strict);
    setenv("WEFT_EXPLORE_STRATEGY", plan->is_replay ? "" : plan->strategy, 1);
}

static void take_line(struct course *course, const char *line)
{
    if (strcmp(line, "weft_main") == 0)
        course->explores = true;
    else if (strncmp(line, "started", 7) == 0)
        course->started = true;
    else if (strncmp(line, "found ", 6) == 0 && !course->found[0])
        snprintf(course->found, sizeof course->found, "%s", line + 6);
    else if (strncmp(line, "outside ", 8) == 0 && !course->outside[0])
        snprintf(course->outside, sizeof course->outside, "%s", line + 8);
}

/* Takes what is in the pipe, line by line; what does not fit is none of ours. */
static void listen_to(struct course *course)
{
    ssize_t n;

    while ((n = read(course->pipe, course->text + course->used, sizeof course->text - 1 - course->used)) > 0) {
        char *line = course->text, *end;

        course->text[course->used + (size_t)n] = '\0';
        while ((end = strchr(line, '\n'))) {
            *end = '\0';
            take_line(course, line);
            line = end + 1;
        }
        course->used = strlen(line);
        memmove(course->text, line, course->used + 1);
        if (course->used == sizeof course->text - 1)
            course->used = 0;
    }
}

/* Starts the program with our pipe; its output goes nowhere if it is hidden. Returns 0 or -Exxx. */
static int start(struct course *course, char **argv, bool hidden)
{
    posix_spawn_file_actions_t actions;
    int ends[2], rc;

    *course = (struct course){.pipe = -1};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFD, 0);
    set("WEFT_EXPLORE_FD", ends[1]);
    rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0 && hidden) {
        rc = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        rc = rc ? rc : posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    rc = rc ? rc : posix_spawnp(&course->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    course->pipe = ends[0];
    if (rc != 0)
        close(ends[0]);
    return -rc;
}

/* Until it ends, or has run for too long; weft_main's exploration sees to that itself. */
static void await(struct course *course)
{
    int64_t limit = now() + LIMIT_S * WEFT_SECOND;
    int status = 0;

    while (waitpid(course->pid, &status, WNOHANG) == 0) {
        struct pollfd entry = {.fd = course->pipe, .events = POLLIN};

        poll(&entry, 1, 10);
        if (entry.revents & POLLIN)
            listen_to(course);
        else if (entry.revents)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* it has closed the pipe and lives on */
        if (!course->explores && now() > limit) {
            course->timed_out = true;
            kill(course->pid, SIGKILL);
            limit = INT64_MAX;
        }
    }
    listen_to(course);
    close(course->pipe);
    course->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What one run of a guest has shown. 1: a finding, told; 0: nothing. */
static int judge(const struct course *course, long seed, long schedules)
{
    char what[LINE + 64];

    if (course->found[0])
        snprintf(what, sizeof what, "%s", course->found);
    else if (course->timed_out)
        snprintf(what, sizeof what, "no end: it has not ended after %d s", LIMIT_S);
    else if (course->status >= 128)
        snprintf(what, sizeof what, "crash: killed by signal %d (%s)", course->status - 128,
                 strsignal(course->status - 128));
    else if (course->status != 0)
        snprintf(what, sizeof what, "error: it ended with exit code %d", course->status);
    else
        return 0;
    fprintf(stderr, "weft explore: schedule %ld, seed %ld: %s\nreplay it: weft explore --replay %ld -- PROGRAM\n",
            schedules, seed, what, seed);
    return 1;
}

static bool is_wanted(const struct plan *plan, long seed)
{
    bool random = seed % 8 < 4;

    return plan->is_replay || !*plan->strategy || (*plan->strategy == 'r' ? random : !random);
}

/* The other seeds of a guest, whose first one has run. Returns the exit code. */
static int explore_guest(const struct plan *plan, struct course *course)
{
    long seed = plan->is_replay ? plan->replay : plan->first, done = 1;
    bool live = isatty(STDERR_FILENO) == 1 && !plan->is_replay, told = false;
    int found;

    if (!course->started && course->status == 0) {
        fprintf(stderr, "weft explore: %s starts no tasks: neither weft_main nor weft_start was called\n",
                plan->argv[0]);
        return EXIT_USAGE;
    }
    while (!(found = judge(course, seed, done)) && !plan->is_replay && done < plan->seeds && now() < plan->end) {
        int rc;

        do
            seed++;
        while (!is_wanted(plan, seed));
        set("WEFT_SEED", seed);
        rc = start(course, plan->argv, true);
        if (rc < 0) {
            fprintf(stderr, "weft explore: cannot run %s: %s\n", plan->argv[0], strerror(-rc));
            return EXIT_USAGE;
        }
        await(course);
        done++;
        if (course->outside[0] && !told)
            fprintf(stderr, "weft explore: not replayable from here: %s\n", course->outside);
        told |= course->outside[0] != 0;
        if (live)
            fprintf(stderr, "\r%ld schedules ", done);
    }
    if (live)
        fprintf(stderr, "\r\033[K");
    if (!found)
        fprintf(stderr, "weft explore: nothing found in %ld schedule%s\n", done, done == 1 ? "" : "s");
    return found ? EXIT_FAILED : EXIT_OK;
}

static int explore(const struct plan *plan)
{
    long seed = plan->is_replay ? plan->replay : plan->first;
    struct course course;
    int rc;

    while (!is_wanted(plan, seed))
        seed++;
    set_variables(plan);
    set("WEFT_SEED", seed);
    rc = start(&course, plan->argv, false);
    if (rc < 0) {
        fprintf(stderr, "weft explore: cannot run %s: %s\n", plan->argv[0], strerror(-rc));
        return EXIT_USAGE;
    }
    await(&course);
    if (!course.explores)
        return explore_guest(&(struct plan){.argv = plan->argv,
                                            .strategy = plan->strategy,
                                            .seeds = plan->seeds,
                                            .first = seed,
                                            .replay = plan->replay,
                                            .is_replay = plan->is_replay,
                                            .end = plan->end},
                             &course);
    if (course.status >= 128)
        fprintf(stderr, "weft explore: %s was killed by signal %d\n", plan->argv[0], course.status - 128);
    return course.status > EXIT_USAGE ? EXIT_USAGE : course.status;
}

int command_explore(int argc, char **argv)
{
    struct plan plan = {.strategy = "", .seeds = SEEDS, .first = 1, .steps = 10000000, .replay = -1};
    const struct option options[] = {
        {.name = "seeds",
         .value = "N",
         .number = &plan.seeds,
         .min = 1,
         .max = 1e15,
         .help = "schedules at most (1000)"},
        {.name = "first", .value = "N", .number = &plan.first, .max = 1e15, .help = "the first seed (1)"},
        {.name = "time", .value = "S", .number = &plan.seconds, .max = 1e9, .help = "no new schedule after S seconds"},
        {.name = "steps",
         .value = "N",
         .number = &plan.steps,
         .min = 1,
         .max = 1e15,
         .help = "calls in one schedule that count as no end (10000000)"},
        {.name = "strategy", .value = "NAME", .text = &plan.strategy, .help = "random or priorities (both, in turns)"},
        {.name = "strict", .flag = &plan.strict, .help = "what no seed decides is a finding, if it has a say"},
        {.name = "replay",
         .value = "SEED",
         .number = &plan.replay,
         .max = 1e15,
         .help = "this one schedule, with what the program prints"},
        {.name = NULL},
    };
    const struct usage usage = {
        .command = "weft explore",
        .operands = "[--] PROGRAM [ARG...]",
        .what =
            "Runs the program under one schedule after another until one fails: a deadlock, an expectation that does\n"
            "not hold, an error, a report, a crash, or no end. Shows the switches that matter and the seed that\n"
            "replays them. Half of the seeds choose at random, half by priorities (PCT, depth 0, 1, 2 and 4).\n"
            "Exit code: 0 nothing found, 1 found, 2 it could not be run.",
        .options = options,
    };
    int status, first = options_read(&usage, argc, argv, &status);

    if (first < 0)
        return status;
    if (first == argc)
        return options_mistake(&usage, "which program?");
    if (*plan.strategy && strcmp(plan.strategy, "random") != 0 && strcmp(plan.strategy, "priorities") != 0)
        return options_mistake(&usage, "--strategy: '%s' is neither random nor priorities", plan.strategy);
    plan.argv = argv + first;
    plan.is_replay = plan.replay >= 0;
    plan.end = plan.seconds ? now() + plan.seconds * WEFT_SECOND : INT64_MAX;
    return explore(&plan);
}
