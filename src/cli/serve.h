/* `mitmflow serve`: the server, from start to a clean end. */
#ifndef MF_CLI_SERVE_H
#define MF_CLI_SERVE_H

#include "cli/options.h"

/*
 * Serve until SIGINT or SIGTERM. Returns 0 after a clean end. Any error was
 * met at start; `err` is the line for the user.
 */
int mf_serve(const struct mf_options *options, struct mf_err *err);

#endif
