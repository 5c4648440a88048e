/* `mitmflow tail`: flows as they come, from a running server. */
#ifndef MF_CLI_TAIL_H
#define MF_CLI_TAIL_H

#include "cli/command.h"

/* For mf_command.run. */
enum mf_exit mf_tail(const struct mf_command *command, int argc, char **argv,
                     struct mf_err *err);

#endif
