/* The parts of a form with files (multipart/form-data), as params of a HAR
 * entry. */
#include "decode/decode.h"
#include "export/har_impl.h"

enum { NODES_MAX = 100000 };

struct form {
    struct mf_json_out *json;
    struct mf_span text;
};

static void put(struct mf_json_out *json, const char *name, struct mf_span text)
{
    mf_json_put_key(json, name);
    mf_json_put_text(json, text);
}

/* The bytes of a file are in the body's text alone, as browsers write it. */
static void put_part(const struct form *form, const struct mf_node *part)
{
    struct mf_json_out *json = form->json;
    mf_json_begin_object(json);
    put(json, "name", part->name);
    if (part->text.len)
        put(json, "fileName", part->text);
    if (part->type.len)
        put(json, "contentType", part->type);
    if (!part->text.len && part->offset <= form->text.len &&
        part->len <= form->text.len - part->offset) {
        struct mf_span value = {form->text.text + part->offset,
                                (size_t)part->len};
        if (mf_json_is_text(value))
            put(json, "value", value);
    }
    mf_json_end_object(json);
}

static int on_node(void *user, unsigned depth, const struct mf_node *node)
{
    const struct form *form = user;
    if (depth == 0 && node->kind == MF_NODE_PART)
        put_part(form, node);
    return form->json->error;
}

void mf_har__put_parts(struct mf_json_out *json, struct mf_span text,
                       struct mf_span type)
{
    struct form form = {json, text};
    const struct mf_body body = {
        .place = MF_BODY_REQUEST,
        .data = text,
        .content_type = type,
    };
    /* What is inside of the parts is not asked for. */
    const struct mf_decode_opts opts = {.inflated_max = 0};
    struct mf_view view;
    mf_view_init(&view, NODES_MAX, on_node, &form);
    mf_json_begin_array(json);
    int rc = mf_decode(&body, &opts, &view);
    if (rc == MF_ENOMEM && !json->error)
        json->error = rc;
    mf_json_end_array(json);
}
