#include "query/explain.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "query/filter_impl.h"

/* Of an operand, in bytes; the rest is left out. */
enum { OPERAND_MAX_LEN = 120 };

#define ELLIPSIS "\xe2\x80\xa6"
#define OPEN_QUOTE "\xe2\x80\x9c"
#define CLOSE_QUOTE "\xe2\x80\x9d"

struct teller {
    const struct mf_said *said; /* of the next leaf */
    struct mf_buf *out;
    int rc; /* sticky */
};

static void put_bytes(struct teller *teller, const char *text, size_t len)
{
    if (!teller->rc)
        teller->rc = mf_buf_append(teller->out, text, len);
}

static void put(struct teller *teller, const char *text)
{
    put_bytes(teller, text, strlen(text));
}

/* ---- leaves ---- */

static void put_operand(struct teller *teller, struct mf_span operand)
{
    size_t len = mf_utf8_cut(operand.text, operand.len, OPERAND_MAX_LEN);
    put_bytes(teller, operand.text, len);
    if (len < operand.len)
        put(teller, ELLIPSIS);
}

static void put_quoted(struct teller *teller, struct mf_span operand)
{
    put(teller, OPEN_QUOTE);
    put_operand(teller, operand);
    put(teller, CLOSE_QUOTE);
}

/* `4xx`, `>10k`, `1k..2M`: what the sign says, and the numbers as they are. */
static void put_value(struct teller *teller, struct mf_span value)
{
    static const struct {
        const char *sign;
        const char *words;
    } signs[] = {{">=", " at least "},
                 {"<=", " at most "},
                 {">", " more than "},
                 {"<", " less than "},
                 {"..", " at most "}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t len = strlen(signs[i].sign);
        if (value.len < len || memcmp(value.text, signs[i].sign, len) != 0)
            continue;
        value = (struct mf_span){value.text + len, value.len - len};
        while (value.len && strchr(" \t\r\n", value.text[0]))
            value = (struct mf_span){value.text + 1, value.len - 1};
        put(teller, signs[i].words);
        put_operand(teller, value);
        return;
    }
    const char *dots = memmem(value.text, value.len, "..", 2);
    size_t left = dots ? (size_t)(dots - value.text) : value.len;
    bool has_right = dots && left + 2 < value.len;
    put(teller, !dots ? " " : has_right ? " from " : " at least ");
    put_operand(teller, (struct mf_span){value.text, left});
    if (!has_right)
        return;
    put(teller, " to ");
    put_operand(teller, (struct mf_span){dots + 2, value.len - left - 2});
}

/* As the server's clock shows it. */
static void put_moment(struct teller *teller, int64_t ns)
{
    time_t seconds = (time_t)(ns / MF_NS_PER_S);
    struct tm tm;
    char text[64];
    localtime_r(&seconds, &tm);
    size_t len = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    put_bytes(teller, text, len);
}

/* What was meant, which `09:00` and `5m` do not show. */
static void put_time(struct teller *teller, int64_t first, int64_t last)
{
    bool has_first = first != INT64_MIN, has_last = last != INT64_MAX;
    put(teller, has_first && has_last ? " between "
                : has_last            ? " before "
                                      : " ");
    if (has_first)
        put_moment(teller, first);
    if (has_first)
        put(teller, has_last ? " and " : " or later");
    if (has_last)
        put_moment(teller, last + 1);
}

static void put_leaf(struct teller *teller, const struct mf_term *term,
                     bool is_negated)
{
    const struct mf_said *said = teller->said++;
    const struct mf_operator *op = said->op;
    if (!op) {
        put(teller, "it has ");
        put_quoted(teller, said->operand);
        put(teller, is_negated ? " nowhere" : " somewhere");
        return;
    }
    put(teller, is_negated ? op->denies : op->says);
    if (term->kind == MF_TERM_TIME) {
        put_time(teller, term->range.number.first, term->range.number.last);
    } else if (op->operand == MF_OPERAND_VALUE) {
        put_value(teller, said->operand);
    } else if (op->operand != MF_OPERAND_NONE) {
        put(teller, " ");
        put_quoted(teller, said->operand);
    }
}

/* ---- the whole ---- */

/* `is_inner`: something stands beside it. As deep as the parser goes. */
static void put_term(struct teller *teller, const struct mf_term *term,
                     bool is_inner, bool is_negated)
{
    if (term->kind == MF_TERM_NOT) {
        put_term(teller, term->items[0], is_inner, !is_negated);
        return;
    }
    if (term->kind != MF_TERM_AND && term->kind != MF_TERM_OR) {
        put_leaf(teller, term, is_negated);
        return;
    }
    if (is_negated)
        put(teller, "not ");
    if (is_inner || is_negated)
        put(teller, "(");
    for (size_t i = 0; i < term->count; i++) {
        if (i)
            put(teller, term->kind == MF_TERM_AND ? " and " : " or ");
        put_term(teller, term->items[i], true, false);
    }
    if (is_inner || is_negated)
        put(teller, ")");
}

static int tell(const struct mf_term *root, const struct mf_parse_notes *notes,
                struct mf_buf *out)
{
    struct teller teller = {(const struct mf_said *)(void *)notes->said.data,
                            out, 0};
    out->max = MF_EXPLANATION_MAX_LEN - strlen(ELLIPSIS);
    if (root->kind == MF_TERM_ALL) {
        put(&teller, "All flows");
    } else {
        put(&teller, "Flows where ");
        put_term(&teller, root, false, false);
    }
    if (teller.rc != MF_EFULL)
        return teller.rc;
    out->max = MF_EXPLANATION_MAX_LEN;
    return mf_buf_append(out, ELLIPSIS, strlen(ELLIPSIS));
}

int mf_filter_explain(const char *text, size_t len,
                      struct mf_explanation *ret_explanation)
{
    struct mf_explanation explanation = {0};
    struct mf_parse_notes notes;
    const struct mf_term *root;
    mf_buf_init(&notes.tokens, SIZE_MAX);
    mf_buf_init(&notes.said, SIZE_MAX);
    mf_buf_init(&explanation.words, MF_EXPLANATION_MAX_LEN);
    struct mf_filter *filter = mf_filter__new();
    int rc = filter ? mf_filter__parse(filter, text, len, &notes, &root,
                                       &explanation.fault)
                    : MF_ENOMEM;
    if (!rc)
        rc = tell(root, &notes, &explanation.words);
    mf_filter_unref(filter);
    mf_buf_release(&notes.said);
    explanation.tokens = notes.tokens;
    if (rc == MF_EINVAL)
        rc = 0;
    if (rc)
        mf_explanation_release(&explanation);
    else
        *ret_explanation = explanation;
    return rc;
}

void mf_explanation_release(struct mf_explanation *explanation)
{
    mf_buf_release(&explanation->tokens);
    mf_buf_release(&explanation->words);
}
