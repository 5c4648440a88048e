/* The configuration file; an error always says where. */
#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "cli/flags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_options options = {0};
    struct mf_err err = {0};
    mf_flags_preset(&options);
    char *text = mf_options_keep(&options, (const char *)data, size);
    if (!text)
        abort();
    int rc = mf_config_apply(&options, "fuzz.conf", text, size, &err);
    if (rc && (rc != MF_EINVAL || strncmp(err.text, "fuzz.conf:", 10) != 0))
        abort();
    for (size_t i = 0; i < options.addrs.count; i++)
        if (!*options.addrs.values[i])
            abort();
    if (!*options.data_dir)
        abort();
    mf_options_release(&options);
    return 0;
}
