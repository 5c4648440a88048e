/* mitmflow import FILE... */
#include "cli/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/exchange.h"
#include "export/import.h"

enum {
    FILES_MAX = 4096,
    SOURCE_CAP = 256, /* as the server bounds it, with a NUL */
    NOTE_MAX_LEN = 1 << 20,
    SHOW_EVERY = 256, /* flows */
};

struct import {
    struct mf_ask ask;
    const char *dir;
    struct mf_import_to *to;
    bool shows_progress, has_progress;
};

static void hide_progress(struct import *import)
{
    if (import->has_progress)
        fputs("\r\033[K", stderr);
    import->has_progress = false;
}

static void show_progress(struct import *import, const struct mf_import *from,
                          uint64_t count)
{
    uint64_t read, total;
    if (!import->shows_progress || count % SHOW_EVERY)
        return;
    mf_import_progress(from, &read, &total);
    fprintf(stderr, "\r\033[Kimporting, %" PRIu64 " flows", count);
    if (total)
        fprintf(stderr, ", %.0f%%", (double)read * 100 / (double)total);
    import->has_progress = true;
}

/* "import:" and the file's name without its folders. */
static void name_source(const char *path, char *ret_source)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    static const char start[] = "import:";
    if (!mf_utf8_valid(name, len)) {
        name = "file";
        len = strlen(name);
    }
    len = mf_utf8_cut(name, len, SOURCE_CAP - sizeof start);
    memcpy(ret_source, start, sizeof start - 1);
    memcpy(ret_source + sizeof start - 1, name, len);
    ret_source[sizeof start - 1 + len] = '\0';
}

static int put_flows(struct import *import, struct mf_import *from,
                     const char *source, struct mf_buf *note,
                     uint64_t *ret_count, struct mf_err *err)
{
    struct mf_flow *flow;
    int rc;
    while ((rc = mf_import_next(from, &flow, note, err)) == 1) {
        bool has_nul = note->len && memchr(note->data, '\0', note->len);
        rc = mf_buf_append_byte(note, '\0');
        if (rc)
            mf_err_set(err, rc, "%s", mf_err_message(rc));
        else
            rc = import->to->put(import->to, flow, source,
                                 has_nul ? "" : (const char *)note->data, err);
        mf_flow_unref(flow);
        if (rc)
            break;
        show_progress(import, from, ++*ret_count);
    }
    hide_progress(import);
    return rc;
}

/* What came before a fault is brought in, too. */
static int import_flows(struct import *import, struct mf_import *from,
                        const char *path, struct mf_err *err)
{
    char source[SOURCE_CAP];
    struct mf_buf note;
    struct mf_err why = {0}, late = {0};
    uint64_t count = 0;
    mf_buf_init(&note, NOTE_MAX_LEN);
    name_source(path, source);
    int rc = put_flows(import, from, source, &note, &count, &why);
    mf_buf_release(&note);
    int flushed = import->to->flush(import->to, &late);
    if (rc)
        return mf_err_set(err, rc,
                          "%.80s: %s; %" PRIu64 " flows before it were "
                          "brought in",
                          path, why.text, flushed ? 0 : count);
    if (flushed)
        return mf_err_set(err, flushed, "%.80s: %s", path, late.text);
    printf("%s: %" PRIu64 " flows (%s)\n", path, count, mf_import_format(from));
    uint64_t untimed = mf_import_untimed(from);
    if (untimed)
        printf("%s: %" PRIu64 " of them without a time of their own: they have "
               "that of the flow before\n",
               path, untimed);
    return 0;
}

static int import_file(struct import *import, const char *path,
                       struct mf_err *err)
{
    struct mf_import *from = NULL;
    struct mf_err why = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mf_err_set(err, MF_EIO, "%.150s: %s", path, strerror(errno));
    int rc = mf_import_new(fd, &from, &why);
    if (rc)
        mf_err_set(err, rc, "%.80s: %s", path, why.text);
    else
        rc = import_flows(import, from, path, err);
    mf_import_free(from);
    close(fd);
    return rc;
}

static int open_target(struct import *import, struct mf_err *err)
{
    static const char *const no_filter[] = {""};
    if (!import->ask.server) {
        umask(077); /* what was captured is for this user alone */
        return mf_import_to_store(import->dir, &import->to, err);
    }
    int rc = mf_ask_open(&import->ask, no_filter, 1, err);
    return rc ? rc : mf_import_to_server(&import->ask, &import->to, err);
}

/* Stops at the first file that is wrong. */
static enum mf_exit run(struct import *import, const char *const *paths,
                        size_t count, struct mf_err *err)
{
    int rc = open_target(import, err);
    if (rc)
        return rc == MF_EINVAL ? MF_EXIT_USAGE : MF_EXIT_FAILED;
    for (size_t i = 0; !rc && i < count; i++)
        rc = import_file(import, paths[i], err);
    return rc ? MF_EXIT_FAILED : MF_EXIT_DONE;
}

enum mf_exit mf_import_command(const struct mf_command *command, int argc,
                               char **argv, struct mf_err *err)
{
    struct import import = {
        .dir = "mitmflow_data",
        .shows_progress = isatty(STDERR_FILENO),
    };
    const struct mf_command_flag flags[] = {
        {.name = "data-dir",
         .value = "DIR",
         .help = "where the flows are kept, without a server",
         .ret_text = &import.dir},
        MF_ASK_SERVER_FLAGS(&import.ask),
        {0},
    };
    const char **paths = calloc(FILES_MAX, sizeof *paths);
    size_t count;
    bool is_help;
    if (!paths) {
        mf_err_set(err, MF_ENOMEM, "out of memory");
        return MF_EXIT_FAILED;
    }
    enum mf_exit status = MF_EXIT_DONE;
    if (mf_command_read(command, argc, argv, flags, 1, FILES_MAX, paths, &count,
                        &is_help, err))
        status = MF_EXIT_USAGE;
    else if (!is_help)
        status = run(&import, paths, count, err);
    if (import.to)
        import.to->close(import.to);
    mf_ask_close(&import.ask);
    free(paths);
    return status;
}
