#include "service/page.h"

#include <stdio.h>
#include <string.h>

#include "rpc/accept.h"
#include "service/page_assets.h"

#define CSP                                                              \
    "default-src 'none'; script-src 'self'; style-src 'self'; "          \
    "connect-src 'self'; worker-src 'self'; font-src 'self'; "           \
    "img-src 'self' blob: data:; manifest-src 'self'; base-uri 'none'; " \
    "form-action 'none'; frame-ancestors 'none'"

enum { HEADERS_MAX = 16 };

struct headers {
    struct mf_header list[HEADERS_MAX];
    size_t count;
};

static void add(struct headers *headers, const char *name, const char *value)
{
    headers->list[headers->count++] = (struct mf_header){name, value};
}

static void add_safety(struct headers *headers)
{
    add(headers, "content-security-policy", CSP);
    add(headers, "x-content-type-options", "nosniff");
    add(headers, "referrer-policy", "no-referrer");
    add(headers, "x-frame-options", "DENY");
    add(headers, "cross-origin-opener-policy", "same-origin");
    add(headers, "cross-origin-resource-policy", "same-origin");
}

static bool is_head(struct mf_exchange *x)
{
    return strcmp(mf_exchange_method(x), "HEAD") == 0;
}

static void respond(struct mf_exchange *x, int status, struct headers *headers,
                    const void *body, size_t len)
{
    char length[24];
    snprintf(length, sizeof length, "%zu", len);
    if (status != 304)
        add(headers, "content-length", length);
    mf_exchange_respond(x, status, headers->list, headers->count);
    if (!is_head(x) && status != 304)
        mf_exchange_write_static(x, body, len);
    mf_exchange_finish(x, NULL, 0);
}

static void respond_text(struct mf_exchange *x, int status, const char *text,
                         const char *allow)
{
    struct headers headers = {.count = 0};
    add_safety(&headers);
    add(&headers, "content-type", "text/plain; charset=utf-8");
    add(&headers, "cache-control", "no-store");
    if (allow)
        add(&headers, "allow", allow);
    respond(x, status, &headers, text, strlen(text));
}

/* One of the entity tags in an If-None-Match value is `etag`. */
static bool tag_matches(const char *header, const char *etag)
{
    return header && (strcmp(header, "*") == 0 || strstr(header, etag));
}

/* `target` is `path`, whatever its query. */
static bool is_path(const char *target, const char *path)
{
    size_t len = strlen(path);
    return strncmp(target, path, len) == 0 &&
           (target[len] == '\0' || target[len] == '?');
}

static const struct mf_page_asset *find_asset(const char *target)
{
    if (is_path(target, "/"))
        target = "/index.html";
    for (size_t i = 0; i < mf_page_assets_count; i++)
        if (is_path(target, mf_page_assets[i].path))
            return &mf_page_assets[i];
    return NULL;
}

static void respond_asset(struct mf_exchange *x,
                          const struct mf_page_asset *asset)
{
    struct headers headers = {.count = 0};
    const char *wanted = mf_exchange_header(x, "accept-encoding");
    struct mf_accept accept;
    mf_accept_init(&accept);
    if (wanted)
        mf_accept_add(&accept, wanted);
    const unsigned char *body = asset->identity;
    size_t len = asset->identity_len;
    char etag[128]; /* weak: the same for every content coding */
    snprintf(etag, sizeof etag, "W/%s", asset->etag);
    add_safety(&headers);
    add(&headers, "etag", etag);
    add(&headers, "vary", "accept-encoding");
    add(&headers, "cache-control",
        asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (tag_matches(mf_exchange_header(x, "if-none-match"), asset->etag)) {
        respond(x, 304, &headers, NULL, 0);
        return;
    }
    add(&headers, "content-type", asset->content_type);
    if (asset->brotli && mf_accept_names(&accept, MF_ENCODING_BROTLI)) {
        add(&headers, "content-encoding", "br");
        body = asset->brotli;
        len = asset->brotli_len;
    } else if (asset->gzip && mf_accept_names(&accept, MF_ENCODING_GZIP)) {
        add(&headers, "content-encoding", "gzip");
        body = asset->gzip;
        len = asset->gzip_len;
    }
    respond(x, 200, &headers, body, len);
}

static const struct mf_exchange_events no_events;

/* An answer before the request is whole would race with its rest. */
static void answer_health(struct mf_exchange *x, void *user)
{
    (void)user;
    respond_text(x, 200, "healthy\n", NULL);
}

static const struct mf_exchange_events health_events = {.on_end =
                                                            answer_health};

/* GET, HEAD and POST: some checkers can do but one of them. */
static bool handle_health(struct mf_exchange *x)
{
    const char *method = mf_exchange_method(x);
    if (!is_path(mf_exchange_path(x), "/healthz"))
        return false;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
        strcmp(method, "POST") == 0) {
        mf_exchange_set_events(x, &health_events, NULL);
    } else {
        mf_exchange_set_events(x, &no_events, NULL);
        respond_text(x, 405, "Only GET, HEAD and POST are answered here.\n",
                     "GET, HEAD, POST");
    }
    return true;
}

void mf_page_refuse(struct mf_exchange *x, int status, const char *text)
{
    mf_exchange_set_events(x, &no_events, NULL);
    respond_text(x, status, text, NULL);
}

void mf_page_handle(struct mf_exchange *x, bool has_page)
{
    if (handle_health(x))
        return;
    mf_exchange_set_events(x, &no_events, NULL);
    const struct mf_page_asset *asset =
        has_page ? find_asset(mf_exchange_path(x)) : NULL;
    if (!has_page)
        respond_text(x, 404,
                     "Only flows are taken here; the page is at the server's "
                     "--addr.\n",
                     NULL);
    else if (!asset)
        respond_text(x, 404, "There is nothing here.\n", NULL);
    else if (!is_head(x) && strcmp(mf_exchange_method(x), "GET") != 0)
        respond_text(x, 405, "Only GET and HEAD are answered here.\n",
                     "GET, HEAD");
    else
        respond_asset(x, asset);
}
