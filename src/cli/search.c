#include "cli/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/flow_line.h"
#include "cli/values.h"

/* Flows asked for in one call. */
enum { PAGE_MAX = 10000 };

/* Progress comes several times a second. */
enum { SILENCE_S = 30 };

struct search {
    struct mf_ask ask;
    const char *limit_text;
    const char *sort_text;
    bool ascending;
    uint64_t left; /* flows still wanted */
    Mitmflow__V1__SortKey sort;
    char *next; /* cursor of the next page; NULL: there is none */
    bool shows_progress;
    bool has_progress; /* a line of it stands on the terminal */
    bool is_limited;   /* flows may be missing */
    int rc;            /* of taking a message */
    struct mf_err *err;
};

/* ---- What is asked ---- */

static const struct {
    const char *name;
    Mitmflow__V1__SortKey key;
} sort_keys[] = {
    {"arrival", MITMFLOW__V1__SORT_KEY__SORT_KEY_UNSPECIFIED},
    {"start", MITMFLOW__V1__SORT_KEY__SORT_KEY_START},
    {"duration", MITMFLOW__V1__SORT_KEY__SORT_KEY_DURATION},
    {"size", MITMFLOW__V1__SORT_KEY__SORT_KEY_SIZE},
    {"status", MITMFLOW__V1__SORT_KEY__SORT_KEY_STATUS},
    {"method", MITMFLOW__V1__SORT_KEY__SORT_KEY_METHOD},
    {"host", MITMFLOW__V1__SORT_KEY__SORT_KEY_HOST},
    {"client", MITMFLOW__V1__SORT_KEY__SORT_KEY_CLIENT},
    {"source", MITMFLOW__V1__SORT_KEY__SORT_KEY_SOURCE},
    {"content-type", MITMFLOW__V1__SORT_KEY__SORT_KEY_CONTENT_TYPE},
    {"type", MITMFLOW__V1__SORT_KEY__SORT_KEY_TYPE},
};

static int read_sort(struct search *search, struct mf_err *err)
{
    const size_t count = sizeof sort_keys / sizeof *sort_keys;
    for (size_t i = 0; i < count; i++)
        if (strcmp(sort_keys[i].name, search->sort_text) == 0) {
            search->sort = sort_keys[i].key;
            return 0;
        }
    char all[128] = "";
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "",
                 sort_keys[i].name);
    }
    return mf_err_set(err, MF_EINVAL, "--sort takes one of %s, not \"%.40s\"",
                      all, search->sort_text);
}

static int read_flags(struct search *search, struct mf_err *err)
{
    if (mf_value_count(search->limit_text, &search->left))
        return mf_err_set(err, MF_EINVAL,
                          "--limit takes a whole number, not \"%.40s\"",
                          search->limit_text);
    if (search->left == 0)
        search->left = UINT64_MAX;
    return read_sort(search, err);
}

/* ---- Progress, on stderr where that is a terminal ---- */

static void hide_progress(struct search *search)
{
    if (search->has_progress)
        fputs("\r\033[K", stderr);
    search->has_progress = false;
}

static void show_progress(struct search *search,
                          const Mitmflow__V1__QueryProgress *progress)
{
    struct mf_buf text;
    mf_buf_init(&text, 256);
    int rc = mf_buf_printf(&text, "searching");
    if (!rc && progress->back_to) {
        rc = mf_buf_printf(&text, ", back to ");
        if (!rc)
            rc = mf_flow_line_put_time(&text, progress->back_to);
    }
    if (!rc && progress->share >= 0 && progress->share <= 1)
        rc = mf_buf_printf(&text, ", %.0f%%", progress->share * 100);
    if (!rc)
        fprintf(stderr, "\r\033[K%.*s", (int)text.len, (char *)text.data);
    search->has_progress = true;
    mf_buf_release(&text);
}

/* ---- What comes back ---- */

static int take(struct search *search,
                const Mitmflow__V1__QueryFlowsResponse *answer)
{
    struct mf_ask *ask = &search->ask;
    hide_progress(search);
    for (size_t i = 0; i < answer->n_flows && search->left; i++) {
        int rc = mf_ask_put_flow(ask, answer->flows[i], search->err);
        if (rc)
            return rc;
        search->left--;
    }
    if (!mf_ask_flush(ask))
        return 0;
    search->is_limited |= answer->progress && answer->progress->limited;
    if (answer->progress && search->shows_progress && !answer->end)
        show_progress(search, answer->progress);
    if (!answer->end || !answer->end->next[0])
        return 0;
    search->next = strdup(answer->end->next);
    return search->next ? 0
                        : mf_err_set(search->err, MF_ENOMEM, "out of memory");
}

static bool on_message(void *user, const uint8_t *data, size_t len)
{
    struct search *search = user;
    Mitmflow__V1__QueryFlowsResponse *answer =
        mitmflow__v1__query_flows_response__unpack(NULL, len, data);
    if (!answer) {
        search->rc =
            mf_err_set(search->err, MF_ECORRUPT,
                       "%.100s sent a malformed message", search->ask.server);
        return false;
    }
    search->rc = take(search, answer);
    mitmflow__v1__query_flows_response__free_unpacked(answer, NULL);
    return !search->rc && !search->ask.is_closed;
}

static enum mf_client_end ask_page(struct search *search)
{
    Mitmflow__V1__FlowFilter filter = MITMFLOW__V1__FLOW_FILTER__INIT;
    Mitmflow__V1__QueryFlowsRequest request =
        MITMFLOW__V1__QUERY_FLOWS_REQUEST__INIT;
    char *cursor = search->next;
    search->next = NULL;
    filter.expression = search->ask.expression;
    request.filter = &filter;
    request.sort = search->sort;
    request.ascending = search->ascending;
    request.limit =
        search->left < PAGE_MAX ? (int32_t)search->left : (int32_t)PAGE_MAX;
    if (cursor)
        request.cursor = cursor;
    size_t len = mitmflow__v1__query_flows_request__get_packed_size(&request);
    uint8_t *binary = malloc(len ? len : 1);
    enum mf_client_end end = MF_CLIENT_FAILED;
    if (binary) {
        mitmflow__v1__query_flows_request__pack(&request, binary);
        const struct mf_client_call call = {
            .path = "/mitmflow.v1.Service/QueryFlows",
            .request = binary,
            .request_len = len,
            .silence_s = SILENCE_S,
            .on_message = on_message,
            .user = search,
        };
        end = mf_client_call(search->ask.client, &call, search->err);
    } else {
        mf_err_set(search->err, MF_ENOMEM, "out of memory");
    }
    free(binary);
    free(cursor);
    return end;
}

static enum mf_exit run(struct search *search)
{
    enum mf_client_end end;
    do
        end = ask_page(search);
    while (end == MF_CLIENT_DONE && !search->rc && !search->ask.is_closed &&
           search->next && search->left);
    hide_progress(search);
    if (end == MF_CLIENT_REFUSED)
        return mf_ask_tell_refusal(&search->ask, search->err);
    if (end != MF_CLIENT_DONE || search->rc) {
        mf_ask_tell(search->err->text);
        return MF_EXIT_FAILED;
    }
    if (search->next && search->shows_progress && !search->ask.is_closed)
        mf_ask_tell("there are more: --limit N shows N, --limit 0 all");
    if (!search->is_limited)
        return MF_EXIT_DONE;
    mf_ask_tell("a regular expression met its limits on some flows, which may "
                "be missing here: make it simpler");
    return MF_EXIT_FAILED;
}

enum mf_exit mf_search(const struct mf_command *command, int argc, char **argv,
                       struct mf_err *err)
{
    struct search search = {
        .ask.server = MF_ASK_SERVER,
        .limit_text = "500",
        .sort_text = "arrival",
        .shows_progress = isatty(STDERR_FILENO),
    };
    const struct mf_command_flag flags[] = {
        MF_ASK_FLAGS(&search.ask),
        {.name = "limit",
         .value = "N",
         .help = "at most so many flows; 0: all",
         .ret_text = &search.limit_text},
        {.name = "sort",
         .value = "KEY",
         .help = "by this, the greatest first; a wrong one tells all",
         .ret_text = &search.sort_text},
        {.name = "ascending",
         .help = "the least, or oldest, first",
         .ret_yes = &search.ascending},
        {0},
    };
    const char *words[MF_ASK_WORDS_MAX];
    size_t count;
    bool help;
    int rc = mf_command_read(command, argc, argv, flags, 1, MF_ASK_WORDS_MAX,
                             words, &count, &help, err);
    if (!rc && help)
        return MF_EXIT_DONE;
    if (!rc)
        rc = read_flags(&search, err);
    if (rc)
        return MF_EXIT_USAGE;
    enum mf_exit status = MF_EXIT_FAILED;
    struct mf_err told = {0};
    search.err = &told;
    rc = mf_ask_open(&search.ask, words, count, err);
    if (rc)
        status = rc == MF_EINVAL ? MF_EXIT_USAGE : MF_EXIT_FAILED;
    else
        status = run(&search);
    free(search.next);
    mf_ask_close(&search.ask);
    return status;
}
