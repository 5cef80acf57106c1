/* gohugoio/hugo 5379: a page is rendered under a mutex, and rendering it locks that mutex once more.
 *
 *     Page.initContent, the goroutine in it       -> init_content, content_once, prepare
 *     Page.initPlain, WordCount                   -> init_plain, plain_once, word_count
 *     Page.withoutContent                         -> without_content
 *     shortcodeHandler.updateDelta, executeShortcodesForDelta, createShortcodeRenderers
 *                                                 -> update_delta, execute_shortcodes, create_renderers
 *     pageRenderer, two of them                   -> page_renderer
 *     Site.renderPages, HugoSites.render          -> the kernel; there is one site with one page and one shortcode
 *
 * The content is prepared by a task of its own; a shortcode in it asks for the words of the same page, and waits until
 * the preparation is given up, after a millisecond. Then it goes on to the plain text, for which it locks the mutex
 * that its own task holds. The fix has the mutex locked by who waits for the preparation, and so unlocked when that is
 * given up; the task then leaves it at that.
 */
#include "bugs.h"

struct page {
    weft_once content_init, plain_init, without_content_init, renderers_init;
    weft_mutex content_init_mu;
    weft_chan(char) context; /* of initContent: closed at its end */
    weft_chan(int) prepared; /* room 1 */
    int renderers, delta;    /* how many shortcodes there are */
    weft_latch renderers_done;
    weft_scope *scope;
    bool fixed;
};

static void word_count(struct page *p);

/* ---- shortcodes ---- */

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static struct page *without_content(struct page *p)
{
    return weft_once_run(&p->without_content_init, nothing, NULL) == 0 ? p : NULL;
}

static int create_renderers(void *argument)
{
    struct page *p = argument;

    (void)without_content(p);
    p->renderers = 1;
    return 0;
}

static void update_delta(struct page *p)
{
    if (weft_once_run(&p->renderers_init, create_renderers, p) == 0)
        p->delta = p->renderers;
}

static void execute_shortcodes(struct page *p)
{
    (void)without_content(p);
    for (int i = 0; i < p->delta; i++)
        word_count(p);
}

/* ---- the page ---- */

struct prepare {
    struct page *p;
};

static int prepare(struct prepare *self)
{
    struct page *p = self->p;
    char none;

    if (!p->fixed && weft_mutex_lock(&p->content_init_mu) < 0)
        return -ECANCELED;
    execute_shortcodes(p);
    if (!p->fixed || weft_select(weft_on_recv(p->context, &none, NULL), weft_on_default()) != 0)
        weft_send(p->prepared, 0);
    if (!p->fixed)
        weft_mutex_unlock(&p->content_init_mu);
    return 0;
}

static int content_once(void *argument)
{
    struct page *p = argument;
    int error;

    if (p->fixed && weft_mutex_lock(&p->content_init_mu) < 0)
        return -ECANCELED;
    weft_go(p->scope, prepare, .p = p);
    weft_select(weft_on_timeout(WEFT_MILLISECOND), weft_on_recv(p->prepared, &error, NULL));
    if (p->fixed)
        weft_mutex_unlock(&p->content_init_mu);
    weft_chan_close(p->context);
    return 0;
}

static int plain_once(void *argument)
{
    struct page *p = argument;

    if (weft_mutex_lock(&p->content_init_mu) < 0) /* waits here */
        return -ECANCELED;
    weft_mutex_unlock(&p->content_init_mu);
    return 0;
}

static void init_content(struct page *p)
{
    if (weft_once_run(&p->content_init, content_once, p) < 0)
        return;
}

static void init_plain(struct page *p)
{
    if (weft_once_run(&p->plain_init, plain_once, p) < 0)
        return;
}

static void word_count(struct page *p)
{
    init_content(p);
    init_plain(p);
}

struct page_renderer {
    struct page *p;
};

static int page_renderer(struct page_renderer *self)
{
    word_count(self->p);
    weft_latch_done(&self->p->renderers_done);
    return 0;
}

BUG(hugo_5379)
{
    struct page p = {.context = weft_chan_new(char, 0), .prepared = weft_chan_new(int, 1), .fixed = self->fixed};
    weft_scope scope;
    int rc;

    (void)without_content(&p);
    weft_latch_init(&p.renderers_done, 0);
    weft_scope_open(&scope);
    p.scope = &scope;
    update_delta(&p);
    for (int i = 0; i < 2; i++) {
        weft_latch_add(&p.renderers_done, 1);
        weft_go(&scope, page_renderer, .p = &p);
    }
    rc = weft_latch_wait(&p.renderers_done);
    rc = weft_scope_close_with(&scope, rc);
    weft_chan_free(p.context);
    weft_chan_free(p.prepared);
    return rc;
}
