/*
 * The environment: MITMFLOW_MAX_FLOWS for --max-flows. Lists are separated
 * by commas; an empty value is none.
 */
#ifndef MF_CLI_ENVIRONMENT_H
#define MF_CLI_ENVIRONMENT_H

#include "cli/options.h"

/*
 * Take what the entries "NAME=VALUE" of `environment` (ends with NULL;
 * borrowed for the life of `options`) say. Names that begin with MITMFLOW_
 * and belong to nothing are left in options->strangers.
 *
 *  MF_EINVAL  not a value of that flag
 *  MF_ENOMEM
 */
int mf_environment_apply(struct mf_options *options, char **environment,
                         struct mf_err *err);

#endif
