#include "codec/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codec/coder.h"

enum { BETWEEN_LEN = 64 << 10, DEFLATE_HEAD_LEN = 2 };

/*
 * What passes between stages is compressed, so it is of about the input's
 * length; only what was made to keep a reader busy is much longer. `room` does
 * not bound that: of a thousand empty streams nothing comes out.
 */
enum { BETWEEN_FREE_LEN = 16 << 20, BETWEEN_RATIO_MAX = 16 };

/* One encoding. Its input is what the stage before gave, or the caller's. */
struct stage {
    enum mf_encoding encoding;
    struct mf_coder coder;
    bool is_open;
    bool is_over;    /* the stream is whole, and nothing may follow */
    bool is_between; /* the stream is whole; another one may follow */
    uint8_t head[DEFLATE_HEAD_LEN]; /* of deflate, to tell its wrapper */
    size_t head_len, head_used;
    uint8_t *buf; /* owned; NULL for the first stage */
    const uint8_t *in;
    size_t in_len;
};

struct mf_decoder {
    struct stage stages[MF_ENCODING_STACK_MAX];
    size_t count;
    uint64_t read;    /* of the caller's input, by the calls before this one */
    size_t offered;   /* by this one */
    uint64_t between; /* what passed between stages */
    uint64_t given;   /* what came out of the last one */
};

/* ---- life ---- */

int mf_decoder_new(const char *header, size_t len,
                   struct mf_decoder **ret_decoder)
{
    enum mf_encoding stack[MF_ENCODING_STACK_MAX];
    size_t count;
    int rc = mf_encoding_parse_stack(header, len, stack, &count);
    if (rc)
        return rc;
    struct mf_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return MF_ENOMEM;
    decoder->count = count;
    for (size_t i = 0; i < count; i++) {
        struct stage *stage = &decoder->stages[i];
        stage->encoding = stack[count - 1 - i]; /* the last applied first */
        stage->buf = i ? malloc(BETWEEN_LEN) : NULL;
        if (i && !stage->buf) {
            mf_decoder_free(decoder);
            return MF_ENOMEM;
        }
    }
    *ret_decoder = decoder;
    return 0;
}

void mf_decoder_free(struct mf_decoder *decoder)
{
    for (size_t i = 0; decoder && i < decoder->count; i++) {
        struct stage *stage = &decoder->stages[i];
        if (stage->is_open)
            stage->coder.release(&stage->coder);
        free(stage->buf);
    }
    free(decoder);
}

/* ---- one stage ---- */

/* Open the coder as soon as its input tells how. False: not yet. */
static bool open_stage(struct stage *stage, int *ret_rc)
{
    enum mf_deflate_wrap wrap = MF_DEFLATE_ZLIB;
    *ret_rc = 0;
    if (stage->is_open)
        return true;
    if (stage->encoding == MF_ENCODING_DEFLATE) {
        for (; stage->head_len < DEFLATE_HEAD_LEN && stage->in_len;
             stage->in_len--)
            stage->head[stage->head_len++] = *stage->in++;
        if (stage->head_len < DEFLATE_HEAD_LEN)
            return false;
        if (!mf_coder_has_zlib_header(stage->head, stage->head_len))
            wrap = MF_DEFLATE_RAW;
    }
    *ret_rc = mf_coder_open_decoder(stage->encoding, wrap, &stage->coder);
    stage->is_open = *ret_rc == 0;
    return stage->is_open;
}

/* One step of the coder, from the head or the input. */
static int step(struct stage *stage, uint8_t *out, size_t room,
                size_t *ret_made, bool *ret_has_read)
{
    static const uint8_t nothing;
    bool is_head = stage->head_used < stage->head_len;
    struct mf_coder_io io = {
        .in = is_head         ? stage->head + stage->head_used
              : stage->in_len ? stage->in
                              : &nothing,
        .in_len = is_head ? stage->head_len - stage->head_used : stage->in_len,
        .out = out,
        .out_len = room,
    };
    size_t before = io.in_len;
    bool is_end = false;
    int rc = stage->coder.step(&stage->coder, &io, &is_end);
    size_t used = before - io.in_len;
    if (is_head) {
        stage->head_used += used;
    } else if (used > 0) {
        stage->in += used;
        stage->in_len -= used;
    }
    *ret_made = room - io.out_len;
    *ret_has_read = used > 0;
    if (used > 0)
        stage->is_between = false;
    stage->is_between |= is_end && stage->coder.concatenates;
    stage->is_over |= is_end && !stage->coder.concatenates;
    return rc;
}

static bool has_input(const struct stage *stage)
{
    return (stage->is_open && stage->head_used < stage->head_len) ||
           stage->in_len > 0;
}

/* Of the caller's input, until now. */
static uint64_t read_of(const struct mf_decoder *decoder)
{
    return decoder->read + decoder->offered - decoder->stages[0].in_len;
}

/* `len` more pass between stages. False: that is out of all proportion. */
static bool may_pass(struct mf_decoder *decoder, size_t len)
{
    decoder->between += len;
    return decoder->between <=
           BETWEEN_FREE_LEN + BETWEEN_RATIO_MAX * read_of(decoder);
}

/* The same of what comes out at the end. */
static bool may_give(struct mf_decoder *decoder, size_t len)
{
    decoder->given += len;
    return decoder->given <=
           MF_DECODER_FREE_LEN + MF_DECODER_RATIO_MAX * read_of(decoder);
}

/* Make the next output of stage `at`: *ret_made is 0 if more input of the
 * caller's is needed. */
static int pull(struct mf_decoder *decoder, size_t at, uint8_t *out,
                size_t room, size_t *ret_made)
{
    struct stage *stage = &decoder->stages[at];
    *ret_made = 0;
    for (;;) {
        int rc;
        bool has_read = false;
        bool is_open = open_stage(stage, &rc);
        if (stage->is_over && has_input(stage))
            return MF_ECORRUPT;
        if (!rc && is_open && !stage->is_over)
            rc = step(stage, out, room, ret_made, &has_read);
        if (rc || *ret_made)
            return rc;
        if (has_input(stage)) {
            if (!has_read && !stage->is_over)
                return MF_ECORRUPT;
            continue;
        }
        if (at == 0)
            return 0;
        size_t made;
        rc = pull(decoder, at - 1, stage->buf, BETWEEN_LEN, &made);
        if (rc || made == 0)
            return rc;
        if (!may_pass(decoder, made))
            return MF_EFULL;
        stage->in = stage->buf;
        stage->in_len = made;
    }
}

/* ---- the whole ---- */

/* Without any encoding. */
static int copy(const uint8_t **data, size_t *len, size_t room,
                struct mf_buf *out)
{
    size_t fits = *len < room ? *len : room;
    if (fits == 0)
        return *len > 0;
    int rc = mf_buf_append(out, *data, fits);
    if (rc)
        return rc;
    *data += fits;
    *len -= fits;
    return *len > 0;
}

int mf_decoder_run(struct mf_decoder *decoder, const uint8_t **data,
                   size_t *len, size_t room, struct mf_buf *out)
{
    if (decoder->count == 0)
        return copy(data, len, room, out);
    struct stage *first = &decoder->stages[0];
    first->in = *data;
    first->in_len = *len;
    decoder->offered = *len;
    int rc = mf_buf_reserve(out, room);
    size_t made = 1;
    while (!rc && room && made) {
        rc = pull(decoder, decoder->count - 1, out->data + out->len, room,
                  &made);
        out->len += made;
        room -= made;
        if (!rc && !may_give(decoder, made))
            rc = MF_EFULL;
    }
    *data = first->in;
    *len = first->in_len;
    decoder->read += decoder->offered - first->in_len;
    first->in_len = 0;
    return rc ? rc : made > 0;
}

bool mf_decoder_is_whole(const struct mf_decoder *decoder)
{
    for (size_t i = 0; i < decoder->count; i++) {
        const struct stage *stage = &decoder->stages[i];
        if (has_input(stage) || !(stage->is_over || stage->is_between))
            return false;
    }
    return true;
}
