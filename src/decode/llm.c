#include "decode/llm.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "decode/decoders.h"
#include "decode/url.h"

static const char *const api_names[] = {
    [MF_LLM_CHAT] = "OpenAI chat completions",
    [MF_LLM_COMPLETIONS] = "OpenAI completions",
    [MF_LLM_RESPONSES] = "OpenAI responses",
    [MF_LLM_MESSAGES] = "Anthropic messages",
};

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static bool is(struct mf_span text, const char *what)
{
    return text.len == strlen(what) && memcmp(text.text, what, text.len) == 0;
}

static bool goes_to(const struct mf_body *body, const char *end)
{
    struct mf_span path =
        body->http ? mf_url_path(body->http->url) : MF_SPAN_NONE;
    size_t len = strlen(end);
    return path.len >= len && memcmp(path.text + path.len - len, end, len) == 0;
}

/* Anthropic's schema of a tool has another name. */
static bool has_anthropic_tools(const json_t *request)
{
    const json_t *tools = json_object_get(request, "tools");
    return json_object_get(json_array_get(tools, 0), "input_schema");
}

static enum mf_llm_api api_of_request(const struct mf_body *body,
                                      const json_t *request)
{
    if (json_object_get(request, "messages"))
        return goes_to(body, "/messages") ||
                       json_object_get(request, "system") ||
                       has_anthropic_tools(request)
                   ? MF_LLM_MESSAGES
                   : MF_LLM_CHAT;
    return json_object_get(request, "prompt") ? MF_LLM_COMPLETIONS
                                              : MF_LLM_RESPONSES;
}

static enum mf_llm_api api_of_answer(const struct mf_body *body,
                                     const json_t *answer)
{
    struct mf_span object = mf_json_member(answer, "object");
    if (is(object, "response") || json_object_get(answer, "output"))
        return MF_LLM_RESPONSES;
    if (is(object, "text_completion"))
        return MF_LLM_COMPLETIONS;
    if (is(mf_json_member(answer, "type"), "message") ||
        json_object_get(answer, "content") ||
        (!object.len && goes_to(body, "/messages")))
        return MF_LLM_MESSAGES;
    if (!object.len && goes_to(body, "/responses"))
        return MF_LLM_RESPONSES;
    return MF_LLM_CHAT;
}

static int tell_member(struct mf_view *view, const json_t *object,
                       const char *key, const char *name)
{
    const json_t *value = json_object_get(object, key);
    return value && !json_is_null(value) ? mf_json_tell_flat(view, name, value)
                                         : 0;
}

static bool is_one_of(const char *key, const char *const *keys)
{
    while (*keys && strcmp(*keys, key) != 0)
        keys++;
    return *keys != NULL;
}

/* All that is not told elsewhere. */
static int tell_parameters(struct mf_view *view, const json_t *object,
                           const char *const *told)
{
    const struct mf_node group = {.kind = MF_NODE_GROUP,
                                  .name = MF_SPAN("parameters")};
    const char *key;
    json_t *value;
    bool is_open = false;
    int rc = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (rc != 0 || is_one_of(key, told) || json_is_null(value))
            continue;
        if (!is_open) {
            rc = mf_view_open(view, &group);
            if (rc != 0)
                return rc;
            is_open = true;
        }
        rc = mf_json_tell_flat(view, key, value);
    }
    if (is_open)
        mf_view_close(view);
    return rc;
}

/* A tool that is offered: its name, what it does, what it takes. */
static int tell_tool(struct mf_view *view, const json_t *tool)
{
    static const char *const schemas[] = {"parameters", "input_schema",
                                          "format"};
    const json_t *function = json_object_get(tool, "function");
    function = function ? function : json_object_get(tool, "custom");
    function = function ? function : tool;
    struct mf_span name = mf_json_member(function, "name");
    const struct mf_node node = {
        .kind = MF_NODE_GROUP,
        .name = name.len ? name : mf_json_member(tool, "type"),
        .type = mf_json_member(tool, "type"),
        .text = mf_json_member(function, "description"),
    };
    int rc = mf_view_open(view, &node);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < 3; i++)
        rc = tell_member(view, function, schemas[i], "schema");
    mf_view_close(view);
    return rc;
}

static int tell_tools(struct mf_view *view, const json_t *tools)
{
    const struct mf_node list = {.kind = MF_NODE_LIST,
                                 .name = MF_SPAN("tools")};
    if (!json_array_size(tools))
        return 0;
    int rc = mf_view_open(view, &list);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < json_array_size(tools); i++)
        rc = tell_tool(view, json_array_get(tools, i));
    mf_view_close(view);
    return rc;
}

static int tell_request(struct mf_view *view, const struct mf_body *body,
                        const json_t *request, uint64_t *turns)
{
    static const char *const told[] = {"model", "messages",  "system",
                                       "input", "prompt",    "instructions",
                                       "tools", "functions", NULL};
    enum mf_llm_api api = api_of_request(body, request);
    int rc = mf_view_text(view, "api", span(api_names[api]));
    if (rc == 0)
        rc = tell_member(view, request, "model", "model");
    if (rc == 0)
        rc = tell_parameters(view, request, told);
    if (rc == 0)
        rc = tell_tools(view, json_object_get(request, "tools"));
    if (rc == 0)
        rc = tell_tools(view, json_object_get(request, "functions"));
    return rc == 0 ? mf_llm_tell_request_turns(view, api, request, turns) : rc;
}

static int tell_error(struct mf_view *view, const json_t *error)
{
    struct mf_span type = mf_json_member(error, "type");
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = MF_SPAN("error"),
        .type = type.len ? type : mf_json_member(error, "code"),
        .text = mf_json_member(error, "message"),
    };
    if (!error || json_is_null(error))
        return 0;
    return json_is_object(error) && node.text.len
               ? mf_view_put(view, &node)
               : mf_json_tell_flat(view, "error", error);
}

/* Tokens: each API has its own words, and some are one level deeper. */
static int tell_usage(struct mf_view *view, const json_t *usage)
{
    static const struct {
        const char *name, *group, *key;
    } counts[] = {
        {"input", NULL, "prompt_tokens"},
        {"input", NULL, "input_tokens"},
        {"cached", NULL, "cache_read_input_tokens"},
        {"cached", "prompt_tokens_details", "cached_tokens"},
        {"cached", "input_tokens_details", "cached_tokens"},
        {"written to the cache", NULL, "cache_creation_input_tokens"},
        {"output", NULL, "completion_tokens"},
        {"output", NULL, "output_tokens"},
        {"reasoning", "completion_tokens_details", "reasoning_tokens"},
        {"reasoning", "output_tokens_details", "reasoning_tokens"},
        {"total", NULL, "total_tokens"},
    };
    const struct mf_node group = {.kind = MF_NODE_GROUP,
                                  .name = MF_SPAN("tokens")};
    if (!json_is_object(usage))
        return 0;
    int rc = mf_view_open(view, &group);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < sizeof counts / sizeof *counts; i++) {
        const json_t *of =
            counts[i].group ? json_object_get(usage, counts[i].group) : usage;
        rc = tell_member(view, of, counts[i].key, counts[i].name);
    }
    mf_view_close(view);
    return rc;
}

static int tell_answer(struct mf_view *view, const struct mf_body *body,
                       const json_t *answer, uint64_t *turns)
{
    enum mf_llm_api api = api_of_answer(body, answer);
    int rc = 0;
    if (*turns == 0)
        rc = mf_view_text(view, "api", span(api_names[api]));
    if (rc == 0)
        rc = tell_member(view, answer, "model", "model");
    if (rc == 0)
        rc = mf_llm_tell_answer_turns(view, api, answer, turns);
    if (rc == 0 && api == MF_LLM_RESPONSES)
        rc = tell_member(view, answer, "status", "status");
    if (rc == 0)
        rc = tell_member(view, json_object_get(answer, "incomplete_details"),
                         "reason", "stop reason");
    if (rc == 0)
        rc = tell_error(view, json_object_get(answer, "error"));
    return rc == 0 ? tell_usage(view, json_object_get(answer, "usage")) : rc;
}

static int tell_stream(struct mf_view *view, const struct mf_body *body,
                       uint64_t *turns)
{
    struct mf_llm_stream *stream;
    int rc = mf_llm_stream_new(&stream);
    if (rc != 0)
        return rc;
    rc = mf_llm_stream_read(stream, body->data);
    if (rc == 0)
        rc = tell_answer(view, body, mf_llm_stream_answer(stream), turns);
    if (rc == 0)
        rc = mf_llm_stream_tell_notes(stream, view, body->data.len);
    mf_llm_stream_free(stream);
    return rc;
}

typedef int teller(struct mf_view *view, const struct mf_body *body,
                   const json_t *root, uint64_t *turns);

static int tell_json(struct mf_view *view, const struct mf_body *body,
                     struct mf_span text, teller *tell, uint64_t *turns)
{
    struct mf_json json;
    int rc = mf_json_read(&json, text);
    if (rc == 0)
        rc = tell(view, body, json.root, turns);
    else
        rc = mf_json_tell_fault(view, &json, rc, 0);
    if (rc == 0 && json.is_cut)
        rc = mf_view_fault(view, text.len, "it breaks off here");
    mf_json_release(&json);
    return rc;
}

/* An answer comes after what it answers, where that is at hand. */
int mf_decode__llm(struct mf_decoding *decoding)
{
    const struct mf_body *body = decoding->body;
    struct mf_view *view = decoding->view;
    uint64_t turns = 0;
    if (body->place != MF_BODY_RESPONSE)
        return tell_json(view, body, body->data, tell_request, &turns);
    if (body->http && body->http->request_body.len) {
        int rc = tell_json(view, body, body->http->request_body, tell_request,
                           &turns);
        if (rc != 0)
            return rc;
    }
    size_t at = 0;
    while (at < body->data.len && strchr(" \t\r\n", body->data.text[at]))
        at++;
    bool is_json = at < body->data.len && body->data.text[at] == '{';
    return is_json ? tell_json(view, body, body->data, tell_answer, &turns)
                   : tell_stream(view, body, &turns);
}
