#include "service/body_reader.h"

int mf_body_reader_init(struct mf_body_reader *reader,
                        const struct mf_body_source *source,
                        enum mf_body_form form)
{
    const struct mf_kept_body *kept = &source->kept;
    struct mf_span bytes = kept->decoded.len ? kept->decoded : kept->wire;
    *reader = (struct mf_body_reader){
        .at = (const uint8_t *)bytes.text,
        .left = bytes.len,
    };
    if (form == MF_BODY_FORM_RAW || !mf_body_source_is_encoded(source))
        return 0;
    struct mf_span encoding = mf_encoding_list_value(&kept->encodings);
    int rc = mf_decoder_new(encoding.text, encoding.len, &reader->decoder);
    if (rc != MF_EUNSUPPORTED)
        return rc;
    reader->fault = "its content encoding is not known: this is as it was on "
                    "the wire";
    return 0;
}

void mf_body_reader_release(struct mf_body_reader *reader)
{
    mf_decoder_free(reader->decoder);
    *reader = (struct mf_body_reader){0};
}

static int copy(struct mf_body_reader *reader, size_t room, struct mf_buf *out)
{
    size_t fits = reader->left < room ? reader->left : room;
    if (fits == 0)
        return reader->left > 0;
    int rc = mf_buf_append(out, reader->at, fits);
    if (rc)
        return rc;
    reader->at += fits;
    reader->left -= fits;
    return reader->left > 0;
}

int mf_body_reader_next(struct mf_body_reader *reader, size_t room,
                        struct mf_buf *out)
{
    size_t before = out->len;
    if (reader->is_over)
        return 0;
    int rc = reader->decoder ? mf_decoder_run(reader->decoder, &reader->at,
                                              &reader->left, room, out)
                             : copy(reader, room, out);
    reader->position += out->len - before;
    if (rc == MF_ECORRUPT)
        reader->fault = "its content encoding is malformed from here on";
    else if (rc == MF_EFULL)
        reader->fault = "its content encoding gives far more than it takes, as "
                        "only what is made to keep readers busy does: the rest "
                        "is left out, and can be had as it was on the wire";
    else if (rc == 0 && reader->decoder &&
             !mf_decoder_is_whole(reader->decoder))
        reader->fault = "its content encoding breaks off here";
    else if (rc == 1 && reader->position >= MF_BODY_READ_MAX)
        reader->fault = "it decodes to more than 4 GiB";
    else if (rc)
        return rc;
    reader->is_over = true;
    return 0;
}
