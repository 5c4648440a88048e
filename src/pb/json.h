/*
 * Proto3 JSON for the messages of proto/, by libprotobuf.
 *
 * The one place where C++ is spoken; this header is C, and json.cc includes
 * it as such.
 *
 * Thread:  one mf_json may be used from several threads at once.
 */
#ifndef MF_PB_JSON_H
#define MF_PB_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct mf_json;

/* Knows every message of proto/. NULL when memory is out. */
struct mf_json *mf_json_new(void);
void mf_json_free(struct mf_json *json);

/*
 * JSON text to binary, appended to `out`. `type` is a full name such as
 * "mitmflow.v1.GetFlowRequest"; unknown names in the text are ignored.
 *
 *  MF_ECORRUPT  not JSON, or not of this type; `err` says where
 *  MF_ENOENT    no such type
 *  MF_EFULL, MF_ENOMEM
 */
int mf_json_to_binary(const struct mf_json *json, const char *type,
                      const char *text, size_t len, struct mf_buf *out,
                      struct mf_err *err);

/* Binary to JSON text, appended to `out`; errors as above. */
int mf_json_from_binary(const struct mf_json *json, const char *type,
                        const uint8_t *data, size_t len, struct mf_buf *out,
                        struct mf_err *err);

#endif
