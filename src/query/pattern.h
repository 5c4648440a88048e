/*
 * Compiled regular expressions: PCRE2, just in time, with limits.
 */
#ifndef MF_QUERY_PATTERN_H
#define MF_QUERY_PATTERN_H

#include "query/regex.h"
#include "query/tree.h"

/*
 * Make of `text`, as a user wrote it, a pattern in `arena`. `like` has the
 * flags that its operator gives. The code is the caller's to free, by
 * mf_pattern_release(). Errors as mf_regex_translate().
 */
int mf_pattern_make(const char *text, size_t len, const struct mf_pattern *like,
                    struct mf_arena *arena, struct mf_pattern **ret_pattern,
                    struct mf_regex_fault *ret_fault);
void mf_pattern_release(struct mf_pattern *pattern);

/* What looking has cost so far, for one flow; begins as {0}. */
struct mf_pattern_effort {
    int64_t spent_ns;
    bool is_limited; /* something took more than it may */
    bool is_untimed; /* one short text: its steps are limit enough */
};

/*
 * True if the pattern is somewhere in `text`. False, with is_limited set,
 * when looking took more steps, memory or time than it may; without a look
 * if it is set already. Nothing is found in text that is not UTF-8 by a
 * pattern that is not of bytes. Any thread.
 */
bool mf_pattern_finds(const struct mf_pattern *pattern, struct mf_span text,
                      struct mf_pattern_effort *effort);

/* True if a match takes no longer than a walk over the text or two. */
bool mf_pattern_is_quick(const struct mf_pattern *pattern);

#endif
