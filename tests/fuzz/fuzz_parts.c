/* A flow taken apart for the store, and put together again. */
#include <stdlib.h>
#include <string.h>

#include "flow/append.h"
#include "flow/columns.h"
#include "flow/messages.h"
#include "flow/summary.h"
#include "mitmflow/v1/mitmflow.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

/* A summary in one order of its fields. */
static struct mf_buf canonical(const struct mf_buf *summary)
{
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    Mitmflow__V1__FlowSummary *message =
        mitmflow__v1__flow_summary__unpack(NULL, summary->len, summary->data);
    require(message != NULL);
    require(mf_buf_reserve(&out, mitmflow__v1__flow_summary__get_packed_size(
                                     message)) == 0);
    out.len = mitmflow__v1__flow_summary__pack(message, out.data);
    mitmflow__v1__flow_summary__free_unpacked(message, NULL);
    return out;
}

static void require_same(struct mf_buf *a, struct mf_buf *b)
{
    struct mf_buf x = canonical(a), y = canonical(b);
    require(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
    mf_buf_release(&x);
    mf_buf_release(&y);
}

static uint32_t id_of(struct mf_span *text, int has_ids)
{
    if (has_ids && text->len && text->len <= MF_NAME_MAX_LEN)
        return 1;
    *text = (struct mf_span){"", 0};
    return 0;
}

static void split_and_join(const struct mf_flow *flow, int has_ids)
{
    struct mf_columns columns;
    struct mf_column_texts texts, known;
    struct mf_buf url, rest, joined, derived;
    mf_buf_init(&url, SIZE_MAX);
    mf_buf_init(&rest, SIZE_MAX);
    mf_buf_init(&joined, SIZE_MAX);
    mf_buf_init(&derived, SIZE_MAX);
    mf_flow_columns(flow, &columns, &texts);
    known = texts;
    columns.method = id_of(&known.names[MF_NAME_METHOD], has_ids);
    columns.host = id_of(&known.names[MF_NAME_HOST], has_ids);
    columns.client = id_of(&known.names[MF_NAME_CLIENT], has_ids);
    columns.response_type = id_of(&known.response_type, has_ids);
    require(mf_summary_split(flow, &columns, &texts, &url, &rest) == 0);
    const struct mf_summary_row row = {
        .id = mf_flow_id(flow),
        .columns = &columns,
        .texts = known,
        .url = {url.len ? (char *)url.data : "", url.len},
        .rest = {(char *)rest.data, rest.len},
    };
    require(mf_summary_join(&row, &joined) == 0);
    require(mf_flow_put_summary(flow, &derived) == 0);
    require_same(&joined, &derived);
    mf_buf_release(&url);
    mf_buf_release(&rest);
    mf_buf_release(&joined);
    mf_buf_release(&derived);
}

/* The first messages as a head, the rest as a piece: together they are what
 * they were. */
static void cut_and_extend(const struct mf_flow *flow)
{
    struct mf_buf head, fields, piece, all;
    struct mf_messages_walk walk, whole;
    struct mf_flow *made;
    uint64_t index = 0;
    mf_buf_init(&head, SIZE_MAX);
    mf_buf_init(&fields, SIZE_MAX);
    mf_buf_init(&piece, SIZE_MAX);
    mf_buf_init(&all, SIZE_MAX);
    require(mf_messages_put_head(flow, 1, &head) == 0);
    mf_messages_walk(flow, &walk);
    while (mf_messages_next(&walk))
        if (index++ >= 1)
            require(mf_message_put(mf_flow_type(flow), walk.message, &fields) ==
                    0);
    require(mf_messages_put_piece(mf_flow_type(flow), mf_flow_id(flow),
                                  fields.data, fields.len, &piece) == 0);
    require(mf_flow_from_snapshot(piece.data, piece.len, MF_FLOW_ENDED, &made,
                                  NULL) == 0);
    mf_flow_unref(made);
    require(mf_flow_extend(head.data, head.len, fields.data, fields.len, NULL,
                           0, &all) == 0);
    require(mf_flow_from_snapshot(all.data, all.len, MF_FLOW_ENDED, &made,
                                  NULL) == 0);
    mf_messages_walk(flow, &walk);
    mf_messages_walk(made, &whole);
    while (mf_messages_next(&walk)) {
        require(mf_messages_next(&whole));
        require(walk.message.len == whole.message.len &&
                memcmp(walk.message.text, whole.message.text,
                       walk.message.len) == 0);
    }
    require(!mf_messages_next(&whole));
    mf_flow_unref(made);
    mf_buf_release(&head);
    mf_buf_release(&fields);
    mf_buf_release(&piece);
    mf_buf_release(&all);
}

static void grow(const struct mf_flow *flow, const struct mf_append *append)
{
    const struct mf_summary_growth growth = {
        .client_bytes = append->client_bytes,
        .server_bytes = append->server_bytes,
        .message_count = append->count,
        .duration_ms = append->duration_ms,
        .error = append->error,
    };
    struct mf_buf derived, grown;
    mf_buf_init(&derived, SIZE_MAX);
    mf_buf_init(&grown, SIZE_MAX);
    require(mf_flow_put_summary(flow, &derived) == 0);
    require(mf_summary_grow(derived.data, derived.len, &growth, &grown) == 0);
    struct mf_buf out = canonical(&grown);
    mf_buf_release(&out);
    mf_buf_release(&derived);
    mf_buf_release(&grown);
}

/* Bytes of the database may be damaged: any is an error, none a crash. */
static void join_garbage(const uint8_t *data, size_t size)
{
    const struct mf_columns columns = {
        .type = (uint8_t)(size ? 1 + data[0] % 4 : 9)};
    const struct mf_summary_row row = {
        .id = {"id", 2},
        .columns = &columns,
        .url = {(const char *)data, size},
        .rest = {(const char *)data, size},
    };
    const struct mf_summary_growth growth = {.error = {"e", 1}};
    struct mf_columns kept = columns;
    struct mf_buf out;
    mf_buf_init(&out, SIZE_MAX);
    (void)mf_summary_join(&row, &out);
    mf_buf_clear(&out);
    (void)mf_summary_grow(data, size, &growth, &out);
    mf_buf_clear(&out);
    (void)mf_summary_keep(row.rest, &kept, &out);
    mf_buf_clear(&out);
    (void)mf_flow_extend(data, size, data, size, NULL, 0, &out);
    mf_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_flow *flow = NULL;
    struct mf_append append;
    if (mf_flow_from_export(data, size, &flow, NULL) == 0) {
        split_and_join(flow, 0);
        split_and_join(flow, 1);
        cut_and_extend(flow);
    }
    if (mf_append_from_export(data, size, &append, NULL) == 0) {
        if (flow)
            grow(flow, &append);
        mf_append_release(&append);
    }
    mf_flow_unref(flow);
    join_garbage(data, size);
    return 0;
}
