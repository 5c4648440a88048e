#include "rpc/reflection.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "pb/wire.h"
#include "rpc/call_impl.h"

enum { REQUEST_MAX_LEN = 16 * 1024, PENDING_MAX_LEN = 256 * 1024 };
#define ANSWER_MAX_LEN ((size_t)64 << 20)

/* Fields; v1 and v1alpha have the same. */
enum request_field {
    HOST = 1,
    FILE_BY_FILENAME = 3,
    FILE_CONTAINING_SYMBOL = 4,
    FILE_CONTAINING_EXTENSION = 5,
    ALL_EXTENSION_NUMBERS_OF_TYPE = 6,
    LIST_SERVICES = 7,
};
enum { CONTAINING_TYPE = 1, EXTENSION_NUMBER = 2 }; /* ExtensionRequest */
enum response_field {
    VALID_HOST = 1,
    ORIGINAL_REQUEST = 2,
    FILE_DESCRIPTOR_RESPONSE = 4,
    ALL_EXTENSION_NUMBERS_RESPONSE = 5,
    LIST_SERVICES_RESPONSE = 6,
    ERROR_RESPONSE = 7,
};
enum { FILE_DESCRIPTOR_PROTO = 1 };              /* FileDescriptorResponse */
enum { BASE_TYPE_NAME = 1, NUMBERS = 2 };        /* ExtensionNumberResponse */
enum { SERVICE = 1, SERVICE_NAME = 1 };          /* ListServiceResponse */
enum { ERROR_CODE = 1, ERROR_MESSAGE_TEXT = 2 }; /* ErrorResponse */

struct mf_reflection {
    struct mf_rpc *rpc;
    struct stream *streams;
    bool is_stopping;
};

struct stream {
    struct stream *next, **link; /* of mf_reflection.streams */
    struct mf_call *call;
    bool is_sent[]; /* by file */
};

struct request {
    const uint8_t *message;
    size_t len;
    struct mf_wire_field host;
    struct mf_wire_field what; /* number 0: nothing is asked for */
    struct mf_wire_field type; /* of an extension */
    int32_t extension;
};

/* ---- Requests ---- */

static bool is_text(const struct mf_wire_field *field)
{
    return field->type == MF_WIRE_LEN && mf_utf8_valid(field->data, field->len);
}

static int read_extension(struct request *request)
{
    struct mf_cursor cursor =
        mf_cursor_make(request->what.data, request->what.len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == CONTAINING_TYPE && is_text(&field))
            request->type = field;
        else if (field.number == CONTAINING_TYPE)
            return MF_ECORRUPT;
        else if (field.number == EXTENSION_NUMBER &&
                 field.type == MF_WIRE_VARINT)
            request->extension = (int32_t)(uint32_t)field.value;
    }
    return cursor.error;
}

static int read_request(struct request *request)
{
    struct mf_cursor cursor = mf_cursor_make(request->message, request->len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field)) {
        bool is_what =
            field.number >= FILE_BY_FILENAME && field.number <= LIST_SERVICES;
        if (!is_what && field.number != HOST)
            continue;
        if (field.number == FILE_CONTAINING_EXTENSION
                ? field.type != MF_WIRE_LEN
                : !is_text(&field))
            return MF_ECORRUPT;
        *(is_what ? &request->what : &request->host) = field;
    }
    if (!cursor.error && request->what.number == FILE_CONTAINING_EXTENSION)
        return read_extension(request);
    return cursor.error;
}

/* ---- Responses ---- */

static int put_error(struct mf_buf *answer, enum mf_status code,
                     const char *text)
{
    size_t mark;
    int rc = mf_wire_begin(answer, ERROR_RESPONSE, &mark);
    if (!rc)
        rc = mf_wire_put_varint(answer, ERROR_CODE, (uint64_t)code);
    if (!rc)
        rc = mf_wire_put_bytes(answer, ERROR_MESSAGE_TEXT, text, strlen(text));
    return rc ? rc : mf_wire_end(answer, mark);
}

static int put_services(const struct mf_rpc *rpc, struct mf_buf *answer)
{
    struct mf_service_name *names;
    size_t count, list, service;
    int rc = mf_rpc__services(rpc, &names, &count);
    if (rc)
        return rc;
    rc = mf_wire_begin(answer, LIST_SERVICES_RESPONSE, &list);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = mf_wire_begin(answer, SERVICE, &service);
        if (!rc)
            rc = mf_wire_put_bytes(answer, SERVICE_NAME, names[i].text,
                                   names[i].len);
        if (!rc)
            rc = mf_wire_end(answer, service);
    }
    free(names);
    return rc ? rc : mf_wire_end(answer, list);
}

static int put_file(const struct mf_schema *schema, size_t file,
                    struct mf_buf *answer)
{
    size_t mark;
    int rc = mf_wire_begin(answer, FILE_DESCRIPTOR_PROTO, &mark);
    if (!rc)
        rc = mf_schema_file_encode(schema, file, answer);
    return rc ? rc : mf_wire_end(answer, mark);
}

/*
 * `file`, and what it imports, directly or not, less what went out earlier on
 * the stream. A client that asks again for a file gets it again: it may have
 * lost it. Imports have lower numbers than who imports them.
 */
static int put_files(struct stream *stream, const struct mf_schema *schema,
                     size_t file, struct mf_buf *answer)
{
    size_t mark;
    bool *is_wanted = calloc(file + 1, sizeof *is_wanted);
    if (!is_wanted)
        return MF_ENOMEM;
    int rc = mf_wire_begin(answer, FILE_DESCRIPTOR_RESPONSE, &mark);
    is_wanted[file] = true;
    for (size_t left = file + 1; !rc && left > 0; left--) {
        const size_t at = left - 1;
        if (!is_wanted[at])
            continue;
        stream->is_sent[at] = true;
        rc = put_file(schema, at, answer);
        for (size_t i = mf_schema_import_count(schema, at); i > 0; i--) {
            size_t import = mf_schema_import_at(schema, at, i - 1);
            is_wanted[import] = !stream->is_sent[import];
        }
    }
    free(is_wanted);
    return rc ? rc : mf_wire_end(answer, mark);
}

static int put_extensions(const struct mf_schema *schema,
                          const struct mf_wire_field *type,
                          struct mf_buf *answer)
{
    struct mf_buf numbers;
    size_t mark;
    mf_buf_init(&numbers, ANSWER_MAX_LEN);
    int rc = mf_schema_extensions(schema, (const char *)type->data, type->len,
                                  &numbers);
    if (!rc)
        rc = mf_wire_begin(answer, ALL_EXTENSION_NUMBERS_RESPONSE, &mark);
    if (!rc)
        rc = mf_wire_put_bytes(answer, BASE_TYPE_NAME, type->data, type->len);
    for (size_t at = 0; !rc && at < numbers.len; at += sizeof(int32_t)) {
        int32_t number;
        memcpy(&number, numbers.data + at, sizeof number);
        rc = mf_wire_put_varint(answer, NUMBERS, (uint64_t)number);
    }
    mf_buf_release(&numbers);
    return rc ? rc : mf_wire_end(answer, mark);
}

static int put_answer(struct stream *stream, const struct mf_rpc *rpc,
                      const struct request *request, struct mf_buf *answer)
{
    const struct mf_schema *schema = rpc->opts.schema;
    const struct mf_wire_field *what = &request->what;
    const char *text = (const char *)what->data;
    const char *missing = NULL;
    size_t file;
    int rc;
    switch (what->number) {
    case FILE_BY_FILENAME:
        missing = "no such file";
        rc = mf_schema_find_file(schema, text, what->len, &file);
        break;
    case FILE_CONTAINING_SYMBOL:
        missing = "no such symbol";
        rc = mf_schema_find_symbol(schema, text, what->len, &file);
        break;
    case FILE_CONTAINING_EXTENSION:
        missing = "no such extension";
        rc = mf_schema_find_extension(schema, (const char *)request->type.data,
                                      request->type.len, request->extension,
                                      &file);
        break;
    case ALL_EXTENSION_NUMBERS_OF_TYPE:
        rc = put_extensions(schema, what, answer);
        return rc == MF_ENOENT
                   ? put_error(answer, MF_STATUS_NOT_FOUND, "no such message")
                   : rc;
    case LIST_SERVICES:
        return put_services(rpc, answer);
    default:
        return put_error(answer, MF_STATUS_INVALID_ARGUMENT,
                         "nothing that is known here is asked for");
    }
    if (rc == MF_ENOENT)
        return put_error(answer, MF_STATUS_NOT_FOUND, missing);
    return rc ? rc : put_files(stream, schema, file, answer);
}

/* ---- The method ---- */

static void end_stopped(struct mf_call *call)
{
    mf_call_finish(call, MF_STATUS_UNAVAILABLE, "the server is stopping");
}

static void on_open(struct mf_call *call, void *user)
{
    struct mf_reflection *reflection = user;
    if (reflection->is_stopping) {
        end_stopped(call);
        return;
    }
    size_t files = mf_schema_file_count(reflection->rpc->opts.schema);
    struct stream *stream = calloc(1, sizeof *stream + files);
    if (!stream) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    stream->call = call;
    stream->next = reflection->streams;
    stream->link = &reflection->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    reflection->streams = stream;
    mf_call_set_data(call, stream);
}

static void on_message(struct mf_call *call, void *user, const uint8_t *message,
                       size_t len)
{
    const struct mf_reflection *reflection = user;
    struct request request = {.message = message, .len = len};
    if (read_request(&request)) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed request");
        return;
    }
    struct mf_buf answer;
    mf_buf_init(&answer, ANSWER_MAX_LEN);
    int rc = mf_wire_put_bytes_opt(&answer, VALID_HOST, request.host.data,
                                   request.host.len);
    if (!rc)
        rc = mf_wire_put_bytes(&answer, ORIGINAL_REQUEST, message, len);
    if (!rc)
        rc = put_answer(mf_call_data(call), reflection->rpc, &request, &answer);
    if (rc)
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    else
        mf_call_send(call, answer.data, answer.len);
    mf_buf_release(&answer);
    if (mf_call_pending(call) > PENDING_MAX_LEN)
        mf_call_pause(call);
}

static void on_half_close(struct mf_call *call, void *user)
{
    (void)user;
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

static void on_drain(struct mf_call *call, void *user)
{
    (void)user;
    mf_call_resume(call);
}

static void on_close(struct mf_call *call, void *user)
{
    (void)user;
    struct stream *stream = mf_call_data(call);
    if (!stream)
        return;
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    free(stream);
}

#define OPS                                                   \
    {                                                         \
        .on_open = on_open, .on_message = on_message,         \
        .on_half_close = on_half_close, .on_drain = on_drain, \
        .on_close = on_close,                                 \
    }

static const struct mf_method methods[] = {
    {.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
     .input = "grpc.reflection.v1.ServerReflectionRequest",
     .output = "grpc.reflection.v1.ServerReflectionResponse",
     .kind = MF_METHOD_BIDI_STREAM,
     .ops = OPS,
     .max_message_len = REQUEST_MAX_LEN},
    {.path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
     .input = "grpc.reflection.v1alpha.ServerReflectionRequest",
     .output = "grpc.reflection.v1alpha.ServerReflectionResponse",
     .kind = MF_METHOD_BIDI_STREAM,
     .ops = OPS,
     .max_message_len = REQUEST_MAX_LEN},
};

/* ---- Life ---- */

struct mf_reflection *mf_reflection_new(struct mf_rpc *rpc)
{
    struct mf_reflection *reflection = calloc(1, sizeof *reflection);
    if (!reflection)
        return NULL;
    reflection->rpc = rpc;
    if (mf_rpc_add(rpc, methods, sizeof methods / sizeof *methods,
                   reflection)) {
        free(reflection);
        return NULL;
    }
    return reflection;
}

void mf_reflection_free(struct mf_reflection *reflection)
{
    free(reflection);
}

void mf_reflection_stop(struct mf_reflection *reflection)
{
    reflection->is_stopping = true;
    for (struct stream *stream = reflection->streams; stream;
         stream = stream->next)
        end_stopped(stream->call);
}
