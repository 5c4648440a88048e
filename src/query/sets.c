#include "query/sets.h"

#include <string.h>

#include "query/fold.h"

static int compare(struct mf_span a, struct mf_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.text, b.text, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool mf_text_set_has(const struct mf_text_set *set, struct mf_span text)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(text, set->texts[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool mf_text_finds(struct mf_span needle, struct mf_span text)
{
    return text.len &&
           mf_fold_find(text.text, text.len, needle.text, needle.len);
}

bool mf_media_type_finds(struct mf_span needle, struct mf_span header)
{
    const char *end = header.len ? memchr(header.text, ';', header.len) : NULL;
    if (end)
        header.len = (size_t)(end - header.text);
    return mf_text_finds(needle, header);
}

bool mf_is_asset_type(struct mf_span header)
{
    static const char *const types[] = {
        "text/javascript",
        "application/x-javascript",
        "application/javascript",
        "text/css",
        "image/",
        "font/",
        "application/font",
    };
    for (size_t i = 0; header.len && i < sizeof types / sizeof *types; i++)
        if (memmem(header.text, header.len, types[i], strlen(types[i])))
            return true;
    return false;
}

size_t mf_peer_text(struct mf_span host, uint32_t port, char *text)
{
    char digits[MF_PORT_TEXT_LEN];
    size_t count = 0, len = host.len;
    memcpy(text, host.text, host.len);
    text[len++] = ':';
    do
        digits[count++] = (char)('0' + port % 10);
    while (port /= 10);
    while (count)
        text[len++] = digits[--count];
    return len;
}
