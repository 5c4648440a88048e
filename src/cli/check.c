/* mitmflow check */
#include <inttypes.h>
#include <stdio.h>

#include "cli/care.h"
#include "store/check.h"

static void print_fault(void *user, const char *line)
{
    (void)user;
    puts(line);
}

enum mf_exit mf_check_command(const struct mf_command *command, int argc,
                              char **argv, struct mf_err *err)
{
    const char *dir = "mitmflow_data";
    const struct mf_command_flag flags[] = {
        {.name = "data-dir",
         .value = "DIR",
         .help = "where the flows are",
         .ret_text = &dir},
        {0},
    };
    struct mf_check_sum sum;
    size_t count;
    bool is_help;
    if (mf_command_read(command, argc, argv, flags, 0, 0, NULL, &count,
                        &is_help, err))
        return MF_EXIT_USAGE;
    if (is_help)
        return MF_EXIT_DONE;
    if (mf_check(dir, print_fault, NULL, &sum, err))
        return MF_EXIT_FAILED;
    printf("%s: %" PRIu64 " flows, %" PRIu64 " frames in %" PRIu64 " blocks: ",
           dir, sum.flows, sum.frames, sum.blocks);
    if (sum.older_frames)
        printf("%" PRIu64 " frames are to be indexed anew, ", sum.older_frames);
    if (sum.faults == 0)
        puts("no fault");
    else
        printf("%" PRIu64 " faults\n", sum.faults);
    return sum.faults ? MF_EXIT_FAILED : MF_EXIT_DONE;
}
