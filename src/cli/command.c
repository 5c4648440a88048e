#include "cli/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CAP = 64, HELP_COLUMN = 28 };

static void print_help(const struct mf_command *command,
                       const struct mf_command_flag *flags)
{
    printf("%s\n\nusage: mitmflow %s %s\n\n", command->help, command->name,
           command->usage);
    for (const struct mf_command_flag *flag = flags; flag->name; flag++) {
        int column = printf("  --%s%s%s", flag->name, flag->value ? " " : "",
                            flag->value ? flag->value : "");
        printf("%*s%s", column < HELP_COLUMN ? HELP_COLUMN - column : 1, "",
               flag->help);
        if (flag->ret_text && *flag->ret_text && **flag->ret_text)
            printf(" (%s)", *flag->ret_text);
        putchar('\n');
    }
    printf("  --help%*sthis text\n", HELP_COLUMN - 8, "");
}

static void read_environment(const struct mf_command_flag *flags)
{
    for (const struct mf_command_flag *flag = flags; flag->name; flag++) {
        char name[NAME_CAP];
        if (!flag->ret_text)
            continue;
        snprintf(name, sizeof name, "MITMFLOW_%s", flag->name);
        for (char *at = name; *at; at++)
            *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
        const char *text = getenv(name);
        if (text)
            *flag->ret_text = text;
    }
}

static const struct mf_command_flag *
find_flag(const struct mf_command_flag *flags, const char *name, size_t len)
{
    for (; flags->name; flags++)
        if (strlen(flags->name) == len && memcmp(flags->name, name, len) == 0)
            return flags;
    return NULL;
}

/* The flag at argv[*at] and its value; steps *at past both. */
static int read_flag(const struct mf_command *command, int argc, char **argv,
                     const struct mf_command_flag *flags, int *at,
                     struct mf_err *err)
{
    const char *arg = argv[(*at)++];
    const char *name = arg + strspn(arg, "-");
    size_t len = strcspn(name, "=");
    const struct mf_command_flag *flag = find_flag(flags, name, len);
    if (name - arg > 2 || !flag)
        return mf_err_set(err, MF_EINVAL,
                          "unknown flag %.64s; see mitmflow %s --help", arg,
                          command->name);
    if (flag->ret_yes) {
        if (name[len])
            return mf_err_set(err, MF_EINVAL, "--%s takes no value",
                              flag->name);
        *flag->ret_yes = true;
        return 0;
    }
    const char *value = name[len]    ? name + len + 1
                        : *at < argc ? argv[(*at)++]
                                     : "";
    if (!*value)
        return mf_err_set(err, MF_EINVAL, "--%s needs a value", flag->name);
    *flag->ret_text = value;
    return 0;
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-help") == 0 ||
           strcmp(arg, "-h") == 0;
}

int mf_command_read(const struct mf_command *command, int argc, char **argv,
                    const struct mf_command_flag *flags, size_t min_words,
                    size_t max_words, const char **ret_words,
                    size_t *ret_word_count, bool *ret_help, struct mf_err *err)
{
    size_t count = 0;
    bool only_words = false;
    *ret_help = false;
    read_environment(flags);
    for (int at = 1; at < argc;) {
        const char *arg = argv[at];
        if (!only_words && strcmp(arg, "--") == 0) {
            only_words = true;
            at++;
        } else if (!only_words && is_help(arg)) {
            print_help(command, flags);
            *ret_help = true;
            return 0;
        } else if (!only_words && arg[0] == '-' && arg[1]) {
            int rc = read_flag(command, argc, argv, flags, &at, err);
            if (rc)
                return rc;
        } else if (count == max_words) {
            return mf_err_set(err, MF_EINVAL,
                              "unexpected argument \"%.64s\"; usage: mitmflow "
                              "%s %s",
                              arg, command->name, command->usage);
        } else {
            ret_words[count++] = arg;
            at++;
        }
    }
    if (count < min_words)
        return mf_err_set(err, MF_EINVAL, "usage: mitmflow %s %s",
                          command->name, command->usage);
    *ret_word_count = count;
    return 0;
}
