/* GraphQL over HTTP and WebSocket: which operation, with what; and what came
 * of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "codec/percent.h"
#include "decode/decoders.h"
#include "decode/json_tree.h"
#include "decode/url.h"

enum { OPERATIONS_MAX = 100, QUERY_MAX_LEN = 1 << 20 };

/* Step over a comment or string, or else one byte. */
static size_t skip(struct mf_span text, size_t at)
{
    const char *from = text.text + at;
    size_t left = text.len - at;
    if (*from == '#') {
        const char *newline = memchr(from, '\n', left);
        return newline ? at + (size_t)(newline - from) : text.len;
    }
    if (left >= 6 && memcmp(from, "\"\"\"", 3) == 0) {
        const char *end = memmem(from + 3, left - 3, "\"\"\"", 3);
        return end ? at + (size_t)(end - from) + 3 : text.len;
    }
    if (*from != '"')
        return at + 1;
    for (at++; at < text.len && text.text[at] != '"'; at++)
        at += text.text[at] == '\\';
    return at < text.len ? at + 1 : text.len;
}

static struct mf_span word_at(struct mf_span text, size_t at)
{
    size_t len = 0;
    while (at + len < text.len &&
           (isalnum((unsigned char)text.text[at + len]) ||
            text.text[at + len] == '_'))
        len++;
    return (struct mf_span){text.text + at, len};
}

static bool is_word(struct mf_span word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

static int tell_operation(struct mf_view *view, struct mf_span kind,
                          struct mf_span name)
{
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = MF_SPAN("operation"),
        .type = kind,
        .text = name,
    };
    return mf_view_put(view, &node);
}

/* The operations of a document, without what is in their braces. */
static int tell_operations(struct mf_view *view, struct mf_span text)
{
    static const char *const kinds[] = {"query", "mutation", "subscription"};
    size_t depth = 0, told = 0;
    bool is_head = false; /* between a definition's word and its brace */
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < text.len && told < OPERATIONS_MAX;) {
        struct mf_span word = word_at(text, at);
        char c = text.text[at];
        if (word.len) {
            at += word.len;
            for (size_t i = 0; depth == 0 && !is_head && i < 3; i++) {
                if (!is_word(word, kinds[i]))
                    continue;
                while (at < text.len && isspace((unsigned char)text.text[at]))
                    at++;
                rc = tell_operation(view, word, word_at(text, at));
                told++;
            }
            is_head = is_head || depth == 0;
            continue;
        }
        if (c == '{' && depth == 0 && !is_head) {
            rc = tell_operation(view, MF_SPAN("query"), MF_SPAN_NONE);
            told++;
        }
        depth += c == '{' || c == '(';
        depth -= depth && (c == '}' || c == ')');
        is_head = is_head && !(c == '}' && depth == 0);
        at = skip(text, at);
    }
    return rc;
}

static int tell_query(struct mf_view *view, struct mf_span text)
{
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = MF_SPAN("query"),
        .type = MF_SPAN("graphql"),
        .text = text,
    };
    int rc = tell_operations(view, text);
    return rc == 0 ? mf_view_put(view, &node) : rc;
}

static int tell_member(struct mf_view *view, const json_t *object,
                       const char *key, const char *name)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value))
        return 0;
    return mf_json_tell(view, (struct mf_span){name, strlen(name)}, value);
}

/* What has no place of its own above. */
static int tell_others(struct mf_view *view, const json_t *object,
                       const char *const *known)
{
    const char *key;
    json_t *value;
    int rc = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (rc == 0 && !known[i])
            rc = mf_json_tell(view, (struct mf_span){key, strlen(key)}, value);
    }
    return rc;
}

static int tell_request(struct mf_view *view, const json_t *request)
{
    static const char *const known[] = {"query", "operationName", "variables",
                                        "extensions", NULL};
    const json_t *query = json_object_get(request, "query");
    const json_t *extensions = json_object_get(request, "extensions");
    int rc = tell_member(view, request, "operationName", "operation name");
    if (rc == 0 && json_is_string(query))
        rc = tell_query(view, mf_json_text(query));
    else if (rc == 0 && json_object_get(extensions, "persistedQuery"))
        rc = mf_view_note(view, "a persisted query: its hash is sent, its text "
                                "is not");
    if (rc == 0)
        rc = tell_member(view, request, "variables", "variables");
    if (rc == 0)
        rc = tell_member(view, request, "extensions", "extensions");
    return rc == 0 ? tell_others(view, request, known) : rc;
}

/* "user.friends.0.name" */
static int tell_path(struct mf_view *view, const json_t *path)
{
    struct mf_buf text;
    mf_buf_init(&text, 4096);
    for (size_t i = 0; i < json_array_size(path); i++) {
        const json_t *step = json_array_get(path, i);
        struct mf_span name = mf_json_text(step);
        if (i)
            mf_buf_append_byte(&text, '.');
        if (json_is_integer(step))
            mf_buf_printf(&text, "%lld", (long long)json_integer_value(step));
        else if (name.len)
            mf_buf_append(&text, name.text, name.len);
    }
    int rc = mf_view_text(
        view, "path",
        (struct mf_span){text.len ? (char *)text.data : "", text.len});
    mf_buf_release(&text);
    return rc;
}

static int tell_locations(struct mf_view *view, const json_t *locations)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(locations); i++) {
        const json_t *at = json_array_get(locations, i);
        char text[64];
        int len = snprintf(
            text, sizeof text, "line %lld, column %lld",
            (long long)json_integer_value(json_object_get(at, "line")),
            (long long)json_integer_value(json_object_get(at, "column")));
        rc = mf_view_text(view, "at", (struct mf_span){text, (size_t)len});
    }
    return rc;
}

static int tell_error(struct mf_view *view, const json_t *error)
{
    static const char *const known[] = {"message", "path", "locations", NULL};
    const struct mf_node node = {
        .kind = MF_NODE_GROUP,
        .name = MF_SPAN("error"),
        .text = mf_json_member(error, "message"),
    };
    const json_t *path = json_object_get(error, "path");
    int rc = mf_view_open(view, &node);
    if (rc != 0)
        return rc;
    if (json_is_array(path))
        rc = tell_path(view, path);
    if (rc == 0)
        rc = tell_locations(view, json_object_get(error, "locations"));
    if (rc == 0)
        rc = tell_others(view, error, known);
    mf_view_close(view);
    return rc;
}

static int tell_errors(struct mf_view *view, const json_t *errors)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(errors); i++)
        rc = tell_error(view, json_array_get(errors, i));
    return rc;
}

static int tell_answer(struct mf_view *view, const json_t *answer)
{
    static const char *const known[] = {"errors", "data", "extensions", NULL};
    const json_t *data = json_object_get(answer, "data");
    int rc = tell_errors(view, json_object_get(answer, "errors"));
    if (rc == 0 && data)
        rc = mf_json_tell(view, MF_SPAN("data"), data);
    if (rc == 0)
        rc = tell_member(view, answer, "extensions", "extensions");
    return rc == 0 ? tell_others(view, answer, known) : rc;
}

/* Of graphql-transport-ws and of the older graphql-ws. */
static int tell_message(struct mf_view *view, const json_t *message)
{
    static const char *const known[] = {"type", "id", "payload", NULL};
    const json_t *payload = json_object_get(message, "payload");
    int rc = tell_member(view, message, "type", "message");
    if (rc == 0)
        rc = tell_member(view, message, "id", "id");
    if (rc == 0 && json_is_array(payload))
        rc = tell_errors(view, payload);
    else if (rc == 0 && json_object_get(payload, "query"))
        rc = tell_request(view, payload);
    else if (rc == 0 && (json_object_get(payload, "data") ||
                         json_object_get(payload, "errors")))
        rc = tell_answer(view, payload);
    else if (rc == 0 && payload)
        rc = mf_json_tell(view, MF_SPAN("payload"), payload);
    return rc == 0 ? tell_others(view, message, known) : rc;
}

typedef int teller(struct mf_view *view, const json_t *value);

/* Several at once are a list. */
static int tell_all(struct mf_view *view, const json_t *root, teller *tell)
{
    int rc = 0;
    if (json_is_object(root))
        return tell(view, root);
    if (!json_is_array(root))
        return mf_view_fault(view, 0, "neither an object nor a list");
    for (size_t i = 0; rc == 0 && i < json_array_size(root); i++) {
        const struct mf_node node = {.kind = MF_NODE_FRAME, .number = i + 1};
        rc = mf_view_open(view, &node);
        if (rc != 0)
            return rc;
        rc = tell(view, json_array_get(root, i));
        mf_view_close(view);
    }
    return rc;
}

static int tell_json(struct mf_view *view, struct mf_span text, teller *tell)
{
    struct mf_json json;
    int rc = mf_json_read(&json, text);
    if (rc == 0)
        rc = tell_all(view, json.root, tell);
    else
        rc = mf_json_tell_fault(view, &json, rc, 0);
    if (rc == 0 && json.is_cut)
        rc = mf_view_fault(view, text.len, "it breaks off here");
    mf_json_release(&json);
    return rc;
}

/* A parameter of the query: text, or JSON. */
static int tell_parameter(struct mf_view *view, struct mf_span url,
                          const char *key, const char *name, bool is_json)
{
    struct mf_span value;
    struct mf_buf text;
    if (!mf_url_query(url, key, &value))
        return 0;
    mf_buf_init(&text, QUERY_MAX_LEN);
    int rc = mf_percent_decode(value.text, value.len, true, &text);
    struct mf_span plain = {text.len ? (char *)text.data : "", text.len};
    if (rc == MF_EFULL)
        rc = mf_view_fault(view, 0, "?%s= is too long", key);
    else if (rc == 0 && !is_json)
        rc = strcmp(key, "query") == 0 ? tell_query(view, plain)
                                       : mf_view_text(view, name, plain);
    else if (rc == 0) {
        struct mf_json json;
        rc = mf_json_read(&json, plain);
        rc = rc == 0 ? mf_json_tell(view, (struct mf_span){name, strlen(name)},
                                    json.root)
                     : mf_json_tell_fault(view, &json, rc, 0);
        mf_json_release(&json);
    }
    mf_buf_release(&text);
    return rc;
}

static int tell_get(struct mf_view *view, struct mf_span url)
{
    int rc =
        tell_parameter(view, url, "operationName", "operation name", false);
    if (rc == 0)
        rc = tell_parameter(view, url, "query", "query", false);
    if (rc == 0)
        rc = tell_parameter(view, url, "variables", "variables", true);
    return rc == 0 ? tell_parameter(view, url, "extensions", "extensions", true)
                   : rc;
}

int mf_decode__graphql(struct mf_decoding *decoding)
{
    const struct mf_body *body = decoding->body;
    struct mf_view *view = decoding->view;
    if (!body->data.len)
        return body->http ? tell_get(view, body->http->url) : 0;
    if (body->place == MF_BODY_MESSAGE)
        return tell_json(view, body->data, tell_message);
    if (body->place == MF_BODY_RESPONSE)
        return tell_json(view, body->data, tell_answer);
    struct mf_span type = body->content_type;
    static const char plain[] = "application/graphql";
    size_t len = sizeof plain - 1;
    if (type.len >= len && memcmp(type.text, plain, len) == 0 &&
        (type.len == len || strchr("; ", type.text[len])))
        return tell_query(view, body->data);
    return tell_json(view, body->data, tell_request);
}
