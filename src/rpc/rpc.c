#include <stdlib.h>
#include <string.h>

#include "rpc/call_impl.h"

enum { STALL_TIMEOUT_MS = 60 * 1000 };

struct mf_rpc *mf_rpc_new(const struct mf_rpc_opts *opts)
{
    struct mf_rpc *rpc = calloc(1, sizeof *rpc);
    if (!rpc)
        return NULL;
    rpc->opts = *opts;
    if (rpc->opts.stall_timeout_ms == 0)
        rpc->opts.stall_timeout_ms = STALL_TIMEOUT_MS;
    rpc->methods = mf_map_new();
    if (!rpc->methods) {
        free(rpc);
        return NULL;
    }
    return rpc;
}

void mf_rpc_free(struct mf_rpc *rpc)
{
    if (!rpc)
        return;
    size_t position = 0;
    for (void *entry; (entry = mf_map_next(rpc->methods, &position));)
        free(entry);
    mf_map_free(rpc->methods);
    free(rpc);
}

int mf_rpc_add(struct mf_rpc *rpc, const struct mf_method *methods,
               size_t count, void *user)
{
    for (size_t i = 0; i < count; i++) {
        struct mf_entry *entry = malloc(sizeof *entry);
        if (!entry)
            return MF_ENOMEM;
        *entry = (struct mf_entry){&methods[i], user};
        const char *path = methods[i].path;
        struct mf_entry *old = mf_map_get(rpc->methods, path, strlen(path));
        if (mf_map_put(rpc->methods, path, strlen(path), entry)) {
            free(entry);
            return MF_ENOMEM;
        }
        free(old);
    }
    return 0;
}
