/* The command line of `mitmflow serve`. */
#ifndef MF_CLI_OPTIONS_H
#define MF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { MF_OPTION_VALUES_MAX = 32 };

/* Values of a repeatable flag; borrowed from argv. */
struct mf_option_list {
    const char *values[MF_OPTION_VALUES_MAX];
    size_t count;
};

struct mf_options {
    struct mf_option_list addrs; /* never empty after parsing */
    struct mf_option_list hosts;
    const char *data_dir;
    uint64_t max_flows; /* 0: no cap */
    bool insecure;
    bool help;
    bool version;
};

/*
 * Read argv (argv[0] is skipped, "serve" may follow it); flags begin with
 * one dash or two, their value follows or stands after "=".
 *
 *  MF_EINVAL  wrong usage; `err` says what and what to do
 */
int mf_options_parse(int argc, char **argv, struct mf_options *ret_options,
                     struct mf_err *err);

/* The text of --help. */
extern const char mf_options_help[];

#endif
