/* mf_marker: what stands in the place of a secret. */
#ifndef MF_EXPORTER_REDACT_MARKER_H
#define MF_EXPORTER_REDACT_MARKER_H

#include <stddef.h>
#include <stdint.h>

#include "exporter/redact/redact.h"

/* "REDACTED-" and 16 hex digits. */
enum { MF_MARKER_LEN = 25 };

struct mf_marker;

/* NULL: out of memory, or OpenSSL has no HMAC-SHA-256. */
struct mf_marker *mf_marker_new(const uint8_t key[MF_REDACT_KEY_LEN]);
void mf_marker_free(struct mf_marker *marker);

/* Of a secret; a mark without digits of its own if that fails. No NUL. */
void mf_marker_make(struct mf_marker *marker, const void *secret, size_t len,
                    char ret_mark[MF_MARKER_LEN]);

#endif
