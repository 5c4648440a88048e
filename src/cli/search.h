/* `mitmflow search`: flows that match, from a running server. */
#ifndef MF_CLI_SEARCH_H
#define MF_CLI_SEARCH_H

#include "cli/command.h"

/* For mf_command.run. */
enum mf_exit mf_search(const struct mf_command *command, int argc, char **argv,
                       struct mf_err *err);

#endif
