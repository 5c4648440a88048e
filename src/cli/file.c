#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* To its end, or until `text` is full. -1: errno says why. */
static int read_all(int fd, char *text, size_t cap, size_t *ret_len)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t got = read(fd, text + len, cap - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret_len = len;
    return 0;
}

int mf_file_read(const char *what, const char *path, size_t max_len,
                 char **ret_text, size_t *ret_len, struct mf_err *err)
{
    int rc = 0;
    size_t len = 0;
    char *text = malloc(max_len + 2); /* one more tells what is longer */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (text && read_all(fd, text, max_len + 1, &len)))
        rc = mf_err_set(err, MF_EIO, "cannot read %s %.120s: %s", what, path,
                        strerror(errno));
    else if (!text)
        rc = mf_err_set(err, MF_ENOMEM, "out of memory");
    else if (len > max_len)
        rc = mf_err_set(err, MF_EFULL,
                        "%s %.120s is longer than %zu bytes: is it the right "
                        "file?",
                        what, path, max_len);
    if (fd >= 0)
        close(fd);
    if (rc) {
        if (text)
            explicit_bzero(text, len);
        free(text);
        return rc;
    }
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return 0;
}
