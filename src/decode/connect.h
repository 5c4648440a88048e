/* A GET of the Connect protocol: its message is in the URL. */
#ifndef MF_DECODE_CONNECT_H
#define MF_DECODE_CONNECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

struct mf_connect_get {
    struct mf_span encoding; /* "json", "proto"; inside the URL */
    struct mf_span compression;
    struct mf_span message; /* as it stands in the URL */
    bool has_message;
    bool is_base64;
};

/* False: it is no such URL, which has connect=v1 and a message. */
bool mf_connect_get_read(struct mf_span url, struct mf_connect_get *ret_get);

#endif
