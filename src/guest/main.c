/* weft_main: the whole of a program's main. SIGINT and SIGTERM are read from a signalfd by a plain thread, blocked
 * before any other thread is made, so that no handler is needed.
 */
#include "core/runtime.h"
#include "core/scope.h"
#include "guest/explore.h"
#include "guest/guest.h"
#include "io/signal.h"
#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int ends[] = {SIGINT, SIGTERM};

struct watch {
    struct weft__scope *root;
    int signals, quit;
};

static void print_line(const char *line)
{
    char text[600];

    snprintf(text, sizeof text, "weft: %s\n", line);
    weft__os_stderr(text);
}

/* The first signal cancels, the second ends the program as it would have without us. */
static void watch_signals(void *argument)
{
    struct watch *watch = argument;
    bool cancelled = false;

    for (;;) {
        struct pollfd entries[] = {{.fd = watch->signals, .events = POLLIN}, {.fd = watch->quit, .events = POLLIN}};
        int signal;

        if (poll(entries, 2, -1) < 0)
            continue;
        if (entries[1].revents)
            return;
        signal = weft__os_signal_read(watch->signals);
        if (signal <= 0 || weft__signal_deliver(signal))
            continue;
        if (cancelled)
            _Exit(128 + signal);
        cancelled = true;
        weft__scope_cancel(watch->root, -ECANCELED);
    }
}

static int call_watched(struct weft__scope *root, const struct weft_site *site, const void *arguments)
{
    struct watch watch = {.root = root, .quit = weft__os_eventfd()};
    struct weft__os_thread thread;
    int rc;

    watch.signals = weft__os_signalfd(ends, 2);
    if (watch.quit < 0 || watch.signals < 0)
        return watch.quit < 0 ? watch.quit : watch.signals;
    rc = weft__os_thread_start(&thread, watch_signals, &watch);
    if (rc < 0)
        return rc;
    rc = weft__call_in(root, site, arguments);
    weft__os_eventfd_write(watch.quit);
    weft__os_thread_join(thread);
    weft__os_close(watch.quit);
    weft__os_close(watch.signals);
    return rc;
}

int weft__main(const struct weft_site *site, const void *arguments)
{
    struct weft__scope root;
    bool interrupted;
    int rc;

    weft_on_report(print_line);
    if (weft__explore_main(site, arguments, &rc))
        return rc;
    (void)weft__os_signals_block(ends, 2, true);
    rc = weft_start(&(struct weft_options){.overflow = 1});
    if (rc < 0) {
        fprintf(stderr, "weft: cannot start: %s (%s)\n", strerror(-rc), weft_error_name(rc));
        return 1;
    }
    weft__root_open(&root);
    rc = call_watched(&root, site, arguments);
    interrupted = atomic_load_explicit(&root.status, memory_order_acquire) < 0;
    weft_stop();
    (void)weft__os_signals_block(ends, 2, false);
    if (rc >= 0 || (interrupted && rc == -ECANCELED))
        return 0;
    fprintf(stderr, "weft: %s: %s (%s)\n", site->name, strerror(-rc), weft_error_name(rc));
    return 1;
}
