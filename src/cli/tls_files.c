#include "cli/tls_files.h"

#include <stdlib.h>
#include <string.h>

#include "cli/file.h"

enum { PEM_MAX_LEN = 1 << 20 };

static int read_pem(const char *what, const char *path, char **ret_text,
                    struct mf_err *err)
{
    size_t len;
    if (!path)
        return 0;
    int rc = mf_file_read(what, path, PEM_MAX_LEN, ret_text, &len, err);
    if (!rc && strlen(*ret_text) != len)
        rc =
            mf_err_set(err, MF_EINVAL, "%s %.120s is not PEM text", what, path);
    return rc;
}

/* net knows texts, not files: the name of its part becomes the file's. */
static int name_file(const struct mf_options *options, int rc,
                     const struct mf_err *from, struct mf_err *err)
{
    const struct {
        const char *part, *flag, *path;
    } files[] = {
        {"certificate: ", "--tls-cert", options->tls_cert},
        {"key: ", "--tls-key", options->tls_key},
        {"client CA: ", "--tls-client-ca", options->tls_client_ca},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t len = strlen(files[i].part);
        if (strncmp(from->text, files[i].part, len) == 0)
            return mf_err_set(err, rc, "%s %.100s: %s", files[i].flag,
                              files[i].path, from->text + len);
    }
    return mf_err_set(err, rc, "TLS: %s", from->text);
}

int mf_tls_files_load(const struct mf_options *options, struct mf_tls **tls,
                      struct mf_err *err)
{
    char *cert = NULL, *key = NULL, *client_ca = NULL;
    int rc = read_pem("--tls-cert", options->tls_cert, &cert, err);
    if (!rc)
        rc = read_pem("--tls-key", options->tls_key, &key, err);
    if (!rc)
        rc = read_pem("--tls-client-ca", options->tls_client_ca, &client_ca,
                      err);
    if (!rc) {
        const struct mf_tls_pem pem = {cert, key, client_ca};
        struct mf_err from = {0};
        rc = *tls ? mf_tls_reload(*tls, &pem, &from)
                  : mf_tls_new(&pem, tls, &from);
        if (rc)
            name_file(options, rc, &from, err);
    }
    if (key)
        explicit_bzero(key, strlen(key));
    free(cert);
    free(key);
    free(client_ca);
    return rc;
}
