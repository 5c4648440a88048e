/*
 * mf_body_source: one body of a kept flow, with all that tells how to read
 * it. What GetBody and Decode begin with.
 *
 * Thread:  one; made on a pool thread, it owns all that it names.
 */
#ifndef MF_SERVICE_BODY_SOURCE_H
#define MF_SERVICE_BODY_SOURCE_H

#include "decode/body.h"
#include "flow/kept.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "service/flow_ref.h"
#include "store/reader.h"

/* Which body a request names. */
struct mf_body_ref {
    struct mf_owned_ref flow;
    enum mf_body_place place;
    uint64_t index; /* of a message */
};

/*
 * From a request whose field 1 is a mitmflow.v1.BodyRef (`ref`, as it was
 * unpacked). 0; MF_EINVAL with `err`: it names no place; MF_ENOMEM.
 */
int mf_body_ref_init(struct mf_body_ref *ret_ref,
                     const Mitmflow__V1__BodyRef *ref, const uint8_t *message,
                     size_t len, struct mf_err *err);
void mf_body_ref_release(struct mf_body_ref *ref);

struct mf_body_source {
    struct mf_record *record;
    struct mf_buf message; /* of a WebSocket, TCP or UDP flow */
    struct mf_kept_body kept;
    struct mf_body_http http; /* its user is the flow */
    struct mf_body body;      /* its data is `kept.decoded`, or `kept.wire`
                                 if that has no content encoding */
};

/* Read it. MF_ENOENT: no such flow, or it has no such body; errors as
 * mf_reader_get(). */
int mf_body_source_read(struct mf_body_source *source, struct mf_reader *reader,
                        const struct mf_body_ref *ref, struct mf_err *err);
void mf_body_source_release(struct mf_body_source *source);

/* True if its bytes have to be decoded before they are a body. */
bool mf_body_source_is_encoded(const struct mf_body_source *source);

/* Append the BodyInfo of it as field `number`; its kind and whether it is
 * text are those of `body`, whose data may be just its beginning. 0,
 * MF_EFULL or MF_ENOMEM. */
int mf_body_source_put_info(const struct mf_body_source *source,
                            const struct mf_body *body, uint32_t number,
                            struct mf_buf *out);

#endif
