/*
 * mf_page_assets: the files of the page, as they were built.
 *
 * The table is generated (web/scripts/embed.mjs) and lives as long as the
 * process; nothing in it changes, so any thread may read it.
 * Units: lengths are bytes.
 */
#ifndef MF_SERVICE_PAGE_ASSETS_H
#define MF_SERVICE_PAGE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct mf_page_asset {
    /* Where it is served, for example "/index.html" (also "/"). */
    const char *path;
    /* The whole header value, with a charset where it is text. */
    const char *content_type;
    /* A strong validator with its quotes; it names the identity bytes, so
     * an encoding of them needs one of its own (RFC 9110, 8.8.3.3). */
    const char *etag;
    /* The path holds a hash of the content: cache it for ever. */
    bool immutable;
    const unsigned char *identity;
    size_t identity_len;
    /* The same content in a Content-Encoding; NULL and 0 where that is not
     * smaller than identity. */
    const unsigned char *gzip;
    size_t gzip_len;
    const unsigned char *brotli;
    size_t brotli_len;
};

/* In ascending order of path (strcmp). */
extern const struct mf_page_asset mf_page_assets[];
extern const size_t mf_page_assets_count;

#endif
