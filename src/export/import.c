#include "export/import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/readers.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

/* Every kind of file is one row; the first that says so is it. */
static const struct mf_import_reader *const readers[] = {
    &mf_import_har,
    &mf_import_json_lines,
    &mf_import_mitm,
    NULL,
};

enum {
    EXPORT_FLOW = 1, /* of ExportFlowRequest, as the next */
    EXPORT_EVENT = 2,
};

struct mf_import {
    const struct mf_import_reader *reader;
    struct mf_input input;
    struct mf_buf message; /* an ExportFlowRequest */
    struct mf_buf fields;  /* of its Flow */
    uint64_t number;       /* of the flow being read, from 1 */
    uint64_t untimed;      /* flows without a time */
    void *state;
    int error; /* sticky, and told once; 1: the end was told */
};

static int fail_unknown(struct mf_err *err)
{
    char names[128] = "";
    size_t len = 0;
    for (size_t i = 0; readers[i] && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
                                len ? ", " : "", readers[i]->name);
    return mf_err_set(err, MF_EUNSUPPORTED,
                      "not a file that can be read here; these can: %s", names);
}

static int find_reader(struct mf_import *from, struct mf_err *err)
{
    int rc = mf_input_see(&from->input, MF_IMPORT_HEAD_LEN, err);
    if (rc)
        return rc;
    size_t len = mf_input_len(&from->input);
    if (len > MF_IMPORT_HEAD_LEN)
        len = MF_IMPORT_HEAD_LEN;
    for (size_t i = 0; readers[i]; i++) {
        if (readers[i]->is_it(mf_input_data(&from->input), len)) {
            from->reader = readers[i];
            return 0;
        }
    }
    return fail_unknown(err);
}

int mf_import_new(int fd, struct mf_import **ret_import, struct mf_err *err)
{
    struct mf_import *from = calloc(1, sizeof *from);
    if (!from)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    mf_input_init(&from->input, fd, MF_IMPORT_FLOW_MAX_LEN);
    mf_buf_init(&from->fields, MF_IMPORT_FLOW_MAX_LEN);
    mf_buf_init(&from->message, MF_IMPORT_FLOW_MAX_LEN + 64);
    int rc = find_reader(from, err);
    if (!rc) {
        from->state = calloc(1, from->reader->state_size + 1);
        rc = from->state ? 0 : mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    if (!rc && from->reader->begin)
        rc = from->reader->begin(from, from->state, err);
    if (rc) {
        mf_import_free(from);
        return rc;
    }
    *ret_import = from;
    return 0;
}

/* An event that ends a flow of its type, so that it comes out ended. */
static uint64_t last_event(enum mf_flow_type type)
{
    switch (type) {
    case MF_FLOW_HTTP:
        /* Also of one that has become a WebSocket. */
        return MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_WEBSOCKET_END;
    case MF_FLOW_DNS:
        return MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_DNS_RESPONSE;
    case MF_FLOW_TCP:
        return MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_TCP_END;
    case MF_FLOW_UDP:
        return MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_UDP_END;
    }
    return 0;
}

static int put_request(const void *snapshot, size_t len, struct mf_buf *out)
{
    enum mf_flow_type type =
        mf_flow_snapshot_type((struct mf_span){snapshot, len});
    int rc = mf_wire_put_bytes(out, EXPORT_FLOW, snapshot, len);
    return rc ? rc
              : mf_wire_put_varint_opt(out, EXPORT_EVENT, last_event(type));
}

int mf_import_put_request(const struct mf_flow *flow, struct mf_buf *out)
{
    size_t len;
    const uint8_t *snapshot = mf_flow_snapshot(flow, &len);
    return put_request(snapshot, len, out);
}

static int make_flow(struct mf_import *from, uint64_t byte,
                     struct mf_flow **ret_flow, struct mf_err *err)
{
    struct mf_buf *message = &from->message, *fields = &from->fields;
    struct mf_err why;
    mf_buf_clear(message);
    int rc = put_request(fields->data, fields->len, message);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    rc = mf_flow_from_export(message->data, message->len, ret_flow, &why);
    if (!rc || rc == MF_ENOMEM)
        return rc ? mf_err_set(err, rc, "out of memory") : 0;
    return mf_import_fail(from, err, MF_ECORRUPT, byte, "%s", why.text);
}

/* A long flow's memory is not kept for the next. */
static void make_room(struct mf_buf *buf)
{
    enum { KEPT_LEN = 16 << 20 };
    if (buf->cap > KEPT_LEN)
        mf_buf_release(buf);
    mf_buf_clear(buf);
}

int mf_import_next(struct mf_import *from, struct mf_flow **ret_flow,
                   struct mf_buf *note, struct mf_err *err)
{
    if (from->error)
        return from->error > 0 ? 0
                               : mf_err_set(err, from->error, "%s",
                                            mf_err_message(from->error));
    uint64_t byte = from->input.offset;
    make_room(&from->fields);
    make_room(&from->message);
    mf_buf_clear(note);
    from->number++;
    int rc = from->reader->next(from, from->state, &from->fields, note, err);
    if (rc == 1) {
        rc = make_flow(from, byte, ret_flow, err);
        rc = rc ? rc : 1;
    } else if (rc == 0) {
        from->error = 1;
    }
    if (rc < 0)
        from->error = rc;
    return rc;
}

void mf_import_free(struct mf_import *from)
{
    if (!from)
        return;
    if (from->reader && from->state && from->reader->release)
        from->reader->release(from->state);
    mf_input_release(&from->input);
    mf_buf_release(&from->fields);
    mf_buf_release(&from->message);
    free(from->state);
    free(from);
}

void mf_import_progress(const struct mf_import *from, uint64_t *ret_read,
                        uint64_t *ret_total)
{
    *ret_read = from->input.offset;
    *ret_total = from->input.total;
}

uint64_t mf_import_untimed(const struct mf_import *from)
{
    return from->untimed;
}

const char *mf_import_format(const struct mf_import *from)
{
    return from->reader->name;
}

/* ---- for readers ---- */

struct mf_input *mf_import_input(struct mf_import *from)
{
    return &from->input;
}

void mf_import_note_untimed(struct mf_import *from)
{
    from->untimed++;
}

uint64_t mf_import_number(const struct mf_import *from)
{
    return from->number;
}

int mf_import_fail(const struct mf_import *from, struct mf_err *err, int code,
                   uint64_t byte, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mf_err_set(err, code, "flow %" PRIu64 ", byte %" PRIu64 ": %s",
                      from->number, byte, text);
}

/* FNV-1a in 128 bits (draft-eastlake-fnv): equal bytes must have equal ids,
 * and a file that is made to have equal ids for others harms itself only. */
static unsigned __int128 take(unsigned __int128 hash, const void *bytes,
                              size_t len)
{
    const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * prime;
    return hash;
}

void mf_import_make_id(const void *bytes, size_t len, uint64_t ordinal,
                       char *ret_id)
{
    unsigned __int128 hash = (unsigned __int128)UINT64_C(0x6c62272e07bb0142)
                                 << 64 |
                             UINT64_C(0x62b821756295c58d);
    hash = take(hash, &ordinal, sizeof ordinal);
    hash = take(hash, bytes, len);
    uint64_t high = (uint64_t)(hash >> 64), low = (uint64_t)hash;
    snprintf(ret_id, 37,
             "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64
             "-%012" PRIx64,
             high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48,
             low & UINT64_C(0xffffffffffff));
}
