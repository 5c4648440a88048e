#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ADDR "127.0.0.1:50051"
#define DEFAULT_DATA_DIR "mitmflow_data"

const char mf_options_help[] =
    "mitmflow: a read-only window onto what mitmproxy sees\n"
    "\n"
    "usage: mitmflow [serve] [flags]\n"
    "\n"
    "  --addr HOST:PORT   serve the page, viewers and exporters here;\n"
    "                     repeatable, unix:PATH too (" DEFAULT_ADDR ")\n"
    "  --data-dir DIR     keep flows here (" DEFAULT_DATA_DIR ")\n"
    "  --max-flows N      keep at most N flows that are not pinned (0: no "
    "cap)\n"
    "  --host NAME        a name under which the page is reached, beside its\n"
    "                     addresses and localhost; repeatable\n"
    "  --insecure         allow an address that is not loopback; whoever\n"
    "                     reaches it can read and delete every flow\n"
    "  --version, --help\n";

enum kind { FLAG, TEXT, LIST, COUNT };

struct spec {
    const char *name;
    enum kind kind;
    size_t offset; /* of its member in struct mf_options */
};

#define SPEC(name, kind, member)                        \
    {                                                   \
        name, kind, offsetof(struct mf_options, member) \
    }

static const struct spec specs[] = {
    SPEC("addr", LIST, addrs),           SPEC("data-dir", TEXT, data_dir),
    SPEC("max-flows", COUNT, max_flows), SPEC("host", LIST, hosts),
    SPEC("insecure", FLAG, insecure),    SPEC("help", FLAG, help),
    SPEC("version", FLAG, version),
};

static const struct spec *find_spec(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        if (strlen(specs[i].name) == len &&
            memcmp(specs[i].name, name, len) == 0)
            return &specs[i];
    return NULL;
}

static int set_count(uint64_t *member, const char *name, const char *value,
                     struct mf_err *err)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end || errno)
        return mf_err_set(err, MF_EINVAL,
                          "--%s takes a whole number, not \"%.64s\"", name,
                          value);
    *member = number;
    return 0;
}

static int set_value(struct mf_options *options, const struct spec *spec,
                     const char *value, struct mf_err *err)
{
    void *member = (char *)options + spec->offset;
    if (!*value)
        return mf_err_set(err, MF_EINVAL, "--%s needs a value", spec->name);
    if (spec->kind == COUNT)
        return set_count(member, spec->name, value, err);
    if (spec->kind == TEXT) {
        *(const char **)member = value;
        return 0;
    }
    struct mf_option_list *list = member;
    if (list->count == MF_OPTION_VALUES_MAX)
        return mf_err_set(err, MF_EINVAL, "--%s is given more than %d times",
                          spec->name, MF_OPTION_VALUES_MAX);
    list->values[list->count++] = value;
    return 0;
}

/* The flag at argv[*at] and its value; steps *at past both. */
static int parse_flag(struct mf_options *options, int argc, char **argv,
                      int *at, struct mf_err *err)
{
    const char *arg = argv[(*at)++];
    const char *name = arg + strspn(arg, "-");
    size_t dashes = (size_t)(name - arg), len = strcspn(name, "=");
    const struct spec *spec = find_spec(name, len);
    if (dashes < 1 || dashes > 2 || !spec)
        return mf_err_set(err, MF_EINVAL,
                          "unknown argument \"%.64s\"; see mitmflow --help",
                          arg);
    if (spec->kind == FLAG) {
        if (name[len])
            return mf_err_set(err, MF_EINVAL, "--%s takes no value",
                              spec->name);
        *(bool *)((char *)options + spec->offset) = true;
        return 0;
    }
    if (name[len])
        return set_value(options, spec, name + len + 1, err);
    if (*at == argc)
        return mf_err_set(err, MF_EINVAL, "--%s needs a value", spec->name);
    return set_value(options, spec, argv[(*at)++], err);
}

int mf_options_parse(int argc, char **argv, struct mf_options *ret_options,
                     struct mf_err *err)
{
    struct mf_options options = {.data_dir = DEFAULT_DATA_DIR};
    int at = 1;
    if (at < argc && strcmp(argv[at], "serve") == 0)
        at++;
    while (at < argc) {
        int rc = parse_flag(&options, argc, argv, &at, err);
        if (rc)
            return rc;
    }
    if (!options.addrs.count)
        options.addrs.values[options.addrs.count++] = DEFAULT_ADDR;
    *ret_options = options;
    return 0;
}
