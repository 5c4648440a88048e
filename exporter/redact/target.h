/*
 * The URLs of a Request, and what is told beside them because they do not
 * tell it (authority, path, host, scheme): the same secrets are in both.
 */
#ifndef MF_EXPORTER_REDACT_TARGET_H
#define MF_EXPORTER_REDACT_TARGET_H

#include "exporter/redact/walk.h"

/* Where regexes found something in the URLs. */
struct mf_target_finds {
    bool in_authority, in_path;
};

/* True of the field numbers that are told beside URLs. */
bool mf_target_is(uint32_t number);
/* Learn the host that such a field names. */
void mf_target_see(struct mf_job *job, const struct mf_region_field *field);

/* Put a URL; what is found in it adds to `finds`. */
void mf_target_put_url(struct mf_job *job, const struct mf_region_field *field,
                       struct mf_target_finds *finds, struct mf_encoder *out);

/* Put those fields of the Request `field`, after its URLs. A part of a URL in
 * which a regex found something is left out here as a whole: it may look
 * otherwise by itself. */
void mf_target_put_rest(struct mf_job *job, const struct mf_region_field *field,
                        const struct mf_target_finds *finds,
                        struct mf_encoder *out);

#endif
