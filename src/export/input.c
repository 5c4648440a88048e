#include "export/input.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read at least so much at once; a longer window is not kept for long. */
enum { READ_LEN = 256 << 10, KEPT_LEN = 16 << 20 };

void mf_input_init(struct mf_input *input, int fd, size_t max)
{
    struct stat stat;
    *input = (struct mf_input){.fd = fd};
    mf_buf_init(&input->window, max + READ_LEN);
    if (fstat(fd, &stat) == 0 && stat.st_size > 0)
        input->total = (uint64_t)stat.st_size;
}

void mf_input_release(struct mf_input *input)
{
    mf_buf_release(&input->window);
}

static int read_more(struct mf_input *input, size_t len, struct mf_err *err)
{
    struct mf_buf *window = &input->window;
    int rc = mf_buf_reserve(window, len);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    ssize_t got;
    do
        got = read(input->fd, window->data + window->len, len);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return mf_err_set(err, MF_EIO, "cannot be read: %s", strerror(errno));
    window->len += (size_t)got;
    input->is_ended = got == 0;
    return 0;
}

/* What was stepped over makes room. */
static void move_up(struct mf_input *input)
{
    struct mf_buf *window = &input->window;
    if (window->len == input->at && window->cap > KEPT_LEN)
        mf_buf_release(window);
    else
        mf_buf_consume(window, input->at);
    input->at = 0;
}

int mf_input_see(struct mf_input *input, size_t len, struct mf_err *err)
{
    int rc = 0;
    size_t max = input->window.max - READ_LEN;
    if (len > max)
        return mf_err_set(err, MF_EFULL, "longer than %zu MiB", max >> 20);
    if (mf_input_len(input) >= len || input->is_ended)
        return 0;
    move_up(input);
    while (!rc && !input->is_ended && mf_input_len(input) < len) {
        size_t lacks = len - mf_input_len(input);
        rc = read_more(input, lacks > READ_LEN ? lacks : READ_LEN, err);
    }
    return rc;
}

void mf_input_skip(struct mf_input *input, size_t len)
{
    assert(len <= mf_input_len(input));
    input->at += len;
    input->offset += len;
}
