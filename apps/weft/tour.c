/* weft tour: the fib service with more and more hogs, and what one fast client notices of them.
 *
 * The service runs as a process of its own, started by this same program before the runtime starts. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <weft.h>

#include "address.h"
#include "commands.h"
#include "load.h"
#include "options.h"
#include "process.h"
#include "self.h"

static const long hogs[] = {0, 1, 2, 4};
enum { ROUNDS = sizeof hogs / sizeof hogs[0], RATE = 1000, HOG_N = 30 };

/* Starts the service and reads from its stderr where it listens. Returns its pid, or -1 after a report. */
static pid_t start_service(char ret_address[ADDRESS_SIZE])
{
    const char *const argv[] = {"/proc/self/exe", "fib", "serve", "--listen", "127.0.0.1:0", NULL};
    char line[ADDRESS_SIZE] = "";
    int fd, rc;
    pid_t pid;
    FILE *said;

    rc = process_start(argv, STDERR_FILENO, &fd, &pid);
    if (rc < 0) {
        fprintf(stderr, "weft tour: cannot start the fib service: %s\n", strerror(-rc));
        return -1;
    }
    said = fdopen(fd, "r"); /* stays open to the end: the service may have more to say */
    if (said && fgets(line, sizeof line, said) && sscanf(line, "listening on %299s", ret_address) == 1)
        return pid;
    fprintf(stderr, "weft tour: the fib service did not start: %s\n", line[0] ? line : "it said nothing");
    kill(pid, SIGTERM);
    process_wait(pid);
    return -1;
}

static void print_row(long hog_count, const struct load_figures *f)
{
    char rate[16] = "-";

    if (hog_count > 0)
        snprintf(rate, sizeof rate, "%.0f", f->hogs_per_s);
    printf("%6ld %12.0f %12.0f %12.0f %12.0f %12s\n", hog_count, f->fast_per_s, f->fast_p50_us, f->fast_p99_us,
           f->fast_max_us, rate);
    fflush(stdout);
}

/* Says what the figures say, whichever they are. */
static void print_moral(const struct load_figures *alone, const struct load_figures *crowded)
{
    bool steady = crowded->fast_p99_us < 1000 && crowded->fast_per_s > 0.95 * RATE;

    printf("\nBeside %ld connections that compute without pause, 99 of 100 quick requests had their answer within\n"
           "%.0f us; alone, within %.0f us. ",
           hogs[ROUNDS - 1], crowded->fast_p99_us, alone->fast_p99_us);
    if (steady)
        printf("Each connection is one task and fib(n) a plain call in it: there is no\n"
               "pool, and nothing says which request is slow. Yet nobody waits for anybody else's.\n");
    else
        printf("That is more than it should be: something else keeps this machine\n"
               "busy, or it is a very small one. Try again when it is quiet.\n");
}

static void suggest(const char *program, const char *words, const char *why)
{
    char command[PATH_MAX + 64];

    snprintf(command, sizeof command, "%s %s", program, words);
    printf("  %-42s %s\n", command, why);
}

static void print_next(void)
{
    char weft[PATH_MAX];

    self_name(weft);
    printf("\nWhat to try next:\n");
    suggest(weft, "run examples/hello.c", "a first program: change it and run it again");
    suggest(weft, "fib serve", "the service; then, elsewhere: nc 127.0.0.1 25000, and type 10, or 40");
    suggest(weft, "fib load --fast 16 --hogs 4", "more load on it");
    suggest("man", "weft", "the reference; examples/ and docs/ tell the rest");
}

struct tour {
    const char *address;
    int *status; /* the exit code */
};
static int tour(struct tour *self)
{
    struct load_figures figures[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        const struct load_plan plan = {
            .command = "weft tour",
            .address = self->address,
            .fast = 1,
            .hogs = hogs[i],
            .n = HOG_N,
            .seconds = 5,
            .rate = RATE,
            .live = isatty(STDERR_FILENO) == 1,
        };
        int rc = load_run(&plan, &figures[i]);

        if (rc < 0 || weft_check() < 0) {
            *self->status = EXIT_FAILED;
            return 0;
        }
        print_row(hogs[i], &figures[i]);
    }
    print_moral(&figures[0], &figures[ROUNDS - 1]);
    return 0;
}

int command_tour(int argc, char **argv)
{
    const struct option options[] = {{.name = NULL}};
    const struct usage usage = {
        .command = "weft tour",
        .what = "Starts the fib service on a free port of this machine and shows how quick requests fare beside 0, 1, "
                "2 and\n"
                "4 connections that keep it computing. Takes half a minute.",
        .options = options,
    };
    char address[ADDRESS_SIZE];
    int status, rc;
    pid_t service;

    if (options_read(&usage, argc, argv, &status) < 0)
        return status;
    service = start_service(address);
    if (service < 0)
        return EXIT_FAILED;
    printf(
        "One client asks a service for fib(1), %d times a second, while 0, 1, 2 and 4 hogs ask it for fib(%d) without\n"
        "pause. How long the quick answers take, in microseconds, from when each was due (5 s a line):\n\n",
        RATE, HOG_N);
    printf("%6s %12s %12s %12s %12s %12s\n", "hogs", "requests/s", "p50", "p99", "max", "hogs/s");
    fflush(stdout);
    prctl(PR_SET_TIMERSLACK, 1); /* requests leave on time; the runtime's threads inherit it */
    rc = weft_main(tour, .address = address, .status = &status);
    kill(service, SIGTERM);
    process_wait(service);
    if (rc == 0 && status == 0)
        print_next();
    return rc ? rc : status;
}
