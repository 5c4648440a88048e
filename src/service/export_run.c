#include "service/export_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "pb/wire.h"
#include "service/connections.h"

enum {
    STEP_LEN = 256 << 10, /* written at once, about */
    KEPT_LEN = 1 << 20,   /* a longer flow's memory is given back */
};

struct mf_export_run {
    struct mf_export *to;
    struct mf_query *query; /* NULL: `refs` say which */
    struct mf_flow_ref *refs;
    size_t ref_count;
    size_t ref_at;
    char *ids;     /* of the refs, in a row */
    uint64_t last; /* number of the last flow that was read */
    bool is_found;
    bool is_whole;
    struct mf_export_run_progress progress;
    struct mf_buf file;
    size_t taken; /* of it */
    struct mf_buf connections;
    struct mf_export_omission omissions[MF_EXPORT_OMISSIONS];
    size_t omission_count;
};

/* ---- what the formats tell ---- */

static int write_out(void *user, const void *data, size_t len)
{
    struct mf_export_run *run = user;
    return mf_buf_append(&run->file, data, len);
}

static void note_omission(struct mf_export_run *run, uint64_t number,
                          const char *what)
{
    struct mf_export_omission *omission = run->omissions;
    size_t i = 0;
    while (i < run->omission_count &&
           strncmp(omission[i].what, what, sizeof omission->what - 1) != 0)
        i++;
    if (i == MF_EXPORT_OMISSIONS - 1)
        what = "other things";
    if (i == MF_EXPORT_OMISSIONS)
        i--;
    if (i == run->omission_count) {
        snprintf(omission[i].what, sizeof omission->what, "%s", what);
        omission[i].first = number;
        run->omission_count++;
    }
    omission[i].count++;
}

static void leave_out(void *user, const struct mf_record *record,
                      const char *what)
{
    note_omission(user, mf_record_head(record)->number, what);
}

/* ---- begin and end ---- */

static int compare_refs(const void *a, const void *b)
{
    const struct mf_flow_ref *one = a, *two = b;
    return (one->number > two->number) - (one->number < two->number);
}

static int copy_refs(struct mf_export_run *run,
                     const struct mf_export_run_opts *opts)
{
    size_t len = 1;
    bool has_ids = false;
    for (size_t i = 0; i < opts->ref_count; i++) {
        len += opts->refs[i].id.len;
        has_ids |= opts->refs[i].number == 0;
    }
    run->refs = calloc(opts->ref_count, sizeof *run->refs);
    run->ids = malloc(len);
    if (!run->refs || !run->ids)
        return MF_ENOMEM;
    char *end = run->ids;
    for (size_t i = 0; i < opts->ref_count; i++) {
        struct mf_span id = opts->refs[i].id;
        run->refs[i] =
            (struct mf_flow_ref){opts->refs[i].number, {end, id.len}};
        if (id.len)
            end = mempcpy(end, id.text, id.len);
    }
    run->ref_count = opts->ref_count;
    if (!has_ids)
        qsort(run->refs, run->ref_count, sizeof *run->refs, compare_refs);
    run->progress.total = run->ref_count;
    run->is_found = true;
    return 0;
}

int mf_export_run_new(const struct mf_export_run_opts *opts,
                      struct mf_export_run **ret_run, struct mf_err *err)
{
    struct mf_export_run *run = calloc(1, sizeof *run);
    if (!run)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    const struct mf_export_out out = {write_out, leave_out, run};
    const struct mf_export_opts export_opts = {.mitm_version =
                                                   opts->mitm_version};
    const struct mf_query_opts query_opts = {.filter = opts->filter,
                                             .only_numbers = true};
    mf_buf_init(&run->file, SIZE_MAX);
    mf_buf_init(&run->connections, SIZE_MAX);
    int rc = mf_export_new(opts->format, &export_opts, &out, &run->to, err);
    if (!rc && opts->ref_count) {
        rc = copy_refs(run, opts);
        if (rc)
            mf_err_set(err, rc, "out of memory");
    } else if (!rc) {
        rc = mf_query_new(&query_opts, &run->query, err);
    }
    if (rc) {
        mf_export_run_free(run);
        return rc;
    }
    *ret_run = run;
    return 0;
}

void mf_export_run_free(struct mf_export_run *run)
{
    if (!run)
        return;
    mf_export_free(run->to);
    mf_query_free(run->query);
    mf_buf_release(&run->file);
    mf_buf_release(&run->connections);
    free(run->refs);
    free(run->ids);
    free(run);
}

/* ---- steps ---- */

static int find(struct mf_export_run *run, struct mf_reader *reader,
                const atomic_bool *cancel, int64_t budget_ns,
                struct mf_err *err)
{
    struct mf_query_progress progress;
    int rc = mf_query_step(run->query, reader, budget_ns, cancel, err);
    if (rc)
        return rc;
    mf_query_progress(run->query, &progress);
    run->is_found = true;
    run->progress.total = progress.found;
    if (progress.is_limited)
        note_omission(run, 0,
                      "a flow on which a regular expression met its "
                      "limits");
    return 1;
}

/* The next flow in turn; false: there is none. */
static bool next_ref(struct mf_export_run *run, struct mf_flow_ref *ret_ref)
{
    if (!run->query) {
        if (run->ref_at == run->ref_count)
            return false;
        *ret_ref = run->refs[run->ref_at++];
        return true;
    }
    run->last = mf_query_number_after(run->query, run->last);
    *ret_ref = (struct mf_flow_ref){run->last, {"", 0}};
    return run->last != 0;
}

/* What became of its connections: the field's contents, "" if nothing is
 * known. */
static int read_connections(struct mf_export_run *run, struct mf_reader *reader,
                            const struct mf_record *record,
                            struct mf_span *ret_connections, struct mf_err *err)
{
    struct mf_wire_field field;
    mf_buf_clear(&run->connections);
    *ret_connections = (struct mf_span){"", 0};
    int rc = mf_connections_put(reader, record, 1, &run->connections, err);
    if (!rc &&
        mf_wire_find(run->connections.data, run->connections.len, 1, &field))
        *ret_connections =
            (struct mf_span){(const char *)field.data, field.len};
    return rc;
}

static int write_one(struct mf_export_run *run, struct mf_reader *reader,
                     const struct mf_flow_ref *ref, struct mf_err *err)
{
    struct mf_record *record;
    struct mf_export_flow flow;
    int rc = mf_reader_get(reader, ref, 0, &record, err);
    if (rc == MF_ENOENT && ref->number)
        return 0; /* it is gone meanwhile */
    if (rc == MF_ECORRUPT) {
        note_omission(run, ref->number, "a flow that cannot be read");
        return 0;
    }
    if (rc)
        return rc;
    flow.record = record;
    rc = read_connections(run, reader, record, &flow.connections, err);
    if (!rc && (rc = mf_export_flow(run->to, &flow)))
        mf_err_set(err, rc, "flows cannot be written: %s", mf_err_message(rc));
    mf_record_unref(record);
    run->progress.flows++;
    return rc;
}

static int finish(struct mf_export_run *run, struct mf_err *err)
{
    int rc = mf_export_end(run->to);
    if (rc)
        return mf_err_set(err, rc, "the file cannot be ended: %s",
                          mf_err_message(rc));
    run->is_whole = true;
    return 0;
}

static size_t waiting_len(const struct mf_export_run *run)
{
    return run->file.len - run->taken;
}

int mf_export_run_step(struct mf_export_run *run, struct mf_reader *reader,
                       const atomic_bool *cancel, struct mf_err *err)
{
    const int64_t budget_ns = 50 * MF_NS_PER_MS;
    int64_t until_ns = mf_clock_mono_ns() + budget_ns;
    struct mf_flow_ref ref;
    int rc = 0;
    if (run->is_whole)
        return 0;
    if (!run->is_found)
        return find(run, reader, cancel, budget_ns, err);
    while (!rc && waiting_len(run) < STEP_LEN &&
           mf_clock_mono_ns() < until_ns) {
        if (cancel && atomic_load(cancel))
            return mf_err_set(err, MF_ECLOSED, "cancelled");
        if (!next_ref(run, &ref))
            return finish(run, err);
        rc = write_one(run, reader, &ref, err);
    }
    return rc ? rc : 1;
}

struct mf_span mf_export_run_take(struct mf_export_run *run, size_t max)
{
    struct mf_buf *file = &run->file;
    if (!waiting_len(run)) {
        run->taken = 0;
        if (file->cap > KEPT_LEN)
            mf_buf_release(file);
        mf_buf_clear(file);
        return (struct mf_span){"", 0};
    }
    size_t len = waiting_len(run) < max ? waiting_len(run) : max;
    struct mf_span piece = {(const char *)file->data + run->taken, len};
    run->taken += len;
    return piece;
}

struct mf_export_run_progress
mf_export_run_progress(const struct mf_export_run *run)
{
    return run->progress;
}

const struct mf_export_omission *
mf_export_run_omissions(const struct mf_export_run *run, size_t *ret_count)
{
    *ret_count = run->omission_count;
    return run->omissions;
}

void mf_export_file_name(enum mf_export_format format, char *ret_name,
                         size_t size)
{
    time_t now = time(NULL);
    struct tm utc;
    char date[32];
    const char *suffix = mf_export_suffix(format);
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", &utc);
    snprintf(ret_name, size, "mitmflow-%s%s", date, suffix ? suffix : "");
}
