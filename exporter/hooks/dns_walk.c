/* DNSFlow. */
#include "base/error.h"
#include "exporter/hooks/dns_pack.h"
#include "exporter/hooks/walk.h"

static const enum mf_name SECTIONS[] = {MF_NAME_questions, MF_NAME_answers,
                                        MF_NAME_authorities,
                                        MF_NAME_additionals};
enum { SECTION_COUNT = 4 };

/* The name that mitmproxy has for a type or class, as field `number`. */
static void put_code(struct mf_walk *walk, uint32_t number, PyObject *to_str,
                     PyObject *object, enum mf_name name)
{
    PyObject *code = mf_walk_get(walk, object, name);
    PyObject *text =
        code ? PyObject_CallFunctionObjArgs(to_str, code, NULL) : NULL;
    if (!text)
        PyErr_Clear();
    mf_walk_put_str(walk, number, text);
    Py_XDECREF(text);
    Py_XDECREF(code);
}

static void put_entry(struct mf_walk *walk, uint32_t number, PyObject *entry,
                      bool is_record)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    mf_walk_put_text(walk, 1, entry, MF_NAME_name);
    put_code(walk, 2, walk->dns_type, entry, MF_NAME_type);
    put_code(walk, 3, walk->dns_class, entry, MF_NAME_class_);
    if (is_record) {
        mf_walk_put_int(walk, 4, entry, MF_NAME_ttl);
        mf_walk_put_bytes(walk, 5, entry, MF_NAME_data);
    }
    mf_encoder_end(walk->enc, mark);
}

static void put_section(struct mf_walk *walk, uint32_t number,
                        PyObject *message, enum mf_name name)
{
    PyObject *entries = mf_walk_get(walk, message, name);
    if (!entries)
        return;
    PyObject *entry;
    for (Py_ssize_t i = 0; (entry = mf_walk_item(entries, i)); i++) {
        put_entry(walk, number, entry, name != MF_NAME_questions);
        Py_DECREF(entry);
    }
    Py_DECREF(entries);
}

/* ---- the message as bytes ---- */

static long flags_of(struct mf_walk *walk, PyObject *message)
{
    long long op_code = mf_walk_int(walk, message, MF_NAME_op_code, -1);
    long long reserved = mf_walk_int(walk, message, MF_NAME_reserved, -1);
    long long code = mf_walk_int(walk, message, MF_NAME_response_code, -1);
    if (op_code < 0 || op_code > 15 || reserved < 0 || reserved > 7 ||
        code < 0 || code > 15)
        return -1;
    long flags = (long)(op_code << 11 | reserved << 4 | code);
    if (!mf_walk_bool(walk, message, MF_NAME_query))
        flags |= 1 << 15;
    if (mf_walk_bool(walk, message, MF_NAME_authoritative_answer))
        flags |= 1 << 10;
    if (mf_walk_bool(walk, message, MF_NAME_truncation))
        flags |= 1 << 9;
    if (mf_walk_bool(walk, message, MF_NAME_recursion_desired))
        flags |= 1 << 8;
    if (mf_walk_bool(walk, message, MF_NAME_recursion_available))
        flags |= 1 << 7;
    return flags;
}

static int pack_entry(struct mf_walk *walk, struct mf_buf *out, PyObject *entry,
                      bool is_record)
{
    long type = (long)mf_walk_int(walk, entry, MF_NAME_type, -1);
    long class_code = (long)mf_walk_int(walk, entry, MF_NAME_class_, -1);
    PyObject *name = mf_walk_get(walk, entry, MF_NAME_name);
    mf_buf_clear(&walk->text);
    int rc = mf_walk_to_text(walk, name, &walk->text, MF_TEXT_REPLACE)
                 ? 0
                 : MF_EUNSUPPORTED;
    Py_XDECREF(name);
    const char *text = (const char *)walk->text.data;
    if (rc || !is_record)
        return rc ? rc
                  : mf_dns_put_question(out, text, walk->text.len, type,
                                        class_code);
    const uint8_t *data;
    size_t len;
    PyObject *bytes = mf_walk_get(walk, entry, MF_NAME_data);
    rc = mf_walk_to_bytes(bytes, &data, &len)
             ? mf_dns_put_record(out, text, walk->text.len, type, class_code,
                                 mf_walk_int(walk, entry, MF_NAME_ttl, -1),
                                 data, len)
             : MF_EUNSUPPORTED;
    Py_XDECREF(bytes);
    return rc;
}

static int pack_message(struct mf_walk *walk, struct mf_buf *out,
                        PyObject *message)
{
    PyObject *sections[SECTION_COUNT];
    struct mf_dns_head head = {
        .id = (long)mf_walk_int(walk, message, MF_NAME_id, -1),
        .flags = flags_of(walk, message),
    };
    for (int i = 0; i < SECTION_COUNT; i++) {
        sections[i] = mf_walk_get(walk, message, SECTIONS[i]);
        head.counts[i] = sections[i] ? mf_walk_count(sections[i]) : 0;
    }
    int rc = mf_dns_put_head(out, &head);
    for (int i = 0; i < SECTION_COUNT; i++) {
        PyObject *entry;
        for (Py_ssize_t n = 0;
             !rc && sections[i] && (entry = mf_walk_item(sections[i], n));
             n++) {
            rc = pack_entry(walk, out, entry, i > 0);
            Py_DECREF(entry);
        }
        Py_XDECREF(sections[i]);
    }
    return rc;
}

static void put_packed(struct mf_walk *walk, uint32_t number, PyObject *message)
{
    struct mf_buf *packed = &walk->packed;
    mf_buf_clear(packed);
    if (pack_message(walk, packed, message) == 0)
        mf_encoder_bytes(walk->enc, number, packed->data, packed->len);
}

/* ---- the flow ---- */

static void put_message(struct mf_walk *walk, uint32_t number,
                        PyObject *message)
{
    struct mf_mark mark = mf_encoder_begin(walk->enc, number);
    put_packed(walk, 1, message);
    for (uint32_t i = 0; i < SECTION_COUNT; i++)
        put_section(walk, 2 + i, message, SECTIONS[i]);
    mf_walk_put_int(walk, 6, message, MF_NAME_id);
    mf_walk_put_bool(walk, 7, message, MF_NAME_query);
    mf_walk_put_int(walk, 8, message, MF_NAME_op_code);
    mf_walk_put_bool(walk, 9, message, MF_NAME_authoritative_answer);
    mf_walk_put_int(walk, 100, message, MF_NAME_response_code);
    mf_walk_put_bool(walk, 101, message, MF_NAME_truncation);
    mf_walk_put_bool(walk, 102, message, MF_NAME_recursion_desired);
    mf_walk_put_bool(walk, 103, message, MF_NAME_recursion_available);
    mf_walk_put_time(walk, 104, message, MF_NAME_timestamp);
    mf_encoder_end(walk->enc, mark);
}

static void put_half(struct mf_walk *walk, uint32_t number, PyObject *message,
                     uint64_t *told)
{
    size_t from = walk->enc->buf.len;
    if (message)
        put_message(walk, number, message);
    mf_walk_settle(walk, told, from);
}

static void put_common(struct mf_walk *walk, PyObject *const *values,
                       struct mf_told *told)
{
    PyObject *request = values[MF_FLOW_REQUEST];
    PyObject *response = values[MF_FLOW_RESPONSE];
    double start = -1, end = -1;
    if (request)
        start = mf_walk_seconds(walk, request, MF_NAME_timestamp);
    if (response)
        end = mf_walk_seconds(walk, response, MF_NAME_timestamp);
    end = mf_walk_latest(walk, values[MF_FLOW_ERROR], end);
    mf_walk_put_common(walk, values, told, start, end);
}

void mf_walk_put_dns(struct mf_walk *walk, PyObject *const *values,
                     struct mf_told *told, bool is_live)
{
    put_half(walk, 2, values[MF_FLOW_REQUEST],
             &told->fields[MF_TOLD_DNS_REQUEST]);
    put_half(walk, 3, values[MF_FLOW_RESPONSE],
             &told->fields[MF_TOLD_DNS_RESPONSE]);
    put_common(walk, values, told);
    mf_encoder_varint_opt(walk->enc, 9, is_live);
}
