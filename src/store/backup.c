#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/beside.h"
#include "store/schema.h"
#include "store/sql.h"

/* One statement is one read transaction: one state of the database. */
static int copy_into(sqlite3 *db, const char *path, struct mf_err *err)
{
    static const char *const sql[] = {"VACUUM INTO ?1"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    mf_sql_bind_text(stmt, 1, path);
    rc = mf_sql_run(stmt, err);
    mf_sql_finalize(&stmt, 1);
    return rc;
}

/* Cursors of the original must not fit the copy, whose changes go another
 * way from here on. */
static int begin_epoch(const char *path, struct mf_backup_sum *sum,
                       struct mf_err *err)
{
    sqlite3 *db = NULL;
    int64_t flow_count = 0;
    int rc = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        rc = db ? mf_sql_fail(db, "copy", err) : MF_ENOMEM;
    if (!rc)
        rc = mf_sql_exec(db,
                         "PRAGMA journal_mode = MEMORY;"
                         "UPDATE store SET epoch = lower(hex(randomblob(8)))",
                         err);
    if (!rc)
        rc = mf_sql_get_int(db, "SELECT flow_count FROM store", &flow_count,
                            err);
    sqlite3_close(db);
    sum->flow_count = (uint64_t)flow_count;
    return rc;
}

static int fail_errno(const char *what, struct mf_err *err)
{
    int code = errno == EEXIST                     ? MF_EINVAL
               : errno == ENOSPC                   ? MF_EFULL
               : errno == EACCES || errno == EPERM ? MF_EACCES
                                                   : MF_EIO;
    return mf_err_set(err, code, "%.200s: %s", what, strerror(errno));
}

static int sync_file(const char *path, struct mf_backup_sum *sum,
                     struct mf_err *err)
{
    struct stat stat_of;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(path, err);
    int rc =
        fsync(fd) < 0 || fstat(fd, &stat_of) < 0 ? fail_errno(path, err) : 0;
    close(fd);
    if (!rc)
        sum->bytes = (uint64_t)stat_of.st_size;
    return rc;
}

/* A name that came up meanwhile is not overwritten either. */
static int give_name(const char *partial, const char *file, struct mf_err *err)
{
    if (renameat2(AT_FDCWD, partial, AT_FDCWD, file, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return fail_errno(file, err);
    if (link(partial, file) < 0)
        return fail_errno(file, err);
    unlink(partial);
    return 0;
}

static int sync_folder_of(const char *file, struct mf_err *err)
{
    char *copy = strdup(file);
    if (!copy)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) < 0 ? fail_errno(file, err) : 0;
    if (fd >= 0)
        close(fd);
    free(copy);
    return rc;
}

static int make_partial(const char *file, char **ret_partial,
                        struct mf_err *err)
{
    char *partial;
    if (access(file, F_OK) == 0) {
        errno = EEXIST;
        return fail_errno(file, err);
    }
    if (asprintf(&partial, "%s.XXXXXX", file) < 0)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int fd = mkostemp(partial, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        int rc = fail_errno(file, err);
        free(partial);
        return rc;
    }
    close(fd);
    *ret_partial = partial;
    return 0;
}

int mf_backup(const char *dir, const char *file, struct mf_backup_sum *ret_sum,
              struct mf_err *err)
{
    struct mf_backup_sum sum = {0};
    sqlite3 *db = NULL;
    char *partial = NULL;
    int rc = mf_store__open_beside(dir, 0, &db, err);
    if (!rc)
        rc = make_partial(file, &partial, err);
    if (!rc)
        rc = copy_into(db, partial, err);
    if (!rc)
        rc = begin_epoch(partial, &sum, err);
    if (!rc)
        rc = sync_file(partial, &sum, err);
    if (!rc)
        rc = give_name(partial, file, err);
    if (rc && partial)
        unlink(partial);
    if (!rc)
        rc = sync_folder_of(file, err);
    free(partial);
    sqlite3_close(db);
    if (!rc)
        *ret_sum = sum;
    return rc;
}
