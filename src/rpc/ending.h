/*
 * mf_ending: how a call ends, and the texts that protocols make of it.
 */
#ifndef MF_RPC_ENDING_H
#define MF_RPC_ENDING_H

#include <stddef.h>

#include "base/buf.h"
#include "rpc/metadata.h"
#include "rpc/rpc.h"

struct mf_ending {
    enum mf_status status;
    const char *message; /* well-formed UTF-8, or NULL */
    const struct mf_error_detail *details;
    size_t detail_count;
};

/*
 * All append to `out`; 0, MF_EFULL or MF_ENOMEM.
 */

/* The text of a handler for mf_ending.message: UTF-8 (other bytes become
 * '?'), at most MF_CALL_MESSAGE_MAX_LEN bytes, and a NUL. */
int mf_ending_clean_message(const char *message, struct mf_buf *out);

/* Connect's {"code":...,"message":...,"details":...}. */
int mf_ending_json(const struct mf_ending *ending, struct mf_buf *out);

/* Connect's end of a stream: the error, if it is one, and trailers. */
int mf_ending_stream_json(const struct mf_ending *ending,
                          const struct mf_metadata *trailers,
                          struct mf_buf *out);

/* grpc-message: percent-encoded. */
int mf_ending_grpc_message(const struct mf_ending *ending, struct mf_buf *out);

/* grpc-status-details-bin: google.rpc.Status in base64 without padding;
 * nothing without details. */
int mf_ending_grpc_details(const struct mf_ending *ending, struct mf_buf *out);

#endif
