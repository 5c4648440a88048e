/*
 * mf_flags: the table of all flags, which the command line, the environment
 * and the configuration file share, and --help.
 */
#ifndef MF_CLI_FLAGS_H
#define MF_CLI_FLAGS_H

#include <stdio.h>

#include "cli/options.h"

enum mf_flag_kind {
    MF_FLAG_BOOL,
    MF_FLAG_TEXT,
    MF_FLAG_LIST,
    MF_FLAG_COUNT,
    MF_FLAG_SIZE,     /* bytes */
    MF_FLAG_DURATION, /* ms */
    MF_FLAG_CHOICE,
    MF_FLAG_LATER, /* not in this version: refused by its name */
};

struct mf_flag {
    const char *heading; /* before it in --help, or NULL */
    const char *name;
    enum mf_flag_kind kind;
    size_t offset;                      /* of its member in struct mf_options */
    const char *value;                  /* a word for it in --help */
    const char *preset;                 /* NULL: none */
    const char *help;                   /* lines; NULL: not in --help */
    uint64_t min, max;                  /* of a number */
    const char *const *choices;         /* ends with NULL */
    bool (*is_valid)(const char *text); /* NULL: any but "" */
    const char *wanted;                 /* what is_valid() asks for */
    enum mf_source weakest; /* it may not stand in a weaker source */
};

extern const struct mf_flag mf_flags[];
extern const size_t mf_flag_count;

/* The flag called `name` (`len` bytes), or NULL. */
const struct mf_flag *mf_flag_find(const char *name, size_t len);

/* Every flag's preset, into `options`, which is zeroed. */
void mf_flags_preset(struct mf_options *options);

/*
 * Take `text` (borrowed for the life of `options`) for `flag`, unless a
 * stronger source has set it; it is checked all the same. A stronger source
 * takes the place of all values of a list. `what` names the flag as the
 * source writes it.
 *
 *  MF_EINVAL  not a value of this flag, or not in this source
 */
int mf_flag_set(struct mf_options *options, const struct mf_flag *flag,
                enum mf_source source, const char *what, const char *text,
                struct mf_err *err);

/* --help */
void mf_flags_print_help(FILE *out);

#endif
