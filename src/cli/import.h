/* Where `mitmflow import` brings flows. Private to src/cli. */
#ifndef MF_CLI_IMPORT_H
#define MF_CLI_IMPORT_H

#include "cli/ask.h"
#include "flow/flow.h"

struct mf_import_to {
    /* One flow, of a source ("import:FILE"), with a note ("" for none). */
    int (*put)(struct mf_import_to *to, struct mf_flow *flow,
               const char *source, const char *note, struct mf_err *err);
    /* Wait until all that was put is durable. */
    int (*flush)(struct mf_import_to *to, struct mf_err *err);
    void (*close)(struct mf_import_to *to);
};

/* Errors of all: MF_EFULL (the disk), MF_EIO and others, told in `err`. */
int mf_import_to_store(const char *dir, struct mf_import_to **ret_to,
                       struct mf_err *err);
/* `ask` is open, and borrowed. */
int mf_import_to_server(struct mf_ask *ask, struct mf_import_to **ret_to,
                        struct mf_err *err);

#endif
