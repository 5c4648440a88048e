/* Filters by columns alone. */
#include <stdlib.h>
#include <string.h>

#include "query/filter_impl.h"
#include "query/pattern.h"
#include "query/sets.h"

enum {
    /* Greater ids are looked at anew each time. */
    ID_REMEMBERED_MAX = 1 << 20,
    IDS_FIRST = 256,
    UNKNOWN = 3, /* beside enum mf_filter_verdict */
};

/* Verdicts of one leaf on the texts of one kind, by id. */
struct memo {
    uint8_t *verdicts;
    uint32_t count;
};

struct mf_judge {
    const struct mf_filter *filter;
    mf_name_text *name_text;
    void *user;
    struct memo *memos; /* by mf_term.memo */
};

typedef enum mf_filter_verdict verdict;

int mf_judge_new(const struct mf_filter *filter, mf_name_text *name_text,
                 void *user, struct mf_judge **ret_judge)
{
    struct mf_judge *judge = calloc(1, sizeof *judge);
    struct memo *memos = calloc(filter->memos + 1, sizeof *memos);
    if (!judge || !memos) {
        free(judge);
        free(memos);
        return MF_ENOMEM;
    }
    *judge = (struct mf_judge){filter, name_text, user, memos};
    *ret_judge = judge;
    return 0;
}

void mf_judge_free(struct mf_judge *judge)
{
    if (!judge)
        return;
    for (uint32_t i = 0; i < judge->filter->memos; i++)
        free(judge->memos[i].verdicts);
    free(judge->memos);
    free(judge);
}

/* ---- one text ---- */

static verdict of_bool(bool is_match)
{
    return is_match ? MF_FILTER_YES : MF_FILTER_NO;
}

static verdict search(const struct mf_term *term, struct mf_span text)
{
    struct mf_pattern_effort effort = {.is_untimed = true};
    bool found = mf_pattern_finds(term->pattern, text, &effort);
    return effort.is_limited ? MF_FILTER_UNSURE : of_bool(found);
}

static verdict of_text(const struct mf_term *term, struct mf_span text)
{
    switch (term->kind) {
    case MF_TERM_ASSET:
        return of_bool(mf_is_asset_type(text));
    case MF_TERM_MEDIA_TYPE:
        return of_bool(mf_media_type_finds(term->text, text));
    case MF_TERM_CLIENTS:
    case MF_TERM_METHODS:
        return of_bool(mf_text_set_has(&term->set, text));
    default:
        return search(term, text);
    }
}

/* ---- names ---- */

/* A place to remember in; NULL: there is none. */
static uint8_t *place(struct memo *memo, uint32_t id)
{
    if (id < memo->count)
        return &memo->verdicts[id];
    if (id >= ID_REMEMBERED_MAX)
        return NULL;
    uint32_t count = memo->count ? memo->count : IDS_FIRST;
    while (count <= id)
        count *= 2;
    uint8_t *verdicts = realloc(memo->verdicts, count);
    if (!verdicts)
        return NULL;
    memset(verdicts + memo->count, UNKNOWN, count - memo->count);
    memo->verdicts = verdicts;
    memo->count = count;
    return &verdicts[id];
}

static verdict look_up(struct mf_judge *judge, const struct mf_term *term,
                       enum mf_name_kind kind, uint32_t id)
{
    uint8_t *remembered = place(&judge->memos[term->memo], id);
    struct mf_span text = judge->name_text(judge->user, kind, id);
    verdict found = text.len ? of_text(term, text) : MF_FILTER_UNSURE;
    if (remembered)
        *remembered = (uint8_t)found;
    return found;
}

static inline verdict of_name(struct mf_judge *judge,
                              const struct mf_term *term,
                              enum mf_name_kind kind, uint32_t id)
{
    const struct memo *memo = &judge->memos[term->memo];
    if (id == 0)
        return MF_FILTER_UNSURE;
    if (id < memo->count && memo->verdicts[id] != UNKNOWN)
        return (verdict)memo->verdicts[id];
    return look_up(judge, term, kind, id);
}

/* ---- leaves ---- */

static bool is_http(const struct mf_columns *row)
{
    return row->type == MF_FLOW_HTTP;
}

static bool has(const struct mf_columns *row, uint32_t flag)
{
    return row->flags & flag;
}

static verdict either(verdict one, verdict other)
{
    if (one == MF_FILTER_YES || other == MF_FILTER_YES)
        return MF_FILTER_YES;
    return one == MF_FILTER_NO ? other : one;
}

static verdict of_header(struct mf_judge *judge, const struct mf_term *term,
                         uint32_t id, bool is_there)
{
    if (id == 0)
        return is_there ? MF_FILTER_UNSURE : MF_FILTER_NO;
    return of_name(judge, term, MF_NAME_CONTENT_TYPE, id);
}

static verdict response_type(struct mf_judge *judge, const struct mf_term *term,
                             const struct mf_columns *row)
{
    return of_header(judge, term, row->response_type,
                     has(row, MF_COLUMN_RESPONSE_TYPE));
}

static verdict request_type(struct mf_judge *judge, const struct mf_term *term,
                            const struct mf_columns *row)
{
    return of_header(judge, term, row->request_type,
                     has(row, MF_COLUMN_REQUEST_TYPE));
}

static verdict media_type(struct mf_judge *judge, const struct mf_term *term,
                          const struct mf_columns *row)
{
    bool is_response = row->response_type || has(row, MF_COLUMN_RESPONSE_TYPE);
    return is_response ? response_type(judge, term, row)
                       : request_type(judge, term, row);
}

static verdict content_type(struct mf_judge *judge, const struct mf_term *term,
                            const struct mf_columns *row)
{
    if (!is_http(row))
        return MF_FILTER_NO;
    switch (term->kind) {
    case MF_TERM_MEDIA_TYPE:
        return media_type(judge, term, row);
    case MF_TERM_CONTENT_TYPE_REQUEST:
        return request_type(judge, term, row);
    case MF_TERM_CONTENT_TYPE:
        return either(request_type(judge, term, row),
                      response_type(judge, term, row));
    default: /* also MF_TERM_ASSET */
        return response_type(judge, term, row);
    }
}

static verdict domain(struct mf_judge *judge, const struct mf_term *term,
                      const struct mf_columns *row)
{
    if (!is_http(row))
        return MF_FILTER_NO;
    verdict pretty = of_name(judge, term, MF_NAME_HOST, row->host);
    return pretty == MF_FILTER_NO && has(row, MF_COLUMN_TWO_HOSTS)
               ? MF_FILTER_UNSURE
               : pretty;
}

/* The host of a DNS row may be that of the response's question. */
static verdict url(struct mf_judge *judge, const struct mf_term *term,
                   const struct mf_columns *row)
{
    if (is_http(row))
        return MF_FILTER_UNSURE;
    if (row->type != MF_FLOW_DNS || !has(row, MF_COLUMN_REQUEST))
        return MF_FILTER_NO;
    verdict asked = of_name(judge, term, MF_NAME_HOST, row->host);
    return asked == MF_FILTER_NO ? asked : MF_FILTER_UNSURE;
}

static verdict peer(struct mf_judge *judge, const struct mf_term *term,
                    enum mf_name_kind kind, uint32_t id, uint16_t port)
{
    char text[MF_NAME_MAX_LEN + MF_PORT_TEXT_LEN];
    struct mf_span host =
        id ? judge->name_text(judge->user, kind, id) : (struct mf_span){"", 0};
    /* Port 0 may stand for one that 16 bits cannot hold. */
    if (!host.len || host.len > MF_NAME_MAX_LEN || !port)
        return MF_FILTER_UNSURE;
    size_t len = mf_peer_text(host, port, text);
    return search(term, (struct mf_span){text, len});
}

static verdict server(struct mf_judge *judge, const struct mf_term *term,
                      const struct mf_columns *row)
{
    /* Of the others the host is not the server's address. */
    return row->type == MF_FLOW_TCP || row->type == MF_FLOW_UDP
               ? peer(judge, term, MF_NAME_HOST, row->host, row->server_port)
               : MF_FILTER_UNSURE;
}

/* A text of which only is known that it is not empty, if it is there. */
static verdict if_there(const struct mf_term *term, bool is_there)
{
    return is_there ? MF_FILTER_UNSURE : search(term, (struct mf_span){"", 0});
}

static verdict status(const struct mf_term *term, const struct mf_columns *row)
{
    if (!is_http(row) || !has(row, MF_COLUMN_RESPONSE))
        return MF_FILTER_NO;
    if (row->status == 0 || row->status == UINT16_MAX)
        return MF_FILTER_UNSURE; /* or what 16 bits cannot hold */
    return of_bool(row->status >= term->range.number.first &&
                   row->status <= term->range.number.last);
}

static verdict no_response(const struct mf_columns *row)
{
    return of_bool((is_http(row) || row->type == MF_FLOW_DNS) &&
                   !has(row, MF_COLUMN_RESPONSE));
}

static verdict number(const struct mf_term *term, const struct mf_columns *row)
{
    const union mf_range *range = &term->range;
    uint64_t size = row->client_bytes + row->server_bytes;
    if (term->kind == MF_TERM_SIZE)
        return of_bool(size >= range->size.first && size <= range->size.last);
    if (term->kind == MF_TERM_DURATION)
        return of_bool(row->duration_ms >= range->duration.first_ms &&
                       row->duration_ms <= range->duration.last_ms);
    return of_bool(row->start_ns >= range->number.first &&
                   row->start_ns <= range->number.last);
}

/* Of leaves that are a flag of the columns; 0: it is none. */
static uint32_t flags_of(enum mf_term_kind kind)
{
    static const uint32_t flags[MF_TERM_KINDS] = {
        [MF_TERM_ERROR] = MF_COLUMN_ERROR,
        [MF_TERM_MARKED] = MF_COLUMN_MARKED,
        [MF_TERM_REPLAY_REQUEST] = MF_COLUMN_REPLAYED_REQUEST,
        [MF_TERM_REPLAY_RESPONSE] = MF_COLUMN_REPLAYED_RESPONSE,
        [MF_TERM_RESPONSE] = MF_COLUMN_RESPONSE,
        [MF_TERM_WEBSOCKET] = MF_COLUMN_WEBSOCKET,
        [MF_TERM_PINNED] = MF_COLUMN_PINNED,
        [MF_TERM_NOTED] = MF_COLUMN_NOTE,
        [MF_TERM_LOST] = MF_COLUMN_LOST,
    };
    return flags[kind];
}

static verdict leaf(struct mf_judge *judge, const struct mf_term *term,
                    const struct mf_columns *row)
{
    switch (term->kind) {
    case MF_TERM_TYPES:
        return of_bool(term->types >> row->type & 1);
    case MF_TERM_NO_RESPONSE:
        return no_response(row);
    case MF_TERM_REPLAY:
        return has(row,
                   MF_COLUMN_REPLAYED_REQUEST | MF_COLUMN_REPLAYED_RESPONSE)
                   ? MF_FILTER_YES
                   : MF_FILTER_NO;
    case MF_TERM_STATUS:
        return status(term, row);
    case MF_TERM_SIZE:
    case MF_TERM_DURATION:
    case MF_TERM_TIME:
        return number(term, row);
    case MF_TERM_ASSET:
    case MF_TERM_MEDIA_TYPE:
    case MF_TERM_CONTENT_TYPE:
    case MF_TERM_CONTENT_TYPE_REQUEST:
    case MF_TERM_CONTENT_TYPE_RESPONSE:
        return content_type(judge, term, row);
    case MF_TERM_METHOD:
    case MF_TERM_METHODS:
        return is_http(row) ? of_name(judge, term, MF_NAME_METHOD, row->method)
                            : MF_FILTER_NO;
    case MF_TERM_DEVICE:
    case MF_TERM_CLIENTS:
        return of_name(judge, term, MF_NAME_CLIENT, row->client);
    case MF_TERM_SOURCE:
        return of_name(judge, term, MF_NAME_SOURCE, row->source);
    case MF_TERM_DOMAIN:
        return domain(judge, term, row);
    case MF_TERM_URL:
        return url(judge, term, row);
    case MF_TERM_SRC:
        return peer(judge, term, MF_NAME_CLIENT, row->client, row->client_port);
    case MF_TERM_DST:
        return server(judge, term, row);
    case MF_TERM_HEADER:
    case MF_TERM_HEADER_REQUEST:
    case MF_TERM_HEADER_RESPONSE:
        return is_http(row) ? MF_FILTER_UNSURE : MF_FILTER_NO;
    case MF_TERM_META:
        return if_there(term, has(row, MF_COLUMN_METADATA));
    case MF_TERM_MARKER:
        return if_there(term, has(row, MF_COLUMN_MARKED));
    case MF_TERM_COMMENT:
        return if_there(term, has(row, MF_COLUMN_COMMENT));
    case MF_TERM_NOTE:
        return if_there(term, has(row, MF_COLUMN_NOTE));
    default: /* bodies, texts and ids are not in columns */
        return flags_of(term->kind) ? of_bool(has(row, flags_of(term->kind)))
                                    : MF_FILTER_UNSURE;
    }
}

/* What leaf() reads of a row; of what is not told apart here, all. */
static uint32_t columns_of(enum mf_term_kind kind)
{
    static const uint32_t flags = 1U << MF_PAGED_FLAGS;
    switch (kind) {
    case MF_TERM_TYPES:
    case MF_TERM_HEADER:
    case MF_TERM_HEADER_REQUEST:
    case MF_TERM_HEADER_RESPONSE:
        return 0;
    case MF_TERM_STATUS:
        return flags | 1U << MF_PAGED_STATUS;
    case MF_TERM_SIZE:
        return 1U << MF_PAGED_CLIENT_BYTES | 1U << MF_PAGED_SERVER_BYTES;
    case MF_TERM_DURATION:
        return 1U << MF_PAGED_DURATION;
    case MF_TERM_TIME:
        return 1U << MF_PAGED_START;
    case MF_TERM_ASSET:
    case MF_TERM_MEDIA_TYPE:
    case MF_TERM_CONTENT_TYPE:
    case MF_TERM_CONTENT_TYPE_REQUEST:
    case MF_TERM_CONTENT_TYPE_RESPONSE:
        return flags | 1U << MF_PAGED_REQUEST_TYPE |
               1U << MF_PAGED_RESPONSE_TYPE;
    case MF_TERM_METHOD:
    case MF_TERM_METHODS:
        return 1U << MF_PAGED_METHOD;
    case MF_TERM_DEVICE:
    case MF_TERM_CLIENTS:
        return 1U << MF_PAGED_CLIENT;
    case MF_TERM_SOURCE:
        return 1U << MF_PAGED_SOURCE;
    case MF_TERM_DOMAIN:
    case MF_TERM_URL:
        return flags | 1U << MF_PAGED_HOST;
    case MF_TERM_SRC:
        return 1U << MF_PAGED_CLIENT | 1U << MF_PAGED_CLIENT_PORT;
    case MF_TERM_DST:
        return 1U << MF_PAGED_HOST | 1U << MF_PAGED_SERVER_PORT;
    case MF_TERM_NO_RESPONSE:
    case MF_TERM_REPLAY:
    case MF_TERM_META:
    case MF_TERM_MARKER:
    case MF_TERM_COMMENT:
    case MF_TERM_NOTE:
        return flags;
    default:
        return flags_of(kind) ? flags : UINT32_MAX;
    }
}

static uint32_t columns_of_term(const struct mf_term *term)
{
    uint32_t columns = 0;
    switch (term->kind) {
    case MF_TERM_ALL:
        return 0;
    case MF_TERM_AND:
    case MF_TERM_OR:
    case MF_TERM_NOT:
        for (size_t i = 0; i < term->count; i++)
            columns |= columns_of_term(term->items[i]);
        return columns;
    default:
        return columns_of(term->kind);
    }
}

uint32_t mf_filter_columns(const struct mf_filter *filter)
{
    return columns_of_term(filter->root);
}

static verdict judge_term(struct mf_judge *judge, const struct mf_term *term,
                          const struct mf_columns *row)
{
    verdict sum;
    switch (term->kind) {
    case MF_TERM_ALL:
        return MF_FILTER_YES;
    case MF_TERM_AND:
        sum = MF_FILTER_YES;
        for (size_t i = 0; i < term->count && sum != MF_FILTER_NO; i++) {
            verdict item = judge_term(judge, term->items[i], row);
            if (item != MF_FILTER_YES)
                sum = item;
        }
        return sum;
    case MF_TERM_OR:
        sum = MF_FILTER_NO;
        for (size_t i = 0; i < term->count && sum != MF_FILTER_YES; i++)
            sum = either(sum, judge_term(judge, term->items[i], row));
        return sum;
    case MF_TERM_NOT:
        sum = judge_term(judge, term->items[0], row);
        return sum == MF_FILTER_UNSURE ? sum : of_bool(sum == MF_FILTER_NO);
    default:
        return leaf(judge, term, row);
    }
}

enum mf_filter_verdict mf_judge_row(struct mf_judge *judge,
                                    const struct mf_columns *columns)
{
    if (columns->type == 0)
        return MF_FILTER_NO;
    return judge_term(judge, judge->filter->root, columns);
}
