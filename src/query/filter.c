#include "query/filter.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "query/fold.h"

/* Ids are random hex: a short text is found in many of them by chance. */
enum { ID_NEEDLE_MIN_LEN = 8 };

struct status_range {
    int32_t first;
    int32_t last;
};

/* Whether a yes-or-no fact matters, and what it must be. */
enum want { ANY, NO, YES };

struct mf_filter {
    atomic_uint refs;
    char *needle; /* folded */
    size_t needle_len;
    bool needle_is_wide;
    enum want pinned;
    enum want has_note;
    unsigned types; /* bit 1 << type; 0: any */
    struct mf_map *client_ips;
    struct mf_map *flow_ids;
    struct mf_map *methods;
    char **content_types; /* lower case */
    size_t content_type_count;
    struct status_range *statuses;
    size_t status_count;
    bool http_only;
};

static int copy_needle(struct mf_filter *filter, const char *text,
                       struct mf_err *err)
{
    size_t len = text ? strlen(text) : 0;
    if (len == 0)
        return 0;
    if (len > MF_NEEDLE_MAX_LEN)
        return mf_err_set(err, MF_EINVAL, "filter_text is over %d bytes",
                          MF_NEEDLE_MAX_LEN);
    filter->needle = strdup(text);
    if (!filter->needle)
        return MF_ENOMEM;
    filter->needle_len = len;
    filter->needle_is_wide = mf_fold(filter->needle, len);
    return 0;
}

static int copy_types(struct mf_filter *filter, char *const *names,
                      size_t count, struct mf_err *err)
{
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;
        for (int type = MF_FLOW_HTTP; type <= MF_FLOW_UDP; type++)
            if (strcmp(mf_flow_type_name((enum mf_flow_type)type), names[i]) ==
                0)
                bit = 1U << type;
        if (!bit)
            return mf_err_set(err, MF_EINVAL, "unknown flow type '%.32s'",
                              names[i]);
        filter->types |= bit;
    }
    return 0;
}

/* *ret_set stays NULL when there is nothing to put into it. */
static int copy_set(char *const *texts, size_t count, struct mf_map **ret_set)
{
    static char present;
    if (count == 0)
        return 0;
    *ret_set = mf_map_new();
    if (!*ret_set)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int rc = mf_map_put(*ret_set, texts[i], strlen(texts[i]), &present);
        if (rc)
            return rc;
    }
    return 0;
}

static int copy_content_types(struct mf_filter *filter, char *const *types,
                              size_t count)
{
    if (count == 0)
        return 0;
    filter->content_types = calloc(count, sizeof *filter->content_types);
    if (!filter->content_types)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        char *type = strdup(types[i]);
        if (!type)
            return MF_ENOMEM;
        mf_fold(type, strlen(type));
        filter->content_types[filter->content_type_count++] = type;
    }
    return 0;
}

static bool parse_code(const char *text, size_t len, int32_t *ret_code)
{
    int32_t code = 0;
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
static bool parse_status(const char *text, struct status_range *ret_range)
{
    const char *dash = strchr(text, '-');
    size_t len = strlen(text);
    if (len == 3 && strcasecmp(text + 1, "xx") == 0) {
        int32_t hundreds;
        if (!parse_code(text, 1, &hundreds))
            return false;
        *ret_range = (struct status_range){hundreds * 100, hundreds * 100 + 99};
        return true;
    }
    if (dash)
        return parse_code(text, (size_t)(dash - text), &ret_range->first) &&
               parse_code(dash + 1, strlen(dash + 1), &ret_range->last) &&
               ret_range->first <= ret_range->last;
    if (!parse_code(text, len, &ret_range->first))
        return false;
    ret_range->last = ret_range->first;
    return true;
}

static int copy_statuses(struct mf_filter *filter, char *const *statuses,
                         size_t count, struct mf_err *err)
{
    if (count == 0)
        return 0;
    filter->statuses = calloc(count, sizeof *filter->statuses);
    if (!filter->statuses)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (!parse_status(statuses[i],
                          &filter->statuses[filter->status_count++]))
            return mf_err_set(err, MF_EINVAL, "unknown status '%.32s'",
                              statuses[i]);
    return 0;
}

static int copy_http(struct mf_filter *filter,
                     const Mitmflow__V1__HttpFilter *http, struct mf_err *err)
{
    if (!http)
        return 0;
    filter->http_only =
        http->n_methods || http->n_content_types || http->n_status_codes;
    int rc = copy_set(http->methods, http->n_methods, &filter->methods);
    if (!rc)
        rc = copy_content_types(filter, http->content_types,
                                http->n_content_types);
    return rc ? rc
              : copy_statuses(filter, http->status_codes, http->n_status_codes,
                              err);
}

static int copy_message(struct mf_filter *filter,
                        const Mitmflow__V1__FlowFilter *message,
                        struct mf_err *err)
{
    if (message->pinned_presence_case ==
        MITMFLOW__V1__FLOW_FILTER__PINNED_PRESENCE_PINNED)
        filter->pinned = message->pinned ? YES : NO;
    if (message->has_note_presence_case ==
        MITMFLOW__V1__FLOW_FILTER__HAS_NOTE_PRESENCE_HAS_NOTE)
        filter->has_note = message->has_note ? YES : NO;
    int rc = copy_needle(filter, message->filter_text, err);
    if (!rc)
        rc =
            copy_types(filter, message->flow_types, message->n_flow_types, err);
    if (!rc)
        rc = copy_set(message->client_ips, message->n_client_ips,
                      &filter->client_ips);
    if (!rc)
        rc =
            copy_set(message->flow_ids, message->n_flow_ids, &filter->flow_ids);
    return rc ? rc : copy_http(filter, message->http, err);
}

int mf_filter_new(const Mitmflow__V1__FlowFilter *message,
                  struct mf_filter **ret_filter, struct mf_err *err)
{
    struct mf_filter *filter = calloc(1, sizeof *filter);
    if (!filter)
        return mf_err_set(err, MF_ENOMEM, "filter: out of memory");
    atomic_init(&filter->refs, 1);
    int rc = message ? copy_message(filter, message, err) : 0;
    if (rc) {
        mf_filter_unref(filter);
        return rc == MF_ENOMEM ? mf_err_set(err, rc, "filter: out of memory")
                               : rc;
    }
    *ret_filter = filter;
    return 0;
}

struct mf_filter *mf_filter_ref(struct mf_filter *filter)
{
    atomic_fetch_add_explicit(&filter->refs, 1, memory_order_relaxed);
    return filter;
}

void mf_filter_unref(struct mf_filter *filter)
{
    if (!filter ||
        atomic_fetch_sub_explicit(&filter->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < filter->content_type_count; i++)
        free(filter->content_types[i]);
    free(filter->content_types);
    free(filter->statuses);
    free(filter->needle);
    mf_map_free(filter->client_ips);
    mf_map_free(filter->flow_ids);
    mf_map_free(filter->methods);
    free(filter);
}

bool mf_filter_is_empty(const struct mf_filter *filter)
{
    return !filter->needle && filter->pinned == ANY &&
           filter->has_note == ANY && !filter->types && !filter->client_ips &&
           !filter->flow_ids && !filter->http_only;
}

bool mf_filter_wants_pin(const struct mf_filter *filter)
{
    return filter->pinned == YES;
}

bool mf_filter_reads_bodies(const struct mf_filter *filter)
{
    return filter->needle != NULL;
}

static bool wanted(enum want want, bool is)
{
    return want == ANY || (want == YES) == is;
}

static bool in_set(const struct mf_map *set, struct mf_span span)
{
    return !set || mf_map_get(set, span.len ? span.text : "", span.len);
}

static bool has_content_type(const struct mf_filter *filter,
                             struct mf_span header)
{
    if (!filter->content_type_count)
        return true;
    const char *semicolon =
        header.len ? memchr(header.text, ';', header.len) : NULL;
    size_t len = semicolon ? (size_t)(semicolon - header.text) : header.len;
    for (size_t i = 0; i < filter->content_type_count; i++) {
        const char *type = filter->content_types[i];
        size_t type_len = strlen(type);
        if (type_len > 0 && type_len <= MF_NEEDLE_MAX_LEN &&
            mf_fold_find(header.text, len, type, type_len, true))
            return true;
    }
    return false;
}

static bool has_status(const struct mf_filter *filter, int32_t status)
{
    for (size_t i = 0; i < filter->status_count; i++)
        if (status >= filter->statuses[i].first &&
            status <= filter->statuses[i].last)
            return true;
    return filter->status_count == 0;
}

static bool matches_http(const struct mf_filter *filter,
                         const struct mf_flow_facts *facts)
{
    return in_set(filter->methods, facts->method) &&
           has_status(filter, facts->status_code) &&
           has_content_type(filter, facts->content_type);
}

static bool holds_needle(void *user, const char *text, size_t len)
{
    const struct mf_filter *filter = user;
    return mf_fold_find(text, len, filter->needle, filter->needle_len,
                        filter->needle_is_wide);
}

static bool matches_text(const struct mf_filter *filter,
                         const struct mf_flow *flow, const char *note)
{
    if (!filter->needle)
        return true;
    void *user = (void *)(uintptr_t)filter; /* not written to */
    struct mf_span id = mf_flow_id(flow);
    return holds_needle(user, note, strlen(note)) ||
           (filter->needle_len >= ID_NEEDLE_MIN_LEN &&
            holds_needle(user, id.text, id.len)) ||
           mf_flow_each_text(flow, holds_needle, user);
}

enum mf_filter_verdict mf_filter_judge(const struct mf_filter *filter,
                                       enum mf_flow_type type,
                                       struct mf_span id,
                                       const struct mf_record_head *head)
{
    if (!wanted(filter->pinned, head->pinned) ||
        !wanted(filter->has_note, head->note[0] != '\0') ||
        (filter->types && !(filter->types & 1U << type)) ||
        (filter->http_only && type != MF_FLOW_HTTP) ||
        !in_set(filter->flow_ids, id))
        return MF_FILTER_NO;
    return filter->needle || filter->client_ips || filter->http_only
               ? MF_FILTER_UNSURE
               : MF_FILTER_YES;
}

bool mf_filter_match(const struct mf_filter *filter,
                     const struct mf_record *record)
{
    const struct mf_record_head *head = mf_record_head(record);
    const struct mf_flow *flow = mf_record_flow(record);
    if (!flow)
        return !filter->types && !filter->flow_ids &&
               mf_filter_judge(filter, MF_FLOW_HTTP, (struct mf_span){"", 0},
                               head) == MF_FILTER_YES;
    const struct mf_flow_facts *facts = mf_flow_facts(flow);
    enum mf_filter_verdict verdict =
        mf_filter_judge(filter, mf_flow_type(flow), mf_flow_id(flow), head);
    if (verdict != MF_FILTER_UNSURE)
        return verdict == MF_FILTER_YES;
    return in_set(filter->client_ips, facts->client_host) &&
           (!filter->http_only || matches_http(filter, facts)) &&
           matches_text(filter, flow, head->note);
}
