#include "service/get_body.h"

#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"
#include "service/body_reader.h"
#include "service/fail.h"
#include "service/stream.h"

enum {
    RESPONSE_INFO = 1,
    RESPONSE_DATA = 2,
    RESPONSE_END = 3,
    END_SIZE = 1,
    END_ERROR = 2,
};

/* What is passed over in one step on the way to the range. */
#define SKIP_MAX ((uint64_t)16 << 20)

/* One call. */
struct get_body {
    struct mf_body_ref ref;
    enum mf_body_form form;
    uint64_t from, to; /* of the form */
    bool is_open;
    struct mf_body_source source;
    struct mf_body_reader reader;
    struct mf_buf piece; /* that was read ahead, at `position` - its length */
};

static void get_body_free(void *user)
{
    struct get_body *get = user;
    mf_body_reader_release(&get->reader);
    mf_body_source_release(&get->source);
    mf_body_ref_release(&get->ref);
    mf_buf_release(&get->piece);
    free(get);
}

/* ---- the answer ---- */

/* Of the piece, what is in the range. */
static int put_data(const struct get_body *get, struct mf_buf *out)
{
    uint64_t end = get->reader.position, start = end - get->piece.len;
    uint64_t from = get->from > start ? get->from : start;
    uint64_t to = get->to < end ? get->to : end;
    if (from >= to)
        return 0;
    return mf_wire_put_bytes(out, RESPONSE_DATA,
                             get->piece.data + (from - start), to - from);
}

static int put_end(const struct get_body *get, struct mf_buf *out)
{
    const struct mf_body_reader *reader = &get->reader;
    size_t mark;
    int rc = mf_wire_begin(out, RESPONSE_END, &mark);
    if (!rc && reader->is_over)
        rc = mf_wire_put_varint_opt(out, END_SIZE, reader->position);
    if (!rc && reader->is_over && reader->fault)
        rc = mf_wire_put_bytes(out, END_ERROR, reader->fault,
                               strlen(reader->fault));
    return rc ? rc : mf_wire_end(out, mark);
}

static int read_piece(struct get_body *get)
{
    mf_buf_clear(&get->piece);
    int rc = mf_body_reader_next(&get->reader, MF_BATCH_MAX_LEN, &get->piece);
    return rc < 0 ? rc : 0;
}

/* ---- steps ---- */

/* Read its beginning, which tells what it is. */
static int open_body(struct get_body *get, struct mf_reader *reader,
                     struct mf_buf *out, struct mf_err *err)
{
    int rc = mf_body_source_read(&get->source, reader, &get->ref, err);
    if (rc)
        return rc;
    get->is_open = true;
    rc = mf_body_reader_init(&get->reader, &get->source, get->form);
    if (!rc)
        rc = read_piece(get);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    struct mf_body body = get->source.body;
    body.data = get->piece.len
                    ? (struct mf_span){(char *)get->piece.data, get->piece.len}
                    : MF_SPAN_NONE;
    rc = mf_body_source_put_info(&get->source, &body, RESPONSE_INFO, out);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

/* Go on to the next piece of the range, or some way towards it. */
static int go_on(struct get_body *get, const atomic_bool *cancel)
{
    uint64_t until = get->reader.position + SKIP_MAX;
    int rc;
    do {
        rc = read_piece(get);
    } while (!rc && !get->reader.is_over && !atomic_load(cancel) &&
             get->reader.position <= get->from && get->reader.position < until);
    return rc;
}

static int step(void *user, struct mf_reader *reader, struct mf_buf *out,
                const atomic_bool *cancel, struct mf_err *err)
{
    struct get_body *get = user;
    int rc;
    if (!get->is_open) {
        rc = open_body(get, reader, out, err);
        if (rc)
            return rc;
    } else {
        rc = go_on(get, cancel);
    }
    if (!rc)
        rc = put_data(get, out);
    bool is_last = get->reader.is_over || get->reader.position >= get->to;
    if (!rc && is_last)
        rc = put_end(get, out);
    return rc ? mf_err_set(err, rc, "the body cannot be read: %s",
                           mf_err_message(rc))
              : !is_last;
}

/* ---- the call ---- */

static const struct mf_stream_ops get_body_ops = {.step = step,
                                                  .free = get_body_free};

static struct get_body *
get_body_new(const Mitmflow__V1__GetBodyRequest *request,
             const uint8_t *message, size_t len, struct mf_err *err)
{
    struct get_body *get = calloc(1, sizeof *get);
    if (!get) {
        mf_err_set(err, MF_ENOMEM, "out of memory");
        return NULL;
    }
    if (mf_body_ref_init(&get->ref, request->body, message, len, err)) {
        free(get);
        return NULL;
    }
    if (get->ref.place > MF_BODY_MESSAGE) {
        mf_err_set(err, MF_EINVAL, "header fields are no body");
        get_body_free(get);
        return NULL;
    }
    get->form = request->form == MITMFLOW__V1__BODY_FORM__BODY_FORM_RAW
                    ? MF_BODY_FORM_RAW
                    : MF_BODY_FORM_DECODED;
    get->from = request->offset;
    get->to = request->length && request->length < UINT64_MAX - request->offset
                  ? request->offset + request->length
                  : UINT64_MAX;
    mf_buf_init(&get->piece, SIZE_MAX);
    return get;
}

static void on_get_body(struct mf_call *call, void *user,
                        const uint8_t *message, size_t len)
{
    Mitmflow__V1__GetBodyRequest *request =
        mitmflow__v1__get_body_request__unpack(NULL, len, message);
    if (!request) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed message");
        return;
    }
    struct mf_err err;
    struct get_body *get = get_body_new(request, message, len, &err);
    if (get)
        mf_stream_start(user, call, &get_body_ops, get);
    else
        mf_fail(call, &err);
    mitmflow__v1__get_body_request__free_unpacked(request, NULL);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_get_body_methods[] = {
    {
        .path = "/" SERVICE "Service/GetBody",
        .input = SERVICE "GetBodyRequest",
        .output = SERVICE "GetBodyResponse",
        .kind = MF_METHOD_SERVER_STREAM,
        .ops = {.on_message = on_get_body,
                .on_drain = mf_stream_on_drain,
                .on_close = mf_stream_on_close},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_get_body_method_count =
    sizeof mf_get_body_methods / sizeof *mf_get_body_methods;
