#include "exporter/redact/glob.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int mf_glob_init(struct mf_glob *glob, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return MF_ENOMEM;
    for (size_t i = 0; i < len; i++)
        copy[i] = lower(text[i]);
    copy[len] = 0;
    *glob = (struct mf_glob){
        .text = copy,
        .len = len,
        .is_plain = !memchr(text, '*', len) && !memchr(text, '?', len),
    };
    return 0;
}

void mf_glob_release(struct mf_glob *glob)
{
    free(glob->text);
    *glob = (struct mf_glob){0};
}

bool mf_glob_match(const struct mf_glob *glob, const void *text, size_t len)
{
    const char *at = text;
    size_t i = 0, j = 0, star = SIZE_MAX, from = 0;
    if (glob->is_plain && len != glob->len)
        return false;
    while (i < len) {
        if (j < glob->len && glob->text[j] == '*') {
            star = j++;
            from = i;
        } else if (j < glob->len &&
                   (glob->text[j] == '?' || glob->text[j] == lower(at[i]))) {
            i++;
            j++;
        } else if (star != SIZE_MAX) {
            j = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (j < glob->len && glob->text[j] == '*')
        j++;
    return j == glob->len;
}

int mf_globs_add(struct mf_globs *globs, const char *text, size_t len)
{
    struct mf_glob *items = mf_array_grow(globs->items, globs->count,
                                          &globs->cap, sizeof *globs->items);
    if (!items)
        return MF_ENOMEM;
    globs->items = items;
    int rc = mf_glob_init(&items[globs->count], text, len);
    if (!rc)
        globs->count++;
    return rc;
}

void mf_globs_release(struct mf_globs *globs)
{
    for (size_t i = 0; i < globs->count; i++)
        mf_glob_release(&globs->items[i]);
    free(globs->items);
    *globs = (struct mf_globs){0};
}

bool mf_globs_match(const struct mf_globs *globs, const void *text, size_t len)
{
    for (size_t i = 0; i < globs->count; i++)
        if (mf_glob_match(&globs->items[i], text, len))
            return true;
    return false;
}
