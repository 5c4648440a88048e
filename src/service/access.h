/*
 * mf_access: who may call what, by the address that a request came to. The
 * one place where that is decided.
 */
#ifndef MF_SERVICE_ACCESS_H
#define MF_SERVICE_ACCESS_H

#include <stdbool.h>

#include "rpc/rpc.h"

/* What an address serves; together they are its mf_listen_opts tag. */
enum mf_access {
    MF_ACCESS_VIEWERS = 1, /* and the page */
    MF_ACCESS_EXPORTERS = 2,
    MF_ACCESS_ALL = MF_ACCESS_VIEWERS | MF_ACCESS_EXPORTERS,
    /* Exporters must have shown a client certificate. */
    MF_ACCESS_EXPORTER_CERT = 4,
};

/*
 * May the method at `path` be called by an address with `tag`? OK, or what
 * is answered, with a static text for the client in *ret_message.
 */
enum mf_status mf_access_judge(int tag, bool has_client_cert, const char *path,
                               const char **ret_message);

#endif
