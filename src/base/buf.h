/*
 * mf_buf: a byte buffer that grows up to a maximum given at init.
 *
 * Units:   bytes.
 * Errors:  0, MF_EFULL (would pass the maximum) or MF_ENOMEM; after an
 *          error the contents are as before.
 */
#ifndef MF_BASE_BUF_H
#define MF_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct mf_buf {
    uint8_t *data; /* owned; NULL while empty and never grown */
    size_t len;
    size_t cap;
    size_t max;
};

/* Make `buf` empty with room for at most `max` bytes; allocates nothing. */
void mf_buf_init(struct mf_buf *buf, size_t max);

/* Give back the memory; `buf` is as after init. */
void mf_buf_release(struct mf_buf *buf);

/* Make sure that `extra` more bytes fit without another allocation. */
int mf_buf_reserve(struct mf_buf *buf, size_t extra);

/* Append a copy of `len` bytes. */
int mf_buf_append(struct mf_buf *buf, const void *data, size_t len);
int mf_buf_append_byte(struct mf_buf *buf, uint8_t byte);

/* Append printf-style text, without its NUL. */
int mf_buf_printf(struct mf_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Drop the first `len` bytes (at most all). */
void mf_buf_consume(struct mf_buf *buf, size_t len);

/* Forget the contents, keep the memory. */
void mf_buf_clear(struct mf_buf *buf);

/*
 * Hand the memory to the caller, who frees it with free(); `buf` is as
 * after init. Returns NULL (with *ret_len 0) for a buffer that never grew.
 */
uint8_t *mf_buf_take(struct mf_buf *buf, size_t *ret_len);

#endif
