/*
 * query-match FILE: which flows match which expressions.
 *
 * FILE has a number of flows, then each flow (a mitmproxy.v1.Flow), then a
 * number of expressions, then each expression; numbers and lengths are 32
 * bits, least byte first. Prints a line for each expression: "= 0110..." by
 * flow, or "! POSITION LENGTH TEXT" for one that is refused. Ends with
 * status 1 when columns and flow disagree about a match, or when a flow
 * matches without the needles of the expression.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "flow/columns.h"
#include "flow/text.h"
#include "query/filter.h"
#include "query/fold.h"
#include "query/needles.h"

enum { NAMES_MAX = 4096, FILE_MAX_LEN = 64 << 20 };

struct row {
    struct mf_record *record;
    struct mf_columns columns;
};

struct names {
    struct mf_span texts[MF_NAME_KINDS][NAMES_MAX];
    uint32_t counts[MF_NAME_KINDS];
};
static struct names names;

static void die(const char *what)
{
    fprintf(stderr, "query-match: %s\n", what);
    exit(2);
}

static struct mf_span name_text(void *user, enum mf_name_kind kind, uint32_t id)
{
    const struct names *all = user;
    return all->texts[kind][id - 1];
}

/* As the store does: 0 for no text and for a long one. */
static uint32_t name_id(enum mf_name_kind kind, struct mf_span text)
{
    uint32_t *count = &names.counts[kind];
    if (text.len == 0 || text.len > MF_NAME_MAX_LEN || *count == NAMES_MAX)
        return 0;
    for (uint32_t i = 0; i < *count; i++)
        if (names.texts[kind][i].len == text.len &&
            memcmp(names.texts[kind][i].text, text.text, text.len) == 0)
            return i + 1;
    names.texts[kind][(*count)++] = text;
    return *count;
}

static void read_row(struct mf_span snapshot, struct row *row)
{
    const struct mf_record_head head = {.number = 1,
                                        .change = 1,
                                        .state = MF_FLOW_ENDED,
                                        .source = "",
                                        .note = ""};
    struct mf_flow *flow;
    struct mf_column_texts texts;
    struct mf_err err;
    if (mf_flow_from_snapshot((const uint8_t *)snapshot.text, snapshot.len,
                              MF_FLOW_ENDED, &flow, &err))
        die(err.text);
    row->record = mf_record_new(&head, flow, NULL, 0);
    if (!row->record)
        die("out of memory");
    mf_flow_columns(flow, &row->columns, &texts);
    row->columns.method = name_id(MF_NAME_METHOD, texts.names[MF_NAME_METHOD]);
    row->columns.host = name_id(MF_NAME_HOST, texts.names[MF_NAME_HOST]);
    row->columns.client = name_id(MF_NAME_CLIENT, texts.names[MF_NAME_CLIENT]);
    row->columns.response_type =
        name_id(MF_NAME_CONTENT_TYPE, texts.response_type);
    row->columns.request_type =
        name_id(MF_NAME_CONTENT_TYPE, texts.request_type);
    mf_flow_unref(flow);
}

static struct mf_span next_item(struct mf_cursor *cursor)
{
    uint32_t len = mf_cursor_le32(cursor);
    const uint8_t *bytes = mf_cursor_bytes(cursor, len);
    if (cursor->error)
        die("the file ends too early");
    return (struct mf_span){(const char *)bytes, len};
}

/* A piece that has the needle, or that an index does not look into. */
static bool may_hold(void *user, const struct mf_piece *piece)
{
    const struct mf_needles *needle = user;
    if (piece->kind == MF_PIECE_OTHER)
        return false;
    if (needle->or_binary && (piece->kind == MF_PIECE_BINARY || piece->error))
        return true;
    return piece->kind != MF_PIECE_BINARY && piece->text.len &&
           mf_fold_find(piece->text.text, piece->text.len, needle->text,
                        needle->len);
}

/* What an index by text may conclude. */
static bool has_needles(const struct mf_flow *flow,
                        const struct mf_needles *needles)
{
    struct mf_span id = mf_flow_id(flow);
    switch (needles->kind) {
    case MF_NEEDLES_ANY:
        return true;
    case MF_NEEDLES_TEXT:
        return mf_fold_find(id.text, id.len, needles->text, needles->len) ||
               mf_flow_each_piece(flow, may_hold, (void *)(uintptr_t)needles);
    case MF_NEEDLES_ALL_OF:
        for (size_t i = 0; i < needles->count; i++)
            if (!has_needles(flow, needles->items[i]))
                return false;
        return true;
    default:
        for (size_t i = 0; i < needles->count; i++)
            if (has_needles(flow, needles->items[i]))
                return true;
        return false;
    }
}

/* Returns whether columns, needles and flows agree. */
static bool print_matches(const struct mf_filter *filter,
                          const struct row *rows, uint32_t count)
{
    struct mf_judge *judge;
    bool agree = true;
    if (mf_judge_new(filter, name_text, &names, &judge))
        die("out of memory");
    printf("= ");
    for (uint32_t i = 0; i < count; i++) {
        bool is_limited = false;
        bool is_match = mf_filter_match(filter, rows[i].record, &is_limited);
        enum mf_filter_verdict verdict = mf_judge_row(judge, &rows[i].columns);
        putchar(is_limited ? 'L' : is_match ? '1' : '0');
        if (verdict != MF_FILTER_UNSURE &&
            (verdict == MF_FILTER_YES) != is_match)
            agree = false;
        if (is_match && !has_needles(mf_record_flow(rows[i].record),
                                     mf_filter_needles(filter)))
            agree = false;
    }
    putchar('\n');
    mf_judge_free(judge);
    return agree;
}

static bool print_expression(struct mf_span text, const struct row *rows,
                             uint32_t count)
{
    struct mf_filter *filter;
    struct mf_filter_fault fault;
    int rc = mf_filter_parse(text.text, text.len, &filter, &fault);
    if (rc == MF_EINVAL) {
        printf("! %zu %zu %s\n", fault.position, fault.len, fault.text);
        return true;
    }
    if (rc)
        die("out of memory");
    bool agree = print_matches(filter, rows, count);
    if (!agree)
        fprintf(stderr, "columns or needles disagree: %.*s\n", (int)text.len,
                text.text);
    mf_filter_unref(filter);
    return agree;
}

static size_t read_file(const char *path, char **ret_bytes)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(FILE_MAX_LEN);
    if (!file || !bytes)
        die("cannot read the file");
    size_t len = fread(bytes, 1, FILE_MAX_LEN, file);
    fclose(file);
    *ret_bytes = bytes;
    return len;
}

int main(int argc, char **argv)
{
    char *bytes;
    if (argc != 2)
        die("usage: query-match FILE");
    size_t len = read_file(argv[1], &bytes);
    struct mf_cursor cursor = mf_cursor_make(bytes, len);
    uint32_t count = mf_cursor_le32(&cursor);
    struct row *rows = count < len ? calloc(count + 1, sizeof *rows) : NULL;
    if (!rows)
        die("too many flows");
    for (uint32_t i = 0; i < count; i++)
        read_row(next_item(&cursor), &rows[i]);
    bool agree = true;
    for (uint32_t left = mf_cursor_le32(&cursor); left; left--)
        agree &= print_expression(next_item(&cursor), rows, count);
    for (uint32_t i = 0; i < count; i++)
        mf_record_unref(rows[i].record);
    free(rows);
    free(bytes);
    return agree ? 0 : 1;
}
