/* The reader of .mitm files: a flow of any type and version. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "export/mitm.h"
#include "export/mitm_ws.h"
#include "export/readers.h"
#include "export/tnet_file.h"
#include "flow/flow.h"

enum {
    FLOW_ID = 1,
    FLOW_META = 100,
    META_COMMENT = 1,
    META_MARKED = 2,
    META_REPLAYED = 3,
    META_INTERCEPTED = 4,
    META_ERROR_AT = 5,
    META_METADATA = 6,
    META_CREATED_AT = 8,
    MS_PER_S = 1000,
};

struct numbers {
    uint32_t client, start, duration, error, messages;
};
static const struct numbers flow_numbers[] = {
    [MF_FLOW_HTTP] = {6, 4, 5, 8, 0},
    [MF_FLOW_DNS] = {6, 4, 5, 8, 0},
    [MF_FLOW_TCP] = {2, 5, 6, 7, 4},
    [MF_FLOW_UDP] = {2, 5, 6, 7, 4},
};

/* ---- pieces ---- */

static void keep(struct mf_mitm_reader *reader, int rc)
{
    if (rc && !reader->error)
        reader->error = rc;
}

void mf_mitm_take_span(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_span bytes)
{
    keep(reader, mf_wire_put_bytes(reader->out, number, bytes.text, bytes.len));
}

static int append_latin1(struct mf_buf *out, struct mf_span text)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < text.len; i++) {
        uint8_t c = (uint8_t)text.text[i];
        if (c >= 0x80)
            rc = mf_buf_append_byte(out, (uint8_t)(0xc0 | c >> 6));
        if (!rc)
            rc = mf_buf_append_byte(out, c < 0x80 ? c : 0x80 | (c & 0x3f));
    }
    return rc;
}

void mf_mitm_take_text(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_tnet value)
{
    if (value.type != MF_TNET_TEXT && value.type != MF_TNET_BYTES)
        return;
    if (mf_utf8_valid(value.data.text, value.data.len)) {
        mf_mitm_take_span(reader, number, value.data);
        return;
    }
    size_t mark = mf_mitm_begin(reader, number);
    keep(reader, append_latin1(reader->out, value.data));
    mf_mitm_end(reader, mark);
}

void mf_mitm_take_seconds(struct mf_mitm_reader *reader, uint32_t number,
                          struct mf_tnet value)
{
    enum { NS_PER_S = 1000000000 };
    const double max = 253402300799; /* the year 9999 */
    double seconds;
    if (!mf_tnet_double(value, &seconds) || !(seconds >= 0) || seconds > max)
        return;
    int64_t whole = (int64_t)seconds;
    int64_t nanos = llround((seconds - (double)whole) * NS_PER_S);
    if (nanos >= NS_PER_S) {
        whole++;
        nanos = 0;
    }
    size_t mark = mf_mitm_begin(reader, number);
    keep(reader, mf_wire_put_varint_opt(reader->out, 1, (uint64_t)whole));
    keep(reader, mf_wire_put_varint_opt(reader->out, 2, (uint64_t)nanos));
    mf_mitm_end(reader, mark);
}

void mf_mitm_take_int(struct mf_mitm_reader *reader, uint32_t number,
                      struct mf_tnet value)
{
    int64_t integer;
    if (mf_tnet_int(value, &integer) && integer >= 0 && integer <= UINT32_MAX)
        keep(reader,
             mf_wire_put_varint(reader->out, number, (uint64_t)integer));
}

void mf_mitm_take_bool(struct mf_mitm_reader *reader, uint32_t number,
                       struct mf_tnet value)
{
    keep(reader,
         mf_wire_put_varint_opt(reader->out, number, mf_tnet_is_true(value)));
}

size_t mf_mitm_begin(struct mf_mitm_reader *reader, uint32_t number)
{
    size_t mark = 0;
    if (!reader->error)
        reader->error = mf_wire_begin(reader->out, number, &mark);
    return mark;
}

void mf_mitm_end(struct mf_mitm_reader *reader, size_t mark)
{
    if (!reader->error)
        reader->error = mf_wire_end(reader->out, mark);
}

void mf_mitm_note_time(struct mf_mitm_reader *reader, struct mf_tnet value)
{
    double seconds;
    if (mf_tnet_double(value, &seconds) && seconds > reader->latest)
        reader->latest = seconds;
}

/* ---- what all flows have ---- */

/* As Python's str() gives it, for what str() is asked for by an exporter. */
static void take_value(struct mf_mitm_reader *reader, struct mf_tnet value)
{
    enum { VALUE = 2, TYPED_VALUE = 3, TYPED_MAX_LEN = 64 << 10 };
    struct mf_tnet_out typed;
    const char *text = NULL;
    if (value.type == MF_TNET_TEXT) {
        mf_mitm_take_span(reader, VALUE, value.data);
        return;
    }
    switch (value.type) {
    case MF_TNET_NULL:
        text = "None";
        break;
    case MF_TNET_BOOL:
        text = mf_tnet_is_true(value) ? "True" : "False";
        break;
    case MF_TNET_INT:
    case MF_TNET_FLOAT:
        mf_mitm_take_span(reader, VALUE, value.data);
        break;
    case MF_TNET_LIST:
        text = "<list>";
        break;
    case MF_TNET_DICT:
        text = "<dict>";
        break;
    default:
        text = "<bytes>";
    }
    if (text)
        mf_mitm_take_span(reader, VALUE, (struct mf_span){text, strlen(text)});
    if (value.data.len > TYPED_MAX_LEN)
        return;
    mf_tnet_out_init(&typed);
    mf_tnet_put_value(&typed, value);
    keep(reader, typed.error);
    if (!typed.error && !typed.splice_count)
        mf_mitm_take_span(
            reader, TYPED_VALUE,
            (struct mf_span){(char *)typed.buf.data, typed.buf.len});
    mf_tnet_out_release(&typed);
}

static void take_metadata(struct mf_mitm_reader *reader,
                          struct mf_tnet metadata)
{
    enum { KEY = 1 };
    struct mf_tnet key, value;
    struct mf_cursor cursor = mf_tnet_inside(metadata);
    if (metadata.type != MF_TNET_DICT)
        return;
    while (mf_tnet_next(&cursor, &key) && mf_tnet_next(&cursor, &value)) {
        size_t mark = mf_mitm_begin(reader, META_METADATA);
        mf_mitm_take_text(reader, KEY, key);
        take_value(reader, value);
        mf_mitm_end(reader, mark);
    }
}

/* Once it was true or false, later what mark it is. */
static void take_marked(struct mf_mitm_reader *reader, struct mf_tnet marked)
{
    static const char simple[] = ":default:";
    if (marked.type == MF_TNET_TEXT || marked.type == MF_TNET_BYTES) {
        if (marked.data.len)
            mf_mitm_take_text(reader, META_MARKED, marked);
    } else if (mf_tnet_is_true(marked)) {
        mf_mitm_take_span(reader, META_MARKED,
                          (struct mf_span){simple, sizeof simple - 1});
    }
}

static bool was_replayed(struct mf_tnet flow, const char *half)
{
    return mf_tnet_is_true(mf_tnet_find(mf_tnet_find(flow, half), "is_replay"));
}

static void take_replayed(struct mf_mitm_reader *reader, struct mf_tnet flow)
{
    struct mf_tnet replayed = mf_tnet_find(flow, "is_replay");
    if (mf_tnet_is_set(replayed))
        mf_mitm_take_text(reader, META_REPLAYED, replayed);
    else if (was_replayed(flow, "request"))
        mf_mitm_take_span(reader, META_REPLAYED,
                          (struct mf_span){"request", 7});
    else if (was_replayed(flow, "response"))
        mf_mitm_take_span(reader, META_REPLAYED,
                          (struct mf_span){"response", 8});
}

static void take_meta(struct mf_mitm_reader *reader, struct mf_tnet flow)
{
    size_t mark = mf_mitm_begin(reader, FLOW_META);
    struct mf_tnet comment = mf_tnet_find(flow, "comment");
    if (mf_tnet_text(comment).len)
        mf_mitm_take_text(reader, META_COMMENT, comment);
    take_marked(reader, mf_tnet_find(flow, "marked"));
    take_replayed(reader, flow);
    mf_mitm_take_bool(reader, META_INTERCEPTED,
                      mf_tnet_find(flow, "intercepted"));
    mf_mitm_take_seconds(
        reader, META_ERROR_AT,
        mf_tnet_find(mf_tnet_find(flow, "error"), "timestamp"));
    take_metadata(reader, mf_tnet_find(flow, "metadata"));
    mf_mitm_take_seconds(reader, META_CREATED_AT,
                         mf_tnet_find(flow, "timestamp_created"));
    mf_mitm_end(reader, mark);
}

/* ---- TCP and UDP ---- */

static void take_messages(struct mf_mitm_reader *reader, struct mf_tnet flow,
                          uint32_t number)
{
    enum { CONTENT = 1, TIMESTAMP = 2, FROM_CLIENT = 3 };
    struct mf_tnet message;
    struct mf_cursor cursor = mf_tnet_inside(mf_tnet_find(flow, "messages"));
    while (mf_tnet_next(&cursor, &message)) {
        struct mf_tnet at = mf_tnet_item(message, 2);
        struct mf_span content = mf_tnet_text(mf_tnet_item(message, 1));
        size_t mark = mf_mitm_begin(reader, number);
        if (content.len)
            mf_mitm_take_span(reader, CONTENT, content);
        mf_mitm_take_seconds(reader, TIMESTAMP, at);
        mf_mitm_take_bool(reader, FROM_CLIENT, mf_tnet_item(message, 0));
        mf_mitm_end(reader, mark);
        mf_mitm_note_time(reader, at);
    }
}

/* ---- the flow ---- */

static struct mf_tnet start_of(struct mf_tnet flow, enum mf_flow_type type)
{
    struct mf_tnet request = mf_tnet_find(flow, "request");
    if (type == MF_FLOW_HTTP)
        return mf_tnet_find(request, "timestamp_start");
    if (type == MF_FLOW_DNS)
        return mf_tnet_find(request, "timestamp");
    return mf_tnet_find(mf_tnet_find(flow, "client_conn"), "timestamp_start");
}

static void take_times(struct mf_mitm_reader *reader, struct mf_tnet flow,
                       enum mf_flow_type type)
{
    double start = 0;
    const struct numbers *numbers = &flow_numbers[type];
    struct mf_tnet value = start_of(flow, type);
    struct mf_tnet error = mf_tnet_find(flow, "error");
    mf_mitm_take_seconds(reader, numbers->start, value);
    mf_tnet_double(value, &start);
    mf_mitm_note_time(reader, mf_tnet_find(error, "timestamp"));
    if (start > 0 && reader->latest > start)
        keep(reader,
             mf_wire_put_double_opt(reader->out, numbers->duration,
                                    (reader->latest - start) * MS_PER_S));
    mf_mitm_take_text(reader, numbers->error, mf_tnet_find(error, "msg"));
}

static void take_flow(struct mf_mitm_reader *reader, struct mf_tnet flow,
                      enum mf_flow_type type, struct mf_tnet websocket,
                      struct mf_span id)
{
    const struct numbers *numbers = &flow_numbers[type];
    reader->latest = 0;
    size_t mark = mf_mitm_begin(reader, (uint32_t)type);
    mf_mitm_take_text(reader, FLOW_ID, (struct mf_tnet){MF_TNET_BYTES, id});
    if (type == MF_FLOW_HTTP)
        mf_mitm_take_http(reader, flow, websocket);
    else if (type == MF_FLOW_DNS)
        mf_mitm_take_dns(reader, flow);
    else
        take_messages(reader, flow, numbers->messages);
    mf_mitm_take_client(reader, numbers->client,
                        mf_tnet_find(flow, "client_conn"));
    mf_mitm_take_server(reader, numbers->client + 1,
                        mf_tnet_find(flow, "server_conn"));
    take_times(reader, flow, type);
    mf_mitm_end(reader, mark);
    take_meta(reader, flow);
}

/* ---- the file ---- */

struct state {
    struct mf_mitm_reader reader;
    struct mf_mitm_handshakes handshakes;
    uint64_t ordinal;
};

static bool is_it(const uint8_t *head, size_t len)
{
    enum { MAX_DIGITS = 12 };
    size_t at = 0;
    if (len == 0)
        return true; /* of no flows */
    while (at < len && at <= MAX_DIGITS && head[at] >= '0' && head[at] <= '9')
        at++;
    return at > 0 && at <= MAX_DIGITS && at < len && head[at] == ':';
}

static int begin(struct mf_import *from, void *state, struct mf_err *err)
{
    struct state *own = state;
    (void)from;
    (void)err;
    mf_buf_init(&own->reader.scratch, MF_IMPORT_FLOW_MAX_LEN);
    return 0;
}

/* A whole number, or a list of them such as [0, 18] or [3, 0, 0]. */
static bool read_version(struct mf_tnet flow, int64_t *ret_version)
{
    struct mf_tnet version = mf_tnet_find(flow, "version");
    if (version.type == MF_TNET_LIST)
        version = mf_tnet_item(version, 0);
    return version.type == MF_TNET_INT && mf_tnet_int(version, ret_version) &&
           *ret_version >= 0;
}

static bool is_text(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

/* 0: no type that is known. */
static enum mf_flow_type type_of(struct mf_span name)
{
    for (enum mf_flow_type type = MF_FLOW_HTTP; type <= MF_FLOW_UDP; type++)
        if (is_text(name, mf_flow_type_name(type)))
            return type;
    return 0;
}

static int fail_type(struct mf_import *from, struct mf_err *err, uint64_t byte,
                     struct mf_span type)
{
    enum { SHOWN_LEN = 20 };
    char shown[SHOWN_LEN + 1];
    size_t len = type.len < SHOWN_LEN ? type.len : SHOWN_LEN;
    for (size_t i = 0; i < len; i++)
        shown[i] =
            type.text[i] > ' ' && type.text[i] < 127 ? type.text[i] : '?';
    shown[len] = '\0';
    return mf_import_fail(from, err, MF_ECORRUPT, byte,
                          "a flow of no known type (\"%s\")", shown);
}

static int take(struct mf_import *from, struct state *state, uint64_t byte,
                struct mf_tnet flow, struct mf_err *err)
{
    char made[40];
    struct mf_tnet none = {0, {"", 0}};
    struct mf_span name = mf_tnet_text(mf_tnet_find(flow, "type"));
    struct mf_span id = mf_tnet_text(mf_tnet_find(flow, "id"));
    if (!id.len) {
        mf_import_make_id(flow.data.text, flow.data.len, state->ordinal, made);
        id = (struct mf_span){made, strlen(made)};
    }
    if (is_text(name, "websocket")) {
        struct mf_tnet handshake =
            mf_mitm_handshakes_find(&state->handshakes, flow);
        if (mf_tnet_is_set(handshake))
            take_flow(&state->reader, handshake, MF_FLOW_HTTP, flow,
                      mf_tnet_text(mf_tnet_find(handshake, "id")));
        else
            take_flow(&state->reader, flow, MF_FLOW_HTTP, flow, id);
        return 0;
    }
    enum mf_flow_type type = type_of(name);
    if (!type)
        return fail_type(from, err, byte, name);
    mf_mitm_handshakes_put(&state->handshakes, flow);
    take_flow(&state->reader, flow, type, none, id);
    return 0;
}

static int next(struct mf_import *from, void *state, struct mf_buf *flow,
                struct mf_buf *note, struct mf_err *err)
{
    struct state *own = state;
    struct mf_input *input = mf_import_input(from);
    uint64_t begin_byte = input->offset, byte;
    struct mf_tnet value;
    const char *why;
    struct mf_err io = {0};
    int64_t version;
    (void)note;
    int rc = mf_tnet_read(input, &value, &byte, &why, &io);
    if (rc == 0)
        return 0;
    if (rc == MF_ECORRUPT || rc == MF_ETRUNC)
        return mf_import_fail(from, err, MF_ECORRUPT, byte, "%s", why);
    if (rc < 0)
        return mf_import_fail(from, err, rc, byte, "%s",
                              io.code ? io.text : mf_err_message(rc));
    if (value.type != MF_TNET_DICT || !read_version(value, &version))
        return mf_import_fail(from, err, MF_ECORRUPT, begin_byte,
                              "not a flow of mitmproxy's");
    if (version > MF_MITM_NEWEST)
        return mf_import_fail(
            from, err, MF_EVERSION, begin_byte,
            "version %lld of mitmproxy's file format, from a newer mitmproxy; "
            "the newest that is known here is %d",
            (long long)version, MF_MITM_NEWEST);
    own->reader.out = flow;
    own->reader.version = (unsigned)version;
    own->reader.error = 0;
    rc = take(from, own, begin_byte, value, err);
    own->ordinal++;
    if (rc)
        return rc;
    if (own->reader.error)
        return mf_import_fail(from, err, own->reader.error, begin_byte, "%s",
                              mf_err_message(own->reader.error));
    return 1;
}

static void release(void *state)
{
    struct state *own = state;
    mf_buf_release(&own->reader.scratch);
    mf_certificates_release(&own->reader.certificates);
    mf_mitm_handshakes_release(&own->handshakes);
}

const struct mf_import_reader mf_import_mitm = {
    .name = "mitmproxy's flow file",
    .is_it = is_it,
    .state_size = sizeof(struct state),
    .begin = begin,
    .next = next,
    .release = release,
};
