/* The small texts of options: values, variables, LISTEN_... of a service
 * manager. */
#include <stdlib.h>
#include <string.h>

#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/systemd.h"
#include "cli/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed must read as itself. */
static void round_trips(const char *text)
{
    char printed[MF_VALUE_CAP];
    uint64_t value, again;
    if (mf_value_size(text, &value) == 0) {
        mf_value_print_size(value, printed, sizeof printed);
        if (mf_value_size(printed, &again) || again != value)
            abort();
    }
    if (mf_value_duration(text, &value) == 0) {
        mf_value_print_duration(value, printed, sizeof printed);
        if (mf_value_duration(printed, &again) || again != value)
            abort();
    }
}

static void parse_sockets(const char *text)
{
    struct mf_passed_sockets sockets;
    mf_systemd_parse("1", "3", text, 1, &sockets, NULL);
    if (sockets.count != 3)
        abort();
    if (mf_systemd_parse("1", text, text, 1, &sockets, NULL) == 0 &&
        sockets.count > MF_PASSED_MAX)
        abort();
    mf_systemd_parse(text, "2", NULL, 1, &sockets, NULL);
}

/* Lines are the entries of an environment. */
static void read_environment(char *text)
{
    char *entries[64];
    size_t count = 0;
    for (char *rest = text; rest && count < 63;)
        entries[count++] = strsep(&rest, "\n");
    entries[count] = NULL;
    struct mf_options options = {0};
    mf_flags_preset(&options);
    mf_environment_apply(&options, entries, NULL);
    mf_options_release(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool yes;
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    round_trips(text);
    mf_value_bool(text, &yes);
    mf_value_is_origin(text);
    mf_value_is_host(text);
    mf_value_is_address(text);
    parse_sockets(text);
    read_environment(text);
    free(text);
    return 0;
}
