#include <stdlib.h>
#include <string.h>

#include "flow/merge.h"
#include "pb/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 3 };

static size_t flatten(const struct mf_encoder *enc, uint8_t *out)
{
    size_t at = 0, done = 0;
    for (size_t i = 0; i < enc->splice_count; i++) {
        const struct mf_splice *splice = &enc->splices[i];
        memcpy(out + done, enc->buf.data + at, splice->at - at);
        done += splice->at - at;
        memcpy(out + done, splice->data, splice->len);
        done += splice->len;
        at = splice->at;
    }
    if (enc->buf.len > at)
        memcpy(out + done, enc->buf.data + at, enc->buf.len - at);
    return done + enc->buf.len - at;
}

/* Whether a field has a number that merging does not know: such fields are
 * all kept, also twice. */
static int has_unknown(const uint8_t *bytes, size_t len, int depth)
{
    enum { KNOWN_MAX = 127, NESTED_MAX = 4, DEPTH_MAX = 2 };
    struct mf_cursor cursor = mf_cursor_make(bytes, len);
    struct mf_wire_field field;
    while (mf_wire_next(&cursor, &field))
        if (field.number > KNOWN_MAX ||
            (depth < DEPTH_MAX && field.type == MF_WIRE_LEN &&
             field.number <= NESTED_MAX &&
             has_unknown(field.data, field.len, depth + 1)))
            return 1;
    return 0;
}

/*
 * The first two bytes cut the rest into three parts, the third and fourth say
 * where one splice lies. With it or in one run: the same result. Merged with
 * itself: the same again.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    size_t cuts[2] = {data[0], data[1]}, from = data[2], len = data[3];
    data += 4;
    size -= 4;
    size_t first = cuts[0] < size ? cuts[0] : size;
    size_t second = cuts[1] < size - first ? cuts[1] : size - first;
    struct mf_spliced parts[PARTS] = {
        {data, first, NULL, 0},
        {data + first, second, NULL, 0},
        {data + first + second, size - first - second, NULL, 0},
    };
    struct mf_encoder plain, spliced;
    mf_encoder_init(&plain, 1 << 20);
    mf_encoder_init(&spliced, 1 << 20);
    int plain_rc = mf_merge_flows(parts, PARTS, &plain);

    int object;
    uint8_t rest[1 << 12];
    size_t last = parts[2].len < sizeof rest ? parts[2].len : 0;
    from = from < last ? from : last;
    len = len < last - from ? len : last - from;
    struct mf_splice splice = {from, parts[2].bytes + from, len, &object};
    if (len) {
        memcpy(rest, parts[2].bytes, from);
        memcpy(rest + from, parts[2].bytes + from + len, last - from - len);
        parts[2] = (struct mf_spliced){rest, last - len, &splice, 1};
    }
    int spliced_rc = mf_merge_flows(parts, PARTS, &spliced);
    if (!plain_rc && !spliced_rc) {
        uint8_t *a = malloc(mf_encoder_len(&plain) + 1);
        uint8_t *b = malloc(mf_encoder_len(&spliced) + 1);
        size_t a_len = flatten(&plain, a), b_len = flatten(&spliced, b);
        if (a_len != b_len || memcmp(a, b, a_len) != 0)
            abort();
        struct mf_spliced twice[2] = {{a, a_len, NULL, 0}, {a, a_len, NULL, 0}};
        struct mf_encoder again;
        mf_encoder_init(&again, 1 << 20);
        if (mf_merge_flows(twice, 2, &again) ||
            (again.buf.len > a_len && !has_unknown(a, a_len, 0)))
            abort();
        mf_encoder_release(&again);
        free(a);
        free(b);
    }
    mf_encoder_release(&plain);
    mf_encoder_release(&spliced);
    return 0;
}
