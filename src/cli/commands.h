/* The commands beside `serve`. */
#ifndef MF_CLI_COMMANDS_H
#define MF_CLI_COMMANDS_H

#include "cli/command.h"

/* Ends with a row without a name. */
extern const struct mf_command mf_commands[];

#endif
