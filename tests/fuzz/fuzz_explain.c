/* All bytes are an expression. What is said of it agrees with the filter that
 * it makes, and tokens are places in it, apart and in order. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "query/explain.h"
#include "query/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void look_at_tokens(const struct mf_explanation *explanation,
                           const char *text, size_t len)
{
    const struct mf_token *tokens =
        (const struct mf_token *)(void *)explanation->tokens.data;
    size_t count = explanation->tokens.len / sizeof *tokens, at = 0;
    bool is_whole = explanation->fault.text[0] == '\0';
    for (size_t i = 0; i < count; i++) {
        require(tokens[i].kind >= MF_TOKEN_OPERATOR &&
                tokens[i].kind <= MF_TOKEN_PAREN);
        require(tokens[i].position >= at && tokens[i].len > 0);
        /* Nothing but blanks is between. */
        for (; at < tokens[i].position; at++)
            require(strchr(" \t\r\n", text[at]) != NULL);
        at += tokens[i].len;
        require(at <= len);
    }
    for (; is_whole && at < len; at++)
        require(strchr(" \t\r\n", text[at]) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct mf_explanation explanation;
    struct mf_filter_fault fault = {0};
    struct mf_filter *filter = NULL;
    require(mf_filter_explain(text, size, &explanation) == 0);
    bool is_wrong = mf_filter_parse(text, size, &filter, &fault) != 0;
    require(is_wrong == (explanation.fault.text[0] != '\0'));
    require(is_wrong == (explanation.words.len == 0));
    require(strcmp(fault.text, explanation.fault.text) == 0);
    require(fault.position == explanation.fault.position);
    require(explanation.words.len <= MF_EXPLANATION_MAX_LEN);
    require(mf_utf8_valid(explanation.words.data, explanation.words.len));
    look_at_tokens(&explanation, text, size);
    mf_explanation_release(&explanation);
    mf_filter_unref(filter);
    return 0;
}
