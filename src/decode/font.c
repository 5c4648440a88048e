/* Fonts and PDF: which format, and its version. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "codec/params.h"
#include "decode/decoders.h"
#include "decode/inner.h"

static int put_format(struct mf_decoding *decoding)
{
    const char *type = mf_body_sniff(decoding->body->data);
    struct mf_span declared = mf_params_head(decoding->body->content_type);
    return mf_decode__row(decoding->view, "format",
                          *type ? (struct mf_span){type, strlen(type)}
                                : declared);
}

static int put_version(struct mf_view *view, unsigned major, unsigned minor)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%u.%u", major, minor);
    return mf_decode__row(view, "version", (struct mf_span){text, (size_t)len});
}

/* The outlines inside: TrueType's, or PostScript's (CFF). */
static int put_outlines(struct mf_view *view, const uint8_t *flavour)
{
    bool is_cff = memcmp(flavour, "OTTO", 4) == 0;
    return mf_decode__row(view, "outlines",
                          is_cff ? MF_SPAN("CFF") : MF_SPAN("TrueType"));
}

int mf_decode__font(struct mf_decoding *decoding)
{
    enum { WOFF_TO_VERSION = 12, WOFF2_TO_VERSION = 16 };
    struct mf_span data = decoding->body->data;
    struct mf_cursor cursor = mf_cursor_make(data.text, data.len);
    int rc = put_format(decoding);
    const uint8_t *signature = mf_cursor_bytes(&cursor, 4);
    bool is_woff = signature && memcmp(signature, "wOFF", 4) == 0;
    bool is_woff2 = signature && memcmp(signature, "wOF2", 4) == 0;
    if (rc || (!is_woff && !is_woff2))
        return rc;
    const uint8_t *flavour = mf_cursor_bytes(&cursor, 4);
    mf_cursor_bytes(&cursor, is_woff ? WOFF_TO_VERSION : WOFF2_TO_VERSION);
    uint16_t major = mf_cursor_be16(&cursor), minor = mf_cursor_be16(&cursor);
    if (flavour)
        rc = put_outlines(decoding->view, flavour);
    return rc || cursor.error ? rc : put_version(decoding->view, major, minor);
}

int mf_decode__pdf(struct mf_decoding *decoding)
{
    static const char start[] = "%PDF-";
    enum { VERSION_MAX_LEN = 8 };
    struct mf_span text = decoding->body->data;
    int rc = put_format(decoding);
    if (rc || !mf_span_starts(text, start))
        return rc;
    size_t at = sizeof start - 1, len = 0;
    while (at + len < text.len && len < VERSION_MAX_LEN &&
           (isdigit((unsigned char)text.text[at + len]) ||
            text.text[at + len] == '.'))
        len++;
    return len ? mf_decode__row(decoding->view, "version",
                                (struct mf_span){text.text + at, len})
               : 0;
}
