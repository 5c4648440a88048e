#include "query/needles.h"

#include <string.h>

#include "query/fold.h"
#include "query/needles_impl.h"

enum {
    /* More of these make an index slower than it makes the search faster. */
    ALL_MAX = 8,
    ONE_MAX = 64,
    LITERAL_MAX_LEN = 512,
    PARTS_MAX = 16, /* of a literal */
};

const struct mf_needles *mf_needles__any(void)
{
    static const struct mf_needles any = {.kind = MF_NEEDLES_ANY};
    return &any;
}

static bool is_any(const struct mf_needles *needles)
{
    return needles->kind == MF_NEEDLES_ANY;
}

static const struct mf_needles *out_of_memory(struct mf_needle_maker *maker)
{
    maker->is_out_of_memory = true;
    return mf_needles__any();
}

/* ---- of several ---- */

static const struct mf_needles *join(struct mf_needle_maker *maker,
                                     enum mf_needles_kind kind,
                                     const struct mf_needles *const *items,
                                     size_t count)
{
    if (count == 0)
        return mf_needles__any();
    if (count == 1)
        return items[0];
    struct mf_needles *made = mf_arena_get(maker->arena, sizeof *made);
    const struct mf_needles **copy =
        mf_arena_get(maker->arena, count * sizeof(struct mf_needles *));
    if (!made || !copy)
        return out_of_memory(maker);
    memcpy(copy, items, count * sizeof *copy);
    made->kind = kind;
    made->items = copy;
    made->count = count;
    return made;
}

static size_t count_texts(const struct mf_needles *needles)
{
    size_t count = needles->kind == MF_NEEDLES_TEXT;
    for (size_t i = 0; i < needles->count; i++)
        count += count_texts(needles->items[i]);
    return count;
}

/* How little a needle lets through, as a guess. */
static size_t worth(const struct mf_needles *needles)
{
    size_t least = SIZE_MAX, most = 0;
    if (needles->kind == MF_NEEDLES_TEXT)
        return needles->len;
    for (size_t i = 0; i < needles->count; i++) {
        size_t one = worth(needles->items[i]);
        least = one < least ? one : least;
        most = one > most ? one : most;
    }
    return needles->kind == MF_NEEDLES_ALL_OF ? most : least;
}

static bool same_text(const struct mf_needles *a, const struct mf_needles *b)
{
    return a->kind == MF_NEEDLES_TEXT && b->kind == MF_NEEDLES_TEXT &&
           a->or_binary == b->or_binary && a->len == b->len &&
           memcmp(a->text, b->text, a->len) == 0;
}

/* The best of what was given. */
struct best {
    const struct mf_needles *items[ALL_MAX];
    size_t count;
};

static void keep(struct best *best, const struct mf_needles *item)
{
    size_t least = 0;
    if (is_any(item))
        return;
    if (item->kind == MF_NEEDLES_ALL_OF) {
        for (size_t i = 0; i < item->count; i++)
            keep(best, item->items[i]);
        return;
    }
    for (size_t i = 0; i < best->count; i++)
        if (same_text(best->items[i], item))
            return;
    if (best->count < ALL_MAX) {
        best->items[best->count++] = item;
        return;
    }
    for (size_t i = 1; i < best->count; i++)
        if (worth(best->items[i]) < worth(best->items[least]))
            least = i;
    if (worth(item) > worth(best->items[least]))
        best->items[least] = item;
}

const struct mf_needles *mf_needles__all(struct mf_needle_maker *maker,
                                         const struct mf_needles *const *items,
                                         size_t count)
{
    struct best best = {.count = 0};
    for (size_t i = 0; i < count; i++)
        keep(&best, items[i]);
    return join(maker, MF_NEEDLES_ALL_OF, best.items, best.count);
}

const struct mf_needles *mf_needles__one(struct mf_needle_maker *maker,
                                         const struct mf_needles *const *items,
                                         size_t count)
{
    size_t texts = 0;
    for (size_t i = 0; i < count; i++) {
        texts += count_texts(items[i]);
        if (is_any(items[i]) || texts > ONE_MAX)
            return mf_needles__any();
    }
    return join(maker, MF_NEEDLES_ONE_OF, items, count);
}

/* ---- of a text ---- */

/* Of text that is folded. */
static const struct mf_needles *folded_text(struct mf_needle_maker *maker,
                                            const char *text, size_t len)
{
    if (len < MF_NEEDLE_MIN_LEN)
        return mf_needles__any();
    struct mf_needles *made = mf_arena_get(maker->arena, sizeof *made);
    char *copy = mf_arena_copy(maker->arena, text, len);
    if (!made || !copy)
        return out_of_memory(maker);
    *made = (struct mf_needles){
        .kind = MF_NEEDLES_TEXT,
        .or_binary = maker->or_binary,
        .text = copy,
        .len = len,
    };
    return made;
}

static const struct mf_needles *fold_text(struct mf_needle_maker *maker,
                                          const char *text, size_t len)
{
    const struct mf_needles *made = mf_needles__any();
    struct mf_buf folded;
    if (len > LITERAL_MAX_LEN) {
        len = LITERAL_MAX_LEN;
        /* A character that is cut in two would fold to something else. */
        while (len > 0 && (uint8_t)text[len - 1] >= 0x80)
            len--;
    }
    mf_buf_init(&folded, 2 * LITERAL_MAX_LEN);
    if (mf_fold(text, len, &folded))
        made = out_of_memory(maker);
    else
        made = folded_text(maker, (const char *)folded.data, folded.len);
    mf_buf_release(&folded);
    return made;
}

/* Whether a byte may be one of those between the texts of the domain. */
static bool divides(enum mf_needle_domain domain, char c)
{
    if (domain == MF_DOMAIN_LINES)
        return c == ':' || c == '\r' || c == '\n';
    return domain == MF_DOMAIN_PEER && c == ':';
}

static bool is_number(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* A part of a literal between two dividing bytes, or at an end of it. */
static const struct mf_needles *part_of(struct mf_needle_maker *maker,
                                        const char *text, size_t len)
{
    if (maker->domain == MF_DOMAIN_PEER && is_number(text, len))
        return mf_needles__any(); /* a port */
    /* The blank after a name's colon, which may be before this part. */
    if (maker->domain == MF_DOMAIN_LINES && len > 0 && text[0] == ' ') {
        text++;
        len--;
    }
    return fold_text(maker, text, len);
}

const struct mf_needles *mf_needles__text(struct mf_needle_maker *maker,
                                          const char *text, size_t len)
{
    const struct mf_needles *parts[PARTS_MAX];
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= len && count < PARTS_MAX; i++) {
        if (i < len && !divides(maker->domain, text[i]))
            continue;
        parts[count++] = part_of(maker, text + start, i - start);
        start = i + 1;
    }
    return mf_needles__all(maker, parts, count);
}

/* ---- of a tree ---- */

static const struct mf_needles *of_term(struct mf_needle_maker *maker,
                                        const struct mf_term *term);

/* Of an AND or an OR. */
static const struct mf_needles *of_items(struct mf_needle_maker *maker,
                                         const struct mf_term *term)
{
    const struct mf_needles **items =
        mf_arena_get(maker->arena, term->count * sizeof(struct mf_needles *));
    if (!items)
        return out_of_memory(maker);
    for (size_t i = 0; i < term->count; i++)
        items[i] = of_term(maker, term->items[i]);
    return term->kind == MF_TERM_AND
               ? mf_needles__all(maker, items, term->count)
               : mf_needles__one(maker, items, term->count);
}

static const struct mf_needles *of_ids(struct mf_needle_maker *maker,
                                       const struct mf_text_set *set)
{
    const struct mf_needles *items[ONE_MAX];
    if (set->count > ONE_MAX)
        return mf_needles__any();
    for (size_t i = 0; i < set->count; i++)
        items[i] = fold_text(maker, set->texts[i].text, set->texts[i].len);
    return mf_needles__one(maker, items, set->count);
}

static const struct mf_needles *of_pattern(struct mf_needle_maker *maker,
                                           const struct mf_term *term,
                                           enum mf_needle_domain domain,
                                           bool or_binary)
{
    struct mf_needle_maker own = {
        .arena = maker->arena, .domain = domain, .or_binary = or_binary};
    const struct mf_needles *made = mf_needles__pattern(&own, term->pattern);
    return own.is_out_of_memory ? out_of_memory(maker) : made;
}

static const struct mf_needles *of_term(struct mf_needle_maker *maker,
                                        const struct mf_term *term)
{
    switch (term->kind) {
    case MF_TERM_AND:
    case MF_TERM_OR:
        return of_items(maker, term);
    case MF_TERM_TEXT:
    case MF_TERM_ID:
    case MF_TERM_MEDIA_TYPE:
        return folded_text(maker, term->text.text, term->text.len);
    case MF_TERM_IDS:
        return of_ids(maker, &term->set);
    case MF_TERM_BODY:
    case MF_TERM_BODY_REQUEST:
    case MF_TERM_BODY_RESPONSE:
        return of_pattern(maker, term, MF_DOMAIN_TEXT, true);
    case MF_TERM_HEADER:
    case MF_TERM_HEADER_REQUEST:
    case MF_TERM_HEADER_RESPONSE:
        return of_pattern(maker, term, MF_DOMAIN_LINES, false);
    case MF_TERM_SRC:
    case MF_TERM_DST:
        return of_pattern(maker, term, MF_DOMAIN_PEER, false);
    case MF_TERM_CONTENT_TYPE:
    case MF_TERM_CONTENT_TYPE_REQUEST:
    case MF_TERM_CONTENT_TYPE_RESPONSE:
    case MF_TERM_METHOD:
    case MF_TERM_DOMAIN:
    case MF_TERM_URL:
    case MF_TERM_COMMENT:
    case MF_TERM_DEVICE:
    case MF_TERM_NOTE:
        return of_pattern(maker, term, MF_DOMAIN_TEXT, false);
    default: /* columns, and what each_text() does not visit */
        return mf_needles__any();
    }
}

int mf_needles__make(const struct mf_term *root, struct mf_arena *arena,
                     const struct mf_needles **ret_needles)
{
    struct mf_needle_maker maker = {.arena = arena};
    const struct mf_needles *made = of_term(&maker, root);
    if (maker.is_out_of_memory)
        return MF_ENOMEM;
    *ret_needles = made;
    return 0;
}
