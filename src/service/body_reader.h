/*
 * mf_body_reader: the bytes of a body in one form, piece by piece, in fixed
 * memory beside the flow itself.
 *
 * Thread:  one at a time.
 */
#ifndef MF_SERVICE_BODY_READER_H
#define MF_SERVICE_BODY_READER_H

#include "base/buf.h"
#include "codec/decoder.h"
#include "service/body_source.h"

enum mf_body_form {
    MF_BODY_FORM_DECODED = 0, /* mitmflow.v1.BodyForm */
    MF_BODY_FORM_RAW = 1,
};

/* A decoded body of more than this ends there: a bomb, or nothing that anyone
 * reads. */
#define MF_BODY_READ_MAX ((uint64_t)4 << 30)

struct mf_body_reader {
    struct mf_decoder *decoder; /* NULL: the bytes as they are kept */
    const uint8_t *at;
    size_t left;
    uint64_t position; /* of the next byte that comes out */
    bool is_over;
    const char *fault; /* why it ends where it should go on; or NULL */
};

/* `source` is borrowed for the reader's life. 0 or MF_ENOMEM. */
int mf_body_reader_init(struct mf_body_reader *reader,
                        const struct mf_body_source *source,
                        enum mf_body_form form);
void mf_body_reader_release(struct mf_body_reader *reader);

/* Append the next bytes to `out`, at most `room`. 1: there may be more, 0: it
 * is over, or MF_ENOMEM, MF_EFULL. */
int mf_body_reader_next(struct mf_body_reader *reader, size_t room,
                        struct mf_buf *out);

#endif
