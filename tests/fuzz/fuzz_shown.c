#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Always UTF-8, on one line, without a control character of C0 or C1; and
 * what is fit already stays as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_buf once, twice;
    mf_buf_init(&once, SIZE_MAX);
    mf_buf_init(&twice, SIZE_MAX);
    if (mf_shown_put(&once, (const char *)data, size) ||
        mf_shown_put(&twice, (const char *)once.data, once.len))
        abort();
    if (once.len != twice.len ||
        (once.len && memcmp(once.data, twice.data, once.len) != 0))
        abort();
    if (!mf_utf8_valid(once.data, once.len))
        abort();
    for (size_t i = 0; i < once.len; i++) {
        bool is_c1 = once.data[i] == 0xc2 && once.data[i + 1] < 0xa0;
        if (once.data[i] < 0x20 || once.data[i] == 0x7f || is_c1)
            abort();
    }
    mf_buf_release(&once);
    mf_buf_release(&twice);
    return 0;
}
