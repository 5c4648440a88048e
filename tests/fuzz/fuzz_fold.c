#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "query/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_LEN = 70000 }; /* more than two chunks of the search */

static bool is_ascii(const struct mf_buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] >= 0x80)
            return false;
    return true;
}

/* So must one for ASCII in a text of which ASCII alone was folded. */
static void check_ascii(const char *text, size_t len,
                        const struct mf_buf *needle, bool want)
{
    char *folded = malloc(len + 1);
    if (!folded)
        abort();
    if (mf_fold_ascii(text, len, folded) && is_ascii(needle) &&
        mf_fold_holds(folded, len, (const char *)needle->data, needle->len) !=
            want)
        abort();
    free(folded);
}

/* A search in chunks must find what a search in the whole finds. */
static void check(const char *text, size_t len, const char *needle,
                  size_t needle_len)
{
    struct mf_buf folded, folded_needle;
    mf_buf_init(&folded, len + len / 2);
    mf_buf_init(&folded_needle, SIZE_MAX);
    if (mf_fold(text, len, &folded) ||
        mf_fold(needle, needle_len, &folded_needle))
        abort();
    bool want = folded.len && memmem(folded.data, folded.len,
                                     folded_needle.data, folded_needle.len);
    if (mf_fold_find(text, len, (const char *)folded_needle.data,
                     folded_needle.len) != want)
        abort();
    check_ascii(text, len, &folded_needle, want);
    mf_buf_release(&folded);
    mf_buf_release(&folded_needle);
}

/* The first byte is the needle's length, the next two where the text comes
 * in a longer one; the rest is the needle and the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    size_t needle_len = data[0], at = (size_t)data[1] << 8 | data[2];
    const char *needle = (const char *)data + 3;
    size -= 3;
    if (needle_len == 0 || needle_len > size)
        return 0;
    const char *text = needle + needle_len;
    size_t len = size - needle_len;
    check(text, len, needle, needle_len);
    static char longer[TEXT_LEN];
    memset(longer, ' ', sizeof longer);
    memcpy(longer + at, text, len < TEXT_LEN - at ? len : TEXT_LEN - at);
    check(longer, sizeof longer, needle, needle_len);
    return 0;
}
