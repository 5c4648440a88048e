#include "decode/shapes.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "decode/sse.h"
#include "decode/url.h"

enum { LOOKED_AT = 64 << 10, KEYS_MAX = 64 };

/* The keys of the outermost object of JSON, with what their values begin
 * with. */
struct keys {
    struct {
        struct mf_span name;
        struct mf_span value; /* to the end of what is looked at */
    } key[KEYS_MAX];
    size_t count;
};

static struct mf_span skip_space(struct mf_span text)
{
    while (text.len && isspace((unsigned char)*text.text)) {
        text.text++;
        text.len--;
    }
    return text;
}

static void step(struct mf_span *text, size_t len)
{
    text->text += len;
    text->len -= len;
}

/* The length of the string that `text` begins with, quotes included. */
static size_t string_len(struct mf_span text)
{
    size_t i = 1;
    while (i < text.len && text.text[i] != '"')
        i += text.text[i] == '\\' ? 2 : 1;
    return i < text.len ? i + 1 : text.len;
}

/* Step over a value: up to the comma or bracket after it. */
static void skip_value(struct mf_span *text)
{
    size_t depth = 0;
    while (text->len) {
        char c = *text->text;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        step(text, c == '"' ? string_len(*text) : 1);
    }
}

static void add_key(struct keys *keys, struct mf_span *text)
{
    size_t len = string_len(*text);
    struct mf_span name = {text->text + 1, len > 1 ? len - 2 : 0};
    step(text, len);
    *text = skip_space(*text);
    if (!text->len || *text->text != ':')
        return;
    step(text, 1);
    *text = skip_space(*text);
    keys->key[keys->count].name = name;
    keys->key[keys->count++].value = *text;
    skip_value(text);
}

/* Of the outermost object, or of the first one of a list. */
static void read_keys(struct mf_span text, struct keys *keys)
{
    keys->count = 0;
    text.len = text.len < LOOKED_AT ? text.len : LOOKED_AT;
    text = skip_space(text);
    if (text.len && *text.text == '[') {
        step(&text, 1);
        text = skip_space(text);
    }
    if (!text.len || *text.text != '{')
        return;
    step(&text, 1);
    while (keys->count < KEYS_MAX) {
        text = skip_space(text);
        if (!text.len || *text.text != '"')
            return;
        add_key(keys, &text);
        text = skip_space(text);
        if (!text.len || *text.text != ',')
            return;
        step(&text, 1);
    }
}

static const struct mf_span *value_of(const struct keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->key[i].name.len == strlen(name) &&
            memcmp(keys->key[i].name.text, name, strlen(name)) == 0)
            return &keys->key[i].value;
    return NULL;
}

static bool begins(struct mf_span text, const char *with)
{
    return text.len >= strlen(with) &&
           memcmp(text.text, with, strlen(with)) == 0;
}

static bool has(struct mf_span text, const char *what)
{
    return text.text && memmem(text.text, text.len, what, strlen(what));
}

static bool value_begins(const struct keys *keys, const char *name,
                         const char *with)
{
    const struct mf_span *value = value_of(keys, name);
    return value && begins(*value, with);
}

static bool is_media_type(struct mf_span type, const char *name)
{
    size_t len = strlen(name);
    return type.len >= len && strncasecmp(type.text, name, len) == 0 &&
           (type.len == len || type.text[len] == ';' || type.text[len] == ' ');
}

static struct mf_span header(const struct mf_body *body,
                             enum mf_header_place place, const char *name)
{
    if (!body->http || !body->http->header)
        return (struct mf_span){"", 0};
    return body->http->header(body->http->user, place, name);
}

bool mf_shape_is_dns_get(const struct mf_body *body)
{
    static const char type[] = "application/dns-message";
    struct mf_span value;
    if (body->data.len || body->place != MF_BODY_REQUEST || !body->http ||
        !mf_url_query(body->http->url, "dns", &value))
        return false;
    return has(header(body, MF_HEADER_REQUEST, "accept"), type) ||
           is_media_type(header(body, MF_HEADER_RESPONSE, "content-type"),
                         type);
}

/* JSON by its media type, or where none is told. */
static bool may_be_json(const struct mf_body *body)
{
    struct mf_span type = body->content_type;
    return type.len == 0 || has(type, "json") ||
           is_media_type(type, "text/plain");
}

/* Text of GraphQL, in a JSON string or in a URL. */
static bool is_operation(struct mf_span text)
{
    static const char *const words[] = {"query",    "mutation", "subscription",
                                        "fragment", "{",        "#"};
    for (;;) {
        text = skip_space(text);
        if (begins(text, "\\n") || begins(text, "\\r") || begins(text, "\\t"))
            step(&text, 2);
        else if (begins(text, "%20") || begins(text, "%0A") ||
                 begins(text, "%0a"))
            step(&text, 3);
        else if (begins(text, "+"))
            step(&text, 1);
        else
            break;
    }
    /* All but words to search for have a selection. */
    if (!has(text, "{") && !has(text, "%7B") && !has(text, "%7b"))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(text, words[i]))
            return true;
    return begins(text, "%7B") || begins(text, "%7b");
}

static bool is_graphql_path(const struct mf_body *body)
{
    return body->http && has(mf_url_path(body->http->url), "graphql");
}

static bool is_graphql_get(const struct mf_body *body)
{
    struct mf_span value;
    if (!body->http || body->place != MF_BODY_REQUEST)
        return false;
    if (mf_url_query(body->http->url, "query", &value) && is_operation(value))
        return is_graphql_path(body) || has(value, "%7B") || has(value, "{");
    return is_graphql_path(body) &&
           mf_url_query(body->http->url, "extensions", &value) &&
           has(value, "persistedQuery");
}

static bool is_graphql_request(const struct keys *keys)
{
    const struct mf_span *query = value_of(keys, "query");
    const struct mf_span *extensions = value_of(keys, "extensions");
    if (query && query->len && *query->text == '"')
        return is_operation(
            (struct mf_span){query->text + 1, string_len(*query) - 1});
    return extensions && has(*extensions, "persistedQuery");
}

/* Of the protocols graphql-transport-ws and graphql-ws. */
static bool is_graphql_message(const struct keys *keys)
{
    static const char *const types[] = {
        "\"subscribe\"",       "\"start\"",          "\"next\"",    "\"data\"",
        "\"connection_init\"", "\"connection_ack\"", "\"complete\""};
    const struct mf_span *payload = value_of(keys, "payload");
    for (size_t i = 0; i < 4; i++)
        if (value_begins(keys, "type", types[i]))
            return payload && value_of(keys, "id") &&
                   (has(*payload, "\"query\"") || has(*payload, "\"data\"") ||
                    has(*payload, "\"errors\""));
    return false;
}

static bool is_graphql_answer(const struct keys *keys)
{
    return value_of(keys, "data") || value_begins(keys, "errors", "[");
}

bool mf_shape_is_graphql(const struct mf_body *body)
{
    struct keys keys;
    if (!body->data.len)
        return is_graphql_get(body);
    if (is_media_type(body->content_type, "application/graphql") ||
        is_media_type(body->content_type, "application/graphql+json") ||
        is_media_type(body->content_type, "application/graphql-response+json"))
        return true;
    if (!may_be_json(body))
        return false;
    read_keys(body->data, &keys);
    if (body->place == MF_BODY_MESSAGE)
        return body->is_text_message && is_graphql_message(&keys);
    if (body->place == MF_BODY_REQUEST)
        return is_graphql_request(&keys);
    if (!is_graphql_answer(&keys))
        return false;
    if (is_graphql_path(body))
        return true;
    if (!body->http || !body->http->request_body.len)
        return false;
    read_keys(body->http->request_body, &keys);
    return is_graphql_request(&keys);
}

static bool is_llm_path(const struct mf_body *body)
{
    static const char *const ends[] = {"/chat/completions", "/v1/completions",
                                       "/v1/responses", "/v1/messages",
                                       "/codex/responses"};
    if (!body->http)
        return false;
    struct mf_span path = mf_url_path(body->http->url);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t len = strlen(ends[i]);
        if (path.len >= len &&
            memcmp(path.text + path.len - len, ends[i], len) == 0)
            return true;
    }
    return false;
}

static bool is_llm_json(const struct mf_body *body, bool is_known_path)
{
    struct keys keys;
    read_keys(body->data, &keys);
    bool has_model = value_begins(&keys, "model", "\"");
    if (body->place == MF_BODY_REQUEST) {
        const struct mf_span *messages = value_of(&keys, "messages");
        if (is_known_path)
            return messages || value_of(&keys, "prompt") ||
                   value_of(&keys, "input");
        /* The model may come after more than is looked at. */
        return messages && has(*messages, "\"role\"") &&
               (has_model || body->data.len > LOOKED_AT);
    }
    if (value_begins(&keys, "object", "\"chat.completion\"") ||
        value_begins(&keys, "object", "\"text_completion\"") ||
        value_begins(&keys, "object", "\"response\""))
        return true;
    if (value_begins(&keys, "type", "\"message\"") &&
        value_begins(&keys, "role", "\"assistant\""))
        return true;
    return is_known_path &&
           (value_of(&keys, "choices") || value_of(&keys, "error"));
}

static bool is_llm_event(const struct mf_sse_event *event)
{
    struct keys keys;
    read_keys(event->data, &keys);
    return value_begins(&keys, "object", "\"chat.completion.chunk\"") ||
           value_begins(&keys, "object", "\"text_completion\"") ||
           value_begins(&keys, "type", "\"message_start\"") ||
           value_begins(&keys, "type", "\"response.created\"") ||
           (value_of(&keys, "choices") && value_of(&keys, "model"));
}

static bool is_llm_stream(const struct mf_body *body, bool is_known_path)
{
    struct mf_sse sse;
    struct mf_sse_event event;
    bool is_llm = is_known_path;
    mf_sse_init(&sse,
                (struct mf_span){body->data.text, body->data.len < LOOKED_AT
                                                      ? body->data.len
                                                      : LOOKED_AT});
    for (int i = 0; !is_llm && i < 4 && mf_sse_next(&sse, &event) == 1; i++)
        is_llm = is_llm_event(&event);
    mf_sse_release(&sse);
    return is_llm;
}

bool mf_shape_is_llm(const struct mf_body *body)
{
    if (!body->data.len || body->place == MF_BODY_MESSAGE)
        return false;
    if (is_media_type(body->content_type, "text/event-stream"))
        return is_llm_stream(body, is_llm_path(body));
    return may_be_json(body) && is_llm_json(body, is_llm_path(body));
}

/* Engine.IO's kind, and of a message the kind and head of Socket.IO. */
bool mf_shape_is_socket_io(const struct mf_body *body)
{
    struct mf_span text = body->data;
    if (!body->is_text_message || !text.len || text.text[0] < '0' ||
        text.text[0] > '6')
        return false;
    struct mf_span value;
    if (body->http && mf_url_query(body->http->url, "EIO", &value))
        return true;
    if (text.text[0] == '0')
        return text.len > 1 && text.text[1] == '{' && has(text, "\"sid\"");
    if (text.len < 3 || text.text[0] != '4' || text.text[1] < '0' ||
        text.text[1] > '6')
        return false;
    step(&text, 2);
    while (text.len &&
           (isdigit((unsigned char)*text.text) || *text.text == '-'))
        step(&text, 1);
    return text.len && strchr("[{/", *text.text) && *text.text;
}
