#include "cli/commands.h"

#include "cli/care.h"
#include "cli/exchange.h"
#include "cli/search.h"
#include "cli/tail.h"

const struct mf_command mf_commands[] = {
    {"search", "[FLAG]... FILTER", "flows that match, of a running server",
     mf_search},
    {"tail", "[FLAG]... [FILTER]", "flows as they come, of a running server",
     mf_tail},
    {"check", "[--data-dir DIR]", "is all that is kept as it should be?",
     mf_check_command},
    {"backup", "FILE [--data-dir DIR]",
     "a copy in one file, also while serving", mf_backup_command},
    {"export", "[FLAG]...", "flows as a file that other programs read",
     mf_export_command},
    {"import", "FILE... [FLAG]...", "flows out of files of other programs",
     mf_import_command},
    {0},
};
