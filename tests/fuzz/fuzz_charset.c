#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes of the input in pieces of `step` bytes, with `room` for each. */
static struct mf_buf feed(const char *name, const uint8_t *data, size_t size,
                          size_t step, size_t room)
{
    struct mf_charset *charset;
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX / 2);
    if (mf_charset_new(name, &charset))
        abort();
    for (size_t at = 0; at < size; at += step) {
        const uint8_t *part = data + at;
        size_t len = size - at < step ? size - at : step;
        int rc = 1;
        while (rc == 1) {
            size_t before = out.len;
            rc = mf_charset_run(charset, &part, &len, room, &out);
            if (out.len - before > room)
                abort();
        }
        if (rc || len)
            abort();
    }
    if (mf_charset_end(charset, &out) || !mf_utf8_valid(out.data, out.len))
        abort();
    mf_charset_free(charset);
    return out;
}

/* A first line is a content type, the rest its text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
    size_t type_len = line_end ? (size_t)(line_end - data) : 0;
    const uint8_t *text = line_end ? line_end + 1 : data;
    size_t len = size - (size_t)(text - data);
    enum mf_charset_source source;
    const char *name =
        mf_charset_find((struct mf_span){(const char *)data, type_len},
                        (struct mf_span){(const char *)text, len}, &source);
    struct mf_buf whole = feed(name, text, len, len ? len : 1, 1 << 16);
    static const size_t steps[] = {1, 2, 3, 7};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct mf_buf parts =
            feed(name, text, len, steps[i], MF_CHARSET_ROOM_MIN);
        if (parts.len != whole.len ||
            (whole.len && memcmp(parts.data, whole.data, whole.len) != 0))
            abort();
        mf_buf_release(&parts);
    }
    mf_buf_release(&whole);
    return 0;
}
