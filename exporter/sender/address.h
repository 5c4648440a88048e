/* The grpc_addr option: where the server is. */
#ifndef MF_EXPORTER_ADDRESS_H
#define MF_EXPORTER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { MF_ADDRESS_MAX = 16, MF_ADDRESS_TEXT_CAP = 256 };

struct mf_address {
    char text[MF_ADDRESS_TEXT_CAP]; /* as it was given, for log lines */
    bool is_tls;                    /* https:// */
    char host[MF_ADDRESS_TEXT_CAP]; /* without brackets */
    char port[6];
    char authority[MF_ADDRESS_TEXT_CAP + 8]; /* host:port for HTTP */
};

/*
 * Read a comma list of `http://HOST[:PORT]` and `https://HOST[:PORT]` (http
 * where the scheme is left out, port 50051 where the port is) into
 * `ret_addresses`, room for MF_ADDRESS_MAX.
 *
 * MF_EINVAL: not such a list; `err` says what is wrong with what.
 */
int mf_address_parse(const char *text, struct mf_address *ret_addresses,
                     size_t *ret_count, struct mf_err *err);

#endif
