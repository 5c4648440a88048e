#include <stdio.h>

#include "cli/options.h"
#include "cli/serve.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int fail(int status, const struct mf_err *err)
{
    fprintf(stderr, "mitmflow: %s\n", err->text);
    return status;
}

int main(int argc, char **argv)
{
    struct mf_options options;
    struct mf_err err = {0};
    if (mf_options_parse(argc, argv, &options, &err))
        return fail(EXIT_USAGE, &err);
    if (options.help) {
        fputs(mf_options_help, stdout);
        return EXIT_DONE;
    }
    if (options.version) {
        puts("mitmflow " MF_VERSION);
        return EXIT_DONE;
    }
    if (mf_serve(&options, &err))
        return fail(EXIT_FAILED, &err);
    return EXIT_DONE;
}
