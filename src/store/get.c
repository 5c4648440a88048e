/* One flow, or some of its messages. */
#include <stdlib.h>
#include <string.h>

#include "flow/messages.h"
#include "store/lookup.h"
#include "store/reader_impl.h"

enum {
    CANDIDATES = 8, /* more flows with one id are rare */
    MESSAGES_MAX_LEN = 64 << 20,
    RANGE_MAX_LEN = 4 << 20,
};

static int not_there(struct mf_err *err)
{
    return mf_err_set(err, MF_ENOENT, "no such flow");
}

/* ---- which flow ---- */

/* Stand MF_READ_ROW on flow `number`, in a read of its own, once all of it
 * that was taken is durable. 1, or 0: there is none (and no read). */
static int open_number(struct mf_reader *reader, uint64_t number,
                       struct mf_err *err)
{
    /* What cannot be committed is not waited for: the disk is full, say. */
    mf_store__settle(reader->store, number);
    int rc = mf_reader__begin(reader, err);
    if (rc)
        return rc;
    rc = mf_reader__row(reader, number, err);
    if (rc != 1)
        mf_reader__end(reader);
    return rc;
}

static void close_flow(struct mf_reader *reader)
{
    mf_reader__row_done(reader);
    mf_reader__end(reader);
}

static bool row_has_id(struct mf_reader *reader, struct mf_span id)
{
    struct mf_span has = mf_row_span(reader->stmts[MF_READ_ROW], MF_ROW_ID);
    return has.len == id.len &&
           (id.len == 0 || memcmp(has.text, id.text, id.len) == 0);
}

static int open_among(struct mf_reader *reader, struct mf_span id,
                      const uint64_t *numbers, size_t count, struct mf_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = open_number(reader, numbers[i], err);
        if (rc < 0 || (rc == 1 && row_has_id(reader, id)))
            return rc;
        if (rc == 1)
            close_flow(reader);
    }
    return 0;
}

static int open_id(struct mf_reader *reader, struct mf_span id,
                   struct mf_err *err)
{
    uint64_t few[CANDIDATES];
    size_t all = mf_store__find_numbers(reader->store, id, few, CANDIDATES);
    size_t count = all < CANDIDATES ? all : CANDIDATES;
    int rc = open_among(reader, id, few, count, err);
    if (rc || all <= CANDIDATES)
        return rc;
    uint64_t *many = calloc(all, sizeof *many);
    if (!many)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    size_t found = mf_store__find_numbers(reader->store, id, many, all);
    rc = open_among(reader, id, many, found < all ? found : all, err);
    free(many);
    return rc;
}

/* 0: MF_READ_ROW stands on the flow; close_flow() when done. */
static int open_flow(struct mf_reader *reader, const struct mf_flow_ref *ref,
                     struct mf_err *err)
{
    int rc = ref->number ? open_number(reader, ref->number, err)
                         : open_id(reader, ref->id, err);
    return rc == 1 ? 0 : rc ? rc : not_there(err);
}

int mf_reader_get(struct mf_reader *reader, const struct mf_flow_ref *ref,
                  size_t message_limit, struct mf_record **ret_record,
                  struct mf_err *err)
{
    const struct mf_load load = {
        .with_binary = true,
        .message_limit = message_limit,
        .bytes_max = MESSAGES_MAX_LEN,
    };
    struct mf_flow *flow;
    int rc = open_flow(reader, ref, err);
    if (rc)
        return rc;
    sqlite3_stmt *row = reader->stmts[MF_READ_ROW];
    rc = mf_reader__load(reader, row, &load, &flow, err);
    if (!rc) {
        rc = mf_row_record(row, reader->names, flow, ret_record);
        if (rc)
            mf_err_set(err, rc, "%s", mf_err_message(rc));
        mf_flow_unref(flow);
    }
    close_flow(reader);
    return rc;
}

/* ---- messages ---- */

struct range {
    struct mf_reader *reader;
    uint64_t number; /* of the flow */
    enum mf_flow_type type;
    uint64_t first;
    uint64_t limit;
    uint64_t count; /* of messages put */
    struct mf_buf *out;
    size_t out_start;
};

static bool is_full(const struct range *range)
{
    return range->count >= range->limit ||
           range->out->len - range->out_start >= RANGE_MAX_LEN;
}

/* Put what of `walk`, whose first message is message `index` of the flow, is
 * in the range. */
static int put_messages(struct range *range, struct mf_messages_walk *walk,
                        uint64_t index, struct mf_err *err)
{
    int rc = 0;
    for (; !rc && !is_full(range) && mf_messages_next(walk); index++) {
        if (index < range->first + range->count)
            continue;
        rc = mf_message_put(range->type, walk->message, range->out);
        range->count++;
    }
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static int put_piece(struct range *range, sqlite3_stmt *stmt,
                     struct mf_err *err)
{
    uint64_t index = mf_reader__int(stmt, 0);
    struct mf_messages_walk walk;
    struct mf_buf fields;
    mf_buf_init(&fields, SIZE_MAX);
    int rc = mf_reader__piece(range->reader, range->number, stmt, true, &fields,
                              err);
    if (!rc) {
        mf_messages_walk_fields(range->type, fields.data, fields.len, &walk);
        rc = put_messages(range, &walk, index, err);
    }
    mf_buf_release(&fields);
    return rc;
}

static int put_pieces(struct range *range, struct mf_err *err)
{
    sqlite3_stmt *stmt = range->reader->stmts[MF_READ_PIECES];
    int rc;
    if (is_full(range))
        return 0;
    mf_sql_bind_int(stmt, 1, range->number);
    mf_sql_bind_int(stmt, 2, range->first + range->count);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        rc = put_piece(range, stmt, err);
        if (rc || is_full(range))
            break;
    }
    sqlite3_reset(stmt);
    return rc;
}

/* The head's own messages, then those of the pieces. */
static int put_range(struct range *range, struct mf_err *err)
{
    const struct mf_load load = {.with_binary = true, .only_head = true};
    sqlite3_stmt *row = range->reader->stmts[MF_READ_ROW];
    struct mf_messages_walk walk;
    struct mf_flow *flow;
    int rc = mf_reader__load(range->reader, row, &load, &flow, err);
    if (rc)
        return rc;
    mf_messages_walk(flow, &walk);
    rc = put_messages(range, &walk, 0, err);
    mf_flow_unref(flow);
    return rc ? rc : put_pieces(range, err);
}

int mf_reader_messages(struct mf_reader *reader, const struct mf_flow_ref *ref,
                       uint64_t first, size_t limit, struct mf_buf *out,
                       struct mf_messages *ret_messages, struct mf_err *err)
{
    int rc = open_flow(reader, ref, err);
    if (rc)
        return rc;
    sqlite3_stmt *row = reader->stmts[MF_READ_ROW];
    struct range range = {
        .reader = reader,
        .number = mf_reader__int(row, MF_ROW_NUMBER),
        .type = (enum mf_flow_type)sqlite3_column_int(row, MF_ROW_TYPE),
        .first = first < INT64_MAX ? first : INT64_MAX,
        .limit = limit,
        .out = out,
        .out_start = out->len,
    };
    uint64_t total = mf_reader__int(row, MF_ROW_MESSAGES);
    if (first < total)
        rc = put_range(&range, err);
    close_flow(reader);
    if (rc)
        out->len = range.out_start;
    else
        *ret_messages = (struct mf_messages){range.type, range.count, total};
    return rc;
}
