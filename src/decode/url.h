/* Parts of a URL, as they are written in it. */
#ifndef MF_DECODE_URL_H
#define MF_DECODE_URL_H

#include <stdbool.h>

#include "base/span.h"

/* The path, without the query; "" if it has none. */
struct mf_span mf_url_path(struct mf_span url);

/* The first value of a parameter of the query, percent-encoded as it is.
 * False: it has none. */
bool mf_url_query(struct mf_span url, const char *name,
                  struct mf_span *ret_value);

#endif
