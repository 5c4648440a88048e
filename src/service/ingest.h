/*
 * Hello and ExportFlow: takes flows in and acknowledges what is durable.
 *
 * A flow whose exporter went away before its end is cut off: at once when
 * the exporter named no session, else once no stream of its session has
 * been open for a while.
 */
#ifndef MF_SERVICE_INGEST_H
#define MF_SERVICE_INGEST_H

#include "rpc/rpc.h"
#include "service/context.h"

struct mf_ingest;

/* NULL: out of memory. */
struct mf_ingest *mf_ingest_new(struct mf_context *context);
void mf_ingest_free(struct mf_ingest *ingest); /* NULL is allowed */

/* Their user pointer is the mf_ingest. */
extern const struct mf_method mf_ingest_methods[];
extern const size_t mf_ingest_method_count;

/* Every write up to `ticket` is durable: answer and go on reading. */
void mf_ingest_committed(struct mf_ingest *ingest, uint64_t ticket);

/* The disk is full: no stream can be acknowledged until there is room, so all
 * that are open are finished with RESOURCE_EXHAUSTED, to come again. */
void mf_ingest_full(struct mf_ingest *ingest);

/* Finish every stream with UNAVAILABLE. */
void mf_ingest_stop(struct mf_ingest *ingest);

#endif
