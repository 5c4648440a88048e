#include "cli/commands.h"

const struct mf_command mf_commands[] = {
    {0},
};
