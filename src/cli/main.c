#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/serve.h"

static enum mf_exit fail(enum mf_exit status, const struct mf_err *err)
{
    fprintf(stderr, "mitmflow: %s\n", err->text);
    return status;
}

/* A misspelt name would be silence otherwise. Values may be secrets. */
static void warn_of_strangers(const struct mf_option_list *strangers)
{
    for (size_t i = 0; i < strangers->count; i++)
        mf_log(MF_LOG_WARN,
               "%.*s in the environment is not known and was ignored",
               (int)strcspn(strangers->values[i], "="), strangers->values[i]);
}

static void print_help(void)
{
    mf_flags_print_help(stdout);
    if (mf_commands[0].name)
        puts("\nOther commands, each with a --help of its own:");
    for (const struct mf_command *command = mf_commands; command->name;
         command++) {
        int column = printf("  %s %s", command->name, command->usage);
        printf("%*s%s\n", column < 28 ? 28 - column : 1, "", command->help);
    }
}

static enum mf_exit serve(int argc, char **argv, struct mf_options *options,
                          struct mf_err *err)
{
    int rc = mf_options_read(argc, argv, environ, options, err);
    if (rc)
        return fail(rc == MF_EINVAL ? MF_EXIT_USAGE : MF_EXIT_FAILED, err);
    if (options->help) {
        print_help();
        return MF_EXIT_DONE;
    }
    if (options->version) {
        puts("mitmflow " MF_VERSION);
        return MF_EXIT_DONE;
    }
    mf_log_set_format((enum mf_log_format)options->log_format);
    mf_log_set_level((enum mf_log_level)options->log_level);
    warn_of_strangers(&options->strangers);
    return mf_serve(options, err) ? fail(MF_EXIT_FAILED, err) : MF_EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct mf_err err = {0};
    for (const struct mf_command *command = mf_commands; command->name;
         command++) {
        if (argc < 2 || strcmp(argv[1], command->name) != 0)
            continue;
        enum mf_exit status = command->run(command, argc - 1, argv + 1, &err);
        if (status && err.text[0])
            return fail(status, &err);
        return status;
    }
    struct mf_options options;
    enum mf_exit status = serve(argc, argv, &options, &err);
    mf_options_release(&options);
    return status;
}
