/*
 * Names for bodies as files: ASCII without path parts, bounded in length, and
 * never one that a system keeps for itself, as all begin with a number.
 *
 * Thread:  any.
 */
#ifndef MF_EXPORT_BODIES_H
#define MF_EXPORT_BODIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { MF_BODY_NAME_SIZE = 128 };

/* ".json" and the like, of a Content-Type; ".bin": nothing better is known. */
const char *mf_body_suffix(struct mf_span content_type);

/* "12-response-index.html": of a flow's number, the half, the last part of
 * its URL's path and a content type. NUL-terminated. */
void mf_body_name(uint64_t number, bool is_request, struct mf_span url,
                  struct mf_span content_type, char name[MF_BODY_NAME_SIZE]);

#endif
