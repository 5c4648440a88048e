/* Connect GET: a unary request in the query of its path. */
#include <string.h>

#include "codec/base64.h"
#include "codec/percent.h"
#include "rpc/protocol.h"

enum { VALUE_MAX_LEN = 64 };

/* The still encoded value of `name` in `query`, or NULL. */
static const char *find_value(const char *query, const char *name,
                              size_t *ret_len)
{
    size_t name_len = strlen(name);
    while (*query) {
        size_t len = strcspn(query, "&");
        if (len > name_len && query[name_len] == '=' &&
            memcmp(query, name, name_len) == 0) {
            *ret_len = len - name_len - 1;
            return query + name_len + 1;
        }
        query += len;
        query += *query == '&';
    }
    return NULL;
}

/* A short value, decoded; empty if there is none. */
static int short_value(const char *query, const char *name,
                       char text[VALUE_MAX_LEN + 1])
{
    size_t len;
    const char *value = find_value(query, name, &len);
    text[0] = '\0';
    if (!value)
        return 0;
    struct mf_buf buf;
    mf_buf_init(&buf, VALUE_MAX_LEN);
    int rc = mf_percent_decode(value, len, true, &buf);
    if (!rc && buf.len && memchr(buf.data, 0, buf.len))
        rc = MF_EINVAL;
    if (!rc && buf.len)
        memcpy(text, buf.data, buf.len);
    text[rc ? 0 : buf.len] = '\0';
    mf_buf_release(&buf);
    return rc == MF_EFULL ? MF_EINVAL : rc;
}

static int append_message(const char *query, bool is_base64,
                          struct mf_buf *message)
{
    size_t len;
    const char *value = find_value(query, "message", &len);
    if (!value)
        return MF_EINVAL;
    if (!is_base64)
        return mf_percent_decode(value, len, true, message);
    struct mf_buf text;
    mf_buf_init(&text, len);
    int rc = mf_percent_decode(value, len, false, &text);
    if (!rc)
        rc = mf_base64_decode((const char *)text.data, text.len, message);
    mf_buf_release(&text);
    return rc == MF_ECORRUPT ? MF_EINVAL : rc;
}

int mf_get_query_parse(const char *path, struct mf_get_query *ret_query,
                       struct mf_buf *message)
{
    const char *query = strchr(path, '?');
    query = query ? query + 1 : "";
    char codec[VALUE_MAX_LEN + 1], version[VALUE_MAX_LEN + 1],
        base64[VALUE_MAX_LEN + 1], compression[VALUE_MAX_LEN + 1];
    int rc = short_value(query, "encoding", codec);
    if (rc)
        return rc;
    if (strcmp(codec, "json") != 0 && strcmp(codec, "proto") != 0)
        return MF_ENOENT;
    ret_query->is_json = strcmp(codec, "json") == 0;
    rc = short_value(query, "connect", version);
    if (!rc)
        rc = short_value(query, "base64", base64);
    if (!rc)
        rc = short_value(query, "compression", compression);
    if (rc)
        return rc;
    if (*version && strcmp(version, "v1") != 0)
        return MF_EINVAL;
    rc = mf_encoding_parse(compression, strlen(compression),
                           &ret_query->encoding);
    if (rc)
        return rc;
    return append_message(query, strcmp(base64, "1") == 0, message);
}
