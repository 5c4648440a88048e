#include "cli/commands.h"

#include "cli/search.h"
#include "cli/tail.h"

const struct mf_command mf_commands[] = {
    {"search", "[FLAG]... FILTER", "flows that match, of a running server",
     mf_search},
    {"tail", "[FLAG]... [FILTER]", "flows as they come, of a running server",
     mf_tail},
    {0},
};
