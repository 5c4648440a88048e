/* JSON as nodes, for JSON inside of something else; bodies of JSON are text.
 * Private to src/decode. */
#ifndef MF_DECODE_JSON_VIEW_H
#define MF_DECODE_JSON_VIEW_H

#include <jansson.h>

#include "decode/view.h"

/*
 * Tell all of `json`, with `name`. Members named by `times` (NULL at its end;
 * NULL: none) that are seconds since 1970 are times.
 */
int mf_json_view(struct mf_view *view, const char *name, const json_t *json,
                 const char *const *times);

#endif
