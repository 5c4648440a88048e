/* mitmflow backup FILE */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/care.h"
#include "store/backup.h"

enum mf_exit mf_backup_command(const struct mf_command *command, int argc,
                               char **argv, struct mf_err *err)
{
    const char *dir = "mitmflow_data", *file;
    const struct mf_command_flag flags[] = {
        {.name = "data-dir",
         .value = "DIR",
         .help = "where the flows are",
         .ret_text = &dir},
        {0},
    };
    struct mf_backup_sum sum;
    size_t count;
    bool is_help;
    if (mf_command_read(command, argc, argv, flags, 1, 1, &file, &count,
                        &is_help, err))
        return MF_EXIT_USAGE;
    if (is_help)
        return MF_EXIT_DONE;
    umask(077); /* what was captured is for this user alone */
    if (mf_backup(dir, file, &sum, err))
        return MF_EXIT_FAILED;
    printf("%s: %" PRIu64 " flows, %" PRIu64 " bytes\n", file, sum.flow_count,
           sum.bytes);
    return MF_EXIT_DONE;
}
