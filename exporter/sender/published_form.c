/*
 * Bodies that stay as they are would be copied twice on the way. So they are
 * taken out of their request or response before it is rewritten, and put at
 * its end after: the order of fields says nothing.
 */
#include "exporter/sender/published_form.h"

#include "base/error.h"
#include "flow/published.h"
#include "pb/spliced.h"

enum {
    FLOW = 1,      /* of ExportFlowRequest */
    HTTP_FLOW = 1, /* of Flow */
    REQUEST = 2,   /* of HTTPFlow */
    RESPONSE = 3,
    REQUEST_CONTENT = 4,
    RESPONSE_CONTENT = 3,
};

struct body {
    bool is_there;
    struct mf_splice splice;
};

struct bodies {
    struct body request, response;
};

/* The field is nothing but one byte string that lies elsewhere. */
static bool take_body(const struct mf_region_field *field, struct body *body)
{
    const struct mf_region *region = &field->body;
    if (field->type != MF_WIRE_LEN || region->at != region->end ||
        region->splice_end != region->splice + 1)
        return false;
    body->is_there = true;
    body->splice = region->message->splices[region->splice];
    return true;
}

static int strip_half(struct mf_encoder *out,
                      const struct mf_region_field *half, uint32_t content,
                      struct body *body)
{
    struct mf_region region = half->body;
    struct mf_region_field field;
    struct mf_mark mark = mf_encoder_begin(out, half->number);
    while (mf_region_next(&region, &field))
        if (field.number != content || !take_body(&field, body))
            mf_region_put(out, &field);
    mf_encoder_end(out, mark);
    return region.error ? region.error : out->error;
}

static int strip_http(struct mf_encoder *out,
                      const struct mf_region_field *http, struct bodies *bodies)
{
    struct mf_region region = http->body;
    struct mf_region_field field;
    struct mf_mark mark = mf_encoder_begin(out, http->number);
    int rc = 0;
    while (!rc && mf_region_next(&region, &field)) {
        if (field.type == MF_WIRE_LEN && field.number == REQUEST)
            rc = strip_half(out, &field, REQUEST_CONTENT, &bodies->request);
        else if (field.type == MF_WIRE_LEN && field.number == RESPONSE)
            rc = strip_half(out, &field, RESPONSE_CONTENT, &bodies->response);
        else
            mf_region_put(out, &field);
    }
    mf_encoder_end(out, mark);
    return rc ? rc : region.error ? region.error : out->error;
}

static int strip_flow(struct mf_encoder *out,
                      const struct mf_region_field *flow, struct bodies *bodies)
{
    struct mf_region region = flow->body;
    struct mf_region_field field;
    int rc = 0;
    while (!rc && mf_region_next(&region, &field)) {
        if (field.type == MF_WIRE_LEN && field.number == HTTP_FLOW)
            rc = strip_http(out, &field, bodies);
        else
            mf_region_put(out, &field);
    }
    return rc ? rc : region.error ? region.error : out->error;
}

/* ---- back together ---- */

static void put_half(struct mf_encoder *out, const struct mf_wire_field *half,
                     uint32_t content, const struct body *body)
{
    struct mf_mark mark = mf_encoder_begin(out, half->number);
    if (!out->error)
        out->error = mf_buf_append(&out->buf, half->data, half->len);
    if (body->is_there)
        mf_encoder_body(out, content, body->splice.data, body->splice.len,
                        body->splice.object);
    mf_encoder_end(out, mark);
}

static void put_http(struct mf_encoder *out, const struct mf_wire_field *http,
                     const struct bodies *bodies)
{
    struct mf_cursor cursor = mf_cursor_make(http->data, http->len);
    struct mf_wire_field field;
    struct mf_mark mark = mf_encoder_begin(out, http->number);
    while (!out->error && mf_wire_next(&cursor, &field)) {
        if (field.type == MF_WIRE_LEN && field.number == REQUEST)
            put_half(out, &field, REQUEST_CONTENT, &bodies->request);
        else if (field.type == MF_WIRE_LEN && field.number == RESPONSE)
            put_half(out, &field, RESPONSE_CONTENT, &bodies->response);
        else
            out->error = mf_wire_put_field(&out->buf, &field);
    }
    mf_encoder_end(out, mark);
}

/* The Flow in `published` with its bodies. */
static void put_flow(struct mf_encoder *out, const struct mf_buf *published,
                     const struct bodies *bodies)
{
    struct mf_cursor cursor = mf_cursor_make(published->data, published->len);
    struct mf_wire_field field;
    struct mf_mark mark = mf_encoder_begin(out, FLOW);
    while (!out->error && mf_wire_next(&cursor, &field)) {
        if (field.type == MF_WIRE_LEN && field.number == HTTP_FLOW)
            put_http(out, &field, bodies);
        else
            out->error = mf_wire_put_field(&out->buf, &field);
    }
    mf_encoder_end(out, mark);
}

static int rewrite_flow(struct mf_encoder *out,
                        const struct mf_region_field *flow, size_t body_max)
{
    struct mf_encoder stripped;
    struct mf_buf flat, published;
    struct bodies bodies = {0};
    mf_encoder_init(&stripped, out->buf.max);
    mf_buf_init(&flat, out->buf.max);
    mf_buf_init(&published, out->buf.max);
    int rc = strip_flow(&stripped, flow, &bodies);
    const struct mf_spliced message = mf_spliced_of(&stripped);
    if (!rc)
        rc = mf_spliced_flatten(&message, &flat);
    if (!rc)
        rc = mf_flow_put_published(flat.data, flat.len, MF_PUBLISHED_ONLY,
                                   body_max, &published, NULL);
    if (!rc) {
        put_flow(out, &published, &bodies);
        rc = out->error;
    }
    mf_encoder_release(&stripped);
    mf_buf_release(&flat);
    mf_buf_release(&published);
    return rc;
}

int mf_published_form(const struct mf_spliced *message, size_t body_max,
                      struct mf_encoder *out)
{
    struct mf_region region = mf_region_of(message);
    struct mf_region_field field;
    int rc = 0;
    while (!rc && mf_region_next(&region, &field)) {
        if (field.number == FLOW && field.type == MF_WIRE_LEN)
            rc = rewrite_flow(out, &field, body_max);
        else
            mf_region_put(out, &field);
    }
    return rc ? rc : region.error ? region.error : out->error;
}
