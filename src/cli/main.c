#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/flags.h"
#include "cli/serve.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int fail(int status, const struct mf_err *err)
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

static int run(int argc, char **argv, struct mf_options *options,
               struct mf_err *err)
{
    int rc = mf_options_read(argc, argv, environ, options, err);
    if (rc)
        return fail(rc == MF_EINVAL ? EXIT_USAGE : EXIT_FAILED, err);
    if (options->help) {
        mf_flags_print_help(stdout);
        return EXIT_DONE;
    }
    if (options->version) {
        puts("mitmflow " MF_VERSION);
        return EXIT_DONE;
    }
    mf_log_set_format((enum mf_log_format)options->log_format);
    mf_log_set_level((enum mf_log_level)options->log_level);
    warn_of_strangers(&options->strangers);
    return mf_serve(options, err) ? fail(EXIT_FAILED, err) : EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct mf_options options;
    struct mf_err err = {0};
    int status = run(argc, argv, &options, &err);
    mf_options_release(&options);
    return status;
}
