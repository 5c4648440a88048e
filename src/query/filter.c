#include "query/filter.h"

#include <stdlib.h>
#include <string.h>

#include "query/filter_impl.h"
#include "query/fold.h"
#include "query/pattern.h"

/* ---- terms ---- */

struct mf_term *mf_filter__term(struct mf_filter *filter,
                                enum mf_term_kind kind)
{
    struct mf_term *term = mf_arena_get(&filter->arena, sizeof *term);
    if (term) {
        term->kind = kind;
        term->memo = filter->memos++;
    }
    return term;
}

struct mf_term *mf_filter__group(struct mf_filter *filter,
                                 enum mf_term_kind kind,
                                 const struct mf_term *const *items,
                                 size_t count)
{
    if (count == 1)
        return (struct mf_term *)(uintptr_t)items[0];
    struct mf_term *term = mf_filter__term(filter, count ? kind : MF_TERM_ALL);
    if (!term || !count)
        return term;
    term->items = (const struct mf_term **)(void *)mf_arena_copy(
        &filter->arena, items, count * sizeof(struct mf_term *));
    term->count = count;
    return term->items ? term : NULL;
}

struct mf_term *mf_filter__not(struct mf_filter *filter,
                               const struct mf_term *item)
{
    struct mf_term *term = mf_filter__term(filter, MF_TERM_NOT);
    if (!term)
        return NULL;
    term->items = (const struct mf_term **)(void *)mf_arena_copy(
        &filter->arena, &item, sizeof(struct mf_term *));
    term->count = 1;
    return term->items ? term : NULL;
}

int mf_filter__text(struct mf_filter *filter, enum mf_term_kind kind,
                    const char *text, size_t len, struct mf_term **ret_term)
{
    struct mf_term *term = mf_filter__term(filter, len ? kind : MF_TERM_ALL);
    struct mf_buf folded;
    if (!term)
        return MF_ENOMEM;
    *ret_term = term;
    if (!len)
        return 0;
    /* Room for what folding may add while it works. */
    mf_buf_init(&folded, 2 * MF_NEEDLE_MAX_LEN);
    int rc = len > MF_NEEDLE_MAX_LEN ? MF_EFULL : mf_fold(text, len, &folded);
    if (!rc && folded.len > MF_NEEDLE_MAX_LEN)
        rc = MF_EFULL;
    if (!rc) {
        term->text.text =
            mf_arena_copy(&filter->arena, folded.data, folded.len);
        term->text.len = folded.len;
        rc = term->text.text ? 0 : MF_ENOMEM;
    }
    mf_buf_release(&folded);
    return rc == MF_EFULL ? MF_EINVAL : rc;
}

/* ---- the whole ---- */

static bool is_slow(const struct mf_term *term)
{
    switch (term->kind) {
    case MF_TERM_AND:
    case MF_TERM_OR:
    case MF_TERM_NOT:
        for (size_t i = 0; i < term->count; i++)
            if (is_slow(term->items[i]))
                return true;
        return false;
    case MF_TERM_TEXT:
    case MF_TERM_BODY:
    case MF_TERM_BODY_REQUEST:
    case MF_TERM_BODY_RESPONSE:
        return true;
    default:
        return term->kind >= MF_TERM_BODY && term->kind <= MF_TERM_NOTE &&
               !mf_pattern_is_quick(term->pattern);
    }
}

struct mf_filter *mf_filter__new(void)
{
    struct mf_filter *filter = calloc(1, sizeof *filter);
    if (filter)
        atomic_init(&filter->refs, 1);
    return filter;
}

static int finish(struct mf_filter *filter, const struct mf_term *root)
{
    filter->root = root;
    filter->is_slow = is_slow(root);
    return mf_needles__make(root, &filter->arena, &filter->needles);
}

int mf_filter_parse(const char *text, size_t len, struct mf_filter **ret_filter,
                    struct mf_filter_fault *ret_fault)
{
    struct mf_filter_fault fault = {0};
    const struct mf_term *root;
    struct mf_filter *filter = mf_filter__new();
    if (!filter)
        return MF_ENOMEM;
    int rc = mf_filter__parse(filter, text, len, NULL, &root, &fault);
    if (!rc)
        rc = finish(filter, root);
    if (rc == MF_EINVAL && ret_fault)
        *ret_fault = fault;
    if (rc)
        mf_filter_unref(filter);
    else
        *ret_filter = filter;
    return rc;
}

/* Both trees, either of which may match everything. */
static int make_both(struct mf_filter *filter,
                     const Mitmflow__V1__FlowFilter *message,
                     struct mf_filter_fault *fault, struct mf_err *err)
{
    const char *expression = message->expression ? message->expression : "";
    const struct mf_term *items[2];
    size_t count = 0;
    int rc = mf_filter__message(filter, message, &items[0], err);
    if (rc)
        return rc;
    rc = mf_filter__parse(filter, expression, strlen(expression), NULL,
                          &items[1], fault);
    if (rc == MF_EINVAL)
        return mf_err_set(err, rc, "expression, at byte %zu: %s",
                          fault->position, fault->text);
    if (rc)
        return rc;
    for (size_t i = 0; i < 2; i++)
        if (items[i]->kind != MF_TERM_ALL)
            items[count++] = items[i];
    const struct mf_term *root =
        mf_filter__group(filter, MF_TERM_AND, items, count);
    return root ? finish(filter, root) : MF_ENOMEM;
}

int mf_filter_new(const Mitmflow__V1__FlowFilter *message,
                  struct mf_filter **ret_filter,
                  struct mf_filter_fault *ret_fault, struct mf_err *err)
{
    static const Mitmflow__V1__FlowFilter empty =
        MITMFLOW__V1__FLOW_FILTER__INIT;
    struct mf_filter_fault fault = {0};
    struct mf_filter *filter = mf_filter__new();
    int rc = filter ? make_both(filter, message ? message : &empty, &fault, err)
                    : MF_ENOMEM;
    if (!rc) {
        *ret_filter = filter;
        return 0;
    }
    mf_filter_unref(filter);
    if (rc == MF_EINVAL && ret_fault)
        *ret_fault = fault;
    return rc == MF_ENOMEM ? mf_err_set(err, rc, "filter: out of memory") : rc;
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
    for (size_t i = 0; i < filter->pattern_count; i++)
        mf_pattern_release(filter->patterns[i]);
    mf_arena_release(&filter->arena);
    free(filter);
}

bool mf_filter_is_empty(const struct mf_filter *filter)
{
    return filter->root->kind == MF_TERM_ALL;
}

bool mf_filter_reads_bodies(const struct mf_filter *filter)
{
    return filter->is_slow;
}

static bool reads_binary(const struct mf_term *term)
{
    switch (term->kind) {
    case MF_TERM_BODY:
    case MF_TERM_BODY_REQUEST:
    case MF_TERM_BODY_RESPONSE:
    case MF_TERM_SIZE: /* a flow is measured by its bodies */
        return true;
    case MF_TERM_AND:
    case MF_TERM_OR:
        for (size_t i = 0; i < term->count; i++)
            if (reads_binary(term->items[i]))
                return true;
        return false;
    case MF_TERM_NOT:
        return reads_binary(term->items[0]);
    default:
        return false;
    }
}

bool mf_filter_reads_binary(const struct mf_filter *filter)
{
    return reads_binary(filter->root);
}

const struct mf_needles *mf_filter_needles(const struct mf_filter *filter)
{
    return filter->needles;
}

const struct mf_term *mf_filter__root(const struct mf_filter *filter)
{
    return filter->root;
}
