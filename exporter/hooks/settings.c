#include "exporter/hooks/settings.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 1000, RULE_CAP = 4096 };

static int raise_err(const struct mf_err *err)
{
    PyErr_SetString(PyExc_ValueError, err->text);
    return -1;
}

/* Where `err` does not say which option is wrong. */
static int raise_for(const char *option, const struct mf_err *err)
{
    size_t len = strlen(option);
    if (strncmp(err->text, option, len) == 0)
        return raise_err(err);
    PyErr_Format(PyExc_ValueError, "%s: %s", option, err->text);
    return -1;
}

int mf_settings_copy_text(const char *name, PyObject *text, char *out,
                          size_t cap)
{
    PyObject *bytes = PyUnicode_AsEncodedString(text, "utf-8", "replace");
    char *data;
    Py_ssize_t len;
    if (!bytes)
        return -1;
    int rc = PyBytes_AsStringAndSize(bytes, &data, &len);
    if (!rc && ((size_t)len >= cap || memchr(data, 0, (size_t)len))) {
        PyErr_Format(PyExc_ValueError,
                     "%s: longer than %d bytes, or with a NUL in it", name,
                     (int)cap - 1);
        rc = -1;
    }
    if (!rc)
        memcpy(out, data, (size_t)len + 1);
    Py_DECREF(bytes);
    return rc;
}

/* It is part of a header; and it is a secret, so it is not in the error. */
static int check_token(const char *token)
{
    for (const char *c = token; *c; c++)
        if (*c <= ' ' || *c > '~') {
            PyErr_SetString(PyExc_ValueError,
                            "grpc_token: only printable ASCII without blanks "
                            "is allowed in it");
            return -1;
        }
    return 0;
}

/* ---- rules ---- */

static int copy_rule(PyObject *item, char **ret_rule)
{
    char text[RULE_CAP];
    if (!PyUnicode_Check(item)) {
        PyErr_SetString(PyExc_ValueError,
                        "grpc_redact: a rule is not a string");
        return -1;
    }
    if (mf_settings_copy_text("grpc_redact", item, text, sizeof text))
        return -1;
    *ret_rule = strdup(text);
    if (!*ret_rule)
        PyErr_NoMemory();
    return *ret_rule ? 0 : -1;
}

static int read_rules(PyObject *rules, struct mf_settings *settings)
{
    if (!rules || rules == Py_None)
        return 0;
    Py_ssize_t count = PySequence_Size(rules);
    if (count < 0)
        return -1;
    if (count > RULES_MAX) {
        PyErr_Format(PyExc_ValueError, "grpc_redact: more than %d rules",
                     RULES_MAX);
        return -1;
    }
    settings->rules = calloc((size_t)count + 1, sizeof *settings->rules);
    if (!settings->rules) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(rules, i);
        int rc = item ? copy_rule(item, &settings->rules[i]) : -1;
        Py_XDECREF(item);
        if (rc)
            return -1;
        settings->rule_count++;
    }
    return 0;
}

/* ---- all of it ---- */

struct arguments {
    PyObject *addr, *source, *token, *ca, *cert, *key, *spool_dir, *key_path,
        *rules;
    Py_ssize_t body_max;
    long long spool_max;
};

static int copy_optional(const char *name, PyObject *text, char *out,
                         size_t cap)
{
    *out = 0;
    return text ? mf_settings_copy_text(name, text, out, cap) : 0;
}

static int copy_texts(const struct arguments *from,
                      struct mf_sender_config *config)
{
    const struct {
        const char *name;
        PyObject *text;
        char *out;
        size_t cap;
    } rows[] = {
        {"grpc_source", from->source, config->source, sizeof config->source},
        {"grpc_token", from->token, config->token, sizeof config->token},
        {"grpc_ca", from->ca, config->tls.ca, sizeof config->tls.ca},
        {"grpc_cert", from->cert, config->tls.cert, sizeof config->tls.cert},
        {"grpc_key", from->key, config->tls.key, sizeof config->tls.key},
        {"grpc_spool_dir", from->spool_dir, config->spool_dir,
         sizeof config->spool_dir},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (copy_optional(rows[i].name, rows[i].text, rows[i].out, rows[i].cap))
            return -1;
    return check_token(config->token);
}

static int fill(const struct arguments *from, struct mf_settings *settings)
{
    struct mf_sender_config *config = &settings->config;
    char text[MF_ADDRESS_MAX * MF_ADDRESS_TEXT_CAP];
    char key_path[MF_TRANSPORT_PATH_CAP];
    struct mf_err err;
    if (mf_settings_copy_text("grpc_addr", from->addr, text, sizeof text))
        return -1;
    if (mf_address_parse(text, config->addresses, &config->address_count, &err))
        return raise_err(&err);
    if (from->body_max < 0 || from->spool_max < 0) {
        PyErr_SetString(PyExc_ValueError,
                        "grpc_body_max and grpc_spool_max: not negative");
        return -1;
    }
    config->body_max = (size_t)from->body_max;
    config->spool_max = (uint64_t)from->spool_max;
    if (copy_texts(from, config) || read_rules(from->rules, settings) ||
        copy_optional("the path of the key", from->key_path, key_path,
                      sizeof key_path))
        return -1;
    if (settings->rule_count &&
        mf_redact_load_key(key_path, settings->key, &err))
        return raise_for("grpc_redact", &err);
    return 0;
}

int mf_settings_read(PyObject *args, PyObject *kwargs,
                     struct mf_settings *ret_settings)
{
    static char *names[] = {"addr",      "source", "body_max", "token",
                            "ca",        "cert",   "key",      "spool_dir",
                            "spool_max", "rules",  "key_path", NULL};
    struct arguments from = {0};
    struct mf_settings settings = {0};
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "UUn|UUUUULOU", names, &from.addr, &from.source,
            &from.body_max, &from.token, &from.ca, &from.cert, &from.key,
            &from.spool_dir, &from.spool_max, &from.rules, &from.key_path))
        return -1;
    if (fill(&from, &settings)) {
        mf_settings_release(&settings);
        return -1;
    }
    *ret_settings = settings;
    return 0;
}

/* ---- what is made of it ---- */

/* Files that are named are looked at, whether or not an address asks for
 * TLS: they are wrong now, not when they are needed. */
static bool has_tls(const struct mf_sender_config *config)
{
    for (size_t i = 0; i < config->address_count; i++)
        if (config->addresses[i].is_tls)
            return true;
    return config->tls.ca[0] || config->tls.cert[0];
}

int mf_settings_make(const struct mf_settings *settings,
                     struct mf_tls **ret_tls, struct mf_redactor **ret_redactor)
{
    const struct mf_sender_config *config = &settings->config;
    struct mf_tls_config tls_config = config->tls;
    struct mf_tls *tls = NULL;
    struct mf_redactor *redactor = NULL;
    struct mf_err err;
    /* The one may be set before the other. */
    if (!tls_config.cert[0])
        tls_config.key[0] = 0;
    if (has_tls(config) && mf_tls_new(&tls_config, &tls, &err))
        return raise_err(&err);
    if (mf_redactor_new((const char *const *)settings->rules,
                        settings->rule_count, settings->key, &redactor, &err)) {
        mf_tls_free(tls);
        return raise_for("grpc_redact", &err);
    }
    *ret_tls = tls;
    *ret_redactor = redactor;
    return 0;
}

void mf_settings_release(struct mf_settings *settings)
{
    for (size_t i = 0; i < settings->rule_count; i++)
        free(settings->rules[i]);
    free(settings->rules);
    memset(settings, 0, sizeof *settings);
}
