/* From a FlowFilter to a tree. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/filter_impl.h"

/* Conditions so far, all of which must hold. */
struct conditions {
    struct mf_filter *filter;
    const struct mf_term *items[16];
    size_t count;
};

static int add(struct conditions *conditions, const struct mf_term *term)
{
    if (!term)
        return MF_ENOMEM;
    conditions->items[conditions->count++] = term;
    return 0;
}

static int add_fact(struct conditions *conditions, enum mf_term_kind kind,
                    bool wanted)
{
    struct mf_term *term = mf_filter__term(conditions->filter, kind);
    if (term && !wanted)
        term = mf_filter__not(conditions->filter, term);
    return add(conditions, term);
}

static int add_text(struct conditions *conditions, const char *text,
                    struct mf_err *err)
{
    struct mf_term *term;
    if (!text || !text[0])
        return 0;
    int rc = mf_filter__text(conditions->filter, MF_TERM_TEXT, text,
                             strlen(text), &term);
    if (rc == MF_EINVAL)
        return mf_err_set(err, rc, "filter_text is too long");
    return rc ? rc : add(conditions, term);
}

static int add_types(struct conditions *conditions, char *const *names,
                     size_t count, struct mf_err *err)
{
    unsigned types = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;
        for (int type = MF_FLOW_HTTP; type <= MF_FLOW_UDP; type++)
            if (strcmp(mf_flow_type_name((enum mf_flow_type)type), names[i]) ==
                0)
                bit = 1U << type;
        if (!bit)
            return mf_err_set(err, MF_EINVAL, "unknown flow type '%.32s'",
                              names[i]);
        types |= bit;
    }
    if (!types)
        return 0;
    struct mf_term *term = mf_filter__term(conditions->filter, MF_TERM_TYPES);
    if (term)
        term->types = types;
    return add(conditions, term);
}

static int compare_spans(const void *left, const void *right)
{
    const struct mf_span *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int add_set(struct conditions *conditions, enum mf_term_kind kind,
                   char *const *texts, size_t count)
{
    struct mf_arena *arena = &conditions->filter->arena;
    if (count == 0)
        return 0;
    struct mf_term *term = mf_filter__term(conditions->filter, kind);
    struct mf_span *spans = mf_arena_get(arena, count * sizeof *spans);
    if (!term || !spans)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        spans[i].len = strlen(texts[i]);
        spans[i].text = mf_arena_copy(arena, texts[i], spans[i].len);
        if (!spans[i].text)
            return MF_ENOMEM;
    }
    qsort(spans, count, sizeof *spans, compare_spans);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (compare_spans(&spans[kept - 1], &spans[i]) != 0)
            spans[kept++] = spans[i];
    term->set = (struct mf_text_set){spans, kept};
    return add(conditions, term);
}

/* ---- HTTP ---- */

static bool parse_code(const char *text, size_t len, int64_t *ret_code)
{
    int64_t code = 0;
    if (len == 0 || len > 3)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        code = code * 10 + (text[i] - '0');
    }
    *ret_code = code;
    return true;
}

/* "200", "4xx" or "200-299". */
static bool parse_status(const char *text, union mf_range *ret_range)
{
    const char *dash = strchr(text, '-');
    size_t len = strlen(text);
    int64_t first, last;
    if (len == 3 && strcasecmp(text + 1, "xx") == 0) {
        if (!parse_code(text, 1, &first))
            return false;
        first *= 100;
        last = first + 99;
    } else if (dash) {
        if (!parse_code(text, (size_t)(dash - text), &first) ||
            !parse_code(dash + 1, strlen(dash + 1), &last) || first > last)
            return false;
    } else {
        if (!parse_code(text, len, &first))
            return false;
        last = first;
    }
    ret_range->number.first = first;
    ret_range->number.last = last;
    return true;
}

static int check_count(size_t count, struct mf_err *err)
{
    enum { COUNT_MAX = 1000 };
    return count <= COUNT_MAX
               ? 0
               : mf_err_set(err, MF_EINVAL, "more than %d statuses or types",
                            COUNT_MAX);
}

/* One of `count` is enough; takes the terms over. */
static int add_one_of(struct conditions *conditions,
                      const struct mf_term **items, size_t count)
{
    struct mf_filter *filter = conditions->filter;
    if (count)
        return add(conditions,
                   mf_filter__group(filter, MF_TERM_OR, items, count));
    return add_fact(conditions, MF_TERM_ALL, false);
}

static int add_statuses(struct conditions *conditions, char *const *statuses,
                        size_t count, struct mf_err *err)
{
    struct mf_filter *filter = conditions->filter;
    if (count == 0)
        return 0;
    const struct mf_term **items =
        mf_arena_get(&filter->arena, count * sizeof *items);
    if (!items)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct mf_term *term = mf_filter__term(filter, MF_TERM_STATUS);
        if (!term)
            return MF_ENOMEM;
        if (!parse_status(statuses[i], &term->range))
            return mf_err_set(err, MF_EINVAL, "unknown status '%.32s'",
                              statuses[i]);
        items[i] = term;
    }
    return add_one_of(conditions, items, count);
}

/* An empty type is in none. */
static int add_media_types(struct conditions *conditions, char *const *types,
                           size_t count, struct mf_err *err)
{
    struct mf_filter *filter = conditions->filter;
    size_t used = 0;
    if (count == 0)
        return 0;
    const struct mf_term **items =
        mf_arena_get(&filter->arena, count * sizeof *items);
    if (!items)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct mf_term *term;
        if (!types[i][0])
            continue;
        int rc = mf_filter__text(filter, MF_TERM_MEDIA_TYPE, types[i],
                                 strlen(types[i]), &term);
        if (rc == MF_EINVAL)
            return mf_err_set(err, rc, "a content type is too long");
        if (rc)
            return rc;
        items[used++] = term;
    }
    return add_one_of(conditions, items, used);
}

static int add_http(struct conditions *conditions,
                    const Mitmflow__V1__HttpFilter *http, struct mf_err *err)
{
    static char http_name[] = "http";
    char *const http_only[] = {http_name};
    if (!http ||
        (!http->n_methods && !http->n_content_types && !http->n_status_codes))
        return 0;
    int rc = add_types(conditions, http_only, 1, err);
    if (!rc)
        rc = add_set(conditions, MF_TERM_METHODS, http->methods,
                     http->n_methods);
    if (!rc)
        rc = check_count(http->n_status_codes + http->n_content_types, err);
    if (!rc)
        rc = add_statuses(conditions, http->status_codes, http->n_status_codes,
                          err);
    return rc ? rc
              : add_media_types(conditions, http->content_types,
                                http->n_content_types, err);
}

int mf_filter__message(struct mf_filter *filter,
                       const Mitmflow__V1__FlowFilter *message,
                       const struct mf_term **ret_term, struct mf_err *err)
{
    struct conditions conditions = {.filter = filter};
    int rc =
        add_types(&conditions, message->flow_types, message->n_flow_types, err);
    if (!rc && message->pinned_presence_case ==
                   MITMFLOW__V1__FLOW_FILTER__PINNED_PRESENCE_PINNED)
        rc = add_fact(&conditions, MF_TERM_PINNED, message->pinned);
    if (!rc && message->has_note_presence_case ==
                   MITMFLOW__V1__FLOW_FILTER__HAS_NOTE_PRESENCE_HAS_NOTE)
        rc = add_fact(&conditions, MF_TERM_NOTED, message->has_note);
    if (!rc)
        rc = add_set(&conditions, MF_TERM_IDS, message->flow_ids,
                     message->n_flow_ids);
    if (!rc)
        rc = add_set(&conditions, MF_TERM_CLIENTS, message->client_ips,
                     message->n_client_ips);
    if (!rc)
        rc = add_http(&conditions, message->http, err);
    if (!rc)
        rc = add_text(&conditions, message->filter_text, err);
    if (rc)
        return rc;
    *ret_term = mf_filter__group(filter, MF_TERM_AND, conditions.items,
                                 conditions.count);
    return *ret_term ? 0 : MF_ENOMEM;
}
