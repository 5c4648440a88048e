/* A message in the form of the published schema, for a server that knows no
 * other. */
#ifndef MF_EXPORTER_PUBLISHED_FORM_H
#define MF_EXPORTER_PUBLISHED_FORM_H

#include <stddef.h>

#include "pb/spliced.h"

/*
 * Append `message`, an ExportFlowRequest, to `out`, which is empty, with
 * header maps and decoded bodies and without fields from 100 up (published.h).
 * A long body that needs no decoding is referred to, others are copied.
 * MF_ECORRUPT, MF_EFULL or MF_ENOMEM: `out` is of no use.
 */
int mf_published_form(const struct mf_spliced *message, size_t body_max,
                      struct mf_encoder *out);

#endif
