/* Bytes up to the first NUL are an expression, the rest is a snapshot of a
 * flow (or there is none, and a recorded one is matched). */
#include <stdlib.h>
#include <string.h>

#include "flow/columns.h"
#include "query/filter.h"
#include "query/needles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Field 1 (HTTP): id, request "GET http://a/b", response 200 "one two". */
static const uint8_t recorded[] =
    "\x0a\x2e\x0a\x02id\x12\x15\x0a\x03GET\x12\x0ehttp://a.com/b"
    "\x1a\x11\x08\xc8\x01\x1a\x0cone two aaa!";

static void require(int holds)
{
    if (!holds)
        abort();
}

static struct mf_span name_text(void *user, enum mf_name_kind kind, uint32_t id)
{
    const struct mf_column_texts *texts = user;
    if (kind != MF_NAME_CONTENT_TYPE)
        return texts->names[kind];
    return id == 1 ? texts->response_type : texts->request_type;
}

static uint32_t id_of(struct mf_span text, uint32_t id)
{
    return text.len && text.len <= MF_NAME_MAX_LEN ? id : 0;
}

static struct mf_columns columns_of(const struct mf_record *record,
                                    struct mf_column_texts *texts)
{
    struct mf_columns columns;
    mf_flow_columns(mf_record_flow(record), &columns, texts);
    columns.method = id_of(texts->names[MF_NAME_METHOD], 1);
    columns.host = id_of(texts->names[MF_NAME_HOST], 1);
    columns.client = id_of(texts->names[MF_NAME_CLIENT], 1);
    columns.response_type = id_of(texts->response_type, 1);
    columns.request_type = id_of(texts->request_type, 2);
    return columns;
}

/* Columns must not contradict the flow. */
static void use_filter(const struct mf_filter *filter, struct mf_flow *flow)
{
    const struct mf_record_head head = {.source = "", .note = ""};
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    struct mf_column_texts texts;
    struct mf_judge *judge;
    bool is_limited = false;
    require(record != NULL);
    bool is_match = mf_filter_match(filter, record, &is_limited);
    struct mf_columns columns = columns_of(record, &texts);
    require(mf_judge_new(filter, name_text, &texts, &judge) == 0);
    enum mf_filter_verdict verdict = mf_judge_row(judge, &columns);
    require(verdict == MF_FILTER_UNSURE || is_limited ||
            (verdict == MF_FILTER_YES) == is_match);
    mf_judge_free(judge);
    mf_record_unref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    struct mf_filter *filter = NULL;
    struct mf_filter_fault fault = {.position = SIZE_MAX};
    struct mf_flow *flow;
    int rc = mf_filter_parse((const char *)data, len, &filter, &fault);
    if (rc) {
        require(rc == MF_EINVAL && fault.text[0] != '\0' &&
                fault.position <= len && fault.len <= len - fault.position);
        return 0;
    }
    require(mf_filter_needles(filter) != NULL);
    rc = end ? mf_flow_from_snapshot(end + 1, size - len - 1, MF_FLOW_LIVE,
                                     &flow, NULL)
             : mf_flow_from_snapshot(recorded, sizeof recorded - 1,
                                     MF_FLOW_LIVE, &flow, NULL);
    require(rc == 0 || end);
    if (!rc) {
        use_filter(filter, flow);
        mf_flow_unref(flow);
    }
    mf_filter_unref(filter);
    return 0;
}
