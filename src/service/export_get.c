/* GET /export: a file for a browser to save. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/percent.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "service/export.h"
#include "service/export_task.h"
#include "service/page.h"

enum {
    QUERY_MAX_LEN = 64 << 10,
    NUMBERS_MAX = 4096,
    INTERNAL_ERROR = 2, /* of HTTP/2 */
};

/* ---- what is asked for ---- */

struct wanted {
    char *format; /* owned, as the next; NULL: not told */
    char *filter;
    unsigned long mitm_version;
    struct mf_flow_ref numbers[NUMBERS_MAX];
    size_t number_count;
};

static void wanted_release(struct wanted *wanted)
{
    free(wanted->format);
    free(wanted->filter);
}

/* One value, decoded, with a NUL behind; NULL: out of memory, or it has a
 * NUL inside. */
static char *decode(const char *text, size_t len)
{
    struct mf_buf value;
    size_t got;
    mf_buf_init(&value, QUERY_MAX_LEN);
    int rc = mf_percent_decode(text, len, true, &value);
    if (!rc && value.len && memchr(value.data, '\0', value.len))
        rc = MF_EINVAL;
    if (!rc)
        rc = mf_buf_append_byte(&value, '\0');
    if (rc)
        mf_buf_release(&value);
    return (char *)mf_buf_take(&value, &got);
}

static bool read_number(const char *text, unsigned long *ret_number)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *ret_number = strtoul(text, &end, 10);
    return *end == '\0';
}

/* False: there is no such thing to ask for. Takes `value`. */
static bool take_pair(struct wanted *wanted, const char *name, size_t len,
                      char *value)
{
    unsigned long number = 0;
    bool is_good = true;
    char **text = len == 6 && memcmp(name, "format", 6) == 0   ? &wanted->format
                  : len == 6 && memcmp(name, "filter", 6) == 0 ? &wanted->filter
                                                               : NULL;
    if (text) {
        free(*text);
        *text = value;
        return true;
    }
    if (len == 12 && memcmp(name, "mitm_version", 12) == 0) {
        is_good = read_number(value, &wanted->mitm_version);
    } else if (len == 6 && memcmp(name, "number", 6) == 0) {
        is_good = wanted->number_count < NUMBERS_MAX &&
                  read_number(value, &number) && number;
        if (is_good)
            wanted->numbers[wanted->number_count++].number = number;
    }
    free(value);
    return is_good;
}

/* True, or what is wrong is in *ret_fault. */
static bool read_query(const char *path, struct wanted *wanted,
                       const char **ret_fault)
{
    const char *at = strchr(path, '?');
    at = at ? at + 1 : "";
    *ret_fault = "The query is too long.\n";
    if (strlen(at) > QUERY_MAX_LEN)
        return false;
    while (*at) {
        size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
        size_t skip = name < len ? name + 1 : len;
        char *value = decode(at + skip, len - skip);
        *ret_fault = "The query is malformed: number and mitm_version take "
                     "whole numbers, at most 4096 of them.\n";
        if (!value || !take_pair(wanted, at, name, value))
            return false;
        at += len + (at[len] == '&');
    }
    return true;
}

/* ---- the answer ---- */

struct download {
    struct mf_export_task task; /* first: tasks are cast back */
    struct mf_exchange *x;
    enum mf_export_format format;
};

static void download_free(struct mf_export_task *task)
{
    free(task);
}

static void respond(struct download *download)
{
    char name[64], disposition[128];
    mf_export_file_name(download->format, name, sizeof name);
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"",
             name);
    const struct mf_header headers[] = {
        {"content-type", mf_export_media_type(download->format)},
        {"content-disposition", disposition},
        {"cache-control", "no-store"},
        {"content-security-policy", "default-src 'none'; sandbox"},
        {"x-content-type-options", "nosniff"},
        {"referrer-policy", "no-referrer"},
        {"x-frame-options", "DENY"},
        {"cross-origin-resource-policy", "same-origin"},
    };
    mf_exchange_respond(download->x, 200, headers,
                        sizeof headers / sizeof *headers);
}

static int put(struct mf_export_task *task, struct mf_span piece)
{
    mf_exchange_write(((struct download *)task)->x, piece.text, piece.len);
    return 0;
}

static bool has_room(struct mf_export_task *task)
{
    return mf_exchange_pending(((struct download *)task)->x) <
           MF_PENDING_MAX_LEN;
}

/* A browser must not take half a file for a whole one. */
static void end(struct mf_export_task *task)
{
    struct download *download = (struct download *)task;
    if (task->rc)
        mf_exchange_reset(download->x, INTERNAL_ERROR);
    else
        mf_exchange_finish(download->x, NULL, 0);
}

static const struct mf_export_task_ops task_ops = {
    .put = put,
    .has_room = has_room,
    .end = end,
    .free = download_free,
};

static void on_end(struct mf_exchange *x, void *user)
{
    struct download *download = user;
    respond(download);
    if (strcmp(mf_exchange_method(x), "HEAD") == 0) {
        download->task.is_over = true;
        mf_exchange_finish(x, NULL, 0);
        return;
    }
    mf_export_task_go(&download->task);
}

static void on_drain(struct mf_exchange *x, void *user)
{
    struct download *download = user;
    (void)x;
    mf_export_task_go(&download->task);
}

static void on_close(struct mf_exchange *x, void *user, bool clean)
{
    struct download *download = user;
    (void)x;
    (void)clean;
    mf_export_task_close(&download->task);
}

static const struct mf_exchange_events events = {
    .on_end = on_end,
    .on_drain = on_drain,
    .on_close = on_close,
};

static const struct mf_exchange_events no_events;

/* Unlike mf_page_refuse() of a text that is no constant. */
static void refuse(struct mf_exchange *x, int status, const char *text)
{
    static const struct mf_header headers[] = {
        {"content-type", "text/plain; charset=utf-8"},
        {"cache-control", "no-store"},
        {"x-content-type-options", "nosniff"},
    };
    mf_exchange_set_events(x, &no_events, NULL);
    mf_exchange_respond(x, status, headers, sizeof headers / sizeof *headers);
    if (strcmp(mf_exchange_method(x), "HEAD") != 0) {
        mf_exchange_write(x, text, strlen(text));
        mf_exchange_write(x, "\n", 1);
    }
    mf_exchange_finish(x, NULL, 0);
}

static int open_run(const struct wanted *wanted, struct download *download,
                    struct mf_err *err)
{
    Mitmflow__V1__FlowFilter message = MITMFLOW__V1__FLOW_FILTER__INIT;
    struct mf_filter_fault fault = {0};
    struct mf_export_run_opts opts = {
        .mitm_version = (unsigned)wanted->mitm_version,
        .refs = wanted->numbers,
        .ref_count = wanted->number_count,
    };
    const char *format = wanted->format ? wanted->format : "har";
    char names[128];
    if (mf_export_parse_format(format, &opts.format)) {
        mf_export_format_names(names, sizeof names);
        return mf_err_set(err, MF_EINVAL,
                          "there is no such format; there are: "
                          "%s",
                          names);
    }
    download->format = opts.format;
    if (wanted->filter)
        message.expression = wanted->filter;
    int rc = mf_filter_new(&message, &opts.filter, &fault, err);
    if (rc)
        return fault.text[0]
                   ? mf_err_set(err, rc, "the filter is wrong: %s", fault.text)
                   : rc;
    rc = mf_export_run_new(&opts, &download->task.run, err);
    mf_filter_unref(opts.filter);
    return rc;
}

static void start(struct mf_context *context, struct mf_exchange *x,
                  const struct wanted *wanted)
{
    struct download *download = calloc(1, sizeof *download);
    struct mf_err err = {.code = MF_ENOMEM, .text = "out of memory"};
    if (!download || open_run(wanted, download, &err)) {
        refuse(x, err.code == MF_ENOMEM ? 503 : 400, err.text);
        free(download);
        return;
    }
    download->task.context = context;
    download->task.ops = &task_ops;
    download->x = x;
    if (mf_export_task_init(&download->task)) {
        refuse(x, 503, "out of memory");
        return;
    }
    mf_exchange_set_events(x, &events, download);
}

static bool is_ours(const char *path)
{
    static const char ours[] = "/export";
    return strncmp(path, ours, sizeof ours - 1) == 0 &&
           (path[sizeof ours - 1] == '\0' || path[sizeof ours - 1] == '?');
}

/* A stranger's page could not read it, but could make the server work. */
static bool is_of_stranger(const struct mf_exchange *x)
{
    const char *site = mf_exchange_header(x, "sec-fetch-site");
    return site && strcmp(site, "same-origin") != 0 &&
           strcmp(site, "none") != 0;
}

bool mf_export_handle(struct mf_context *context, struct mf_exchange *x)
{
    const char *method = mf_exchange_method(x), *fault;
    if (!is_ours(mf_exchange_path(x)))
        return false;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        mf_page_refuse(x, 405, "Only GET and HEAD are answered here.\n");
        return true;
    }
    if (is_of_stranger(x)) {
        mf_page_refuse(x, 403, "Another site's page may not export flows.\n");
        return true;
    }
    struct wanted *wanted = calloc(1, sizeof *wanted);
    if (!wanted)
        mf_page_refuse(x, 503, "out of memory\n");
    else if (!read_query(mf_exchange_path(x), wanted, &fault))
        mf_page_refuse(x, 400, fault);
    else
        start(context, x, wanted);
    if (wanted)
        wanted_release(wanted);
    free(wanted);
    return true;
}
