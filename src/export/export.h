/*
 * mf_export: writes flows as other programs read them, one after the other,
 * in memory that does not grow with their number.
 *
 * Thread:  one.
 * Errors:  0 or a negative MF_E*; what the output's write gave is given back.
 */
#ifndef MF_EXPORT_EXPORT_H
#define MF_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "flow/record.h"

/* mitmflow.v1.ExportFormat */
enum mf_export_format {
    MF_EXPORT_HAR = 1,
    MF_EXPORT_JSON = 2, /* the original's: one array of flows */
    MF_EXPORT_JSON_LINES = 100,
    MF_EXPORT_MITM = 101,
    MF_EXPORT_RAW_REQUEST = 102, /* these as they were on the wire */
    MF_EXPORT_RAW_RESPONSE = 103,
    MF_EXPORT_CURL = 104, /* from here on: text to paste into a shell */
    MF_EXPORT_HTTPIE = 105,
    MF_EXPORT_FETCH = 106,
    MF_EXPORT_PYTHON = 107,
    MF_EXPORT_BODIES = 108, /* a zip */
};

/* "har", "jsonl", "mitm", ...: as --format names it. MF_ENOENT. */
int mf_export_parse_format(const char *name, enum mf_export_format *ret_format);

struct mf_export_out {
    /* Not 0: stop, and give it back. */
    int (*write)(void *user, const void *data, size_t len);
    /* Something of a flow cannot be said in this format: `what` is a short
     * text ("flow type dns", "trailers"). May be NULL. */
    void (*left_out)(void *user, const struct mf_record *record,
                     const char *what);
    void *user;
};

struct mf_export_opts {
    unsigned mitm_version; /* of the file format; 0: the newest known */
};

/* One flow and what is known beside it. */
struct mf_export_flow {
    const struct mf_record *record; /* with its flow */
    /* An encoded mitmflow.v1.FlowConnections; empty: nothing is known. */
    struct mf_span connections;
};

struct mf_export;

/* The head of the file is written by this. MF_EINVAL: an unknown format or
 * version, `err` says which there are. */
int mf_export_new(enum mf_export_format format,
                  const struct mf_export_opts *opts,
                  const struct mf_export_out *out,
                  struct mf_export **ret_export, struct mf_err *err);

int mf_export_flow(struct mf_export *to, const struct mf_export_flow *flow);

/* Write what ends the file. */
int mf_export_end(struct mf_export *to);
void mf_export_free(struct mf_export *to); /* NULL is allowed */

/* "application/json" and the like, and ".har"; NULL: there is no such format
 * here. */
const char *mf_export_media_type(enum mf_export_format format);
const char *mf_export_suffix(enum mf_export_format format);

/* Write the names of all formats, joined by ", ", as snprintf() would. */
size_t mf_export_format_names(char *text, size_t size);

/*
 * ---- what a format is made of ----
 *
 * A format is a row in export.c, and its writer is declared in formats.h. Its
 * functions write by mf_export_write(), which gathers small writes; `state` is
 * zero at first and state_size bytes long. An error of any of them ends the
 * file: nothing is called after it but release.
 */
struct mf_export_writer {
    size_t state_size;
    int (*begin)(struct mf_export *to, void *state, struct mf_err *err);
    int (*flow)(struct mf_export *to, void *state,
                const struct mf_export_flow *flow);
    int (*end)(struct mf_export *to, void *state);
    void (*release)(void *state); /* may be NULL, as begin and end may */
};
int mf_export_write(struct mf_export *to, const void *data, size_t len);
void mf_export_leave_out(struct mf_export *to, const struct mf_record *record,
                         const char *what);
const struct mf_export_opts *mf_export_opts_of(const struct mf_export *to);

#endif
