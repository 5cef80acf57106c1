/* weft fib load: the load generator of load.c as a command. */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <weft.h>

#include "address.h"
#include "commands.h"
#include "fib.h"
#include "limits.h"
#include "load.h"
#include "options.h"

enum { CONNECTIONS_MAX = 100000 };

static void print_text(const struct load_plan *plan, const struct load_figures *f)
{
    printf("%.1f s, %ld fast and %ld hogs with fib(%ld)\n", f->seconds, plan->fast, plan->hogs, plan->n);
    if (plan->fast > 0)
        printf("fast: %.1f requests/s, p50 %.1f us, p99 %.1f us, max %.1f us\n", f->fast_per_s, f->fast_p50_us,
               f->fast_p99_us, f->fast_max_us);
    if (plan->hogs > 0)
        printf("hogs: %.1f requests/s, mean %.3f ms, max %.3f ms\n", f->hogs_per_s, f->hog_mean_ms, f->hog_max_ms);
    if (f->unanswered > 0)
        printf("unanswered: %llu\n", (unsigned long long)f->unanswered);
}

static void print_json(const struct load_plan *plan, const struct load_figures *f)
{
    printf("{\"seconds\": %.3f, \"fast\": %ld, \"hogs\": %ld, \"n\": %ld, \"rate\": %.3f, "
           "\"requests\": %llu, \"unanswered\": %llu, \"requests_per_s\": %.1f, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, "
           "\"hog_requests\": %llu, \"hogs_per_s\": %.2f, \"hog_mean_ms\": %.3f, \"hog_max_ms\": %.3f}\n",
           f->seconds, plan->fast, plan->hogs, plan->n, plan->rate, (unsigned long long)f->fast_answered,
           (unsigned long long)f->unanswered, f->fast_per_s, f->fast_p50_us, f->fast_p99_us, f->fast_max_us,
           (unsigned long long)f->hogs_answered, f->hogs_per_s, f->hog_mean_ms, f->hog_max_ms);
}

struct fib_load {
    const struct load_plan *plan;
    bool json;
    int *status; /* the exit code */
};
static int fib_load(struct fib_load *self)
{
    struct load_figures figures;
    int rc = load_run(self->plan, &figures);

    if (rc == 0)
        (self->json ? print_json : print_text)(self->plan, &figures);
    else if (rc != -ECANCELED)
        *self->status = EXIT_FAILED;
    return 0;
}

int command_fib_load(int argc, char **argv)
{
    const char *connect_to = "127.0.0.1:25000";
    char address[ADDRESS_SIZE];
    struct load_plan plan = {.command = "weft fib load", .address = address, .fast = 1, .n = 30, .seconds = 5};
    bool json = false;
    int status;
    const struct option options[] = {
        {.name = "connect",
         .value = "ADDRESS",
         .text = &connect_to,
         .help = "where the service listens (127.0.0.1:25000)"},
        {.name = "fast",
         .value = "N",
         .number = &plan.fast,
         .max = CONNECTIONS_MAX,
         .help = "connections that ask fib(1) (1)"},
        {.name = "hogs",
         .value = "K",
         .number = &plan.hogs,
         .max = CONNECTIONS_MAX,
         .help = "connections that ask fib(n) without pause (0)"},
        {.name = "n", .value = "N", .number = &plan.n, .min = 1, .max = FIB_MAX, .help = "what the hogs ask for (30)"},
        {.name = "seconds", .value = "S", .real = &plan.seconds, .min = 0.1, .max = 86400, .help = "how long (5)"},
        {.name = "rate",
         .value = "R",
         .real = &plan.rate,
         .min = 0.1,
         .max = 1e6,
         .help = "pace the fast ones to R requests/s together; without it each asks again at once"},
        {.name = "json", .flag = &json, .help = "print one JSON object"},
        {.name = NULL},
    };
    const struct usage usage = {
        .command = "weft fib load",
        .what =
            "Asks a fib service for numbers over many connections, checks the answers and tells how long they took.",
        .options = options,
    };

    if (options_read(&usage, argc, argv, &status) < 0)
        return status;
    if (plan.fast + plan.hogs == 0)
        return options_mistake(&usage, "--fast and --hogs are both 0: there is nothing to ask");
    plan.live = isatty(STDERR_FILENO) == 1;
    limits_raise_files();
    address_complete(connect_to, address);
    prctl(PR_SET_TIMERSLACK, 1); /* paced requests leave on time; the runtime's threads inherit it */
    int rc = weft_main(fib_load, .plan = &plan, .json = json, .status = &status);
    return rc ? rc : status;
}
