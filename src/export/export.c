#include "export/export.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/formats.h"
#include "export/missing.h"

/* Writes are gathered to about this many bytes. */
enum { GATHERED_LEN = 64 << 10 };

/* Every format is one row. */
static const struct format {
    enum mf_export_format format;
    const char *name;
    const char *media_type;
    const char *suffix;
    const struct mf_export_writer *writer; /* NULL: is yet to come */
    bool has_messages;
} formats[] = {
    {MF_EXPORT_HAR, "har", "application/json", ".har", &mf_export_har, true},
    {MF_EXPORT_JSON, "json", "application/json", ".json", &mf_export_json,
     true},
    {MF_EXPORT_JSON_LINES, "jsonl", "application/x-ndjson", ".jsonl",
     &mf_export_json_lines, true},
    {MF_EXPORT_MITM, "mitm", "application/octet-stream", ".mitm",
     &mf_export_mitm, true},
    {MF_EXPORT_RAW_REQUEST, "raw-request", "application/octet-stream", ".http",
     &mf_export_raw_request, false},
    {MF_EXPORT_RAW_RESPONSE, "raw-response", "application/octet-stream",
     ".http", &mf_export_raw_response, false},
    {MF_EXPORT_CURL, "curl", "text/x-shellscript", ".sh", &mf_export_curl,
     false},
    {MF_EXPORT_HTTPIE, "httpie", "text/x-shellscript", ".sh", &mf_export_httpie,
     false},
    {MF_EXPORT_FETCH, "fetch", "text/javascript", ".mjs", &mf_export_fetch,
     false},
    {MF_EXPORT_PYTHON, "python", "text/x-python", ".py", &mf_export_python,
     false},
    {MF_EXPORT_BODIES, "bodies", "application/zip", ".zip", &mf_export_bodies,
     false},
};
enum { FORMAT_COUNT = sizeof formats / sizeof *formats };

static const struct format *find(enum mf_export_format format)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (formats[i].format == format && formats[i].writer)
            return &formats[i];
    return NULL;
}

int mf_export_parse_format(const char *name, enum mf_export_format *ret_format)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (formats[i].writer && strcmp(formats[i].name, name) == 0) {
            *ret_format = formats[i].format;
            return 0;
        }
    }
    return MF_ENOENT;
}

const char *mf_export_media_type(enum mf_export_format format)
{
    const struct format *row = find(format);
    return row ? row->media_type : NULL;
}

const char *mf_export_suffix(enum mf_export_format format)
{
    const struct format *row = find(format);
    return row ? row->suffix : NULL;
}

size_t mf_export_format_names(char *text, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < FORMAT_COUNT && len < size; i++)
        if (formats[i].writer)
            len += (size_t)snprintf(text + len, size - len, "%s%s",
                                    len ? ", " : "", formats[i].name);
    return len;
}

struct mf_export {
    const struct mf_export_writer *writer;
    bool has_messages;
    struct mf_export_opts opts;
    struct mf_export_out out;
    struct mf_buf gathered;
    void *state;
    int error; /* sticky */
};

static int flush(struct mf_export *to)
{
    struct mf_buf *gathered = &to->gathered;
    if (!to->error && gathered->len)
        to->error = to->out.write(to->out.user, gathered->data, gathered->len);
    mf_buf_clear(gathered);
    return to->error;
}

int mf_export_write(struct mf_export *to, const void *data, size_t len)
{
    if (to->error || !len)
        return to->error;
    if (to->gathered.len + len > GATHERED_LEN && flush(to))
        return to->error;
    if (len >= GATHERED_LEN)
        to->error = to->out.write(to->out.user, data, len);
    else
        to->error = mf_buf_append(&to->gathered, data, len);
    return to->error;
}

void mf_export_leave_out(struct mf_export *to, const struct mf_record *record,
                         const char *what)
{
    if (to->out.left_out)
        to->out.left_out(to->out.user, record, what);
}

const struct mf_export_opts *mf_export_opts_of(const struct mf_export *to)
{
    return &to->opts;
}

static int fail_unknown(struct mf_err *err)
{
    char names[128];
    mf_export_format_names(names, sizeof names);
    return mf_err_set(err, MF_EINVAL, "there is no such format; there are: %s",
                      names);
}

int mf_export_new(enum mf_export_format format,
                  const struct mf_export_opts *opts,
                  const struct mf_export_out *out,
                  struct mf_export **ret_export, struct mf_err *err)
{
    const struct format *row = find(format);
    if (!row)
        return fail_unknown(err);
    const struct mf_export_writer *writer = row->writer;
    struct mf_export *to = calloc(1, sizeof *to);
    if (to)
        to->state = calloc(1, writer->state_size ? writer->state_size : 1);
    if (!to || !to->state) {
        free(to);
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    to->writer = writer;
    to->has_messages = row->has_messages;
    to->opts = *opts;
    to->out = *out;
    mf_buf_init(&to->gathered, GATHERED_LEN);
    struct mf_err own = {0};
    int rc = writer->begin ? writer->begin(to, to->state, &own) : 0;
    if (rc) {
        mf_export_free(to);
        return mf_err_set(err, rc, "%s",
                          own.code ? own.text : mf_err_message(rc));
    }
    *ret_export = to;
    return 0;
}

int mf_export_flow(struct mf_export *to, const struct mf_export_flow *flow)
{
    assert(mf_record_flow(flow->record));
    if (!to->error) {
        if (to->has_messages && mf_export_missing(flow->record))
            mf_export_leave_out(to, flow->record,
                                "messages after a flow's first 64 MiB");
        int rc = to->writer->flow(to, to->state, flow);
        if (!to->error)
            to->error = rc;
    }
    return to->error;
}

int mf_export_end(struct mf_export *to)
{
    if (!to->error && to->writer->end) {
        int rc = to->writer->end(to, to->state);
        if (!to->error)
            to->error = rc;
    }
    return flush(to);
}

void mf_export_free(struct mf_export *to)
{
    if (!to)
        return;
    if (to->writer->release)
        to->writer->release(to->state);
    mf_buf_release(&to->gathered);
    free(to->state);
    free(to);
}
