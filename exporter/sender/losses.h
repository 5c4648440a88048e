/*
 * mf_losses: what was given up, by reason, until a server has taken the report
 * of it (mitmproxy.v1.Loss).
 *
 * A report that was sent once stays as it is, as the server may have it
 * although it did not say so; what is lost later makes another.
 *
 * Thread:  the sender's. Units: ns of the wall clock.
 */
#ifndef MF_EXPORTER_LOSSES_H
#define MF_EXPORTER_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pb/encoder.h"

enum { MF_LOSSES_MAX = 32, MF_LOSS_ID_LEN = 32, MF_LOSS_REASON_CAP = 96 };

struct mf_loss {
    char id[MF_LOSS_ID_LEN + 1];
    char reason[MF_LOSS_REASON_CAP];
    uint64_t count;
    int64_t from_ns, to_ns;
    bool is_told;   /* was sent: changes no more */
    bool in_flight; /* to the server that is connected */
};

struct mf_losses {
    struct mf_loss items[MF_LOSSES_MAX];
    size_t count;
    uint64_t total; /* since the start */
    char last_reason[MF_LOSS_REASON_CAP];
};

void mf_losses_add(struct mf_losses *losses, uint64_t count, int64_t from_ns,
                   int64_t to_ns, const char *reason);

/* The first that is not in flight, now in flight; NULL if there is none. */
struct mf_loss *mf_losses_next(struct mf_losses *losses);
bool mf_losses_has_next(const struct mf_losses *losses);

/* Nothing is in flight any more. */
void mf_losses_requeue(struct mf_losses *losses);

/* The first in flight is durable at a server. */
void mf_losses_ack(struct mf_losses *losses);

/* Forget the first that was sent; none is in flight. */
void mf_losses_drop_told(struct mf_losses *losses);

/* An ExportFlowRequest with it; errors are the encoder's. */
void mf_loss_put(const struct mf_loss *loss, struct mf_encoder *out);

#endif
