/* mitmflow export */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/exchange.h"
#include "cli/values.h"
#include "service/export_run.h"

/* Progress comes several times a second. */
enum { SILENCE_S = 60 };

struct export
{
    struct mf_ask ask;
    const char *dir;
    const char *filter;
    const char *format_text;
    const char *version_text;
    const char *output; /* NULL: stdout */
    enum mf_export_format format;
    uint64_t mitm_version;

    int fd;
    char *part; /* what it is written to until it is whole; NULL: in place */
    uint64_t written;
    bool shows_progress, has_progress;
    bool has_ended;
    int rc;
    struct mf_err *err;
};

/* ---- what is told beside the file ---- */

static void hide_progress(struct export *export)
{
    if (export->has_progress)
        fputs("\r\033[K", stderr);
    export->has_progress = false;
}

static void show_progress(struct export *export, uint64_t flows, uint64_t total)
{
    if (!export->shows_progress)
        return;
    fputs("\r\033[K", stderr);
    if (total)
        fprintf(stderr, "exporting, %" PRIu64 " of %" PRIu64 " flows, %.1f MB",
                flows, total, (double)export->written / 1e6);
    else
        fputs("exporting, looking for flows", stderr);
    export->has_progress = true;
}

static void tell_omission(const char *what, uint64_t count, uint64_t first)
{
    char text[256];
    if (first)
        snprintf(text, sizeof text,
                 "left out: %.100s (of %" PRIu64
                 " flows; the first is number %" PRIu64 ")",
                 what, count, first);
    else
        snprintf(text, sizeof text, "left out: %.100s (%" PRIu64 " times)",
                 what, count);
    mf_ask_tell(text);
}

/* ---- the file ---- */

/* A file takes its name when it is whole; a pipe or a device has it. */
static int open_output(struct export *export, struct mf_err *err)
{
    struct stat stat_of;
    const char *path = export->output;
    export->fd = STDOUT_FILENO;
    if (!path || strcmp(path, "-") == 0)
        return 0;
    bool is_other = stat(path, &stat_of) == 0 && !S_ISREG(stat_of.st_mode);
    if (!is_other && asprintf(&export->part, "%s.part", path) < 0) {
        export->part = NULL;
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    }
    umask(077); /* what was captured is for this user alone */
    export->fd = open(is_other ? path : export->part,
                      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return export->fd < 0
               ? mf_err_set(err, MF_EIO, "%.100s: %s", path, strerror(errno))
               : 0;
}

static int write_out(struct export *export, const char *data, size_t len)
{
    while (len) {
        ssize_t count = write(export->fd, data, len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return mf_err_set(export->err, MF_EIO, "%.100s: %s",
                              export->output ? export->output : "stdout",
                              strerror(errno));
        data += count;
        len -= (size_t)count;
        export->written += (uint64_t)count;
    }
    return 0;
}

static enum mf_exit close_output(struct export *export, enum mf_exit status,
                                 struct mf_err *err)
{
    if (export->fd < 0 || export->fd == STDOUT_FILENO)
        return status;
    bool is_good = close(export->fd) == 0 || status != MF_EXIT_DONE;
    if (export->part && status == MF_EXIT_DONE && is_good)
        is_good = rename(export->part, export->output) == 0;
    if (!is_good) {
        mf_err_set(err, MF_EIO, "%.100s: %s", export->output, strerror(errno));
        status = MF_EXIT_FAILED;
    }
    if (export->part && status != MF_EXIT_DONE)
        unlink(export->part);
    return status;
}

/* ---- of a data directory ---- */

static int open_store(const char *dir, struct mf_store **ret_store,
                      struct mf_reader **ret_reader, struct mf_err *err)
{
    const struct mf_store_opts opts = {.dir = dir};
    char path[4096];
    snprintf(path, sizeof path, "%s/flows.db", dir);
    if (access(path, F_OK))
        return mf_err_set(err, MF_ENOENT, "%.100s: no flows are kept there",
                          dir);
    int rc = mf_store_open(&opts, ret_store, err);
    if (rc == MF_EBUSY)
        return mf_err_set(
            err, rc,
            "%.100s: a server has it; ask the server: --server " MF_ASK_SERVER,
            dir);
    return rc ? rc : mf_reader_open(*ret_store, ret_reader, err);
}

static int write_waiting(struct export *export, struct mf_export_run *run)
{
    struct mf_span piece;
    int rc = 0;
    while (!rc && (piece = mf_export_run_take(run, SIZE_MAX)).len)
        rc = write_out(export, piece.text, piece.len);
    return rc;
}

static int run_steps(struct export *export, struct mf_export_run *run,
                     struct mf_reader *reader, struct mf_err *err)
{
    int rc;
    do {
        rc = mf_export_run_step(run, reader, NULL, err);
        if (rc >= 0 && write_waiting(export, run))
            rc = MF_EIO;
        struct mf_export_run_progress progress = mf_export_run_progress(run);
        show_progress(export, progress.flows, progress.total);
    } while (rc == 1);
    hide_progress(export);
    return rc;
}

static int open_run(const struct export *export, struct mf_export_run **ret_run,
                    struct mf_err *err)
{
    Mitmflow__V1__FlowFilter message = MITMFLOW__V1__FLOW_FILTER__INIT;
    struct mf_filter_fault fault = {0};
    struct mf_export_run_opts opts = {
        .format = export->format,
        .mitm_version = (unsigned)export->mitm_version,
    };
    message.expression = (char *)export->filter;
    int rc = mf_filter_new(&message, &opts.filter, &fault, err);
    if (rc)
        return fault.text[0]
                   ? mf_err_set(err, rc, "the filter is wrong at byte %zu: %s",
                                (size_t)fault.position, fault.text)
                   : rc;
    rc = mf_export_run_new(&opts, ret_run, err);
    mf_filter_unref(opts.filter);
    return rc;
}

static enum mf_exit export_store(struct export *export, struct mf_err *err)
{
    struct mf_store *store = NULL;
    struct mf_reader *reader = NULL;
    struct mf_export_run *run = NULL;
    size_t count = 0;
    int rc = open_run(export, &run, err);
    if (rc)
        return rc == MF_EINVAL ? MF_EXIT_USAGE : MF_EXIT_FAILED;
    rc = open_store(export->dir, &store, &reader, err);
    if (!rc)
        rc = open_output(export, err);
    if (!rc)
        rc = run_steps(export, run, reader, err);
    const struct mf_export_omission *omissions =
        mf_export_run_omissions(run, &count);
    for (size_t i = 0; !rc && i < count; i++)
        tell_omission(omissions[i].what, omissions[i].count,
                      omissions[i].first);
    mf_export_run_free(run);
    mf_reader_close(reader);
    mf_store_close(store);
    return rc ? MF_EXIT_FAILED : MF_EXIT_DONE;
}

/* ---- of a server ---- */

static int take(struct export *export,
                const Mitmflow__V1__ExportResponse *answer)
{
    hide_progress(export);
    int rc =
        write_out(export, (const char *)answer->data.data, answer->data.len);
    if (!rc && answer->progress && !answer->end)
        show_progress(export, answer->progress->flows, answer->progress->total);
    for (size_t i = 0; !rc && i < answer->n_left_out; i++)
        tell_omission(answer->left_out[i]->what, answer->left_out[i]->count,
                      answer->left_out[i]->number);
    export->has_ended |= answer->end;
    return rc;
}

static bool on_message(void *user, const uint8_t *data, size_t len)
{
    struct export *export = user;
    Mitmflow__V1__ExportResponse *answer =
        mitmflow__v1__export_response__unpack(NULL, len, data);
    export->rc = answer ? take(export, answer)
                        : mf_err_set(export->err, MF_ECORRUPT,
                                     "%.100s sent a malformed message",
                                     export->ask.server);
    if (answer)
        mitmflow__v1__export_response__free_unpacked(answer, NULL);
    return !export->rc;
}

static enum mf_client_end ask_server(struct export *export)
{
    Mitmflow__V1__FlowFilter filter = MITMFLOW__V1__FLOW_FILTER__INIT;
    Mitmflow__V1__ExportRequest request = MITMFLOW__V1__EXPORT_REQUEST__INIT;
    filter.expression = export->ask.expression;
    request.filter = &filter;
    request.format = (Mitmflow__V1__ExportFormat) export->format;
    request.mitm_version = (uint32_t) export->mitm_version;
    size_t len = mitmflow__v1__export_request__get_packed_size(&request);
    uint8_t *binary = malloc(len ? len : 1);
    if (!binary) {
        mf_err_set(export->err, MF_ENOMEM, "out of memory");
        return MF_CLIENT_FAILED;
    }
    mitmflow__v1__export_request__pack(&request, binary);
    const struct mf_client_call call = {
        .path = "/mitmflow.v1.Service/Export",
        .request = binary,
        .request_len = len,
        .silence_s = SILENCE_S,
        .on_message = on_message,
        .user = export,
    };
    enum mf_client_end end =
        mf_client_call(export->ask.client, &call, export->err);
    free(binary);
    return end;
}

static enum mf_exit export_server(struct export *export, struct mf_err *err)
{
    int rc = mf_ask_open(&export->ask, &export->filter, 1, err);
    if (rc)
        return rc == MF_EINVAL ? MF_EXIT_USAGE : MF_EXIT_FAILED;
    if (open_output(export, err))
        return MF_EXIT_FAILED;
    enum mf_client_end end = ask_server(export);
    hide_progress(export);
    if (end == MF_CLIENT_REFUSED) {
        enum mf_exit status = mf_ask_tell_refusal(&export->ask, err);
        *err = (struct mf_err){0}; /* it is told */
        return status;
    }
    if (end != MF_CLIENT_DONE || export->rc)
        return MF_EXIT_FAILED;
    if (export->has_ended)
        return MF_EXIT_DONE;
    mf_err_set(err, MF_ETRUNC, "%.100s ended its answer too early",
               export->ask.server);
    return MF_EXIT_FAILED;
}

/* ---- the command ---- */

static int read_flags(struct export *export, struct mf_err *err)
{
    char names[128];
    if (mf_export_parse_format(export->format_text, &export->format)) {
        mf_export_format_names(names, sizeof names);
        return mf_err_set(err, MF_EINVAL, "--format takes %s, not \"%.40s\"",
                          names, export->format_text);
    }
    if (mf_value_count(export->version_text, &export->mitm_version) ||
        export->mitm_version > UINT32_MAX)
        return mf_err_set(err, MF_EINVAL,
                          "--mitm-version takes a whole number, not \"%.40s\"",
                          export->version_text);
    return 0;
}

enum mf_exit mf_export_command(const struct mf_command *command, int argc,
                               char **argv, struct mf_err *err)
{
    struct export export = {
        .dir = "mitmflow_data",
        .filter = "",
        .format_text = "har",
        .version_text = "0",
        .fd = -1,
        .shows_progress = isatty(STDERR_FILENO),
        .err = err,
    };
    const struct mf_command_flag flags[] = {
        {.name = "filter",
         .value = "FILTER",
         .help = "flows that match; all without it",
         .ret_text = &export.filter},
        {.name = "format",
         .value = "NAME",
         .help = "har (the preset), jsonl and others; a wrong one tells all",
         .ret_text = &export.format_text},
        {.name = "mitm-version",
         .value = "N",
         .help = "of mitmproxy's format; 0: the newest known",
         .ret_text = &export.version_text},
        {.name = "o",
         .value = "FILE",
         .help = "write there, not to stdout",
         .ret_text = &export.output},
        {.name = "data-dir",
         .value = "DIR",
         .help = "where the flows are, without a server",
         .ret_text = &export.dir},
        MF_ASK_SERVER_FLAGS(&export.ask),
        {0},
    };
    size_t count;
    bool is_help;
    if (mf_command_read(command, argc, argv, flags, 0, 0, NULL, &count,
                        &is_help, err))
        return MF_EXIT_USAGE;
    if (is_help)
        return MF_EXIT_DONE;
    if (read_flags(&export, err))
        return MF_EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN); /* it is told */
    enum mf_exit status = export.ask.server ? export_server(&export, err)
                                            : export_store(&export, err);
    status = close_output(&export, status, err);
    free(export.part);
    mf_ask_close(&export.ask);
    return status;
}
