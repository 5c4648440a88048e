/*
 * The texts that are certain to be in whatever a regular expression matches.
 *
 * Walks over the pattern in the form that query/tree.h tells, and keeps the
 * runs of literals that follow one another without a choice. What it does
 * not know ends a run; if the form is not as expected, nothing is certain.
 */
#include <string.h>

#include "query/needles_impl.h"

enum {
    RUN_MAX_LEN = 256,  /* bytes of one literal that are kept */
    ITEMS_MAX = 32,     /* literals and groups of one branch that are kept */
    BRANCHES_MAX = 64,  /* of one group; with more nothing is certain of it */
    DEPTH_MAX = 100,    /* of groups */
    REPEATS_MAX = 16,   /* of a literal, written out */
    COUNT_MAX = 100000, /* a count that stands for all greater ones */
};

struct walk {
    struct mf_needle_maker *maker;
    const char *at, *end;
    bool is_bytes;
    bool is_odd; /* not of the known form */
};

/* A branch so far. */
struct branch {
    const struct mf_needles *items[ITEMS_MAX];
    size_t count;
    char run[RUN_MAX_LEN]; /* literals up to here, one after another */
    size_t run_len;
    bool is_plain; /* nothing but the run is in it */
};

/* What a group is. */
struct group {
    const struct mf_needles *needles;
    char run[RUN_MAX_LEN]; /* all that it matches, if it is plain */
    size_t run_len;
    bool is_plain;
};

static bool takes(struct walk *walk, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(walk->end - walk->at) < len ||
        memcmp(walk->at, text, len) != 0)
        return false;
    walk->at += len;
    return true;
}

static int peek(const struct walk *walk)
{
    return walk->at < walk->end ? (unsigned char)*walk->at : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* ---- runs ---- */

static void add_item(struct branch *branch, const struct mf_needles *item)
{
    if (item->kind != MF_NEEDLES_ANY && branch->count < ITEMS_MAX)
        branch->items[branch->count++] = item;
}

/* Nothing that comes now follows the run. */
static void end_run(struct walk *walk, struct branch *branch)
{
    add_item(branch,
             mf_needles__text(walk->maker, branch->run, branch->run_len));
    branch->run_len = 0;
    branch->is_plain = false;
}

static void add_literal(struct walk *walk, struct branch *branch,
                        const char *bytes, size_t len)
{
    if (branch->run_len + len > RUN_MAX_LEN)
        end_run(walk, branch);
    memcpy(branch->run + branch->run_len, bytes, len);
    branch->run_len += len;
}

/* ---- repeats ---- */

struct repeat {
    unsigned least;
    bool is_one; /* exactly once: there is no repeat */
};

static unsigned take_count(struct walk *walk)
{
    unsigned count = 0;
    if (!is_digit(peek(walk)))
        walk->is_odd = true;
    while (is_digit(peek(walk))) {
        count = count * 10 + (unsigned)(*walk->at++ - '0');
        count = count < COUNT_MAX ? count : COUNT_MAX;
    }
    return count;
}

static struct repeat take_repeat(struct walk *walk)
{
    struct repeat repeat = {1, false};
    if (takes(walk, "*") || takes(walk, "?")) {
        repeat.least = 0;
    } else if (takes(walk, "{")) {
        repeat.least = take_count(walk);
        if (takes(walk, ",") && peek(walk) != '}')
            take_count(walk);
        walk->is_odd |= !takes(walk, "}");
    } else if (!takes(walk, "+")) {
        return (struct repeat){1, true};
    }
    if (!takes(walk, "?"))
        takes(walk, "+");
    return repeat;
}

/* ---- atoms ---- */

static unsigned hex_digit(int c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16;
}

/* The value of `{hex}` behind `\x`. */
static uint32_t take_hex(struct walk *walk)
{
    uint32_t value = 0;
    walk->is_odd |= !takes(walk, "{");
    while (hex_digit(peek(walk)) < 16 && value <= 0x10ffff)
        value = value << 4 | hex_digit(*walk->at++);
    walk->is_odd |= !takes(walk, "}");
    return value;
}

/* A whole character that is not ASCII, in a pattern of bytes: it is in the
 * text as it is here. Else 0. */
static size_t wide_len(const struct walk *walk)
{
    const uint8_t *at = (const uint8_t *)walk->at;
    size_t left = (size_t)(walk->end - walk->at);
    size_t len = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (!walk->is_bytes || len == 0 || len > left || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static bool is_repeat(const struct walk *walk, const char *at)
{
    return at < walk->end && strchr("*+?{", *at);
}

static void literal(struct walk *walk, struct branch *branch, const char *bytes,
                    size_t len)
{
    struct repeat repeat = take_repeat(walk);
    if (repeat.is_one) {
        add_literal(walk, branch, bytes, len);
        return;
    }
    /* All of the least many stand one after another; then comes anything, or
     * after more of the same what follows. */
    unsigned written = repeat.least < REPEATS_MAX ? repeat.least : REPEATS_MAX;
    for (unsigned i = 0; i < written; i++)
        add_literal(walk, branch, bytes, len);
    end_run(walk, branch);
    for (unsigned i = 0; i < written; i++)
        add_literal(walk, branch, bytes, len);
}

static void unknown(struct walk *walk, struct branch *branch)
{
    end_run(walk, branch);
    take_repeat(walk);
}

/* A literal that is not ASCII: only some are certain. */
static void wide(struct walk *walk, struct branch *branch)
{
    const char *start = walk->at;
    size_t len = wide_len(walk);
    if (len && !is_repeat(walk, start + len)) {
        walk->at += len;
        add_literal(walk, branch, start, len);
        return;
    }
    /* In a pattern of text a repeat is of the whole character. */
    do
        walk->at++;
    while (peek(walk) >= 0 && (peek(walk) & 0xc0) == 0x80);
    unknown(walk, branch);
}

static void escape(struct walk *walk, struct branch *branch)
{
    int c = peek(walk);
    if (c < 0) {
        walk->is_odd = true;
        return;
    }
    char byte = *walk->at++;
    if (c == 'x') {
        uint32_t value = take_hex(walk);
        byte = (char)value;
        if (value < 0x80)
            literal(walk, branch, &byte, 1);
        else
            unknown(walk, branch);
    } else if (c == 'g') {
        walk->is_odd |= !takes(walk, "{");
        take_count(walk);
        walk->is_odd |= !takes(walk, "}");
        unknown(walk, branch);
    } else if (strchr("AzbB", c)) {
        return; /* takes no room */
    } else if (strchr("dDsSwW", c)) {
        unknown(walk, branch);
    } else if (c < 0x80 && !is_digit(c) && (c < 'A' || c > 'Z') &&
               (c < 'a' || c > 'z')) {
        literal(walk, branch, &byte, 1);
    } else {
        walk->is_odd = true;
    }
}

static void set(struct walk *walk, struct branch *branch)
{
    while (peek(walk) >= 0 && peek(walk) != ']')
        walk->at += peek(walk) == '\\' && walk->end - walk->at > 1 ? 2 : 1;
    walk->is_odd |= !takes(walk, "]");
    unknown(walk, branch);
}

/* ---- groups ---- */

static struct group alternatives(struct walk *walk, int depth);

enum group_kind { GROUP_PLAIN, GROUP_NO_ROOM, GROUP_UNKNOWN };

/* What is behind the parenthesis up to what is in the group. */
static enum group_kind take_group_start(struct walk *walk)
{
    if (!takes(walk, "?"))
        return GROUP_PLAIN;
    if (takes(walk, "=") || takes(walk, "!") || takes(walk, "<=") ||
        takes(walk, "<!"))
        return GROUP_NO_ROOM;
    if (takes(walk, "(")) {
        take_count(walk);
        walk->is_odd |= !takes(walk, ")");
        return GROUP_UNKNOWN;
    }
    if (takes(walk, ">"))
        return GROUP_PLAIN;
    while (peek(walk) > 0 && strchr("imsx-", peek(walk)))
        walk->at++;
    walk->is_odd |= !takes(walk, ":");
    return GROUP_PLAIN;
}

static void parenthesis(struct walk *walk, struct branch *branch, int depth)
{
    enum group_kind kind = take_group_start(walk);
    struct group group = alternatives(walk, depth + 1);
    walk->is_odd |= !takes(walk, ")");
    struct repeat repeat = take_repeat(walk);
    if (kind == GROUP_NO_ROOM)
        return;
    if (kind == GROUP_PLAIN && group.is_plain && repeat.is_one) {
        add_literal(walk, branch, group.run, group.run_len);
        return;
    }
    end_run(walk, branch);
    if (kind == GROUP_PLAIN && repeat.least > 0)
        add_item(branch, group.needles);
}

static void atom(struct walk *walk, struct branch *branch, int depth)
{
    char c = *walk->at;
    if ((uint8_t)c >= 0x80) {
        wide(walk, branch);
        return;
    }
    walk->at++;
    if (c == '\\')
        escape(walk, branch);
    else if (c == '[')
        set(walk, branch);
    else if (c == '(')
        parenthesis(walk, branch, depth);
    else if (c == '.')
        unknown(walk, branch);
    else if (strchr("*+?{", c))
        walk->is_odd = true;
    else if (c != '^' && c != '$')
        literal(walk, branch, &c, 1);
}

/* Up to a bar, the group's end or the pattern's. */
static struct group one_branch(struct walk *walk, int depth)
{
    struct branch branch = {.is_plain = true};
    while (!walk->is_odd && peek(walk) >= 0 && peek(walk) != '|' &&
           peek(walk) != ')')
        atom(walk, &branch, depth);
    struct group group = {.run_len = branch.run_len,
                          .is_plain = branch.is_plain};
    memcpy(group.run, branch.run, branch.run_len);
    end_run(walk, &branch);
    group.needles = mf_needles__all(walk->maker, branch.items, branch.count);
    return group;
}

static struct group alternatives(struct walk *walk, int depth)
{
    const struct mf_needles *branches[BRANCHES_MAX];
    struct group group = {.needles = mf_needles__any()};
    size_t count = 0;
    if (depth > DEPTH_MAX) {
        walk->is_odd = true;
        return group;
    }
    do {
        group = one_branch(walk, depth);
        if (count < BRANCHES_MAX)
            branches[count] = group.needles;
        count++;
    } while (!walk->is_odd && takes(walk, "|"));
    if (count == 1)
        return group;
    group.is_plain = false;
    group.run_len = 0;
    group.needles = count <= BRANCHES_MAX
                        ? mf_needles__one(walk->maker, branches, count)
                        : mf_needles__any();
    return group;
}

const struct mf_needles *mf_needles__pattern(struct mf_needle_maker *maker,
                                             const struct mf_pattern *pattern)
{
    struct walk walk = {
        .maker = maker,
        .at = pattern->text,
        .end = pattern->text + pattern->len,
        .is_bytes = pattern->is_bytes,
    };
    struct group group = alternatives(&walk, 0);
    return walk.is_odd || walk.at < walk.end ? mf_needles__any()
                                             : group.needles;
}
