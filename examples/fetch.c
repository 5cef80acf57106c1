/* Many fetches at once, within one deadline, each with its own result: what came in time is there.
 *
 * The pages come from a small server in the same program; one of its pages is slow, and one address nobody listens on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct page {
    char text[64];
    int err; /* 0, or why there is no text */
};

/* Connects, with a growing pause before each new try. */
static int connect_patiently(const char *address, int *ret_fd)
{
    int rc;

    for (int attempt = 0; (rc = weft_connect(address, ret_fd)) < 0; attempt++)
        if (attempt == 2 || weft_sleep(weft_backoff(attempt)) < 0)
            return rc; /* gave up, or the scope's deadline came first */
    return 0;
}

static int fetch_page(const char *address, const char *name, struct page *page)
{
    int fd, rc = connect_patiently(address, &fd);
    ssize_t n;

    if (rc < 0)
        return rc;
    n = weft_write_all(fd, name, strlen(name));
    if (n >= 0)
        n = weft_read_all(fd, page->text, sizeof page->text - 1);
    if (n >= 0)
        page->text[n] = '\0';
    weft_fd_close(fd);
    return n < 0 ? (int)n : 0;
}

struct fetch {
    const char *address, *name;
    struct page *page;
};
static int fetch(struct fetch *self)
{
    self->page->err = fetch_page(self->address, self->name, self->page);
    return self->page->err;
}

/* The server: "slow" takes ten seconds, everything else none. */
struct answer {
    int fd;
};
static int answer(struct answer *self)
{
    char name[32], text[64];
    ssize_t n = weft_read(self->fd, name, sizeof name - 1);

    if (n > 0) {
        name[n] = '\0';
        n = strcmp(name, "slow") == 0 ? weft_sleep(10 * WEFT_SECOND) : 0;
        if (n == 0)
            n = weft_write_all(self->fd, text, (size_t)snprintf(text, sizeof text, "this is page %s", name));
    }
    weft_fd_close(self->fd);
    return 0;
}

struct server {
    int listener;
};
static int server(struct server *self)
{
    weft_scope scope;
    int fd;

    weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
    while ((fd = weft_accept(self->listener)) >= 0)
        weft_go(&scope, answer, .fd = fd);
    weft_fd_close(self->listener);
    return weft_scope_close_with(&scope, fd);
}

/* An ordinary function, which any task may call: when it returns, nothing of it runs any more. */
static int fetch_all(const char *address, const char *nobody)
{
    static const char *const names[] = {"one", "slow", "three", "four"};
    struct page pages[4];
    weft_scope scope;
    int rc;

    weft_scope_open(&scope, .timeout = 500 * WEFT_MILLISECOND, .on_error = WEFT_KEEP_GOING);
    for (int i = 0; i < 4; i++)
        weft_go(&scope, fetch, .address = i == 3 ? nobody : address, .name = names[i], .page = &pages[i]);
    rc = weft_scope_close(&scope);
    for (int i = 0; i < 4; i++)
        printf("%s: %s\n", names[i], pages[i].err ? weft_error_name(pages[i].err) : pages[i].text);
    return rc;
}

struct demo {
    const char *address;
};
static int demo(struct demo *self)
{
    char address[128], nobody[128];
    weft_scope scope;
    int listener = weft_listen(self->address), closed = weft_listen(self->address);

    if (listener < 0 || closed < 0)
        return -EADDRINUSE;
    weft_address(listener, 0, address, sizeof address);
    weft_address(closed, 0, nobody, sizeof nobody);
    weft_fd_close(closed);
    weft_scope_open(&scope);
    weft_go(&scope, server, .listener = listener);
    (void)fetch_all(address, nobody); /* each page has told its own error */
    weft_scope_cancel(&scope);
    (void)weft_scope_close(&scope); /* -ECANCELED: that was us */
    return 0;
}

int main(void)
{
    return weft_main(demo, .address = "tcp://127.0.0.1:0");
}
