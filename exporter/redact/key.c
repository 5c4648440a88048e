/* The key's file. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporter/openssl.h"
#include "exporter/redact/redact.h"

static int fail(struct mf_err *err, const char *path, const char *what)
{
    return mf_err_set(err, MF_EIO, "%s: %s: %s", path, what, strerror(errno));
}

static int check(int fd, const char *path, struct mf_err *err)
{
    struct stat status;
    if (fstat(fd, &status))
        return fail(err, path, "cannot be looked at");
    if (!S_ISREG(status.st_mode) || status.st_size != MF_REDACT_KEY_LEN)
        return mf_err_set(err, MF_EINVAL,
                          "%s: not a key, which has %d bytes; remove it for "
                          "a new one",
                          path, MF_REDACT_KEY_LEN);
    if (status.st_uid != geteuid() || (status.st_mode & 077))
        return mf_err_set(err, MF_EINVAL,
                          "%s: others may read it; it must be yours, with "
                          "mode 0600",
                          path);
    return 0;
}

/* MF_ENOENT, quietly, if there is none. */
static int read_key(const char *path, uint8_t *ret_key, struct mf_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? MF_ENOENT
                               : fail(err, path, "cannot be opened");
    int rc = check(fd, path, err);
    if (!rc && read(fd, ret_key, MF_REDACT_KEY_LEN) != MF_REDACT_KEY_LEN)
        rc = fail(err, path, "cannot be read");
    close(fd);
    return rc;
}

static int write_new(int fd, const char *path, struct mf_err *err)
{
    uint8_t key[MF_REDACT_KEY_LEN];
    if (RAND_bytes(key, sizeof key) != 1)
        return mf_err_set(err, MF_EIO, "%s: no random bytes", path);
    if (write(fd, key, sizeof key) != (ssize_t)sizeof key || fsync(fd))
        return fail(err, path, "cannot be written");
    return 0;
}

/* A whole key, under another name first, is linked into its place: of two
 * processes one comes first, and both read what that one made. */
static int make_key(const char *path, struct mf_err *err)
{
    static const char SUFFIX[] = ".XXXXXX";
    char *name = malloc(strlen(path) + sizeof SUFFIX);
    if (!name)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    strcpy(name, path);
    strcat(name, SUFFIX);
    int fd = mkstemp(name); /* mode 0600 */
    int rc = 0;
    if (fd < 0) {
        rc = fail(err, path, "cannot be made");
    } else {
        rc = write_new(fd, path, err);
        close(fd);
        if (!rc && link(name, path) && errno != EEXIST)
            rc = fail(err, path, "cannot be made");
        unlink(name);
    }
    free(name);
    return rc;
}

int mf_redact_load_key(const char *path, uint8_t ret_key[MF_REDACT_KEY_LEN],
                       struct mf_err *err)
{
    uint8_t key[MF_REDACT_KEY_LEN];
    mf_openssl_init();
    int rc = read_key(path, key, err);
    if (rc == MF_ENOENT) {
        rc = make_key(path, err);
        if (!rc)
            rc = read_key(path, key, err);
        if (rc == MF_ENOENT)
            rc = mf_err_set(err, MF_EIO, "%s: it went away", path);
    }
    if (!rc)
        memcpy(ret_key, key, sizeof key);
    return rc;
}
