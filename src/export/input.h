/*
 * mf_input: a file read front to back through a window that is as long as
 * the longest thing in it that must be seen at once.
 *
 * Thread:  one.
 * Units:   bytes.
 */
#ifndef MF_EXPORT_INPUT_H
#define MF_EXPORT_INPUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

struct mf_input {
    int fd; /* the caller's */
    struct mf_buf window;
    size_t at;       /* in the window: the next byte */
    uint64_t offset; /* of that byte in the file */
    uint64_t total;  /* of the file; 0: not known */
    bool is_ended;   /* nothing follows the window */
};

/* Windows of up to `max` bytes. */
void mf_input_init(struct mf_input *input, int fd, size_t max);
void mf_input_release(struct mf_input *input);

/*
 * See to it that at least `len` bytes can be seen; fewer only if the file
 * ends. What was seen before moves.
 *
 *  MF_EFULL   `len` passes the maximum
 *  MF_EIO     `err` says why
 *  MF_ENOMEM
 */
int mf_input_see(struct mf_input *input, size_t len, struct mf_err *err);

/* The bytes that can be seen, until the next call. */
static inline const uint8_t *mf_input_data(const struct mf_input *input)
{
    return input->window.data + input->at;
}
static inline size_t mf_input_len(const struct mf_input *input)
{
    return input->window.len - input->at;
}

/* Step over `len` bytes of those. */
void mf_input_skip(struct mf_input *input, size_t len);

#endif
