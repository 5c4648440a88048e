#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

const char *const golden_names[] = {
    "dns-0",       "dns-1",       "http-get-0", "http-get-1", "http-odd-0",
    "http-odd-1",  "tcp-0",       "tcp-1",      "udp-0",      "udp-1",
    "websocket-0", "websocket-1", NULL,
};

struct mf_flow *load_flow(const char *name)
{
    char path[512];
    static uint8_t bytes[1 << 20];
    struct mf_flow *flow = NULL;
    snprintf(path, sizeof path, "%s/%s", MF_TEST_MESSAGES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_int_equal(mf_flow_from_export(bytes, len, &flow, NULL), 0);
    return flow;
}

struct mf_flow *make_flow(const struct mf_buf *fields)
{
    struct mf_buf message;
    struct mf_flow *flow = NULL;
    struct mf_err err = {0};
    mf_buf_init(&message, SIZE_MAX);
    assert_int_equal(mf_wire_put_bytes(&message, 1, fields->data, fields->len),
                     0);
    if (mf_flow_from_export(message.data, message.len, &flow, &err))
        fail_msg("%s", err.text);
    mf_buf_release(&message);
    return flow;
}

struct outs {
    struct mf_buf file;
    struct mf_buf *left_out;
};

static int write_out(void *user, const void *data, size_t len)
{
    struct outs *outs = user;
    return mf_buf_append(&outs->file, data, len);
}

static void leave_out(void *user, const struct mf_record *record,
                      const char *what)
{
    struct outs *outs = user;
    if (outs->left_out)
        mf_buf_printf(outs->left_out, "%d %s\n",
                      (int)mf_record_head(record)->number, what);
}

struct mf_buf export_flows(enum mf_export_format format,
                           struct mf_flow *const *flows, size_t count,
                           struct mf_buf *left_out)
{
    struct outs outs = {.left_out = left_out};
    const struct mf_export_out out = {write_out, leave_out, &outs};
    const struct mf_export_opts opts = {0};
    struct mf_export *to = NULL;
    struct mf_err err = {0};
    mf_buf_init(&outs.file, SIZE_MAX);
    if (left_out)
        mf_buf_init(left_out, SIZE_MAX);
    if (mf_export_new(format, &opts, &out, &to, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < count; i++) {
        const struct mf_record_head head = {
            .number = i + 1,
            .change = i + 1,
            .pinned = i % 2 == 0,
            .state = mf_flow_state(flows[i]),
            .source = "a proxy",
            .note = i % 2 ? "a \"note\"" : "",
        };
        struct mf_record *record = mf_record_new(&head, flows[i], NULL, 0);
        assert_non_null(record);
        const struct mf_export_flow flow = {.record = record,
                                            .connections = {"", 0}};
        assert_int_equal(mf_export_flow(to, &flow), 0);
        mf_record_unref(record);
    }
    assert_int_equal(mf_export_end(to), 0);
    mf_export_free(to);
    return outs.file;
}

struct imported import_bytes(const void *bytes, size_t len)
{
    struct imported got = {0};
    struct mf_import *from = NULL;
    struct mf_buf note;
    uint64_t total;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fflush(file), 0);
    rewind(file);
    mf_buf_init(&note, 1 << 20);
    got.rc = mf_import_new(fileno(file), &from, &got.err);
    if (!got.rc) {
        snprintf(got.format, sizeof got.format, "%s", mf_import_format(from));
        while ((got.rc = mf_import_next(from, &got.flows[got.count], &note,
                                        &got.err)) == 1) {
            snprintf(got.notes[got.count], sizeof got.notes[0], "%.*s",
                     (int)note.len, note.len ? (char *)note.data : "");
            assert_true(++got.count < 64);
        }
        mf_import_progress(from, &got.read, &total);
        assert_int_equal(total, len);
    }
    mf_import_free(from);
    mf_buf_release(&note);
    fclose(file);
    return got;
}

void imported_release(struct imported *imported)
{
    for (size_t i = 0; i < imported->count; i++)
        mf_flow_unref(imported->flows[i]);
    imported->count = 0;
}

struct mf_buf canonical(const struct mf_flow *flow)
{
    struct mf_buf out;
    size_t len;
    const uint8_t *bytes = mf_flow_snapshot(flow, &len);
    Mitmproxy__V1__Flow *message =
        mitmproxy__v1__flow__unpack(NULL, len, bytes);
    assert_non_null(message);
    mf_buf_init(&out, SIZE_MAX);
    size_t packed = mitmproxy__v1__flow__get_packed_size(message);
    assert_int_equal(mf_buf_reserve(&out, packed + 1), 0);
    out.len = mitmproxy__v1__flow__pack(message, out.data);
    mitmproxy__v1__flow__free_unpacked(message, NULL);
    return out;
}

void assert_same_flow(const struct mf_flow *a, const struct mf_flow *b)
{
    struct mf_buf one = canonical(a), two = canonical(b);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    mf_buf_release(&one);
    mf_buf_release(&two);
}

char *text_of(const struct mf_buf *buf)
{
    char *text = malloc(buf->len + 1);
    assert_non_null(text);
    if (buf->len)
        memcpy(text, buf->data, buf->len);
    text[buf->len] = '\0';
    return text;
}
