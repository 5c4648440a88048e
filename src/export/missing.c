#include "export/missing.h"

#include <inttypes.h>

#include "flow/messages.h"
#include "pb/wire.h"

/* As lists tell it: of the whole flow. */
static uint64_t told_count(const struct mf_record *record)
{
    enum { MESSAGE_COUNT = 108 }; /* of FlowSummary */
    size_t len;
    uint64_t count = 0;
    struct mf_wire_field field;
    const uint8_t *summary = mf_record_summary(record, &len);
    struct mf_cursor cursor = mf_cursor_make(summary, len);
    while (mf_wire_next(&cursor, &field))
        if (field.number == MESSAGE_COUNT && field.type == MF_WIRE_VARINT)
            count = field.value;
    return count;
}

uint64_t mf_export_missing(const struct mf_record *record)
{
    struct mf_messages_walk walk;
    uint64_t told = told_count(record), count = 0;
    if (!told)
        return 0;
    mf_messages_walk(mf_record_flow(record), &walk);
    while (count < told && mf_messages_next(&walk))
        count++;
    return told - count;
}

int mf_export_comment(const struct mf_record *record, struct mf_span comment,
                      struct mf_buf *scratch, struct mf_span *ret_comment)
{
    uint64_t missing = mf_export_missing(record);
    *ret_comment = comment;
    if (!missing)
        return 0;
    mf_buf_clear(scratch);
    int rc = mf_buf_append(scratch, comment.text, comment.len);
    if (!rc)
        rc = mf_buf_printf(scratch,
                           "%sthe last %" PRIu64
                           " messages of this flow are not in this file",
                           comment.len ? "; " : "", missing);
    if (!rc)
        *ret_comment =
            (struct mf_span){(const char *)scratch->data, scratch->len};
    return rc;
}
