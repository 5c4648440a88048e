/* Bodies of a HAR entry. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/params.h"
#include "export/har.h"
#include "export/har_impl.h"

/* Why the body is not the whole one, in words; "" if it is. */
static void comment_of(const struct mf_http_half *half, int error, char *text,
                       size_t size)
{
    struct mf_span kept;
    mf_http_wire_body(half, &kept);
    if (half->left_out.len)
        snprintf(text, size, "left out: %.*s", (int)half->left_out.len,
                 half->left_out.text);
    else if (half->is_cut && half->is_streamed)
        snprintf(text, size,
                 "not kept by the proxy: %" PRIu64 " bytes passed through",
                 half->wire_len);
    else if (half->is_cut)
        snprintf(text, size, "cut: %zu of %" PRIu64 " bytes were kept",
                 kept.len, half->wire_len);
    else if (error == MF_EFULL)
        snprintf(text, size, "cut: it decodes to more than %zu MiB",
                 MF_HAR_BODY_MAX_LEN >> 20);
    else if (error)
        snprintf(text, size, "not decoded: %s", mf_err_message(error));
    else
        *text = '\0';
}

static void put_comment(struct mf_json_out *json,
                        const struct mf_http_half *half, int error)
{
    char text[300];
    comment_of(half, error, text, sizeof text);
    if (half->is_cut || error == MF_EFULL || error == MF_ETRUNC) {
        mf_json_put_key(json, "_cut");
        mf_json_put_bool(json, true);
    }
    if (!*text)
        return;
    mf_json_put_key(json, "comment");
    mf_json_put_string(json, text);
}

static void put_body(struct mf_json_out *json, struct mf_span body,
                     const char *encoding_key)
{
    bool is_text = mf_json_is_text(body);
    mf_json_put_key(json, "text");
    if (is_text) {
        mf_json_put_text(json, body);
        return;
    }
    mf_json_put_base64(json, body);
    mf_json_put_key(json, encoding_key);
    mf_json_put_string(json, "base64");
}

/* As it was on the wire, where that is not what is told. */
static void put_raw(struct mf_json_out *json, const struct mf_http_half *half)
{
    if (half->raw_content.len) {
        mf_json_put_key(json, "_rawBase64");
        mf_json_put_base64(json, half->raw_content);
    }
    if (half->raw_content.len && half->content.len) {
        mf_json_put_key(json, "_isDecoded");
        mf_json_put_bool(json, true);
    }
}

static int read_body(struct mf_json_out *json, const struct mf_http_half *half,
                     struct mf_buf *scratch, struct mf_span *ret_body)
{
    int rc = mf_http_body(half, scratch, ret_body);
    if (rc == MF_ENOMEM && !json->error)
        json->error = rc;
    return rc;
}

void mf_har_put_content(struct mf_json_out *json,
                        const struct mf_http_half *half, struct mf_buf *scratch)
{
    struct mf_span body = {"", 0}, type = mf_http_header(half, "content-type");
    int error = read_body(json, half, scratch, &body);
    mf_json_begin_object(json);
    mf_json_put_key(json, "size");
    mf_json_put_uint(json, body.len);
    if (half->raw_content.len && !half->is_cut && !error) {
        mf_json_put_key(json, "compression");
        mf_json_put_int(json,
                        (int64_t)body.len - (int64_t)half->raw_content.len);
    }
    mf_json_put_key(json, "mimeType");
    if (type.len)
        mf_json_put_latin1(json, type);
    else
        mf_json_put_string(json, half->is_there ? "" : "x-unknown");
    if (body.len)
        put_body(json, body, "encoding");
    put_raw(json, half);
    put_comment(json, half, error);
    mf_json_end_object(json);
}

/* The fields of a form, beside its text. */
static void put_params(struct mf_json_out *json, struct mf_span body,
                       struct mf_span type)
{
    bool is_form = mf_span_starts(type, "application/x-www-form-urlencoded");
    if (!is_form && !mf_span_starts(type, "multipart/form-data"))
        return;
    mf_json_put_key(json, "params");
    if (is_form)
        mf_har__put_pairs(json, body);
    else
        mf_har__put_parts(json, body, type);
}

void mf_har_put_post(struct mf_json_out *json, const struct mf_http_half *half,
                     struct mf_buf *scratch)
{
    struct mf_span body = {"", 0}, type = mf_http_header(half, "content-type");
    int error = read_body(json, half, scratch, &body);
    if (!body.len && !half->raw_content.len && !half->is_cut)
        return;
    mf_json_put_key(json, "postData");
    mf_json_begin_object(json);
    mf_json_put_key(json, "mimeType");
    mf_json_put_latin1(json, type);
    put_body(json, body, "_encoding");
    put_params(json, body, type);
    put_raw(json, half);
    put_comment(json, half, error);
    mf_json_end_object(json);
}
