/* Two hundred tasks in libcurl: curl_easy_perform as it is, which blocks until the page is there. */
/* needs: libcurl */
/* The pages come from a small HTTP server in the same program, made of tasks as well. It lets every client wait a
 * moment, so that all of them block at the same time.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <weft.h>

enum { TASKS = 200 };

/* The server: one request a connection. */
struct answer {
    int fd;
};
static int answer(struct answer *self)
{
    char request[1024], reply[256], page[64] = "";
    size_t size = 0;
    ssize_t n;

    while (size < sizeof request - 1 && (n = weft_read(self->fd, request + size, sizeof request - 1 - size)) > 0) {
        size += (size_t)n;
        request[size] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    if (sscanf(request, "GET /%63s", page) == 1 && weft_sleep(50 * WEFT_MILLISECOND) == 0) {
        int length =
            snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\npage %s",
                     5 + strlen(page), page);

        (void)weft_write_all(self->fd, reply, (size_t)length); /* the client checks what it gets */
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

struct body {
    char text[64];
    size_t size;
};

static size_t take(char *data, size_t size, size_t count, void *argument)
{
    struct body *body = argument;
    size_t bytes = size * count;

    if (bytes >= sizeof body->text - body->size)
        return 0;
    memcpy(body->text + body->size, data, bytes);
    body->size += bytes;
    return bytes;
}

/* A page by an unmodified blocking call. Returns 0 if it is the right one. */
static int get(const char *url, const char *expected)
{
    struct body body = {.size = 0};
    CURL *curl = curl_easy_init();
    CURLcode code;

    if (!curl)
        return -1;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        fprintf(stderr, "curl: %s\n", curl_easy_strerror(code));
    return code == CURLE_OK && strcmp(body.text, expected) == 0 ? 0 : -1;
}

struct client {
    const char *base;
    int number;
};
static int client(struct client *self)
{
    char url[128], expected[64];

    snprintf(url, sizeof url, "%s/%d", self->base, self->number);
    snprintf(expected, sizeof expected, "page %d", self->number);
    return get(url, expected);
}

static int run_clients(const char *base)
{
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < TASKS; i++)
        weft_go(&scope, client, .base = base, .number = i);
    return weft_scope_close(&scope);
}

struct demo {
    const char *address;
};
static int demo(struct demo *self)
{
    char address[128], base[160];
    weft_scope scope;
    int rc, listener = weft_listen(self->address);

    if (listener < 0)
        return listener;
    weft_address(listener, 0, address, sizeof address);
    snprintf(base, sizeof base, "http://%s", address + strlen("tcp://"));
    weft_scope_open(&scope);
    weft_go(&scope, server, .listener = listener);
    rc = run_clients(base);
    if (rc == 0)
        printf("%d pages, all of them right\n", TASKS);
    weft_scope_cancel(&scope);
    (void)weft_scope_close(&scope); /* -ECANCELED: that was us */
    return rc;
}

int main(void)
{
    int rc;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return 1;
    rc = weft_main(demo, .address = "tcp://127.0.0.1:0");
    curl_global_cleanup();
    return rc;
}
