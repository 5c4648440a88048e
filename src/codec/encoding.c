#include "codec/encoding.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "codec/coder.h"

enum { ROOM_MIN_LEN = 4096 };

/* Free room at the end of `out`; 0 bytes when its maximum is reached. */
static int make_room(struct mf_buf *out, size_t hint)
{
    if (out->len < out->cap)
        return 0;
    size_t left = out->max - out->len;
    size_t want = hint > ROOM_MIN_LEN ? hint : ROOM_MIN_LEN;
    return mf_buf_reserve(out, want < left ? want : left);
}

/*
 * Run `coder` over all of `data`. A full `out` is told apart from one that
 * is filled to its last byte by offering one byte more that must stay unused.
 */
static int run_coder(struct mf_coder *coder, const void *data, size_t len,
                     struct mf_buf *out)
{
    static const uint8_t nothing;
    struct mf_coder_io io = {.in = len ? data : &nothing, .in_len = len};
    for (;;) {
        uint8_t spare;
        int rc = make_room(out, len);
        if (rc)
            return rc;
        size_t room = out->cap - out->len;
        io.out = room ? out->data + out->len : &spare;
        io.out_len = room ? room : 1;
        size_t in_before = io.in_len, out_before = io.out_len;
        bool end = false;
        rc = coder->step(coder, &io, &end);
        size_t made = out_before - io.out_len;
        if (room == 0 && made > 0)
            return MF_EFULL;
        out->len += made;
        if (rc)
            return rc;
        if (end && io.in_len == 0)
            return 0;
        if (end && !coder->concatenates)
            return MF_ECORRUPT;
        if (!end && made == 0 && io.in_len == in_before)
            return io.in_len == 0 ? MF_ETRUNC : MF_ECORRUPT;
    }
}

static int decode_with(enum mf_encoding encoding, enum mf_deflate_wrap wrap,
                       const void *data, size_t len, struct mf_buf *out)
{
    struct mf_coder coder;
    int rc = mf_coder_open_decoder(encoding, wrap, &coder);
    if (rc)
        return rc;
    rc = run_coder(&coder, data, len, out);
    coder.release(&coder);
    return rc;
}

int mf_encoding_decode(enum mf_encoding encoding, const void *data, size_t len,
                       struct mf_buf *out)
{
    if (encoding == MF_ENCODING_IDENTITY) {
        size_t left = out->max - out->len, fits = len < left ? len : left;
        int rc = mf_buf_append(out, data, fits);
        return rc ? rc : fits < len ? MF_EFULL : 0;
    }
    if (encoding != MF_ENCODING_DEFLATE)
        return decode_with(encoding, MF_DEFLATE_ZLIB, data, len, out);
    size_t before = out->len;
    int rc = MF_ECORRUPT;
    if (mf_coder_has_zlib_header(data, len))
        rc = decode_with(encoding, MF_DEFLATE_ZLIB, data, len, out);
    if (rc == MF_ECORRUPT && out->len == before)
        rc = decode_with(encoding, MF_DEFLATE_RAW, data, len, out);
    return rc;
}

int mf_encoding_encode(enum mf_encoding encoding, const void *data, size_t len,
                       struct mf_buf *out)
{
    if (encoding == MF_ENCODING_IDENTITY)
        return mf_buf_append(out, data, len);
    struct mf_coder coder;
    int rc = mf_coder_open_encoder(encoding, &coder);
    if (rc)
        return rc;
    size_t before = out->len;
    rc = run_coder(&coder, data, len, out);
    coder.release(&coder);
    if (rc)
        out->len = before;
    return rc;
}

const char *mf_encoding_name(enum mf_encoding encoding)
{
    static const char *const names[] = {
        [MF_ENCODING_IDENTITY] = "identity", [MF_ENCODING_GZIP] = "gzip",
        [MF_ENCODING_DEFLATE] = "deflate",   [MF_ENCODING_BROTLI] = "br",
        [MF_ENCODING_ZSTD] = "zstd",
    };
    return names[encoding];
}

int mf_encoding_parse(const char *name, size_t len,
                      enum mf_encoding *ret_encoding)
{
    static const struct {
        const char *name;
        enum mf_encoding encoding;
    } names[] = {
        {"", MF_ENCODING_IDENTITY},       {"identity", MF_ENCODING_IDENTITY},
        {"gzip", MF_ENCODING_GZIP},       {"x-gzip", MF_ENCODING_GZIP},
        {"deflate", MF_ENCODING_DEFLATE}, {"br", MF_ENCODING_BROTLI},
        {"zstd", MF_ENCODING_ZSTD},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) == len &&
            strncasecmp(names[i].name, name, len) == 0) {
            *ret_encoding = names[i].encoding;
            return 0;
        }
    }
    return MF_EUNSUPPORTED;
}

int mf_encoding_parse_stack(const char *header, size_t len,
                            enum mf_encoding stack[MF_ENCODING_STACK_MAX],
                            size_t *ret_count)
{
    size_t count = 0;
    for (size_t at = 0; at <= len;) {
        size_t end = at;
        while (end < len && header[end] != ',')
            end++;
        size_t from = at, to = end;
        while (from < to && (header[from] == ' ' || header[from] == '\t'))
            from++;
        while (to > from && (header[to - 1] == ' ' || header[to - 1] == '\t'))
            to--;
        enum mf_encoding encoding;
        int rc = mf_encoding_parse(header + from, to - from, &encoding);
        if (rc)
            return rc;
        if (encoding != MF_ENCODING_IDENTITY) {
            if (count == MF_ENCODING_STACK_MAX)
                return MF_EUNSUPPORTED;
            stack[count++] = encoding;
        }
        at = end + 1;
    }
    *ret_count = count;
    return 0;
}

static void join(struct mf_encoding_list *list, const char *text, size_t len)
{
    static const char unknown[] = "too long";
    if (len > sizeof list->joined - list->joined_len) {
        text = unknown;
        len = sizeof unknown - 1;
        list->joined_len = 0;
    }
    memcpy(list->joined + list->joined_len, text, len);
    list->joined_len += len;
}

void mf_encoding_list_add(struct mf_encoding_list *list, struct mf_span value)
{
    if (!value.len)
        return;
    if (!list->first.len) {
        list->first = value;
        return;
    }
    if (!list->joined_len)
        join(list, list->first.text, list->first.len);
    join(list, ", ", 2);
    join(list, value.text, value.len);
}

struct mf_span mf_encoding_list_value(const struct mf_encoding_list *list)
{
    if (list->joined_len)
        return (struct mf_span){list->joined, list->joined_len};
    return list->first.len ? list->first : MF_SPAN_NONE;
}

int mf_encoding_decode_all(const char *header, size_t header_len,
                           const void *data, size_t len, struct mf_buf *out)
{
    enum mf_encoding stack[MF_ENCODING_STACK_MAX];
    size_t count;
    int rc = mf_encoding_parse_stack(header, header_len, stack, &count);
    if (rc)
        return rc;
    if (count <= 1)
        return mf_encoding_decode(count ? stack[0] : MF_ENCODING_IDENTITY, data,
                                  len, out);
    struct mf_buf layer, inner;
    int first_rc = 0;
    mf_buf_init(&layer, out->max);
    mf_buf_init(&inner, out->max);
    /* A layer that breaks off still hands on what it gave. */
    while (count > 1 && rc != MF_ENOMEM) {
        rc = mf_encoding_decode(stack[--count], data, len, &inner);
        first_rc = first_rc ? first_rc : rc;
        mf_buf_release(&layer);
        layer = inner;
        mf_buf_init(&inner, out->max);
        data = layer.data;
        len = layer.len;
    }
    if (rc != MF_ENOMEM)
        rc = mf_encoding_decode(stack[0], data, len, out);
    mf_buf_release(&layer);
    if (rc == MF_ENOMEM)
        return rc;
    return first_rc ? first_rc : rc;
}
