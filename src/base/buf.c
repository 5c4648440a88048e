#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { FIRST_CAP = 256 };

void mf_buf_init(struct mf_buf *buf, size_t max)
{
    *buf = (struct mf_buf){.max = max};
}

void mf_buf_release(struct mf_buf *buf)
{
    free(buf->data);
    mf_buf_init(buf, buf->max);
}

int mf_buf_reserve(struct mf_buf *buf, size_t extra)
{
    if (extra > buf->max - buf->len)
        return MF_EFULL;
    size_t need = buf->len + extra;
    if (need <= buf->cap)
        return 0;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    if (cap > buf->max)
        cap = buf->max;
    uint8_t *data = realloc(buf->data, cap);
    if (!data)
        return MF_ENOMEM;
    buf->data = data;
    buf->cap = cap;
    return 0;
}

int mf_buf_append(struct mf_buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    int rc = mf_buf_reserve(buf, len);
    if (rc)
        return rc;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    return 0;
}

int mf_buf_append_byte(struct mf_buf *buf, uint8_t byte)
{
    return mf_buf_append(buf, &byte, 1);
}

int mf_buf_printf(struct mf_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return MF_EINVAL;
    char *text = malloc((size_t)len + 1);
    if (!text)
        return MF_ENOMEM;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    int rc = mf_buf_append(buf, text, (size_t)len);
    free(text);
    return rc;
}

void mf_buf_consume(struct mf_buf *buf, size_t len)
{
    if (len >= buf->len) {
        buf->len = 0;
        return;
    }
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
}

void mf_buf_clear(struct mf_buf *buf)
{
    buf->len = 0;
}

uint8_t *mf_buf_take(struct mf_buf *buf, size_t *ret_len)
{
    uint8_t *data = buf->data;
    *ret_len = buf->len;
    mf_buf_init(buf, buf->max);
    return data;
}
