/* The flows of a sorted query: those of a page that begins anywhere. */
#include <string.h>

#include "store/query_impl.h"

enum { GIVE_LOOK_EVERY = 64 };

static bool is_reversed(const struct mf_query *query)
{
    return query->taken.ascending != query->order.ascending;
}

void mf_query__choose_end(struct mf_query *query)
{
    uint64_t all = query->reader->head.flow_count;
    query->taken = query->order;
    if (!query->takes_all || query->has_cursor || query->is_stream ||
        query->summarize || query->only_numbers || query->skip <= all / 2)
        return;
    uint64_t left = query->skip < all ? all - query->skip : 0;
    if (query->limit > left)
        query->limit = (size_t)left;
    query->skip = (size_t)left - query->limit;
    query->taken.ascending = !query->order.ascending;
}

int mf_query__next_round(struct mf_query *query, struct mf_err *err)
{
    struct mf_best *best = &query->best;
    if (best->max >= mf_query__wanted(query) || best->count < best->max)
        return 0;
    mf_best_sort(best, best->max - 1);
    struct mf_place last = best->places[best->max - 1];
    if (last.len > sizeof query->after_text)
        last.len = sizeof query->after_text;
    memcpy(query->after_text, last.text, last.len);
    last.text = query->after_text;
    query->after = last;
    query->has_after = true;
    query->skip -= best->max;
    mf_best_release(best);
    mf_query__release_search(query);
    int rc = mf_query__begin_round(query, err);
    return rc ? rc : 1;
}

static const struct mf_place *place_at(const struct mf_query *query, size_t at)
{
    const struct mf_best *best = &query->best;
    return &best->places[is_reversed(query) ? best->count - 1 - at
                                            : query->skipped + at];
}

int mf_query__give_best(struct mf_query *query, struct mf_err *err)
{
    struct mf_best *best = &query->best;
    int rc = 0;
    if (query->best_at == 0) {
        mf_best_sort(best, query->skip);
        query->skipped = query->skip < best->count ? query->skip : best->count;
        query->best_count = best->count - query->skipped;
    }
    while (!rc && query->best_at < query->best_count) {
        query->last = *place_at(query, query->best_at++);
        query->popped++;
        rc = mf_query__give_number(query, query->last.number, err);
        if (!rc && query->best_at % GIVE_LOOK_EVERY == 0 &&
            mf_query__is_late(query))
            break;
    }
    return rc;
}

bool mf_query__has_more(const struct mf_query *query)
{
    /* Passed over in this round, or in one before. */
    if (is_reversed(query))
        return query->skipped > 0 || query->has_after;
    return !query->is_whole || query->matched > query->skipped + query->popped;
}
