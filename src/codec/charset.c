#include "codec/charset.h"

#include <assert.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "codec/charset_impl.h"

/* More than any character or escape sequence of these charsets has. */
enum { HELD_MAX_LEN = 8 };

static const uint8_t replacement[] = {0xef, 0xbf, 0xbd};
static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

struct mf_charset {
    iconv_t iconv;
    bool has_iconv;                 /* else it is UTF-8 */
    size_t unit_len;                /* of what characters are made of */
    bool is_started;                /* a first character came out */
    uint8_t held[HELD_MAX_LEN + 1]; /* the start of a character */
    size_t held_len;
};

enum outcome {
    ALL,     /* the input is used up */
    FULL,    /* no room for the next character */
    INVALID, /* the next byte is of none */
    MORE,    /* the input ends in a character */
};

struct span_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

int mf_charset_new(const char *name, struct mf_charset **ret_charset)
{
    const struct mf_charset__row *row = mf_charset__find(name);
    if (!row)
        return MF_EUNSUPPORTED;
    struct mf_charset *charset = calloc(1, sizeof *charset);
    if (!charset)
        return MF_ENOMEM;
    charset->unit_len = strncmp(name, "UTF-16", 6) == 0 ? 2 : 1;
    if (row->iconv) {
        charset->iconv = iconv_open("UTF-8", row->iconv);
        charset->has_iconv = charset->iconv != (iconv_t)-1;
        if (!charset->has_iconv) {
            int rc = errno == ENOMEM ? MF_ENOMEM : MF_EUNSUPPORTED;
            free(charset);
            return rc;
        }
    }
    *ret_charset = charset;
    return 0;
}

void mf_charset_free(struct mf_charset *charset)
{
    if (charset && charset->has_iconv)
        iconv_close(charset->iconv);
    free(charset);
}

/* True if more bytes could make a character of these few. */
static bool may_go_on(const uint8_t *bytes, size_t len)
{
    /* The second bytes that go with any lead byte (Unicode, table 3-7). */
    static const uint8_t seconds[] = {0x80, 0x90, 0xa0};
    enum { SEQUENCE_MAX_LEN = 4 };
    if (len >= SEQUENCE_MAX_LEN)
        return false;
    for (size_t i = 0; i < sizeof seconds; i++) {
        uint8_t whole[SEQUENCE_MAX_LEN] = {0, 0x80, 0x80, 0x80};
        whole[1] = seconds[i];
        memcpy(whole, bytes, len);
        for (size_t end = len + 1; end <= SEQUENCE_MAX_LEN; end++)
            if (mf_utf8_prefix(whole, end) == end)
                return true;
    }
    return false;
}

static enum outcome step_utf8(struct span_io *io)
{
    size_t len = io->in_len < io->out_len ? io->in_len : io->out_len;
    size_t good = mf_utf8_prefix(io->in, len);
    memcpy(io->out, io->in, good);
    io->in += good;
    io->in_len -= good;
    io->out += good;
    io->out_len -= good;
    if (io->in_len == 0)
        return ALL;
    /* It stopped at the end of the room, or at a byte that is wrong? */
    enum { SEQUENCE_MAX_LEN = 4 };
    size_t look = io->in_len < SEQUENCE_MAX_LEN ? io->in_len : SEQUENCE_MAX_LEN;
    if (mf_utf8_prefix(io->in, look) > 0)
        return FULL;
    return may_go_on(io->in, look) ? MORE : INVALID;
}

static enum outcome step_iconv(iconv_t iconv_state, struct span_io *io)
{
    char *in = (char *)(uintptr_t)io->in; /* not written to */
    char *out = (char *)io->out;
    size_t rc = iconv(iconv_state, &in, &io->in_len, &out, &io->out_len);
    int error = errno;
    io->in = (const uint8_t *)in;
    io->out = (uint8_t *)out;
    if (rc != (size_t)-1)
        return ALL;
    return error == E2BIG ? FULL : error == EINVAL ? MORE : INVALID;
}

/* Convert what can be; a mark at the very start is taken out again. */
static enum outcome step(struct mf_charset *charset, struct span_io *io)
{
    uint8_t *start = io->out;
    enum outcome outcome =
        charset->has_iconv ? step_iconv(charset->iconv, io) : step_utf8(io);
    size_t made = (size_t)(io->out - start);
    if (!charset->is_started && made) {
        charset->is_started = true;
        if (made >= sizeof mark && memcmp(start, mark, sizeof mark) == 0) {
            memmove(start, start + sizeof mark, made - sizeof mark);
            io->out -= sizeof mark;
            io->out_len += sizeof mark;
        }
    }
    return outcome;
}

/* Give U+FFFD in place of the next byte, or of the next two where they come in
 * pairs. False: there is no room. */
static bool replace(struct mf_charset *charset, struct span_io *io)
{
    if (io->out_len < sizeof replacement)
        return false;
    memcpy(io->out, replacement, sizeof replacement);
    io->out += sizeof replacement;
    io->out_len -= sizeof replacement;
    size_t len =
        io->in_len < charset->unit_len ? io->in_len : charset->unit_len;
    io->in += len;
    io->in_len -= len;
    charset->is_started = true;
    return true;
}

/* Bytes were held back: go on with them, and one more of `io` at a time until
 * all of them are read. */
static enum outcome run_held(struct mf_charset *charset, struct span_io *io)
{
    while (charset->held_len) {
        struct span_io held = {charset->held, charset->held_len, io->out,
                               io->out_len};
        enum outcome outcome = step(charset, &held);
        /* No character is as long: it is none. */
        if (outcome == MORE && held.in_len > HELD_MAX_LEN)
            outcome = INVALID;
        if (outcome == INVALID && !replace(charset, &held))
            outcome = FULL;
        io->out = held.out;
        io->out_len = held.out_len;
        memmove(charset->held, held.in, held.in_len);
        charset->held_len = held.in_len;
        if (outcome == FULL)
            return FULL;
        if (outcome != MORE)
            continue;
        if (!io->in_len)
            return MORE;
        charset->held[charset->held_len++] = *io->in++;
        io->in_len--;
    }
    return ALL;
}

static enum outcome run(struct mf_charset *charset, struct span_io *io)
{
    for (;;) {
        enum outcome outcome = run_held(charset, io);
        if (outcome != ALL || !io->in_len)
            return outcome;
        outcome = step(charset, io);
        if (outcome == INVALID && !replace(charset, io))
            return FULL;
        if (outcome == MORE) {
            size_t len = io->in_len < HELD_MAX_LEN ? io->in_len : HELD_MAX_LEN;
            memcpy(charset->held, io->in, len);
            charset->held_len = len;
            io->in += len;
            io->in_len -= len;
        } else if (outcome == ALL || outcome == FULL) {
            return outcome;
        }
    }
}

int mf_charset_run(struct mf_charset *charset, const uint8_t **data,
                   size_t *len, size_t room, struct mf_buf *out)
{
    assert(room >= MF_CHARSET_ROOM_MIN);
    if (*len == 0 && charset->held_len == 0)
        return 0;
    int rc = mf_buf_reserve(out, room);
    if (rc)
        return rc;
    struct span_io io = {*data, *len, out->data + out->len, room};
    enum outcome outcome = run(charset, &io);
    out->len = (size_t)(io.out - out->data);
    *data = io.in;
    *len = io.in_len;
    return outcome == FULL;
}

int mf_charset_end(struct mf_charset *charset, struct mf_buf *out)
{
    int rc = mf_buf_reserve(out, MF_CHARSET_ROOM_MIN);
    if (rc)
        return rc;
    char *at = (char *)out->data + out->len;
    size_t room = MF_CHARSET_ROOM_MIN;
    /* A character that others could have been put on waits in iconv. */
    if (charset->has_iconv)
        iconv(charset->iconv, NULL, NULL, &at, &room);
    out->len = (size_t)((uint8_t *)at - out->data);
    if (!charset->held_len)
        return 0;
    charset->held_len = 0;
    return mf_buf_append(out, replacement, sizeof replacement);
}

/* With an `out` that may take all that there could be. */
static int read_with(struct mf_charset *charset, struct mf_span data,
                     struct mf_buf *out)
{
    enum { ROOM = 64 << 10 };
    const uint8_t *at = (const uint8_t *)data.text;
    int rc = 1;
    while (rc == 1) {
        size_t left = out->max - out->len;
        if (left < MF_CHARSET_ROOM_MIN)
            return data.len ? MF_EFULL : 0;
        rc = mf_charset_run(charset, &at, &data.len, left < ROOM ? left : ROOM,
                            out);
    }
    return rc ? rc : mf_charset_end(charset, out);
}

int mf_charset_read_all(struct mf_span content_type, struct mf_span data,
                        struct mf_buf *out)
{
    enum mf_charset_source source;
    struct mf_charset *charset;
    const char *name = mf_charset_find(content_type, data, &source);
    int rc = mf_charset_new(name, &charset);
    if (rc == MF_EUNSUPPORTED)
        rc = mf_charset_new("UTF-8", &charset);
    if (rc)
        return rc;
    rc = read_with(charset, data, out);
    mf_charset_free(charset);
    return rc;
}
