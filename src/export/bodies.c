/* The bodies of flows, each a file in a zip, which goes out as it is made. */
#include "export/bodies.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "export/formats.h"
#include "export/http_view.h"

enum { BODY_MAX_LEN = 256 << 20, KEPT_LEN = 4 << 20 };

struct bodies {
    struct archive *zip;
    struct mf_export *to;
    struct mf_buf scratch;
    int rc; /* of the last write */
};

static la_ssize_t write_out(struct archive *zip, void *user, const void *data,
                            size_t len)
{
    struct bodies *bodies = user;
    bodies->rc = mf_export_write(bodies->to, data, len);
    if (bodies->rc) {
        archive_set_error(zip, EIO, "not written");
        return -1;
    }
    return (la_ssize_t)len;
}

static int begin(struct mf_export *to, void *state, struct mf_err *err)
{
    struct bodies *bodies = state;
    bodies->to = to;
    mf_buf_init(&bodies->scratch, BODY_MAX_LEN);
    bodies->zip = archive_write_new();
    if (!bodies->zip)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    if (archive_write_set_format_zip(bodies->zip) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(bodies->zip, 0) != ARCHIVE_OK ||
        archive_write_open(bodies->zip, bodies, NULL, write_out, NULL) !=
            ARCHIVE_OK)
        return mf_err_set(err, MF_EUNSUPPORTED, "no zip can be made: %s",
                          archive_error_string(bodies->zip));
    return 0;
}

static int fail(const struct bodies *bodies)
{
    return bodies->rc ? bodies->rc : MF_EIO;
}

static int put_file(struct bodies *bodies, const char *name, int64_t time_ns,
                    struct mf_span body)
{
    enum { MODE = 0644, NS_PER_S = 1000000000 };
    struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return MF_ENOMEM;
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, MODE);
    archive_entry_set_size(entry, (la_int64_t)body.len);
    archive_entry_set_mtime(entry, time_ns / NS_PER_S, 0);
    int rc = archive_write_header(bodies->zip, entry) < ARCHIVE_WARN
                 ? fail(bodies)
                 : 0;
    for (size_t at = 0; !rc && at < body.len;) {
        la_ssize_t done =
            archive_write_data(bodies->zip, body.text + at, body.len - at);
        if (done <= 0)
            rc = fail(bodies);
        else
            at += (size_t)done;
    }
    archive_entry_free(entry);
    return rc;
}

static void tell_lacks(struct mf_export *to, const struct mf_record *record,
                       const struct mf_http_half *half, int rc)
{
    if (rc == MF_EFULL)
        mf_export_leave_out(to, record, "the end of a body, which is too long");
    else if (rc)
        mf_export_leave_out(to, record,
                            "a body's content encoding could not be undone");
    if (half->is_cut || half->left_out.len)
        mf_export_leave_out(to, record, "the rest of a body that was not kept");
}

static int write_half(struct bodies *bodies, const struct mf_record *record,
                      enum mf_half which, struct mf_span url)
{
    char name[MF_BODY_NAME_SIZE];
    struct mf_http_half half;
    struct mf_span body;
    mf_http_half(mf_record_flow(record), which, &half);
    int rc = mf_http_body(&half, &bodies->scratch, &body);
    if (rc == MF_ENOMEM)
        return rc;
    if (half.is_there)
        tell_lacks(bodies->to, record, &half, rc);
    if (!body.len)
        return 0;
    mf_body_name(mf_record_head(record)->number, which == MF_HALF_REQUEST, url,
                 mf_http_header(&half, "content-type"), name);
    rc = put_file(bodies, name, half.start_ns, body);
    if (bodies->scratch.cap > KEPT_LEN)
        mf_buf_release(&bodies->scratch);
    return rc;
}

static int write_flow(struct mf_export *to, void *state,
                      const struct mf_export_flow *flow)
{
    struct bodies *bodies = state;
    struct mf_http_half request;
    mf_http_half(mf_record_flow(flow->record), MF_HALF_REQUEST, &request);
    if (!request.is_there) {
        mf_export_leave_out(to, flow->record, "a flow without an HTTP request");
        return 0;
    }
    int rc = write_half(bodies, flow->record, MF_HALF_REQUEST, request.url);
    return rc ? rc
              : write_half(bodies, flow->record, MF_HALF_RESPONSE, request.url);
}

static int end(struct mf_export *to, void *state)
{
    struct bodies *bodies = state;
    (void)to;
    return archive_write_close(bodies->zip) == ARCHIVE_OK ? 0 : fail(bodies);
}

/* What was not ended writes nothing more. */
static void release(void *state)
{
    struct bodies *bodies = state;
    if (bodies->zip) {
        archive_write_fail(bodies->zip);
        archive_write_free(bodies->zip);
    }
    mf_buf_release(&bodies->scratch);
}

const struct mf_export_writer mf_export_bodies = {
    .state_size = sizeof(struct bodies),
    .begin = begin,
    .flow = write_flow,
    .end = end,
    .release = release,
};
