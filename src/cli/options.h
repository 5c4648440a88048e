/*
 * mf_options: what `mitmflow serve` was asked for, by its command line, the
 * environment and a file.
 *
 * Errors:  0 or a negative MF_E*; `err` is the line for the user.
 */
#ifndef MF_CLI_OPTIONS_H
#define MF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { MF_OPTION_VALUES_MAX = 32, MF_FLAGS_MAX = 48 };

/* Where a value came from, the stronger last. */
enum mf_source {
    MF_SOURCE_NONE,
    MF_SOURCE_PRESET,
    MF_SOURCE_FILE,
    MF_SOURCE_ENVIRONMENT,
    MF_SOURCE_COMMAND_LINE,
};

/* Values of a repeatable flag. */
struct mf_option_list {
    const char *values[MF_OPTION_VALUES_MAX];
    size_t count;
};

struct mf_option_text; /* what was copied, in a list */

/* Texts are borrowed from argv and the environment, or in `texts`. */
struct mf_options {
    struct mf_option_list addrs;        /* never empty after reading */
    struct mf_option_list ingest_addrs; /* with any, addrs take no flows */
    struct mf_option_list hosts;
    struct mf_option_list cors_origins;
    struct mf_option_list descriptor_sets;
    const char *data_dir;
    const char *config;        /* NULL: none, like all below */
    const char *tls_cert;      /* with tls_key, or neither */
    const char *tls_key;       /* */
    const char *tls_client_ca; /* only with tls_cert */
    uint64_t max_flows;        /* 0: no cap */
    uint64_t max_bytes;        /* 0: no cap */
    uint64_t max_age_ms;       /* 0: no cap */
    uint64_t log_format;       /* an enum mf_log_format */
    uint64_t log_level;        /* an enum mf_log_level */
    uint64_t max_connections;  /* 0: as many as descriptors allow */
    uint64_t max_streams;
    uint64_t max_head_len;
    uint64_t max_message_len;
    uint64_t first_timeout_ms;
    uint64_t head_timeout_ms;
    uint64_t body_timeout_ms;
    uint64_t send_timeout_ms;
    uint64_t idle_timeout_ms;
    uint64_t ping_interval_ms;
    uint64_t ping_timeout_ms;
    uint64_t stop_grace_ms;
    bool insecure;
    bool help;
    bool version;
    unsigned char source_of[MF_FLAGS_MAX]; /* enum mf_source by row */
    /* "MITMFLOW_X=..." that name no flag: worth a warning. */
    struct mf_option_list strangers;
    struct mf_option_text *texts;
};

/*
 * Read argv (argv[0] is skipped, "serve" may follow it), then the entries
 * "NAME=VALUE" of `environment` (ends with NULL), then the file that one of
 * them names; a value of argv wins over the environment's, and that over the
 * file's, for lists too. After --help or --version nothing else is looked
 * at.
 *
 *  MF_EINVAL  wrong usage
 *  MF_EIO     the file cannot be read
 *  MF_ENOMEM
 *
 * *ret_options is released by the caller, after an error as well.
 */
int mf_options_read(int argc, char **argv, char **environment,
                    struct mf_options *ret_options, struct mf_err *err);
void mf_options_release(struct mf_options *options);

/* A copy of `len` bytes and a NUL that lives as long as `options`; NULL: out
 * of memory. */
char *mf_options_keep(struct mf_options *options, const char *text, size_t len);

#endif
