/* Reading and writing the fields of a message that is redacted. */
#ifndef MF_EXPORTER_REDACT_WALK_H
#define MF_EXPORTER_REDACT_WALK_H

#include "exporter/redact/inside.h"
#include "pb/spliced.h"

struct mf_text {
    const uint8_t *data; /* not NULL */
    size_t len;
};

typedef void mf_put_field(struct mf_job *job,
                          const struct mf_region_field *field,
                          struct mf_encoder *out);

/* What becomes of a field; one that no entry names stays as it is. */
struct mf_entry {
    uint32_t number;
    mf_put_field *put;
};

/* Put the fields of a nested message as `entries` say. */
void mf_walk_message(struct mf_job *job, const struct mf_region_field *field,
                     const struct mf_entry *entries, size_t count,
                     struct mf_encoder *out);

/* Bytes of a field, until the next call for one that lies in pieces. */
struct mf_text mf_walk_text(struct mf_job *job,
                            const struct mf_region_field *field);

/* The last field of this number in a nested message. */
bool mf_walk_find(const struct mf_region_field *field, uint32_t number,
                  struct mf_region_field *ret_field);

/* Put a text as what was found in it says; the spans are those. */
void mf_walk_put_found(struct mf_job *job, const struct mf_region_field *field,
                       struct mf_text text, bool is_utf8,
                       struct mf_encoder *out);

/* Texts that regexes for MF_PLACE_REST look at: a string, and bytes. */
mf_put_field mf_walk_put_rest, mf_walk_put_rest_bytes;

/* HTTPFlow.request and .response. */
mf_put_field mf_walk_put_request, mf_walk_put_response;
/* Learn what there is to be known of one; `is_whole`: all of it is here. */
void mf_walk_see_half(struct mf_job *job, const struct mf_region_field *field,
                      bool is_response, bool is_whole);

#endif
