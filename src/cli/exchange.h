/* Commands that write and read the files of other programs. */
#ifndef MF_CLI_EXCHANGE_H
#define MF_CLI_EXCHANGE_H

#include "cli/command.h"

/* mitmflow export: of a data directory, or of a running server. */
enum mf_exit mf_export_command(const struct mf_command *command, int argc,
                               char **argv, struct mf_err *err);

/* mitmflow import FILE...: into either. */
enum mf_exit mf_import_command(const struct mf_command *command, int argc,
                               char **argv, struct mf_err *err);

#endif
