/* Feeds: fetch several pages at once, show each as it comes, and give the slow ones up after a while.
 *
 * Each fetch sends exactly one page, good or bad, so that the loop knows how many to expect. The scope's deadline ends
 * every wait in it, the fetches' and the loop's.
 */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct page {
    const char *url;
    int64_t takes; /* stands in for a network */
    int err;
};

struct fetch {
    struct page page;
    weft_chan(struct page) out;
};
static int fetch(struct fetch *self)
{
    int rc = weft_sleep(self->page.takes);

    if (rc < 0)
        self->page.err = rc;
    return weft_send(self->out, self->page);
}

static int fetch_all(const struct page *feeds, size_t count, int64_t timeout) /* an ordinary function */
{
    weft_chan(struct page) pages = weft_chan_new(struct page, 16);
    weft_scope scope;
    struct page page;
    int rc = 0;

    weft_scope_open(&scope, .timeout = timeout, .on_error = WEFT_KEEP_GOING);
    for (size_t i = 0; i < count; i++)
        weft_go(&scope, fetch, .page = feeds[i], .out = pages);
    for (size_t i = 0; i < count && (rc = weft_recv(pages, &page)) == 0; i++) /* as each becomes available */
        printf("%s: %s\n", page.url, page.err ? weft_error_name(page.err) : "fetched");
    rc = weft_scope_close_with(&scope, rc);
    weft_chan_free(pages);
    return rc;
}

struct demo {
    int64_t unit;
};
static int demo(struct demo *self)
{
    const struct page feeds[] = {
        {.url = "feed://news", .takes = 2 * self->unit},
        {.url = "feed://weather"},
        {.url = "feed://broken", .takes = self->unit, .err = -ECONNREFUSED},
        {.url = "feed://slow", .takes = 3600 * WEFT_SECOND},
    };

    printf("the first three: %d\n", fetch_all(feeds, 3, 30 * WEFT_SECOND));
    printf("the slow one: %s\n", weft_error_name(fetch_all(&feeds[3], 1, self->unit)));
    return 0;
}

int main(void)
{
    return weft_main(demo, .unit = 100 * WEFT_MILLISECOND);
}
