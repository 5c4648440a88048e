/* Which flow a request names. */
#ifndef MF_SERVICE_FLOW_REF_H
#define MF_SERVICE_FLOW_REF_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* Text field `number` of an encoded message, with any NUL that it holds;
 * borrowed from it. */
struct mf_span mf_text_of_field(const uint8_t *message, size_t len,
                                uint32_t number);

/* A reference that outlives its request. */
struct mf_owned_ref {
    struct mf_flow_ref ref;
    char *id;
};

/* From an encoded request whose field 1 is `flow_id`, and its number (0: not
 * given). 0 or MF_ENOMEM. */
int mf_owned_ref_init(struct mf_owned_ref *ref, const uint8_t *message,
                      size_t len, uint64_t number);
void mf_owned_ref_release(struct mf_owned_ref *ref);

#endif
