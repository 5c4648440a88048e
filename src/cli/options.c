#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/config.h"
#include "cli/environment.h"
#include "cli/flags.h"

enum { WHAT_CAP = 64 };

/* ---- Texts of its own ---- */

struct mf_option_text {
    struct mf_option_text *next;
    char text[];
};

char *mf_options_keep(struct mf_options *options, const char *text, size_t len)
{
    struct mf_option_text *kept = malloc(sizeof *kept + len + 1);
    if (!kept)
        return NULL;
    if (len)
        memcpy(kept->text, text, len);
    kept->text[len] = '\0';
    kept->next = options->texts;
    options->texts = kept;
    return kept->text;
}

void mf_options_release(struct mf_options *options)
{
    while (options->texts) {
        struct mf_option_text *text = options->texts;
        options->texts = text->next;
        free(text);
    }
}

/* ---- The command line ---- */

/* The flag at argv[*at] and its value; steps *at past both. */
static int read_flag(struct mf_options *options, int argc, char **argv, int *at,
                     struct mf_err *err)
{
    const char *arg = argv[(*at)++];
    const char *name = arg + strspn(arg, "-");
    size_t dashes = (size_t)(name - arg), len = strcspn(name, "=");
    const struct mf_flag *flag = mf_flag_find(name, len);
    if (dashes == 0)
        return mf_err_set(err, MF_EINVAL,
                          "unexpected argument \"%.64s\"; see mitmflow --help",
                          arg);
    if (dashes > 2 || !flag)
        return mf_err_set(err, MF_EINVAL,
                          "unknown flag %.*s; see mitmflow --help",
                          (int)(dashes + len < 64 ? dashes + len : 64), arg);
    char what[WHAT_CAP];
    snprintf(what, sizeof what, "--%s", flag->name);
    const char *value = "true";
    if (name[len])
        value = name + len + 1;
    else if (flag->kind != MF_FLAG_BOOL)
        value = *at < argc ? argv[(*at)++] : "";
    return mf_flag_set(options, flag, MF_SOURCE_COMMAND_LINE, what, value, err);
}

/* ---- What must fit together ---- */

static int check_tls(const struct mf_options *options, struct mf_err *err)
{
    if (options->tls_cert && !options->tls_key)
        return mf_err_set(err, MF_EINVAL,
                          "--tls-cert needs --tls-key, the certificate's key");
    if (options->tls_key && !options->tls_cert)
        return mf_err_set(err, MF_EINVAL,
                          "--tls-key needs --tls-cert, the key's certificate");
    if (options->tls_client_ca && !options->tls_cert)
        return mf_err_set(err, MF_EINVAL,
                          "--tls-client-ca needs --tls-cert and --tls-key: "
                          "clients show certificates in TLS only");
    return 0;
}

/* Port 0 is another one each time. */
static bool has_port_0(const char *address)
{
    const char *port = strrchr(address, ':');
    return strncmp(address, "unix:", 5) != 0 &&
           port[1 + strspn(port + 1, "0")] == '\0';
}

static bool is_same(const char *a, const char *b)
{
    bool is_unix = strncmp(a, "unix:", 5) == 0;
    return is_unix ? strcmp(a, b) == 0 : strcasecmp(a, b) == 0;
}

static int check_addresses(const struct mf_options *options, struct mf_err *err)
{
    const struct mf_option_list *lists[] = {&options->addrs,
                                            &options->ingest_addrs};
    const char *seen[2 * MF_OPTION_VALUES_MAX];
    size_t count = 0;
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count; i++) {
            const char *address = lists[l]->values[i];
            for (size_t s = 0; s < count && !has_port_0(address); s++)
                if (is_same(seen[s], address))
                    return mf_err_set(err, MF_EINVAL,
                                      "%.100s is given twice: name each "
                                      "address once, in --addr or in "
                                      "--ingest-addr",
                                      address);
            seen[count++] = address;
        }
    return 0;
}

int mf_options_read(int argc, char **argv, char **environment,
                    struct mf_options *ret_options, struct mf_err *err)
{
    struct mf_options *options = ret_options;
    *options = (struct mf_options){0};
    mf_flags_preset(options);
    int at = 1, rc = 0;
    if (at < argc && strcmp(argv[at], "serve") == 0)
        at++;
    while (!rc && at < argc)
        rc = read_flag(options, argc, argv, &at, err);
    if (rc || options->help || options->version)
        return rc;
    rc = mf_environment_apply(options, environment, err);
    if (!rc && options->config)
        rc = mf_config_read(options, options->config, err);
    if (!rc)
        rc = check_tls(options, err);
    return rc ? rc : check_addresses(options, err);
}
