#include "decode/url.h"

#include <string.h>

struct mf_span mf_url_path(struct mf_span url)
{
    const char *at = url.text, *end = url.text + url.len;
    const char *scheme = memmem(at, url.len, "://", 3);
    if (scheme)
        at = scheme + 3;
    const char *slash = memchr(at, '/', (size_t)(end - at));
    if (!slash)
        return (struct mf_span){"", 0};
    size_t len = (size_t)(end - slash);
    for (size_t i = 0; i < len; i++)
        if (slash[i] == '?' || slash[i] == '#')
            len = i;
    return (struct mf_span){slash, len};
}

bool mf_url_query(struct mf_span url, const char *name,
                  struct mf_span *ret_value)
{
    size_t name_len = strlen(name);
    const char *at = url.len ? memchr(url.text, '?', url.len) : NULL;
    const char *end = url.text + url.len;
    while (at && ++at < end) {
        size_t len = (size_t)(end - at);
        const char *next = memchr(at, '&', len);
        if (next)
            len = (size_t)(next - at);
        const char *hash = memchr(at, '#', len);
        if (hash)
            len = (size_t)(hash - at);
        if (len > name_len && at[name_len] == '=' &&
            memcmp(at, name, name_len) == 0) {
            *ret_value =
                (struct mf_span){at + name_len + 1, len - name_len - 1};
            return true;
        }
        at = hash ? NULL : next;
    }
    return false;
}
