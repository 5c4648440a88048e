/* The turns of a conversation: who says what, with which tools. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "decode/llm.h"

enum { LEVELS_MAX = MF_VIEW_DEPTH_MAX - 12 };

static int tell_content(struct mf_view *view, const json_t *content);

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static bool is(struct mf_span text, const char *what)
{
    return text.len == strlen(what) && memcmp(text.text, what, text.len) == 0;
}

static bool ends(struct mf_span text, const char *what)
{
    size_t len = strlen(what);
    return text.len >= len &&
           memcmp(text.text + text.len - len, what, len) == 0;
}

static int tell_text(struct mf_view *view, const char *name,
                     struct mf_span text)
{
    return text.len ? mf_view_text(view, name, text) : 0;
}

/* How much base64 is. */
static size_t decoded_len(struct mf_span base64)
{
    while (base64.len && base64.text[base64.len - 1] == '=')
        base64.len--;
    return base64.len / 4 * 3 + base64.len % 4 * 3 / 4;
}

/* Data that is not text: its kind and size, or where it is to be had. */
static int tell_data(struct mf_view *view, const char *name,
                     struct mf_span type, struct mf_span base64,
                     struct mf_span place)
{
    char text[32];
    struct mf_node node = {
        .kind = MF_NODE_PART,
        .name = span(name),
        .type = type,
        .text = place,
    };
    if (base64.len) {
        snprintf(text, sizeof text, "%zu bytes", decoded_len(base64));
        node.text = span(text);
    }
    return mf_view_put(view, &node);
}

/* An address, or "data:image/png;base64,..." */
static int tell_url(struct mf_view *view, const char *name, struct mf_span url)
{
    const char *comma;
    if (url.len < 5 || memcmp(url.text, "data:", 5) != 0 ||
        !(comma = memchr(url.text, ',', url.len)))
        return tell_data(view, name, MF_SPAN_NONE, MF_SPAN_NONE, url);
    struct mf_span type = {url.text + 5, (size_t)(comma - url.text) - 5};
    const char *semicolon = memchr(type.text, ';', type.len);
    if (semicolon)
        type.len = (size_t)(semicolon - type.text);
    struct mf_span data = {comma + 1, url.len - (size_t)(comma + 1 - url.text)};
    return tell_data(view, name, type, data, MF_SPAN_NONE);
}

/* Anthropic's images and documents. */
static int tell_source(struct mf_view *view, const char *name,
                       const json_t *source)
{
    struct mf_span kind = mf_json_member(source, "type");
    if (is(kind, "text"))
        return tell_text(view, name, mf_json_member(source, "data"));
    if (is(kind, "content"))
        return tell_content(view, json_object_get(source, "content"));
    struct mf_span place = mf_json_member(source, "url");
    return tell_data(view, name, mf_json_member(source, "media_type"),
                     mf_json_member(source, "data"),
                     place.len ? place : mf_json_member(source, "file_id"));
}

static int tell_image(struct mf_view *view, const json_t *part)
{
    const json_t *url = json_object_get(part, "image_url");
    const json_t *source = json_object_get(part, "source");
    if (source)
        return tell_source(view, "image", source);
    if (json_is_object(url))
        url = json_object_get(url, "url");
    struct mf_span place = mf_json_text(url);
    return tell_url(view, "image",
                    place.len ? place : mf_json_member(part, "file_id"));
}

static int tell_file(struct mf_view *view, const json_t *part)
{
    const json_t *file = json_object_get(part, "file");
    file = file ? file : part;
    struct mf_span name = mf_json_member(file, "filename");
    struct mf_span data = mf_json_member(file, "file_data");
    struct mf_span place = mf_json_member(file, "file_url");
    int rc = tell_text(view, "file name", name);
    if (rc != 0)
        return rc;
    if (json_object_get(part, "source"))
        return tell_source(view, "document", json_object_get(part, "source"));
    if (data.len)
        return tell_url(view, "file", data);
    return tell_data(view, "file", MF_SPAN_NONE, MF_SPAN_NONE,
                     place.len ? place : mf_json_member(file, "file_id"));
}

static int tell_audio(struct mf_view *view, const json_t *part)
{
    const json_t *audio = json_object_get(part, "input_audio");
    audio = audio ? audio : json_object_get(part, "audio");
    audio = audio ? audio : part;
    int rc =
        tell_data(view, "audio", mf_json_member(audio, "format"),
                  mf_json_member(audio, "data"), mf_json_member(audio, "id"));
    return rc == 0 ? tell_text(view, "transcript",
                               mf_json_member(audio, "transcript"))
                   : rc;
}

/* Arguments are JSON in text, as it was put together, or an object. */
static int tell_arguments(struct mf_view *view, const json_t *arguments)
{
    struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = MF_SPAN("arguments"),
        .type = MF_SPAN("json"),
        .text = mf_json_text(arguments),
    };
    if (!arguments || json_is_null(arguments))
        return 0;
    return json_is_string(arguments)
               ? mf_view_put(view, &node)
               : mf_json_tell_flat(view, "arguments", arguments);
}

static int tell_call(struct mf_view *view, struct mf_span name,
                     struct mf_span id, const json_t *arguments)
{
    const struct mf_node node = {
        .kind = MF_NODE_GROUP,
        .name = name,
        .type = MF_SPAN("tool call"),
        .also = id,
    };
    int rc = mf_view_open(view, &node);
    if (rc != 0)
        return rc;
    rc = tell_arguments(view, arguments);
    mf_view_close(view);
    return rc;
}

static int tell_result(struct mf_view *view, struct mf_span id,
                       const json_t *content, const json_t *is_error)
{
    const struct mf_node node = {
        .kind = MF_NODE_GROUP,
        .name = MF_SPAN("result"),
        .type = MF_SPAN("tool result"),
        .also = id,
    };
    int rc = mf_view_open(view, &node);
    if (rc != 0)
        return rc;
    if (json_is_true(is_error))
        rc = mf_view_note(view, "the tool failed");
    if (rc == 0)
        rc = tell_content(view, content);
    mf_view_close(view);
    return rc;
}

/* Thoughts that are only for the model to read again. */
static int tell_hidden(struct mf_view *view, struct mf_span data)
{
    char text[64];
    if (!data.len)
        return 0;
    snprintf(text, sizeof text, "encrypted, %zu characters", data.len);
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = MF_SPAN("thinking"),
        .also = span(text),
    };
    return mf_view_put(view, &node);
}

static int tell_thoughts(struct mf_view *view, const json_t *list)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
        rc = tell_text(view, "thinking",
                       mf_json_member(json_array_get(list, i), "text"));
    return rc;
}

static int tell_reasoning(struct mf_view *view, const json_t *item)
{
    int rc = tell_thoughts(view, json_object_get(item, "summary"));
    if (rc == 0)
        rc = tell_thoughts(view, json_object_get(item, "content"));
    if (rc == 0)
        rc = tell_hidden(view, mf_json_member(item, "encrypted_content"));
    return rc;
}

static const json_t *first_of(const json_t *object, const char *one,
                              const char *other)
{
    const json_t *value = json_object_get(object, one);
    return value ? value : json_object_get(object, other);
}

static int tell_tool_use(struct mf_view *view, const json_t *part)
{
    struct mf_span id = mf_json_member(part, "call_id");
    const json_t *arguments = json_object_get(part, "partial_json");
    if (!arguments)
        arguments = first_of(part, "input", "arguments");
    return tell_call(view, mf_json_member(part, "name"),
                     id.len ? id : mf_json_member(part, "id"), arguments);
}

static int tell_tool_output(struct mf_view *view, const json_t *part)
{
    struct mf_span id = mf_json_member(part, "tool_use_id");
    return tell_result(view, id.len ? id : mf_json_member(part, "call_id"),
                       first_of(part, "content", "output"),
                       json_object_get(part, "is_error"));
}

/* What is told by more than one look at a member: by the part's type. */
static int tell_part(struct mf_view *view, const json_t *part)
{
    struct mf_span type = mf_json_member(part, "type");
    if (json_is_string(part))
        return mf_view_text(view, "text", mf_json_text(part));
    if (is(type, "text") || is(type, "input_text") || is(type, "output_text") ||
        is(type, "summary_text")) {
        int rc = mf_view_text(view, "text", mf_json_member(part, "text"));
        const json_t *marks = first_of(part, "citations", "annotations");
        return rc == 0 && json_array_size(marks)
                   ? mf_json_tell_flat(view, "citations", marks)
                   : rc;
    }
    if (is(type, "refusal"))
        return mf_view_text(view, "refusal", mf_json_member(part, "refusal"));
    if (is(type, "thinking"))
        return tell_text(view, "thinking", mf_json_member(part, "thinking"));
    if (is(type, "reasoning_text"))
        return tell_text(view, "thinking", mf_json_member(part, "text"));
    if (is(type, "redacted_thinking"))
        return tell_hidden(view, mf_json_member(part, "data"));
    if (is(type, "reasoning"))
        return tell_reasoning(view, part);
    if (is(type, "image") || is(type, "image_url") || is(type, "input_image"))
        return tell_image(view, part);
    if (is(type, "file") || is(type, "input_file") || is(type, "document"))
        return tell_file(view, part);
    if (is(type, "input_audio") || is(type, "output_audio"))
        return tell_audio(view, part);
    if (is(type, "tool_use") || is(type, "server_tool_use") ||
        is(type, "mcp_tool_use") || is(type, "function_call") ||
        is(type, "custom_tool_call"))
        return tell_tool_use(view, part);
    if (ends(type, "tool_result") || ends(type, "_call_output"))
        return tell_tool_output(view, part);
    return mf_json_tell(view, type, part);
}

static int tell_content(struct mf_view *view, const json_t *content)
{
    int rc = 0;
    if (!content || json_is_null(content))
        return 0;
    if (view->depth >= LEVELS_MAX)
        return mf_json_tell_flat(view, "content", content);
    if (!json_is_array(content))
        return tell_part(view, content);
    for (size_t i = 0; rc == 0 && i < json_array_size(content); i++)
        rc = tell_part(view, json_array_get(content, i));
    return rc;
}

static int open_turn(struct mf_view *view, struct mf_span role,
                     struct mf_span name, uint64_t *turns)
{
    const struct mf_node node = {
        .kind = MF_NODE_GROUP,
        .name = role.len ? role : MF_SPAN("assistant"),
        .number = ++*turns,
        .type = MF_SPAN("turn"),
        .also = name,
    };
    return mf_view_open(view, &node);
}

/* What a message of chat completions has beside its content. */
static int tell_message(struct mf_view *view, const json_t *message)
{
    static const char *const thoughts[] = {"reasoning_content", "reasoning",
                                           "thinking"};
    const json_t *calls = json_object_get(message, "tool_calls");
    const json_t *call = json_object_get(message, "function_call");
    const json_t *audio = json_object_get(message, "audio");
    bool is_told = false;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        struct mf_span text = mf_json_member(message, thoughts[i]);
        if (text.len && !is_told)
            rc = mf_view_text(view, "thinking", text);
        is_told = is_told || text.len;
    }
    if (rc == 0 && json_object_get(message, "tool_call_id"))
        rc = tell_result(view, mf_json_member(message, "tool_call_id"),
                         json_object_get(message, "content"), NULL);
    else if (rc == 0)
        rc = tell_content(view, json_object_get(message, "content"));
    if (rc == 0)
        rc = tell_text(view, "refusal", mf_json_member(message, "refusal"));
    if (rc == 0 && json_is_object(audio))
        rc = tell_audio(view, message);
    for (size_t i = 0; rc == 0 && i < json_array_size(calls); i++) {
        const json_t *one = json_array_get(calls, i);
        const json_t *function = first_of(one, "function", "custom");
        rc = tell_call(view, mf_json_member(function, "name"),
                       mf_json_member(one, "id"),
                       first_of(function, "arguments", "input"));
    }
    if (rc == 0 && json_is_object(call))
        rc = tell_call(view, mf_json_member(call, "name"), MF_SPAN_NONE,
                       json_object_get(call, "arguments"));
    return rc;
}

static int tell_turn(struct mf_view *view, const json_t *message,
                     uint64_t *turns)
{
    int rc = open_turn(view, mf_json_member(message, "role"),
                       mf_json_member(message, "name"), turns);
    if (rc != 0)
        return rc;
    rc = tell_message(view, message);
    mf_view_close(view);
    return rc;
}

/* One text that is a turn: instructions, a prompt. */
static int tell_said(struct mf_view *view, const char *role,
                     const json_t *content, uint64_t *turns)
{
    if (!content || json_is_null(content))
        return 0;
    int rc = open_turn(view, span(role), MF_SPAN_NONE, turns);
    if (rc != 0)
        return rc;
    rc = tell_content(view, content);
    mf_view_close(view);
    return rc;
}

/* An item of responses: a message, or what a model or tool did. */
static int tell_item(struct mf_view *view, const json_t *item, uint64_t *turns)
{
    struct mf_span type = mf_json_member(item, "type");
    if (json_is_string(item))
        return tell_said(view, "user", item, turns);
    if (is(type, "message") || json_object_get(item, "role"))
        return tell_turn(view, item, turns);
    bool is_of_tool = ends(type, "_call_output");
    return tell_said(view, is_of_tool ? "tool" : "assistant", item, turns);
}

static int each(struct mf_view *view, const json_t *list, uint64_t *turns,
                int (*tell)(struct mf_view *view, const json_t *item,
                            uint64_t *turns))
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
        rc = tell(view, json_array_get(list, i), turns);
    return rc;
}

int mf_llm_tell_request_turns(struct mf_view *view, enum mf_llm_api api,
                              const json_t *request, uint64_t *turns)
{
    const json_t *input = json_object_get(request, "input");
    int rc;
    switch (api) {
    case MF_LLM_COMPLETIONS:
        return tell_said(view, "user", json_object_get(request, "prompt"),
                         turns);
    case MF_LLM_RESPONSES:
        rc = tell_said(view, "system", json_object_get(request, "instructions"),
                       turns);
        if (rc != 0)
            return rc;
        return json_is_array(input) ? each(view, input, turns, tell_item)
                                    : tell_said(view, "user", input, turns);
    case MF_LLM_MESSAGES:
    case MF_LLM_CHAT:
    default:
        rc = tell_said(view, "system", json_object_get(request, "system"),
                       turns);
        return rc == 0 ? each(view, json_object_get(request, "messages"), turns,
                              tell_turn)
                       : rc;
    }
}

static int tell_choice(struct mf_view *view, const json_t *choice,
                       uint64_t *turns)
{
    const json_t *message = json_object_get(choice, "message");
    int rc =
        open_turn(view, mf_json_member(message, "role"), MF_SPAN_NONE, turns);
    if (rc != 0)
        return rc;
    rc = message ? tell_message(view, message)
                 : tell_text(view, "text", mf_json_member(choice, "text"));
    if (rc == 0)
        rc = tell_text(view, "stop reason",
                       mf_json_member(choice, "finish_reason"));
    mf_view_close(view);
    return rc;
}

static int tell_message_answer(struct mf_view *view, const json_t *answer,
                               uint64_t *turns)
{
    if (!json_object_get(answer, "content"))
        return 0;
    int rc =
        open_turn(view, mf_json_member(answer, "role"), MF_SPAN_NONE, turns);
    if (rc != 0)
        return rc;
    rc = tell_content(view, json_object_get(answer, "content"));
    if (rc == 0)
        rc = tell_text(view, "stop reason",
                       mf_json_member(answer, "stop_reason"));
    if (rc == 0)
        rc = tell_text(view, "stop sequence",
                       mf_json_member(answer, "stop_sequence"));
    mf_view_close(view);
    return rc;
}

int mf_llm_tell_answer_turns(struct mf_view *view, enum mf_llm_api api,
                             const json_t *answer, uint64_t *turns)
{
    if (api == MF_LLM_RESPONSES)
        return each(view, json_object_get(answer, "output"), turns, tell_item);
    if (api == MF_LLM_MESSAGES)
        return tell_message_answer(view, answer, turns);
    return each(view, json_object_get(answer, "choices"), turns, tell_choice);
}
