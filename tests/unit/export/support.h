/* What tests of exports and imports share. */
#ifndef TEST_EXPORT_SUPPORT_H
#define TEST_EXPORT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/export.h"
#include "export/import.h"

/* A flow that the published exporter sent. */
struct mf_flow *load_flow(const char *name);
extern const char *const golden_names[]; /* ends with NULL */

/* A flow from a mitmproxy.v1.Flow of which these are the fields. */
struct mf_flow *make_flow(const struct mf_buf *fields);

/* What a format makes of flows; released by the caller. What is left out
 * stands in `left_out`, a line for each (NULL is allowed). */
struct mf_buf export_flows(enum mf_export_format format,
                           struct mf_flow *const *flows, size_t count,
                           struct mf_buf *left_out);

/* What is read out of a file with these contents; all are the caller's. */
struct imported {
    struct mf_flow *flows[64];
    char notes[64][256];
    size_t count;
    int rc; /* of what ended it: 0 at the end of the file */
    struct mf_err err;
    uint64_t read; /* bytes */
    char format[32];
};
struct imported import_bytes(const void *bytes, size_t len);
void imported_release(struct imported *imported);

/* A snapshot as every encoder writes it: fields in order, so that equal
 * flows have equal bytes. */
struct mf_buf canonical(const struct mf_flow *flow);

/* Fails the test unless both say the same. */
void assert_same_flow(const struct mf_flow *a, const struct mf_flow *b);

/* A NUL-terminated copy of a buffer; freed by the caller. */
char *text_of(const struct mf_buf *buf);

#endif
