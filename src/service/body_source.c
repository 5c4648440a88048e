#include "service/body_source.h"

#include <string.h>

#include "codec/charset.h"
#include "decode/decode.h"
#include "flow/body_http.h"
#include "flow/messages.h"
#include "flow/text.h"
#include "pb/wire.h"

enum { BODY_REF = 1 };

/* ---- which ---- */

int mf_body_ref_init(struct mf_body_ref *ret_ref,
                     const Mitmflow__V1__BodyRef *ref, const uint8_t *message,
                     size_t len, struct mf_err *err)
{
    struct mf_wire_field field;
    if (!ref || !mf_wire_find(message, len, BODY_REF, &field))
        return mf_err_set(err, MF_EINVAL, "no body is named");
    if (ref->place < (int)MF_BODY_REQUEST ||
        ref->place > (int)MF_BODY_RESPONSE_HEADERS)
        return mf_err_set(err, MF_EINVAL, "no such place of a body");
    ret_ref->place = (enum mf_body_place)ref->place;
    ret_ref->index = ref->message_index;
    int rc =
        mf_owned_ref_init(&ret_ref->flow, field.data, field.len, ref->number);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

void mf_body_ref_release(struct mf_body_ref *ref)
{
    mf_owned_ref_release(&ref->flow);
}

/* ---- reading ---- */

static int no_body(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOENT, "the flow has no such body");
}

static int no_headers(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOENT, "the flow has no header fields");
}

static void take_half(struct mf_body_source *source, bool is_client)
{
    const struct mf_kept_body *kept = &source->kept;
    source->body.data = kept->decoded.len ? kept->decoded : kept->wire;
    source->body.content_type = kept->content_type;
    source->body.is_cut = kept->is_cut;
    source->body.is_sender_client = is_client;
}

/* DNS that mitmproxy took for plain TCP or UDP. */
static bool is_dns_server(const struct mf_flow *flow)
{
    enum { DNS_PORT = 53 };
    enum mf_flow_type type = mf_flow_type(flow);
    return (type == MF_FLOW_TCP || type == MF_FLOW_UDP) &&
           mf_flow_server(flow).port == DNS_PORT;
}

static int read_message(struct mf_body_source *source, struct mf_reader *reader,
                        const struct mf_body_ref *ref, struct mf_err *err)
{
    struct mf_messages messages;
    struct mf_messages_walk walk;
    int rc = mf_reader_messages(reader, &ref->flow.ref, ref->index, 1,
                                &source->message, &messages, err);
    if (rc)
        return rc;
    mf_messages_walk_fields(messages.type, source->message.data,
                            source->message.len, &walk);
    if (!messages.count || !mf_messages_next(&walk))
        return mf_err_set(err, MF_ENOENT, "the flow has no such message");
    struct mf_kept_message kept = mf_flow_kept_message(walk.message);
    source->kept = (struct mf_kept_body){
        .wire = kept.content,
        .decoded = MF_SPAN_NONE,
        .content_type = MF_SPAN_NONE,
        .left_out = MF_SPAN_NONE,
        .wire_size = kept.content.len,
    };
    take_half(source, kept.from_client);
    source->body.is_text_message = kept.is_text;
    source->body.is_dns = is_dns_server(mf_record_flow(source->record));
    return 0;
}

/* A request or response, or one of a DNS flow's two messages. */
static int read_half(struct mf_body_source *source, enum mf_half half,
                     struct mf_err *err)
{
    const struct mf_flow *flow = mf_record_flow(source->record);
    if (!mf_flow_kept_body(flow, half, &source->kept))
        return no_body(err);
    take_half(source, half == MF_HALF_REQUEST);
    source->body.is_dns = mf_flow_type(flow) == MF_FLOW_DNS;
    return 0;
}

int mf_body_source_read(struct mf_body_source *source, struct mf_reader *reader,
                        const struct mf_body_ref *ref, struct mf_err *err)
{
    *source = (struct mf_body_source){.body = {.place = ref->place}};
    mf_buf_init(&source->message, SIZE_MAX);
    bool is_message = ref->place == MF_BODY_MESSAGE;
    int rc = mf_reader_get(reader, &ref->flow.ref, 1, &source->record, err);
    if (rc)
        return rc;
    const struct mf_flow *flow = mf_record_flow(source->record);
    if (!flow)
        return mf_err_set(err, MF_ECORRUPT, "the flow cannot be read");
    if (mf_flow_type(flow) == MF_FLOW_HTTP) {
        source->http = mf_flow_body_http(flow);
        source->body.http = &source->http;
    }
    if (ref->place > MF_BODY_MESSAGE)
        return source->body.http ? 0 : no_headers(err);
    if (is_message && mf_flow_type(flow) != MF_FLOW_DNS)
        return read_message(source, reader, ref, err);
    if (is_message && ref->index > 1)
        return no_body(err);
    bool is_response =
        is_message ? ref->index == 1 : ref->place == MF_BODY_RESPONSE;
    return read_half(source, is_response ? MF_HALF_RESPONSE : MF_HALF_REQUEST,
                     err);
}

void mf_body_source_release(struct mf_body_source *source)
{
    mf_record_unref(source->record);
    mf_buf_release(&source->message);
    *source = (struct mf_body_source){0};
}

bool mf_body_source_is_encoded(const struct mf_body_source *source)
{
    return source->kept.wire.len != 0 &&
           mf_encoding_list_value(&source->kept.encodings).len != 0;
}

/* ---- what is told of it ---- */

enum {
    INFO_CONTENT_TYPE = 1,
    INFO_KIND = 2,
    INFO_SNIFFED_TYPE = 3,
    INFO_CONTENT_ENCODING = 4,
    INFO_CHARSET = 5,
    INFO_WIRE_SIZE = 6,
    INFO_KEPT_SIZE = 7,
    INFO_CUT = 8,
    INFO_LEFT_OUT = 9,
    INFO_CHANGED = 10,
    INFO_IS_TEXT = 11,
};

static int put_string(struct mf_buf *out, uint32_t number, const char *text)
{
    return mf_wire_put_bytes_opt(out, number, text, strlen(text));
}

int mf_body_source_put_info(const struct mf_body_source *source,
                            const struct mf_body *body, uint32_t number,
                            struct mf_buf *out)
{
    const struct mf_kept_body *kept = &source->kept;
    size_t mark;
    enum mf_charset_source told_by;
    const char *charset =
        mf_charset_find(kept->content_type, body->data, &told_by);
    bool is_text = mf_is_text(body->data.text, body->data.len) ||
                   told_by == MF_CHARSET_BOM || mf_body_is_utf16(body);
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = mf_wire_put_text_opt(out, INFO_CONTENT_TYPE, kept->content_type);
    if (!rc)
        rc = put_string(out, INFO_KIND, mf_body_kind_name(mf_body_kind(body)));
    if (!rc)
        rc = put_string(out, INFO_SNIFFED_TYPE, mf_body_sniff(body->data));
    if (!rc)
        rc = mf_wire_put_text_opt(out, INFO_CONTENT_ENCODING,
                                  mf_encoding_list_value(&kept->encodings));
    if (!rc)
        rc = put_string(out, INFO_CHARSET, is_text ? charset : "");
    if (!rc)
        rc = mf_wire_put_varint_opt(out, INFO_WIRE_SIZE, kept->wire_size);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, INFO_KEPT_SIZE,
                                    kept->decoded.len ? kept->decoded.len
                                                      : kept->wire.len);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, INFO_CUT, kept->is_cut);
    if (!rc)
        rc = mf_wire_put_text_opt(out, INFO_LEFT_OUT, kept->left_out);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, INFO_CHANGED, kept->is_changed);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, INFO_IS_TEXT, is_text);
    return rc ? rc : mf_wire_end(out, mark);
}
