#include "decode/json_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "decode/value.h"

enum {
    TEXT_MAX_LEN = 64 << 20,
    VALUES_MAX = 200000,
    LEVELS_MAX = 512,
    TOLD_LEVELS_MAX = MF_VIEW_DEPTH_MAX - 8,
};

/* How far text that breaks off can be read. */
struct repair {
    char closers[LEVELS_MAX + 1];
    size_t depth;
    size_t safe;       /* all before this is whole */
    size_t safe_depth; /* how many levels are open there */
    bool is_key_next;
    bool is_in_text; /* a value: it can be ended anywhere */
};

static size_t string_end(struct mf_span text, size_t at)
{
    for (at++; at < text.len && text.text[at] != '"'; at++)
        at += text.text[at] == '\\';
    return at + 1;
}

static void mark_safe(struct repair *repair, size_t at)
{
    repair->safe = at;
    repair->safe_depth = repair->depth;
}

static bool open_level(struct repair *repair, char closer, size_t at)
{
    if (repair->depth == LEVELS_MAX)
        return false;
    repair->closers[repair->depth++] = closer;
    repair->is_key_next = closer == '}';
    mark_safe(repair, at + 1);
    return true;
}

static bool scan(struct repair *repair, struct mf_span text)
{
    for (size_t at = 0; at < text.len; at++) {
        char c = text.text[at];
        if (c == '"') {
            size_t end = string_end(text, at);
            repair->is_in_text = end > text.len && !repair->is_key_next;
            if (end <= text.len && !repair->is_key_next)
                mark_safe(repair, end);
            at = end - 1;
        } else if (c == '{' || c == '[') {
            if (!open_level(repair, c == '{' ? '}' : ']', at))
                return false;
        } else if (c == '}' || c == ']') {
            if (!repair->depth || repair->closers[--repair->depth] != c)
                return false;
            repair->is_key_next = false;
            mark_safe(repair, at + 1);
        } else if (c == ',') {
            mark_safe(repair, at);
            repair->is_key_next =
                repair->depth && repair->closers[repair->depth - 1] == '}';
        } else if (c == ':') {
            repair->is_key_next = false;
        }
    }
    return repair->depth > 0;
}

/* Without the escape or character that is begun at the end of a string. */
static size_t whole_text(struct mf_span text)
{
    enum { ESCAPE_MAX = 12 }; /* \ud83d\ude00 */
    size_t len = text.len, from = len > ESCAPE_MAX ? len - ESCAPE_MAX : 0;
    for (size_t i = from; i < len; i++) {
        /* A '\' that another one comes before is none. */
        size_t slashes = 0;
        while (slashes <= i && text.text[i - slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            continue;
        bool is_code = i + 1 < len && text.text[i + 1] == 'u';
        bool is_high = is_code && i + 3 < len &&
                       (text.text[i + 2] | 32) == 'd' &&
                       strchr("89abAB", text.text[i + 3]);
        size_t need = !is_code ? 2 : is_high ? 12 : 6;
        if (i + need > len)
            return i;
        i += need - 1;
    }
    size_t at = len;
    while (at && ((unsigned char)text.text[at - 1] & 0xc0) == 0x80)
        at--;
    return at && (unsigned char)text.text[at - 1] >= 0xc0 ? at - 1 : len;
}

/* Text that breaks off, closed so that it can be read. MF_ECORRUPT: it
 * cannot. */
static int close_text(struct mf_span text, struct mf_buf *out)
{
    struct repair repair = {.depth = 0};
    if (!scan(&repair, text))
        return MF_ECORRUPT;
    size_t len = repair.safe, depth = repair.safe_depth;
    if (repair.is_in_text) {
        len = whole_text(text);
        depth = repair.depth;
    }
    int rc = mf_buf_append(out, text.text, len);
    if (rc == 0 && repair.is_in_text)
        rc = mf_buf_append_byte(out, '"');
    while (rc == 0 && depth)
        rc = mf_buf_append_byte(out, (uint8_t)repair.closers[--depth]);
    return rc;
}

/* What a tree costs is by its values. */
static bool has_too_many(struct mf_span text)
{
    size_t values = 0;
    for (size_t i = 0; i < text.len; i++)
        switch (text.text[i]) {
        case '"':
            i = string_end(text, i) - 1;
            break;
        case ',':
        case '[':
        case '{':
            values++;
            break;
        default:
            break;
        }
    return values > VALUES_MAX;
}

static json_t *parse(struct mf_json *json, struct mf_span text)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t error;
    json_t *root = json_loadb(text.text, text.len, flags, &error);
    if (!root && json_error_code(&error) == json_error_numeric_overflow)
        root = json_loadb(text.text, text.len, flags | JSON_DECODE_INT_AS_REAL,
                          &error);
    if (!root) {
        memcpy(json->fault, error.text, sizeof json->fault);
        json->fault_at = error.position > 0 ? (size_t)error.position : 0;
    }
    return root;
}

int mf_json_read(struct mf_json *json, struct mf_span text)
{
    *json = (struct mf_json){.root = NULL};
    if (text.len > TEXT_MAX_LEN || has_too_many(text)) {
        strcpy(json->fault, "more than 64 MiB or 200000 values of JSON");
        return MF_EFULL;
    }
    json->root = parse(json, text);
    if (json->root)
        return 0;
    struct mf_buf closed;
    mf_buf_init(&closed, text.len + LEVELS_MAX + 2);
    int rc = close_text(text, &closed);
    if (rc == 0) {
        struct mf_span all = {(const char *)closed.data, closed.len};
        char fault[sizeof json->fault];
        size_t fault_at = json->fault_at;
        memcpy(fault, json->fault, sizeof fault);
        json->root = parse(json, all);
        json->is_cut = json->root != NULL;
        memcpy(json->fault, fault, sizeof fault);
        json->fault_at = json->is_cut ? text.len : fault_at;
        rc = json->root ? 0 : MF_ECORRUPT;
    }
    mf_buf_release(&closed);
    return rc;
}

void mf_json_release(struct mf_json *json)
{
    json_decref(json->root);
    json->root = NULL;
}

int mf_json_tell_fault(struct mf_view *view, const struct mf_json *json, int rc,
                       size_t offset)
{
    if (rc != MF_ECORRUPT && rc != MF_EFULL)
        return rc;
    return mf_view_fault(view, offset + json->fault_at, "JSON: %s",
                         json->fault);
}

struct mf_span mf_json_text(const json_t *string)
{
    if (!json_is_string(string))
        return MF_SPAN_NONE;
    return (struct mf_span){json_string_value(string),
                            json_string_length(string)};
}

struct mf_span mf_json_member(const json_t *object, const char *name)
{
    return mf_json_text(json_object_get(object, name));
}

static int tell_text_of(struct mf_view *view, struct mf_node *node,
                        const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return MF_ENOMEM;
    node->kind = MF_NODE_TEXT;
    node->type = MF_SPAN("json");
    node->text = (struct mf_span){text, strlen(text)};
    int rc = mf_view_put(view, node);
    free(text);
    return rc;
}

static int tell_scalar(struct mf_view *view, struct mf_node *node,
                       const json_t *value)
{
    char room[MF_VALUE_ROOM];
    switch (json_typeof(value)) {
    case JSON_STRING:
        node->kind = MF_NODE_TEXT;
        node->text = mf_json_text(value);
        break;
    case JSON_INTEGER:
        node->kind = MF_NODE_NUMBER;
        node->text = mf_value_signed(json_integer_value(value), room);
        break;
    case JSON_REAL:
        node->kind = MF_NODE_NUMBER;
        node->text = mf_value_double(json_real_value(value), room);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        node->kind = MF_NODE_BOOL;
        node->text = json_is_true(value) ? MF_SPAN("true") : MF_SPAN("false");
        break;
    default:
        node->kind = MF_NODE_NULL;
        node->text = MF_SPAN("null");
        break;
    }
    return mf_view_put(view, node);
}

static int tell_inside(struct mf_view *view, const json_t *value)
{
    int rc = 0;
    if (json_is_array(value)) {
        for (size_t i = 0; rc == 0 && i < json_array_size(value); i++)
            rc = mf_json_tell(view, MF_SPAN_NONE, json_array_get(value, i));
        return rc;
    }
    void *at = json_object_iter((json_t *)(uintptr_t)value);
    for (; rc == 0 && at;
         at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
        const char *key = json_object_iter_key(at);
        rc = mf_json_tell(view, (struct mf_span){key, strlen(key)},
                          json_object_iter_value(at));
    }
    return rc;
}

int mf_json_tell(struct mf_view *view, struct mf_span name, const json_t *value)
{
    struct mf_node node = {.name = name};
    if (!json_is_array(value) && !json_is_object(value))
        return tell_scalar(view, &node, value);
    if (view->depth >= TOLD_LEVELS_MAX)
        return tell_text_of(view, &node, value);
    node.kind = json_is_array(value) ? MF_NODE_LIST : MF_NODE_GROUP;
    int rc = mf_view_open(view, &node);
    if (rc != 0)
        return rc;
    rc = tell_inside(view, value);
    mf_view_close(view);
    return rc;
}

int mf_json_tell_flat(struct mf_view *view, const char *name,
                      const json_t *value)
{
    struct mf_node node = {.name = {name, strlen(name)}};
    if (!json_is_array(value) && !json_is_object(value))
        return tell_scalar(view, &node, value);
    return tell_text_of(view, &node, value);
}
