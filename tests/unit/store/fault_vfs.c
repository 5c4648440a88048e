#include "fault_vfs.h"

#include "../cmocka.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512 };

/* A write or a truncation that is not synced. */
struct change {
    struct change *older;
    char *path;
    sqlite3_int64 at;
    sqlite3_int64 file_len; /* before it */
    size_t len;             /* of what was there */
    unsigned char old[];
};

struct file {
    sqlite3_file base;
    char *path; /* NULL: a temporary file, which no cut matters to */
    sqlite3_file *real;
};

static struct {
    pthread_mutex_t mutex;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct change *newest;
    long calls;
    long nth;
    enum fault fault;
    bool has_struck;
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)base;
}

/* ---- faults ---- */

/* Counts one call, which would fail with `code`; 0: it may go ahead. */
static int strike(bool changes_disk, int code)
{
    if (++state.calls == state.nth && state.fault != FAULT_NONE) {
        state.has_struck = true;
        if (state.fault == FAULT_FULL && !changes_disk)
            return 0;
    } else if (!state.has_struck || state.fault == FAULT_ONCE ||
               !changes_disk) {
        return 0;
    }
    return state.fault == FAULT_FULL ? SQLITE_FULL : code;
}

static int strike_locked(bool changes_disk, int code)
{
    pthread_mutex_lock(&state.mutex);
    int rc = strike(changes_disk, code);
    pthread_mutex_unlock(&state.mutex);
    return rc;
}

void fault_vfs_plan(long nth, enum fault fault)
{
    pthread_mutex_lock(&state.mutex);
    state.calls = 0;
    state.nth = nth;
    state.fault = fault;
    state.has_struck = false;
    pthread_mutex_unlock(&state.mutex);
}

void fault_vfs_heal(void)
{
    fault_vfs_plan(0, FAULT_NONE);
}

long fault_vfs_calls(void)
{
    pthread_mutex_lock(&state.mutex);
    long calls = state.calls;
    pthread_mutex_unlock(&state.mutex);
    return calls;
}

bool fault_vfs_has_struck(void)
{
    pthread_mutex_lock(&state.mutex);
    bool has_struck = state.has_struck;
    pthread_mutex_unlock(&state.mutex);
    return has_struck;
}

/* ---- what is not synced ---- */

/* Remember what `len` bytes at `at` are before they change. */
static void remember(struct file *file, sqlite3_int64 at, sqlite3_int64 len)
{
    sqlite3_int64 file_len = 0;
    if (!file->path ||
        file->real->pMethods->xFileSize(file->real, &file_len) != SQLITE_OK)
        return;
    sqlite3_int64 there = file_len - at < len ? file_len - at : len;
    if (there < 0)
        there = 0;
    struct change *change = malloc(sizeof *change + (size_t)there);
    assert_non_null(change);
    *change = (struct change){.older = state.newest,
                              .path = strdup(file->path),
                              .at = at,
                              .file_len = file_len,
                              .len = (size_t)there};
    if (there)
        assert_int_equal(file->real->pMethods->xRead(file->real, change->old,
                                                     (int)there, at),
                         SQLITE_OK);
    state.newest = change;
}

static void forget(const char *path)
{
    struct change **at = &state.newest;
    while (*at) {
        struct change *change = *at;
        if (path && strcmp(change->path, path) != 0) {
            at = &change->older;
            continue;
        }
        *at = change->older;
        free(change->path);
        free(change);
    }
}

static void take_back(const struct change *change, unsigned *seed)
{
    int fd = open(change->path, O_RDWR);
    if (fd < 0)
        return; /* deleted since */
    for (size_t i = 0; i < change->len;) {
        size_t len = SECTOR - (size_t)((change->at + (off_t)i) % SECTOR);
        if (len > change->len - i)
            len = change->len - i;
        if (rand_r(seed) % 2)
            assert_int_equal(pwrite(fd, change->old + i, len,
                                    (off_t)(change->at + (off_t)i)),
                             len);
        i += len;
    }
    off_t now = lseek(fd, 0, SEEK_END);
    if (change->file_len < now && rand_r(seed) % 2)
        assert_int_equal(ftruncate(fd, change->file_len), 0);
    close(fd);
}

void fault_vfs_lose(unsigned seed)
{
    for (struct change *change = state.newest; change; change = change->older) {
        char shm[256];
        take_back(change, &seed);
        snprintf(shm, sizeof shm, "%.*s-shm",
                 (int)(strlen(change->path) -
                       (strstr(change->path, "-wal") ? 4 : 0)),
                 change->path);
        unlink(shm); /* memory, not disk */
    }
    forget(NULL);
}

/* ---- files ---- */

static int do_close(sqlite3_file *base)
{
    struct file *file = file_of(base);
    int rc = file->real->pMethods->xClose(file->real);
    free(file->path);
    return rc;
}

static int do_read(sqlite3_file *base, void *data, int len, sqlite3_int64 at)
{
    struct file *file = file_of(base);
    int rc = strike_locked(false, SQLITE_IOERR_READ);
    return rc ? rc : file->real->pMethods->xRead(file->real, data, len, at);
}

static int do_write(sqlite3_file *base, const void *data, int len,
                    sqlite3_int64 at)
{
    struct file *file = file_of(base);
    pthread_mutex_lock(&state.mutex);
    int rc = strike(true, SQLITE_IOERR_WRITE);
    if (!rc) {
        remember(file, at, len);
        rc = file->real->pMethods->xWrite(file->real, data, len, at);
    }
    pthread_mutex_unlock(&state.mutex);
    return rc;
}

static int do_truncate(sqlite3_file *base, sqlite3_int64 len)
{
    struct file *file = file_of(base);
    sqlite3_int64 file_len = 0;
    pthread_mutex_lock(&state.mutex);
    int rc = strike(true, SQLITE_IOERR_TRUNCATE);
    if (!rc) {
        file->real->pMethods->xFileSize(file->real, &file_len);
        remember(file, len, file_len - len);
        rc = file->real->pMethods->xTruncate(file->real, len);
    }
    pthread_mutex_unlock(&state.mutex);
    return rc;
}

static int do_sync(sqlite3_file *base, int flags)
{
    struct file *file = file_of(base);
    pthread_mutex_lock(&state.mutex);
    int rc = strike(true, SQLITE_IOERR_FSYNC);
    /* The kernel has it; the disk need not be waited for. */
    if (!rc && file->path)
        forget(file->path);
    pthread_mutex_unlock(&state.mutex);
    (void)flags;
    return rc;
}

static int do_file_size(sqlite3_file *base, sqlite3_int64 *ret_len)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xFileSize(file->real, ret_len);
}

static int do_lock(sqlite3_file *base, int level)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xLock(file->real, level);
}

static int do_unlock(sqlite3_file *base, int level)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xUnlock(file->real, level);
}

static int do_check_lock(sqlite3_file *base, int *ret)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xCheckReservedLock(file->real, ret);
}

static int do_control(sqlite3_file *base, int op, void *arg)
{
    struct file *file = file_of(base);
    /* Growing a file ahead is not modelled. */
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_NOTFOUND;
    return file->real->pMethods->xFileControl(file->real, op, arg);
}

static int do_sector_size(sqlite3_file *base)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xSectorSize(file->real);
}

static int do_characteristics(sqlite3_file *base)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xDeviceCharacteristics(file->real);
}

static int do_shm_map(sqlite3_file *base, int page, int len, int extend,
                      void volatile **ret)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xShmMap(file->real, page, len, extend, ret);
}

static int do_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xShmLock(file->real, offset, n, flags);
}

static void do_shm_barrier(sqlite3_file *base)
{
    struct file *file = file_of(base);
    file->real->pMethods->xShmBarrier(file->real);
}

static int do_shm_unmap(sqlite3_file *base, int remove)
{
    struct file *file = file_of(base);
    return file->real->pMethods->xShmUnmap(file->real, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no mapped reads */
    .xClose = do_close,
    .xRead = do_read,
    .xWrite = do_write,
    .xTruncate = do_truncate,
    .xSync = do_sync,
    .xFileSize = do_file_size,
    .xLock = do_lock,
    .xUnlock = do_unlock,
    .xCheckReservedLock = do_check_lock,
    .xFileControl = do_control,
    .xSectorSize = do_sector_size,
    .xDeviceCharacteristics = do_characteristics,
    .xShmMap = do_shm_map,
    .xShmLock = do_shm_lock,
    .xShmBarrier = do_shm_barrier,
    .xShmUnmap = do_shm_unmap,
};

static int do_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base,
                   int flags, int *ret_flags)
{
    struct file *file = file_of(base);
    (void)vfs;
    *file = (struct file){.real = (sqlite3_file *)(file + 1)};
    int rc = strike_locked(false, SQLITE_CANTOPEN);
    if (!rc)
        rc = state.real->xOpen(state.real, name, file->real, flags, ret_flags);
    if (!rc) {
        file->path = name ? strdup(name) : NULL;
        file->base.pMethods = &methods;
    }
    return rc;
}

static int do_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    pthread_mutex_lock(&state.mutex);
    int rc = strike(true, SQLITE_IOERR_DELETE);
    if (!rc) {
        forget(name);
        rc = state.real->xDelete(state.real, name, sync_folder);
    }
    pthread_mutex_unlock(&state.mutex);
    return rc;
}

void fault_vfs_install(void)
{
    if (state.real)
        return;
    state.real = sqlite3_vfs_find(NULL);
    state.vfs = *state.real;
    state.vfs.pNext = NULL;
    state.vfs.zName = "fault";
    state.vfs.szOsFile = (int)sizeof(struct file) + state.real->szOsFile;
    state.vfs.xOpen = do_open;
    state.vfs.xDelete = do_delete;
    assert_int_equal(sqlite3_vfs_register(&state.vfs, 1), SQLITE_OK);
}
