/* What a search sees of a flow. */
#include <string.h>

#include "codec/encoding.h"
#include "flow/decoded.h"
#include "flow/details.h"
#include "flow/lookup.h"
#include "flow/text.h"

/* More of a decoded body than this is not searched. */
enum { BODY_MAX_LEN = 16 << 20, DECODED_MAX_LEN = 1 << 20 };

/* How much of a body is looked at to tell whether it is text. */
enum { LOOK_LEN = 1024, LOOK_STEP = 128, CONTROLS_ONE_IN = 32 };

struct visitor {
    bool (*visit)(void *user, const struct mf_piece *piece);
    void *user;
    bool decodes; /* else the text of encoded bodies is empty */
    bool derives; /* else MF_PIECE_DERIVED is left out */
};

/* How many of at most 255 bytes are control characters, without tab, the
 * ends of lines and pages, and the escape of terminals. Written so that
 * compilers make vectors of it. */
static size_t count_controls(const uint8_t *bytes, size_t len)
{
    uint8_t count = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t is_low = bytes[i] < ' ' || bytes[i] == 0x7f;
        uint8_t is_white = (uint8_t)(bytes[i] - '\t') <= '\r' - '\t';
        uint8_t is_escape = bytes[i] == 0x1b;
        count += is_low & (is_white ^ 1) & (is_escape ^ 1);
    }
    return count;
}

bool mf_is_text(const char *bytes, size_t len)
{
    size_t look = len < LOOK_LEN ? len : LOOK_LEN, controls = 0;
    if (look && memchr(bytes, '\0', look))
        return false;
    for (size_t at = 0; at < look; at += LOOK_STEP)
        controls +=
            count_controls((const uint8_t *)bytes + at,
                           look - at < LOOK_STEP ? look - at : LOOK_STEP);
    return controls * CONTROLS_ONE_IN <= look;
}

static bool see(const struct visitor *visitor, struct mf_span span)
{
    const struct mf_piece piece = {.kind = MF_PIECE_LINE, .text = span};
    return span.len && visitor->visit(visitor->user, &piece);
}

/* A body or message: `text` is what `origin` is when it is decoded. */
static bool see_content(const struct visitor *visitor, struct mf_span text,
                        struct mf_span origin, int error)
{
    const struct mf_piece piece = {
        .kind =
            mf_is_text(text.text, text.len) ? MF_PIECE_BODY : MF_PIECE_BINARY,
        .text = text,
        .origin = origin,
        .error = error,
    };
    return (text.len || origin.len) && visitor->visit(visitor->user, &piece);
}

static bool see_other(const struct visitor *visitor, struct mf_span origin)
{
    const struct mf_piece piece = {.kind = MF_PIECE_OTHER, .origin = origin};
    return origin.len && visitor->visit(visitor->user, &piece);
}

static bool see_lines(const struct visitor *visitor, struct mf_span message,
                      uint32_t numbered, uint32_t map)
{
    struct mf_cursor cursor = mf_flow__cursor(message);
    struct mf_span name, value;
    while (mf_flow__next_line(&cursor, numbered, map, &name, &value))
        if (see(visitor, name) || see(visitor, value))
            return true;
    return false;
}

/* What decoders find in `body`, which is decoded as far as encodings go. */
static bool see_decoded(const struct visitor *visitor,
                        const struct mf_flow *flow, enum mf_half which,
                        struct mf_span body)
{
    if (!visitor->decodes || flow->type != MF_FLOW_HTTP)
        return false;
    struct mf_buf text;
    mf_buf_init(&text, DECODED_MAX_LEN);
    int rc = mf_flow__put_decoded(flow, which, body, &text);
    const struct mf_piece piece = {
        .kind = MF_PIECE_DECODED,
        .text = {(const char *)text.data, text.len},
        .error = rc,
    };
    bool found = (text.len || rc) && visitor->visit(visitor->user, &piece);
    mf_buf_release(&text);
    return found;
}

static bool see_body(const struct visitor *visitor, const struct mf_flow *flow,
                     enum mf_half which)
{
    const struct mf_flow__half *half = mf_flow__half_of(flow, which);
    const struct mf_flow__half_fields *fields = mf_flow__fields_of(which);
    if (half->content.len)
        return see_content(visitor, half->content, half->content, 0) ||
               see_decoded(visitor, flow, which, half->content) ||
               see_other(visitor, half->raw_content);
    if (!half->raw_content.len)
        return false;
    if (!visitor->decodes)
        return see_content(visitor, (struct mf_span){"", 0}, half->raw_content,
                           0);
    const struct mf_encoding_list encodings = mf_flow__encodings(half, fields);
    struct mf_span encoding = mf_encoding_list_value(&encodings);
    struct mf_buf body;
    mf_buf_init(&body, BODY_MAX_LEN);
    int rc = mf_encoding_decode_all(encoding.text, encoding.len,
                                    half->raw_content.text,
                                    half->raw_content.len, &body);
    struct mf_span text = {(char *)body.data, body.len};
    if (rc == MF_EUNSUPPORTED)
        text = half->raw_content;
    bool found = see_content(visitor, text, half->raw_content, rc) ||
                 see_decoded(visitor, flow, which, text);
    mf_buf_release(&body);
    return found;
}

static bool see_half(const struct visitor *visitor,
                     const struct mf_flow__half *half,
                     const struct mf_flow__half_fields *fields)
{
    return see_lines(visitor, half->message, MF_HALF_HEADER_FIELDS,
                     fields->headers) ||
           see_lines(visitor, half->message, MF_HALF_TRAILER_FIELDS,
                     fields->trailers);
}

static bool see_http(const struct visitor *visitor, const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    struct mf_wire_field close;
    struct mf_wire_field reason = {0};
    if (mf_wire_find((const uint8_t *)flow->body.text, flow->body.len, 100,
                     &close))
        mf_wire_find(close.data, close.len, 3, &reason);
    return see(visitor, flow->facts.method) || see(visitor, flow->facts.url) ||
           see(visitor, flow->facts.pretty_url) ||
           see(visitor, details->reason) ||
           see_half(visitor, &details->request, &mf_flow__request_fields) ||
           see_half(visitor, &details->response, &mf_flow__response_fields) ||
           see(visitor, mf_flow__span(&reason));
}

static bool see_record(const struct visitor *visitor,
                       const struct mf_wire_field *record,
                       struct mf_span packed)
{
    struct mf_cursor cursor = mf_cursor_make(record->data, record->len);
    struct mf_wire_field field;
    struct mf_span type = {"", 0}, data = {"", 0};
    while (mf_wire_next(&cursor, &field)) {
        struct mf_span span = mf_flow__span(&field);
        if (field.number == 2)
            type = span;
        else if (field.number == 5)
            data = span;
        if (field.number != 3 && see(visitor, span))
            return true;
    }
    char text[1024];
    size_t len = mf_flow__dns_data_text(type, data, packed, text, sizeof text);
    return see(visitor, (struct mf_span){text, len});
}

static bool see_dns(const struct visitor *visitor, struct mf_span message)
{
    struct mf_wire_field packed = {0}, field;
    mf_wire_find((const uint8_t *)message.text, message.len, 1, &packed);
    struct mf_cursor cursor = mf_flow__cursor(message);
    while (mf_wire_next(&cursor, &field))
        if (field.type == MF_WIRE_LEN && field.number >= 2 &&
            field.number <= 5 &&
            see_record(visitor, &field, mf_flow__span(&packed)))
            return true;
    return false;
}

static bool see_messages(const struct visitor *visitor,
                         const struct mf_flow *flow)
{
    uint32_t number = mf_flow__messages_field(flow->type);
    struct mf_cursor cursor = mf_flow__cursor(flow->body);
    struct mf_wire_field field, content;
    while (number && mf_wire_next(&cursor, &field))
        if (field.number == number && field.type == MF_WIRE_LEN &&
            mf_wire_find(field.data, field.len, 1, &content) &&
            see_content(visitor, mf_flow__span(&content),
                        mf_flow__span(&content), 0))
            return true;
    return false;
}

/* The certificates of a connection are DER, and the same for many flows. */
static bool see_certificates(const struct visitor *visitor,
                             struct mf_span connection)
{
    enum { CERTIFICATE_LIST = 10, MITMCERT = 20, CONTENT = 1 };
    struct mf_cursor cursor = mf_flow__cursor(connection);
    struct mf_wire_field field, content;
    while (mf_wire_next(&cursor, &field))
        if ((field.number == CERTIFICATE_LIST || field.number == MITMCERT) &&
            field.type == MF_WIRE_LEN &&
            mf_wire_find(field.data, field.len, CONTENT, &content) &&
            see_other(visitor, mf_flow__span(&content)))
            return true;
    return false;
}

static bool see_derived(const struct visitor *visitor,
                        const struct mf_flow *flow)
{
    bool found = false;
    for (int half = 0; half < 2 && !found; half++) {
        struct mf_buf text;
        mf_buf_init(&text, BODY_MAX_LEN);
        int rc = mf_flow_put_dns_text(flow, (enum mf_half)half, &text);
        const struct mf_piece piece = {
            .kind = MF_PIECE_DERIVED,
            .text = {(const char *)text.data, text.len},
            .error = rc,
        };
        found = (text.len || rc) && visitor->visit(visitor->user, &piece);
        mf_buf_release(&text);
    }
    return found;
}

static bool see_strings(const struct visitor *visitor,
                        const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    return see(visitor, details->error) || see(visitor, flow->comment) ||
           see(visitor, details->client_host) ||
           see(visitor, details->server_host) || see(visitor, details->sni) ||
           (flow->type == MF_FLOW_HTTP && see_http(visitor, flow)) ||
           see_dns(visitor, details->dns_request) ||
           see_dns(visitor, details->dns_response) ||
           (visitor->derives && flow->type == MF_FLOW_DNS &&
            see_derived(visitor, flow));
}

static bool see_bodies(const struct visitor *visitor,
                       const struct mf_flow *flow)
{
    const struct mf_flow__details *details = &flow->details;
    return see_body(visitor, flow, MF_HALF_REQUEST) ||
           see_body(visitor, flow, MF_HALF_RESPONSE) ||
           see_messages(visitor, flow) ||
           see_certificates(visitor, details->client) ||
           see_certificates(visitor, details->server);
}

bool mf_flow_each_piece(const struct mf_flow *flow,
                        bool (*visit)(void *user, const struct mf_piece *piece),
                        void *user)
{
    const struct visitor visitor = {visit, user, true, true};
    return see_strings(&visitor, flow) || see_bodies(&visitor, flow);
}

static bool measure(void *user, const struct mf_piece *piece)
{
    struct mf_body_lens *lens = user;
    if (piece->kind != MF_PIECE_BODY)
        lens->binary += piece->origin.len;
    else if (piece->text.text != piece->origin.text)
        lens->encoded += piece->origin.len;
    return false;
}

void mf_flow_measure_bodies(const struct mf_flow *flow,
                            struct mf_body_lens *ret_lens)
{
    const struct visitor visitor = {measure, ret_lens, false, false};
    *ret_lens = (struct mf_body_lens){0};
    see_bodies(&visitor, flow);
}

struct text_visitor {
    bool (*visit)(void *user, const char *text, size_t len);
    void *user;
};

static bool see_if_text(void *user, const struct mf_piece *piece)
{
    const struct text_visitor *visitor = user;
    return (piece->kind == MF_PIECE_LINE || piece->kind == MF_PIECE_BODY ||
            piece->kind == MF_PIECE_DECODED) &&
           piece->text.len &&
           visitor->visit(visitor->user, piece->text.text, piece->text.len);
}

bool mf_flow_each_text(const struct mf_flow *flow,
                       bool (*visit)(void *user, const char *text, size_t len),
                       void *user)
{
    struct text_visitor texts = {visit, user};
    const struct visitor visitor = {see_if_text, &texts, true, false};
    return see_strings(&visitor, flow) || see_bodies(&visitor, flow);
}
