/* Commands that read a data directory themselves, beside a server or not. */
#ifndef MF_CLI_CARE_H
#define MF_CLI_CARE_H

#include "cli/command.h"

/* mitmflow check: a line for each fault on stdout; it fails if there is one. */
enum mf_exit mf_check_command(const struct mf_command *command, int argc,
                              char **argv, struct mf_err *err);

/* mitmflow backup FILE */
enum mf_exit mf_backup_command(const struct mf_command *command, int argc,
                               char **argv, struct mf_err *err);

#endif
