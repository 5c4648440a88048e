/* The writer of .mitm files: a flow of any type. */
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/http_view.h"
#include "export/missing.h"
#include "export/mitm.h"

enum {
    FLOW_ID = 1,
    META_COMMENT = 1,
    META_MARKED = 2,
    META_REPLAYED = 3,
    META_INTERCEPTED = 4,
    META_ERROR_AT = 5,
    META_METADATA = 6,
    META_CREATED_AT = 8,
    CONN_START = 17,
};

/* How the four flows number what they have in common. */
struct numbers {
    uint32_t client, start, error, messages;
};
static const struct numbers flow_numbers[] = {
    [MF_FLOW_HTTP] = {6, 4, 8, 0},
    [MF_FLOW_DNS] = {6, 4, 8, 0},
    [MF_FLOW_TCP] = {2, 5, 7, 4},
    [MF_FLOW_UDP] = {2, 5, 7, 4},
};

void mf_mitm_leave_out(struct mf_mitm_writer *writer, const char *what)
{
    mf_export_leave_out(writer->to, writer->record, what);
}

void mf_mitm_put_key(struct mf_mitm_writer *writer, const char *key)
{
    mf_tnet_put_string(&writer->out, key);
}

void mf_mitm_put_seconds(struct mf_mitm_writer *writer, const char *key,
                         const struct mf_mitm_fields *fields, uint32_t number)
{
    double seconds;
    mf_mitm_put_key(writer, key);
    if (mf_mitm_seconds(fields, number, &seconds))
        mf_tnet_put_double(&writer->out, seconds);
    else
        mf_tnet_put_null(&writer->out);
}

void mf_mitm_put_text(struct mf_mitm_writer *writer, const char *key,
                      const struct mf_mitm_fields *fields, uint32_t number)
{
    mf_mitm_put_key(writer, key);
    if (mf_mitm_has(fields, number))
        mf_tnet_put_text(&writer->out, mf_mitm_span(fields, number));
    else
        mf_tnet_put_null(&writer->out);
}

/* ---- what all flows have ---- */

static void put_error(struct mf_mitm_writer *writer,
                      const struct mf_mitm_fields *own, uint32_t number,
                      const struct mf_mitm_fields *meta)
{
    double at = 0;
    struct mf_tnet_out *out = &writer->out;
    mf_mitm_put_key(writer, "error");
    if (!mf_mitm_has(own, number)) {
        mf_tnet_put_null(out);
        return;
    }
    mf_mitm_seconds(meta, META_ERROR_AT, &at);
    struct mf_tnet_mark mark = mf_tnet_begin(out);
    mf_mitm_put_text(writer, "msg", own, number);
    mf_mitm_put_key(writer, "timestamp");
    mf_tnet_put_double(out, at);
    mf_tnet_end(out, mark, MF_TNET_DICT);
}

/* One that only an importer or exporter of this project can have made; others
 * stay the text that they are. */
static bool get_typed(struct mf_span bytes, struct mf_tnet *ret_value)
{
    const uint8_t *at;
    const char *why;
    struct mf_cursor cursor = mf_cursor_make(bytes.text, bytes.len);
    return bytes.len && mf_tnet_next(&cursor, ret_value) &&
           mf_cursor_done(&cursor) && mf_tnet_check(*ret_value, &at, &why) == 0;
}

static void put_entry(struct mf_mitm_writer *writer, struct mf_span entry)
{
    enum { KEY = 1, VALUE = 2, TYPED_VALUE = 3 };
    struct mf_mitm_fields fields;
    struct mf_tnet typed;
    mf_mitm_read_fields(entry, &fields);
    mf_tnet_put_text(&writer->out, mf_mitm_span(&fields, KEY));
    if (get_typed(mf_mitm_span(&fields, TYPED_VALUE), &typed))
        mf_tnet_put_value(&writer->out, typed);
    else
        mf_tnet_put_text(&writer->out, mf_mitm_span(&fields, VALUE));
}

static void put_metadata(struct mf_mitm_writer *writer, struct mf_span meta)
{
    struct mf_wire_field field;
    struct mf_cursor cursor = mf_cursor_make(meta.text, meta.len);
    mf_mitm_put_key(writer, "metadata");
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    while (mf_wire_next(&cursor, &field))
        if (field.number == META_METADATA && field.type == MF_WIRE_LEN)
            put_entry(writer,
                      (struct mf_span){(const char *)field.data, field.len});
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

/* When it was made; of exporters that do not tell: when it began. */
static void put_created(struct mf_mitm_writer *writer,
                        const struct mf_mitm_fields *own, uint32_t start,
                        const struct mf_mitm_fields *meta)
{
    double at = 0;
    if (!mf_mitm_seconds(meta, META_CREATED_AT, &at))
        mf_mitm_seconds(own, start, &at);
    mf_mitm_put_key(writer, "timestamp_created");
    mf_tnet_put_double(&writer->out, at);
}

static void put_comment(struct mf_mitm_writer *writer, struct mf_span comment)
{
    struct mf_span told = MF_SPAN_NONE;
    int rc =
        mf_export_comment(writer->record, comment, &writer->comment, &told);
    if (rc && !writer->out.error)
        writer->out.error = rc;
    mf_mitm_put_key(writer, "comment");
    mf_tnet_put_text(&writer->out, told);
}

static void put_meta(struct mf_mitm_writer *writer,
                     const struct mf_mitm_fields *own,
                     const struct numbers *numbers, struct mf_span meta)
{
    struct mf_mitm_fields fields;
    mf_mitm_read_fields(meta, &fields);
    put_error(writer, own, numbers->error, &fields);
    mf_mitm_put_key(writer, "intercepted");
    mf_tnet_put_bool(&writer->out, mf_mitm_uint(&fields, META_INTERCEPTED));
    mf_mitm_put_text(writer, "is_replay", &fields, META_REPLAYED);
    mf_mitm_put_key(writer, "marked");
    mf_tnet_put_text(&writer->out, mf_mitm_span(&fields, META_MARKED));
    put_comment(writer, mf_mitm_span(&fields, META_COMMENT));
    put_metadata(writer, meta);
    put_created(writer, own, numbers->start, &fields);
}

/* ---- TCP and UDP ---- */

static void put_message(struct mf_mitm_writer *writer, struct mf_span message)
{
    enum { CONTENT = 1, TIMESTAMP = 2, FROM_CLIENT = 3 };
    struct mf_mitm_fields fields;
    double at = 0;
    mf_mitm_read_fields(message, &fields);
    mf_mitm_seconds(&fields, TIMESTAMP, &at);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    mf_tnet_put_bool(&writer->out, mf_mitm_uint(&fields, FROM_CLIENT));
    mf_tnet_put_bytes(&writer->out, mf_mitm_span(&fields, CONTENT));
    mf_tnet_put_double(&writer->out, at);
    mf_tnet_end(&writer->out, mark, MF_TNET_LIST);
}

static void put_messages(struct mf_mitm_writer *writer, struct mf_span own,
                         uint32_t number)
{
    struct mf_wire_field field;
    struct mf_cursor cursor = mf_cursor_make(own.text, own.len);
    mf_mitm_put_key(writer, "messages");
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    while (mf_wire_next(&cursor, &field))
        if (field.number == number && field.type == MF_WIRE_LEN)
            put_message(writer,
                        (struct mf_span){(const char *)field.data, field.len});
    mf_tnet_end(&writer->out, mark, MF_TNET_LIST);
}

/* ---- the flow ---- */

static void put_flow(struct mf_mitm_writer *writer, const struct mf_flow *flow)
{
    enum mf_flow_type type = mf_flow_type(flow);
    const struct numbers *numbers = &flow_numbers[type];
    struct mf_mitm_fields own;
    mf_mitm_read_fields(mf_flow_own_message(flow), &own);
    struct mf_tnet_mark mark = mf_tnet_begin(&writer->out);
    mf_mitm_put_key(writer, "version");
    mf_tnet_put_int(&writer->out, writer->version);
    mf_mitm_put_key(writer, "type");
    mf_tnet_put_string(&writer->out, mf_flow_type_name(type));
    mf_mitm_put_text(writer, "id", &own, FLOW_ID);
    put_meta(writer, &own, numbers, mf_flow_meta(flow));
    mf_mitm_put_key(writer, "client_conn");
    mf_mitm_put_client(writer, mf_mitm_span(&own, numbers->client));
    mf_mitm_put_key(writer, "server_conn");
    mf_mitm_put_server(writer, mf_mitm_span(&own, numbers->client + 1));
    if (type == MF_FLOW_HTTP)
        mf_mitm_put_http(writer, flow, &own);
    else if (type == MF_FLOW_DNS)
        mf_mitm_put_dns(writer, &own);
    else
        put_messages(writer, own.message, numbers->messages);
    mf_tnet_end(&writer->out, mark, MF_TNET_DICT);
}

static int begin(struct mf_export *to, void *state, struct mf_err *err)
{
    struct mf_mitm_writer *writer = state;
    unsigned version = mf_export_opts_of(to)->mitm_version;
    writer->version = version ? version : MF_MITM_NEWEST;
    writer->to = to;
    mf_tnet_out_init(&writer->out);
    mf_buf_init(&writer->scratch, SIZE_MAX / 4);
    mf_buf_init(&writer->comment, SIZE_MAX / 4);
    if (writer->version < MF_MITM_OLDEST_WRITTEN ||
        writer->version > MF_MITM_NEWEST)
        return mf_err_set(err, MF_EINVAL,
                          "mitmproxy's files are written here in the versions "
                          "%d to %d of their format",
                          MF_MITM_OLDEST_WRITTEN, MF_MITM_NEWEST);
    return 0;
}

static int write_out(void *user, const void *data, size_t len)
{
    return mf_export_write(user, data, len);
}

static int write_flow(struct mf_export *to, void *state,
                      const struct mf_export_flow *flow)
{
    struct mf_mitm_writer *writer = state;
    const struct mf_flow *what = mf_record_flow(flow->record);
    writer->record = flow->record;
    if (mf_flow_type(what) == MF_FLOW_UDP &&
        writer->version < MF_MITM_HAS_UDP) {
        mf_mitm_leave_out(writer, "flow type udp");
        return 0;
    }
    if (mf_record_head(flow->record)->note[0])
        mf_mitm_leave_out(writer, "the note");
    mf_buf_clear(&writer->scratch);
    put_flow(writer, what);
    return mf_tnet_out_flush(&writer->out, write_out, to);
}

static void release(void *state)
{
    struct mf_mitm_writer *writer = state;
    mf_tnet_out_release(&writer->out);
    mf_buf_release(&writer->scratch);
    mf_buf_release(&writer->comment);
}

const struct mf_export_writer mf_export_mitm = {
    .state_size = sizeof(struct mf_mitm_writer),
    .begin = begin,
    .flow = write_flow,
    .release = release,
};
