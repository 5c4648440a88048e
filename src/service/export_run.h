/*
 * mf_export_run: writes the flows that were asked for as one file, in steps:
 * first which flows match is found, then they are read and written, oldest
 * first, some at a time. What is in memory does not grow with their number,
 * but for a bit for each.
 *
 * Thread:  any, one at a time.
 * Errors:  0 or a negative MF_E*, told in `err`.
 */
#ifndef MF_SERVICE_EXPORT_RUN_H
#define MF_SERVICE_EXPORT_RUN_H

#include <stdatomic.h>

#include "base/buf.h"
#include "export/export.h"
#include "store/reader.h"

struct mf_export_run;

struct mf_export_run_opts {
    enum mf_export_format format;
    unsigned mitm_version;
    struct mf_filter *filter; /* a reference is taken; NULL: all */
    /* These, in place of what the filter takes; copied. */
    const struct mf_flow_ref *refs;
    size_t ref_count;
};

/* MF_EINVAL: an unknown format or version; MF_ENOMEM. */
int mf_export_run_new(const struct mf_export_run_opts *opts,
                      struct mf_export_run **ret_run, struct mf_err *err);
void mf_export_run_free(struct mf_export_run *run); /* NULL is allowed */

/*
 * Go on for about 50 ms, or until about 256 KiB wait to be taken. 1: there is
 * more to come, 0: all is written (it may still wait to be taken). Flows that
 * are gone meanwhile are left out; those that cannot be read are among the
 * omissions. MF_ECLOSED: `cancel` (NULL is allowed) is true.
 */
int mf_export_run_step(struct mf_export_run *run, struct mf_reader *reader,
                       const atomic_bool *cancel, struct mf_err *err);

/* Take at most `max` bytes of what is written; borrowed until the next call of
 * any kind. Empty: nothing waits. */
struct mf_span mf_export_run_take(struct mf_export_run *run, size_t max);

struct mf_export_run_progress {
    uint64_t flows; /* written */
    uint64_t total; /* 0: not known yet */
};
struct mf_export_run_progress
mf_export_run_progress(const struct mf_export_run *run);

/* What could not be said in the format, at most MF_EXPORT_OMISSIONS kinds. */
enum { MF_EXPORT_OMISSIONS = 32 };
struct mf_export_omission {
    char what[64];
    uint64_t count;
    uint64_t first; /* number of a flow */
};
const struct mf_export_omission *
mf_export_run_omissions(const struct mf_export_run *run, size_t *ret_count);

/* "mitmflow-20261128-101500.har", of the present second in UTC. */
void mf_export_file_name(enum mf_export_format format, char *ret_name,
                         size_t size);

#endif
