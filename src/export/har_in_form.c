/* A form of which a HAR file tells the fields and not the text. */
#include <string.h>

#include "codec/params.h"
#include "export/har_in.h"

/* Bytes that stand for themselves in a form. */
static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || strchr("-_.*", c);
}

static int put_encoded(struct mf_span text, struct mf_buf *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < text.len; i++) {
        char c = text.text[i];
        rc = c == ' '           ? mf_buf_append_byte(out, '+')
             : c && is_plain(c) ? mf_buf_append_byte(out, (uint8_t)c)
                                : mf_buf_printf(out, "%%%02X", (uint8_t)c);
    }
    return rc;
}

static int put_params(const json_t *params, struct mf_buf *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(params); i++) {
        const json_t *param = json_array_get(params, i);
        rc = i ? mf_buf_append_byte(out, '&') : 0;
        if (!rc)
            rc = put_encoded(mf_json_get_text(param, "name"), out);
        if (!rc)
            rc = mf_buf_append_byte(out, '=');
        if (!rc)
            rc = put_encoded(mf_json_get_text(param, "value"), out);
    }
    return rc;
}

/* A name in quotes, as browsers write it. */
static int put_quoted(const char *before, struct mf_span text,
                      struct mf_buf *out)
{
    int rc = mf_buf_append(out, before, strlen(before));
    for (size_t i = 0; !rc && i < text.len; i++) {
        char c = text.text[i];
        rc = c == '"' || c == '\r' || c == '\n'
                 ? mf_buf_printf(out, "%%%02X", (unsigned)c)
                 : mf_buf_append_byte(out, (uint8_t)c);
    }
    return rc ? rc : mf_buf_append_byte(out, '"');
}

/* "--BOUNDARY" and what comes behind it. */
static int put_boundary(const struct mf_param *boundary, const char *behind,
                        struct mf_buf *out)
{
    int rc = mf_buf_append(out, "--", 2);
    rc = rc ? rc : mf_param_append(boundary, out);
    return rc ? rc : mf_buf_append(out, behind, strlen(behind));
}

static int put_part(const json_t *param, const struct mf_param *boundary,
                    struct mf_buf *out)
{
    struct mf_span file = mf_json_get_text(param, "fileName");
    struct mf_span type = mf_json_get_text(param, "contentType");
    struct mf_span value = mf_json_get_text(param, "value");
    int rc = put_boundary(boundary, "\r\nContent-Disposition: form-data", out);
    if (!rc)
        rc = put_quoted("; name=\"", mf_json_get_text(param, "name"), out);
    if (!rc && file.len)
        rc = put_quoted("; filename=\"", file, out);
    if (!rc && type.len && !memchr(type.text, '\n', type.len)) {
        rc = mf_buf_append(out, "\r\nContent-Type: ", 16);
        rc = rc ? rc : mf_buf_append(out, type.text, type.len);
    }
    rc = rc ? rc : mf_buf_append(out, "\r\n\r\n", 4);
    rc = rc ? rc : mf_buf_append(out, value.text, value.len);
    return rc ? rc : mf_buf_append(out, "\r\n", 2);
}

int mf_har_put_form(const json_t *body, struct mf_buf *out)
{
    const json_t *params = json_object_get(body, "params");
    struct mf_span type = mf_json_get_text(body, "mimeType");
    struct mf_param boundary;
    int rc = 0;
    if (!mf_span_starts(type, "multipart/") ||
        !mf_params_find(type, "boundary", &boundary))
        return put_params(params, out);
    for (size_t i = 0; !rc && i < json_array_size(params); i++)
        rc = put_part(json_array_get(params, i), &boundary, out);
    return rc || !json_array_size(params)
               ? rc
               : put_boundary(&boundary, "--\r\n", out);
}
