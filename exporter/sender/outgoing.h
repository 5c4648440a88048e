/*
 * mf_outgoing: one message on its way out, as a gRPC frame, in the form that
 * the server takes. Long bodies are read from where they are.
 *
 * Thread:  the sender's.
 */
#ifndef MF_EXPORTER_OUTGOING_H
#define MF_EXPORTER_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pb/encoder.h"
#include "pb/spliced.h"

/* What this server takes. */
struct mf_outgoing_rules {
    bool published;  /* header maps and decoded bodies, fields below 100 */
    size_t max_len;  /* the longest message; 0: no limit */
    size_t body_max; /* of a body that was decoded for the published form */
};

struct mf_outgoing {
    bool is_busy;
    uint8_t head[5];
    size_t at, len;                     /* of head and body */
    size_t splice, bytes_at, splice_at; /* where reading stands */
    struct mf_encoder enc; /* the message in its form; splices are borrowed */
};

void mf_outgoing_init(struct mf_outgoing *out);
void mf_outgoing_release(struct mf_outgoing *out);

/*
 * Start with `message`, an ExportFlowRequest; its bytes are copied, what its
 * splices refer to is borrowed until it is read to its end.
 * MF_EFULL, MF_ECORRUPT or MF_ENOMEM: it cannot be sent; `out` is idle.
 */
int mf_outgoing_begin(struct mf_outgoing *out, const struct mf_spliced *message,
                      const struct mf_outgoing_rules *rules);

/* Drop what is on its way. */
void mf_outgoing_reset(struct mf_outgoing *out);

/* Copy the next bytes; fewer than `len` only at the end, after which idle. */
size_t mf_outgoing_read(struct mf_outgoing *out, uint8_t *data, size_t len);

static inline bool mf_outgoing_is_idle(const struct mf_outgoing *out)
{
    return !out->is_busy;
}

#endif
