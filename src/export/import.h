/*
 * mf_import: reads flows from the files of others: mitmproxy's dumps (.mitm)
 * of every version and HAR 1.2.
 *
 * A file is read front to back, one flow at a time, in memory that does not
 * grow with its length; a flow that is wrong ends it, and what came before is
 * whole.
 *
 * Thread:  one.
 */
#ifndef MF_EXPORT_IMPORT_H
#define MF_EXPORT_IMPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "export/input.h"
#include "flow/flow.h"

struct mf_import;

/*
 * Begin to read a file; what it is is told by its first bytes. The descriptor
 * is the caller's; it must be seekable.
 *
 *  MF_EUNSUPPORTED  neither; `err` says what is known
 *  MF_EIO, MF_ENOMEM
 */
int mf_import_new(int fd, struct mf_import **ret_import, struct mf_err *err);

/*
 * The next flow, ended, and a note with it ("" for none). 1: *ret_flow is the
 * caller's; 0: the end of the file.
 *
 *  MF_ECORRUPT      it is wrong here: `err` names the flow (from 1) and byte
 *  MF_EVERSION      written by a newer mitmproxy
 *  MF_EFULL         one flow is longer than 512 MiB
 *  MF_EIO, MF_ENOMEM
 */
int mf_import_next(struct mf_import *from, struct mf_flow **ret_flow,
                   struct mf_buf *note, struct mf_err *err);
void mf_import_free(struct mf_import *from); /* NULL is allowed */

/* Append an encoded mitmproxy.v1.ExportFlowRequest that tells such a flow, as
 * an exporter would. MF_EFULL, MF_ENOMEM. */
int mf_import_put_request(const struct mf_flow *flow, struct mf_buf *out);

/* How far it is: bytes read, and of how many. */
void mf_import_progress(const struct mf_import *from, uint64_t *ret_read,
                        uint64_t *ret_total);

/* How many flows of those that were read have no time of their own: they
 * have that of the flow before, the first ones none. */
uint64_t mf_import_untimed(const struct mf_import *from);

/* What the file is, as people call it: "HAR". */
const char *mf_import_format(const struct mf_import *from);

/*
 * ---- what a reader is made of ----
 *
 * A reader is a row in import.c and is declared in readers.h. `state` is zero
 * at first and state_size bytes long. Errors of a reader are told by
 * mf_import_fail(); after one nothing is called but release.
 */
enum { MF_IMPORT_HEAD_LEN = 4096, MF_IMPORT_FLOW_MAX_LEN = 512 << 20 };

struct mf_import_reader {
    const char *name;
    /* By the file's first bytes, at most MF_IMPORT_HEAD_LEN. */
    bool (*is_it)(const uint8_t *head, size_t len);
    size_t state_size;
    int (*begin)(struct mf_import *from, void *state, struct mf_err *err);
    /* 1: appended the fields of a mitmproxy.v1.Flow to `flow`, and to `note`
     * what mf_import_next() says; 0: the end. Both are empty before. That the
     * Flow is well-formed, has an id and UTF-8 in its string fields is seen
     * to by import.c, as of any exporter's. */
    int (*next)(struct mf_import *from, void *state, struct mf_buf *flow,
                struct mf_buf *note, struct mf_err *err);
    void (*release)(void *state); /* may be NULL, as begin may */
};

struct mf_input *mf_import_input(struct mf_import *from);

/* The flow being read has no time of its own. */
void mf_import_note_untimed(struct mf_import *from);

/* Of the flow being read, from 1. */
uint64_t mf_import_number(const struct mf_import *from);

/* Fill `err` with "flow N, byte M: " and a printf-style text; N is the flow
 * being read. Returns `code`. */
int mf_import_fail(const struct mf_import *from, struct mf_err *err, int code,
                   uint64_t byte, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A flow's id where the file has none: the same for the same bytes. At least
 * 37 bytes of room; UUID-like, NUL-terminated. */
void mf_import_make_id(const void *bytes, size_t len, uint64_t ordinal,
                       char *ret_id);

#endif
