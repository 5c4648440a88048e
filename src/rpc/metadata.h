/*
 * mf_metadata: what a response says beside its messages, names and values in
 * order; mf_fields: a list of header fields that borrows its texts.
 */
#ifndef MF_RPC_METADATA_H
#define MF_RPC_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/exchange.h"

struct mf_metadata {
    struct mf_buf text; /* "trailer-NAME\0VALUE\0" for each */
};

void mf_metadata_init(struct mf_metadata *metadata);
void mf_metadata_release(struct mf_metadata *metadata);
bool mf_metadata_is_empty(const struct mf_metadata *metadata);

/* True for a name that a header may have and that no protocol keeps for
 * itself. */
bool mf_metadata_name_is_free(const char *name);

/*
 * Append a copy. The name must be free. Of the value, white space around it
 * is dropped, and every byte that is not printable ASCII becomes '?'.
 *
 *  MF_EFULL  more than MF_CALL_METADATA_MAX_LEN
 *  MF_ENOMEM
 */
int mf_metadata_add(struct mf_metadata *metadata, const char *name,
                    const char *value);

/* Step through, from *position 0; false at the end. What it gives lives until
 * the next change. */
bool mf_metadata_next(const struct mf_metadata *metadata, size_t *position,
                      struct mf_header *ret_header);

/* ---- Header fields ---- */

struct mf_fields {
    struct mf_header few[12];
    struct mf_header *list; /* `few`, until they do not suffice */
    size_t count;
    size_t cap;
    int rc; /* MF_ENOMEM once a field could not be added */
};

void mf_fields_init(struct mf_fields *fields);
void mf_fields_release(struct mf_fields *fields);
void mf_fields_add(struct mf_fields *fields, const char *name,
                   const char *value);
/* Add all of `metadata`, its names with "trailer-" before them if
 * `is_prefixed`. */
void mf_fields_add_all(struct mf_fields *fields,
                       const struct mf_metadata *metadata, bool is_prefixed);

#endif
