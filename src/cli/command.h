/*
 * mf_command: what `mitmflow NAME ...` does beside serving, and how such a
 * command reads its arguments.
 *
 * Each takes its flags from the command line, one dash or two; one with a
 * text may also stand in the environment as MITMFLOW_... .
 */
#ifndef MF_CLI_COMMAND_H
#define MF_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum mf_exit { MF_EXIT_DONE = 0, MF_EXIT_FAILED = 1, MF_EXIT_USAGE = 2 };

struct mf_command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;  /* one line for mitmflow --help */
    /* argv[0] is the command's name. Results go to stdout; on a failure
     * `err` holds the line for stderr, or nothing if all was said. */
    enum mf_exit (*run)(const struct mf_command *command, int argc, char **argv,
                        struct mf_err *err);
};

/* One flag of a command: exactly one of `ret_text` and `ret_yes` is set. */
struct mf_command_flag {
    const char *name;
    const char *value;     /* a word for it in --help; texts only */
    const char *help;      /* one line */
    const char **ret_text; /* holds the preset, or NULL */
    bool *ret_yes;
};

/*
 * Read a command's arguments. `flags` ends with a row without a name; what is
 * no flag goes to `ret_words`, at most `max_words`, at least `min_words`.
 * After "--" nothing is a flag. *ret_help: --help was asked for and has been
 * printed; nothing else was looked at.
 *
 *  MF_EINVAL  wrong usage
 *
 * Texts are borrowed from argv and the environment.
 */
int mf_command_read(const struct mf_command *command, int argc, char **argv,
                    const struct mf_command_flag *flags, size_t min_words,
                    size_t max_words, const char **ret_words,
                    size_t *ret_word_count, bool *ret_help, struct mf_err *err);

#endif
