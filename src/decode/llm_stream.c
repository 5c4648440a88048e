/* Answers of language models from server-sent events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "decode/llm.h"
#include "decode/sse.h"

enum {
    PIECES_MAX = 512,  /* texts that grow */
    ENTRIES_MAX = 512, /* of one list: choices, blocks, calls */
    UNKNOWN_MAX = 16,
    TYPE_MAX = 64,
};

/* A text that grows: the member `key` of an object of the answer. */
struct piece {
    json_t *object; /* a reference: the answer may have let go of it */
    char key[TYPE_MAX];
    struct mf_buf text;
};

struct unknown {
    char type[TYPE_MAX];
    size_t count;
};

struct mf_llm_stream {
    json_t *answer;
    struct piece pieces[PIECES_MAX];
    size_t piece_count;
    struct unknown unknown[UNKNOWN_MAX];
    size_t unknown_count;
    bool is_ended;
    bool is_event_cut; /* what it belongs to may be missing */
    bool has_too_many;
    size_t text_max; /* all texts are in the body */
    int rc;          /* of memory */
};

int mf_llm_stream_new(struct mf_llm_stream **ret_stream)
{
    struct mf_llm_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return MF_ENOMEM;
    stream->answer = json_object();
    if (!stream->answer) {
        free(stream);
        return MF_ENOMEM;
    }
    *ret_stream = stream;
    return 0;
}

static void drop_pieces(struct mf_llm_stream *stream)
{
    for (size_t i = 0; i < stream->piece_count; i++) {
        json_decref(stream->pieces[i].object);
        mf_buf_release(&stream->pieces[i].text);
    }
    stream->piece_count = 0;
}

void mf_llm_stream_free(struct mf_llm_stream *stream)
{
    if (!stream)
        return;
    drop_pieces(stream);
    json_decref(stream->answer);
    free(stream);
}

/* Set a member to `value`, of which the object takes the reference. */
static void set_new(struct mf_llm_stream *stream, json_t *object,
                    const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value) != 0)
        stream->rc = MF_ENOMEM;
}

/* Set a member to a copy of `value`, if there is one. */
static void set(struct mf_llm_stream *stream, json_t *object, const char *key,
                const json_t *value)
{
    if (value && !json_is_null(value))
        set_new(stream, object, key, json_deep_copy(value));
}

static struct piece *find_piece(struct mf_llm_stream *stream, json_t *object,
                                const char *key)
{
    /* The newest is the one that grows. */
    for (size_t i = stream->piece_count; i-- > 0;)
        if (stream->pieces[i].object == object &&
            strcmp(stream->pieces[i].key, key) == 0)
            return &stream->pieces[i];
    if (stream->piece_count == PIECES_MAX || strlen(key) >= TYPE_MAX) {
        stream->has_too_many = true;
        return NULL;
    }
    struct piece *piece = &stream->pieces[stream->piece_count++];
    piece->object = json_incref(object);
    snprintf(piece->key, sizeof piece->key, "%s", key);
    mf_buf_init(&piece->text, stream->text_max);
    struct mf_span before = mf_json_member(object, key);
    if (before.len)
        stream->rc = mf_buf_append(&piece->text, before.text, before.len);
    return piece;
}

/* The text of a member goes on. */
static void grow(struct mf_llm_stream *stream, json_t *object, const char *key,
                 const json_t *text)
{
    struct mf_span more = mf_json_text(text);
    struct piece *piece =
        more.len && object ? find_piece(stream, object, key) : NULL;
    if (piece && stream->rc == 0)
        stream->rc = mf_buf_append(&piece->text, more.text, more.len);
}

const json_t *mf_llm_stream_answer(struct mf_llm_stream *stream)
{
    for (size_t i = 0; i < stream->piece_count; i++) {
        struct piece *piece = &stream->pieces[i];
        if (!piece->key[0])
            continue;
        set_new(stream, piece->object, piece->key,
                json_stringn_nocheck(
                    piece->text.len ? (const char *)piece->text.data : "",
                    piece->text.len));
    }
    drop_pieces(stream);
    return stream->answer;
}

/* The list that is a member of `object`; it is made if it is missing. */
static json_t *list_of(struct mf_llm_stream *stream, json_t *object,
                       const char *key)
{
    json_t *list = json_object_get(object, key);
    if (json_is_array(list))
        return list;
    set_new(stream, object, key, json_array());
    return json_object_get(object, key);
}

static json_t *object_of(struct mf_llm_stream *stream, json_t *object,
                         const char *key)
{
    json_t *inner = json_object_get(object, key);
    if (json_is_object(inner))
        return inner;
    set_new(stream, object, key, json_object());
    return json_object_get(object, key);
}

/* The object in a list whose member `key` is `index`; it is made of `like`
 * (NULL: nothing) if it is missing. NULL: too many, or no memory. */
static json_t *entry(struct mf_llm_stream *stream, json_t *list,
                     const char *key, const json_t *index, const json_t *like)
{
    json_int_t number = json_integer_value(index);
    if (stream->is_event_cut && !json_is_integer(index))
        return NULL;
    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *object = json_array_get(list, i);
        if (json_integer_value(json_object_get(object, key)) == number &&
            json_object_get(object, key))
            return object;
    }
    if (json_array_size(list) >= ENTRIES_MAX) {
        stream->has_too_many = true;
        return NULL;
    }
    json_t *object =
        json_is_object(like) ? json_deep_copy(like) : json_object();
    if (!object || json_array_append_new(list, object) != 0) {
        stream->rc = MF_ENOMEM;
        return NULL;
    }
    set_new(stream, object, key, json_integer(number));
    return object;
}

static void note_unknown(struct mf_llm_stream *stream, struct mf_span type)
{
    char name[TYPE_MAX];
    snprintf(name, sizeof name, "%.*s",
             (int)(type.len < TYPE_MAX ? type.len : TYPE_MAX - 1), type.text);
    size_t i = 0;
    while (i < stream->unknown_count &&
           strcmp(stream->unknown[i].type, name) != 0)
        i++;
    if (i == UNKNOWN_MAX)
        i--; /* the last one stands for all others */
    else if (i == stream->unknown_count)
        memcpy(stream->unknown[stream->unknown_count++].type, name,
               sizeof name);
    stream->unknown[i].count++;
}

static bool is(struct mf_span text, const char *what)
{
    return text.len == strlen(what) && memcmp(text.text, what, text.len) == 0;
}

static bool starts(struct mf_span text, const char *what)
{
    return text.len >= strlen(what) &&
           memcmp(text.text, what, strlen(what)) == 0;
}

static bool ends(struct mf_span text, const char *what)
{
    size_t len = strlen(what);
    return text.len >= len &&
           memcmp(text.text + text.len - len, what, len) == 0;
}

/* ---- OpenAI's chat completions and completions */

static void take_call(struct mf_llm_stream *stream, json_t *message,
                      const json_t *delta)
{
    const json_t *function = json_object_get(delta, "function");
    json_t *call = entry(stream, list_of(stream, message, "tool_calls"),
                         "index", json_object_get(delta, "index"), NULL);
    json_t *to = call ? object_of(stream, call, "function") : NULL;
    if (!to)
        return;
    if (mf_json_member(delta, "id").len)
        set(stream, call, "id", json_object_get(delta, "id"));
    set(stream, call, "type", json_object_get(delta, "type"));
    if (mf_json_member(function, "name").len)
        set(stream, to, "name", json_object_get(function, "name"));
    grow(stream, to, "arguments", json_object_get(function, "arguments"));
}

static void take_delta(struct mf_llm_stream *stream, json_t *message,
                       const json_t *delta)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)delta, key, value)
    {
        if (strcmp(key, "tool_calls") == 0) {
            for (size_t i = 0; i < json_array_size(value); i++)
                take_call(stream, message, json_array_get(value, i));
        } else if (strcmp(key, "function_call") == 0) {
            json_t *call = object_of(stream, message, key);
            if (call && mf_json_member(value, "name").len)
                set(stream, call, "name", json_object_get(value, "name"));
            if (call)
                grow(stream, call, "arguments",
                     json_object_get(value, "arguments"));
        } else if (strcmp(key, "role") == 0 || !json_is_string(value)) {
            set(stream, message, key, value);
        } else {
            grow(stream, message, key, value);
        }
    }
}

static void take_choice(struct mf_llm_stream *stream, const json_t *choice)
{
    json_t *to = entry(stream, list_of(stream, stream->answer, "choices"),
                       "index", json_object_get(choice, "index"), NULL);
    if (!to)
        return;
    const json_t *delta = json_object_get(choice, "delta");
    json_t *message = delta ? object_of(stream, to, "message") : NULL;
    if (message)
        take_delta(stream, message, delta);
    grow(stream, to, "text", json_object_get(choice, "text"));
    set(stream, to, "finish_reason", json_object_get(choice, "finish_reason"));
}

static void take_chunk(struct mf_llm_stream *stream, const json_t *chunk)
{
    static const char *const keys[] = {
        "id",           "created", "model", "system_fingerprint",
        "service_tier", "usage",   "error"};
    bool is_chat = is(mf_json_member(chunk, "object"), "chat.completion.chunk");
    const json_t *choices = json_object_get(chunk, "choices");
    if (!json_object_get(stream->answer, "object"))
        set_new(stream, stream->answer, "object",
                json_string(is_chat ? "chat.completion" : "text_completion"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        set(stream, stream->answer, keys[i], json_object_get(chunk, keys[i]));
    for (size_t i = 0; i < json_array_size(choices); i++)
        take_choice(stream, json_array_get(choices, i));
}

/* ---- Anthropic's messages */

static void take_block_delta(struct mf_llm_stream *stream, json_t *block,
                             const json_t *delta)
{
    static const char *const texts[] = {"text", "thinking", "signature",
                                        "partial_json"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        grow(stream, block, texts[i], json_object_get(delta, texts[i]));
    const json_t *citation = json_object_get(delta, "citation");
    json_t *list = citation ? list_of(stream, block, "citations") : NULL;
    if (list && json_array_size(list) < ENTRIES_MAX)
        json_array_append_new(list, json_deep_copy(citation));
}

static void merge(struct mf_llm_stream *stream, const char *key,
                  const json_t *object)
{
    const char *name;
    json_t *value;
    json_t *to = key ? object_of(stream, stream->answer, key) : stream->answer;
    if (!json_is_object(object) || !to)
        return;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
        set(stream, to, name, value);
}

static bool take_message_event(struct mf_llm_stream *stream,
                               struct mf_span type, const json_t *event)
{
    const json_t *index = json_object_get(event, "index");
    json_t *answer = stream->answer;
    if (is(type, "message_start")) {
        merge(stream, NULL, json_object_get(event, "message"));
    } else if (is(type, "content_block_start")) {
        entry(stream, list_of(stream, answer, "content"), "index", index,
              json_object_get(event, "content_block"));
    } else if (is(type, "content_block_delta")) {
        json_t *block = entry(stream, list_of(stream, answer, "content"),
                              "index", index, NULL);
        if (block)
            take_block_delta(stream, block, json_object_get(event, "delta"));
    } else if (is(type, "message_delta")) {
        merge(stream, NULL, json_object_get(event, "delta"));
        merge(stream, "usage", json_object_get(event, "usage"));
    } else if (is(type, "message_stop")) {
        stream->is_ended = true;
    } else {
        return is(type, "content_block_stop") || is(type, "ping");
    }
    return true;
}

/* ---- OpenAI's responses */

static json_t *item_of(struct mf_llm_stream *stream, const json_t *event,
                       const json_t *like)
{
    return entry(stream, list_of(stream, stream->answer, "output"),
                 "output_index", json_object_get(event, "output_index"), like);
}

static void end_item(struct mf_llm_stream *stream, const json_t *event)
{
    const char *key;
    json_t *value, *item = item_of(stream, event, NULL);
    const json_t *whole = json_object_get(event, "item");
    if (!item || !json_is_object(whole))
        return;
    /* Its texts are whole now: what grew is of no more use. */
    for (size_t i = 0; i < stream->piece_count; i++)
        if (stream->pieces[i].object == item)
            stream->pieces[i].key[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)whole, key, value)
        set(stream, item, key, value);
}

static void take_text(struct mf_llm_stream *stream, const json_t *event,
                      const char *list_key, const char *index_key,
                      const char *part_type, const char *key)
{
    json_t *item = item_of(stream, event, NULL);
    json_t *list = item ? list_of(stream, item, list_key) : NULL;
    json_t *part =
        list ? entry(stream, list, index_key, json_object_get(event, index_key),
                     json_object_get(event, "part"))
             : NULL;
    if (!part)
        return;
    if (!json_object_get(part, "type"))
        set_new(stream, part, "type", json_string(part_type));
    grow(stream, part, key, json_object_get(event, "delta"));
}

static void take_whole(struct mf_llm_stream *stream, const json_t *response,
                       bool is_last)
{
    const json_t *output = json_object_get(response, "output");
    const char *key;
    json_t *value;
    if (!json_is_object(response))
        return;
    if (is_last && json_array_size(output)) {
        drop_pieces(stream);
        set(stream, stream->answer, "output", output);
    }
    json_object_foreach((json_t *)(uintptr_t)response, key,
                        value) if (strcmp(key, "output") != 0)
        set(stream, stream->answer, key, value);
    stream->is_ended = stream->is_ended || is_last;
}

static bool take_response_event(struct mf_llm_stream *stream,
                                struct mf_span type, const json_t *event)
{
    const json_t *response = json_object_get(event, "response");
    if (is(type, "response.completed") || is(type, "response.failed") ||
        is(type, "response.incomplete")) {
        take_whole(stream, response, true);
    } else if (response) {
        take_whole(stream, response, false);
    } else if (is(type, "response.output_item.added")) {
        item_of(stream, event, json_object_get(event, "item"));
    } else if (is(type, "response.output_item.done")) {
        end_item(stream, event);
    } else if (is(type, "response.content_part.added") ||
               is(type, "response.output_text.delta")) {
        take_text(stream, event, "content", "content_index", "output_text",
                  "text");
    } else if (is(type, "response.reasoning_text.delta")) {
        take_text(stream, event, "content", "content_index", "reasoning_text",
                  "text");
    } else if (is(type, "response.refusal.delta")) {
        take_text(stream, event, "content", "content_index", "refusal",
                  "refusal");
    } else if (is(type, "response.reasoning_summary_part.added") ||
               is(type, "response.reasoning_summary_text.delta")) {
        take_text(stream, event, "summary", "summary_index", "summary_text",
                  "text");
    } else if (ends(type, "_call_arguments.delta")) {
        grow(stream, item_of(stream, event, NULL), "arguments",
             json_object_get(event, "delta"));
    } else if (ends(type, "_tool_call_input.delta")) {
        grow(stream, item_of(stream, event, NULL), "input",
             json_object_get(event, "delta"));
    } else {
        /* What is done was told before, in pieces. */
        return ends(type, ".done");
    }
    return true;
}

/* ---- all of them */

/* It is the last word. */
static void take_error(struct mf_llm_stream *stream, const json_t *event)
{
    const json_t *error = json_object_get(event, "error");
    set(stream, stream->answer, "error", error ? error : event);
    stream->is_ended = true;
}

static void take_event(struct mf_llm_stream *stream, const json_t *event)
{
    struct mf_span type = mf_json_member(event, "type");
    bool is_known = true;
    if (json_is_array(json_object_get(event, "choices")))
        take_chunk(stream, event);
    else if (is(type, "error") || json_object_get(event, "error"))
        take_error(stream, event);
    else if (starts(type, "response."))
        is_known = take_response_event(stream, type, event);
    else
        is_known = take_message_event(stream, type, event);
    if (starts(type, "response.") && !json_object_get(stream->answer, "object"))
        set_new(stream, stream->answer, "object", json_string("response"));
    if (!is_known)
        note_unknown(stream, type.len ? type : MF_SPAN("(none)"));
}

/* Chunks may end without a last word: then with a reason of each choice. */
static bool has_reasons(const json_t *answer)
{
    const json_t *choices = json_object_get(answer, "choices");
    for (size_t i = 0; i < json_array_size(choices); i++)
        if (!json_object_get(json_array_get(choices, i), "finish_reason"))
            return false;
    return json_array_size(choices) > 0;
}

int mf_llm_stream_read(struct mf_llm_stream *stream, struct mf_span events)
{
    struct mf_sse sse;
    struct mf_sse_event event;
    int got;
    stream->text_max = events.len;
    mf_sse_init(&sse, events);
    while (stream->rc == 0 && (got = mf_sse_next(&sse, &event)) == 1) {
        struct mf_json json;
        if (is(event.data, "[DONE]")) {
            stream->is_ended = true;
            continue;
        }
        if (!event.data.len)
            continue;
        int rc = mf_json_read(&json, event.data);
        stream->is_event_cut = json.is_cut;
        if (rc == 0)
            take_event(stream, json.root);
        else if (rc == MF_ENOMEM)
            stream->rc = rc;
        else if (!event.is_cut)
            note_unknown(stream, MF_SPAN("(no JSON)"));
        mf_json_release(&json);
    }
    mf_sse_release(&sse);
    stream->is_ended = stream->is_ended || has_reasons(stream->answer);
    if (stream->rc == MF_EFULL) { /* not more text than there is */
        stream->has_too_many = true;
        stream->rc = 0;
    }
    return stream->rc ? stream->rc : got < 0 ? got : 0;
}

int mf_llm_stream_tell_notes(const struct mf_llm_stream *stream,
                             struct mf_view *view, uint64_t len)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < stream->unknown_count; i++) {
        char text[160];
        snprintf(text, sizeof text,
                 "%zu event%s of a type that is not known: "
                 "%s",
                 stream->unknown[i].count,
                 stream->unknown[i].count == 1 ? "" : "s",
                 stream->unknown[i].type);
        rc = mf_view_note(view, text);
    }
    if (rc == 0 && stream->has_too_many)
        rc = mf_view_note(view, "the answer has more parts than are put "
                                "together here");
    if (rc == 0 && !stream->is_ended)
        rc = mf_view_fault(view, len, "the stream breaks off here");
    return rc;
}
