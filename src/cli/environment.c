#include "cli/environment.h"

#include <stdio.h>
#include <string.h>

#include "cli/flags.h"

#define PREFIX "MITMFLOW_"

enum { NAME_CAP = 64 };

/* Names of our prefix that other programs of ours read. */
static const char *const known[] = {
    "TOKEN",                                        /* the exporter's */
    "SERVER", "CA", "CERT", "KEY", "LIMIT", "SORT", /* of search and tail */
};

static bool is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == len && memcmp(known[i], name, len) == 0)
            return true;
    return false;
}

/* The flag that "MAX_FLOWS" stands for. */
static const struct mf_flag *find(const char *name, size_t len)
{
    char flag[NAME_CAP];
    if (len >= sizeof flag)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (c == '_')
            flag[i] = '-';
        else if (c >= 'A' && c <= 'Z')
            flag[i] = (char)(c - 'A' + 'a');
        else
            return NULL;
    }
    const struct mf_flag *found = mf_flag_find(flag, len);
    return found && found->weakest == MF_SOURCE_COMMAND_LINE ? NULL : found;
}

static int apply_list(struct mf_options *options, const struct mf_flag *flag,
                      const char *what, const char *value, struct mf_err *err)
{
    char *rest = mf_options_keep(options, value, strlen(value));
    if (!rest)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    while (rest) {
        char *item = strsep(&rest, ",");
        item += strspn(item, " ");
        char *end = item + strlen(item);
        while (end > item && end[-1] == ' ')
            *--end = '\0';
        int rc =
            mf_flag_set(options, flag, MF_SOURCE_ENVIRONMENT, what, item, err);
        if (rc)
            return rc;
    }
    return 0;
}

int mf_environment_apply(struct mf_options *options, char **environment,
                         struct mf_err *err)
{
    for (; *environment; environment++) {
        const char *entry = *environment, *value = strchr(entry, '=');
        if (!value || strncmp(entry, PREFIX, strlen(PREFIX)) != 0)
            continue;
        const char *name = entry + strlen(PREFIX);
        size_t len = (size_t)(value - name);
        value++;
        const struct mf_flag *flag = find(name, len);
        struct mf_option_list *strangers = &options->strangers;
        if (!flag && !is_known(name, len) &&
            strangers->count < MF_OPTION_VALUES_MAX)
            strangers->values[strangers->count++] = entry;
        if (!flag || !*value)
            continue;
        char what[sizeof PREFIX + NAME_CAP];
        snprintf(what, sizeof what, PREFIX "%.*s", (int)len, name);
        int rc = flag->kind == MF_FLAG_LIST
                     ? apply_list(options, flag, what, value, err)
                     : mf_flag_set(options, flag, MF_SOURCE_ENVIRONMENT, what,
                                   value, err);
        if (rc)
            return rc;
    }
    return 0;
}
