#include "store/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *dir, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* An own regular file of mode 0600, made if it is not there. */
static int open_private(const char *path, int *ret_fd, struct mf_err *err)
{
    struct stat stat;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                  S_IRUSR | S_IWUSR);
    if (fd < 0)
        return mf_err_set(err, MF_EACCES, "%s: %s", path, strerror(errno));
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode)) {
        close(fd);
        return mf_err_set(err, MF_EACCES, "%s: not a regular file", path);
    }
    if ((stat.st_mode & 0777) != (S_IRUSR | S_IWUSR) &&
        fchmod(fd, S_IRUSR | S_IWUSR) < 0) {
        int error = errno;
        close(fd);
        return mf_err_set(err, MF_EACCES, "%s: %s", path, strerror(error));
    }
    *ret_fd = fd;
    return 0;
}

static int take_lock(const char *dir, int *ret_fd, struct mf_err *err)
{
    char *path = join(dir, "lock");
    if (!path)
        return mf_err_set(err, MF_ENOMEM, "%s: out of memory", dir);
    int fd, rc = open_private(path, &fd, err);
    free(path);
    if (rc)
        return rc;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        close(fd);
        return error == EWOULDBLOCK
                   ? mf_err_set(err, MF_EBUSY, "%s: in use by another mitmflow",
                                dir)
                   : mf_err_set(err, MF_EACCES, "%s: %s", dir, strerror(error));
    }
    *ret_fd = fd;
    return 0;
}

int mf_store__dir_open(const char *dir, struct mf_store__dir *ret_dir,
                       struct mf_err *err)
{
    if (mkdir(dir, S_IRWXU) < 0 && errno != EEXIST)
        return mf_err_set(err, MF_EACCES, "%s: %s", dir, strerror(errno));
    int lock_fd = -1;
    int rc = take_lock(dir, &lock_fd, err);
    if (rc)
        return rc;
    int fd;
    char *path = join(dir, "flows.db");
    rc = path ? open_private(path, &fd, err)
              : mf_err_set(err, MF_ENOMEM, "%s: out of memory", dir);
    if (rc) {
        free(path);
        close(lock_fd);
        return rc;
    }
    close(fd);
    *ret_dir = (struct mf_store__dir){.lock_fd = lock_fd, .path = path};
    return 0;
}

void mf_store__dir_close(struct mf_store__dir *dir)
{
    close(dir->lock_fd);
    free(dir->path);
}
