#define PCRE2_CODE_UNIT_WIDTH 8

#include "query/pattern.h"

#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum {
    /* Steps from one place in the text. */
    MATCH_LIMIT = 1000000,
    DEPTH_LIMIT = 100000,
    HEAP_LIMIT_KIB = 16 * 1024,
    JIT_STACK_MIN = 32 * 1024,
    JIT_STACK_MAX = 1024 * 1024,
    TRANSLATED_MAX_LEN = 256 * 1024,
    WINDOW_FIRST = 4096,
    WINDOW_MIN = 16,
};

/* Of looking through one flow. */
#define EFFORT_MAX_NS (2 * MF_NS_PER_S)

/* ---- making ---- */

static uint32_t options_of(const struct mf_pattern *pattern)
{
    uint32_t options =
        PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    if (!pattern->is_bytes)
        options |= PCRE2_UTF;
    if (!pattern->is_bytes && !pattern->is_ascii)
        options |= PCRE2_UCP;
    if (pattern->is_caseless)
        options |= PCRE2_CASELESS;
    if (pattern->is_multiline)
        options |= PCRE2_MULTILINE;
    if (pattern->is_dotall)
        options |= PCRE2_DOTALL;
    return options;
}

/* `source_len`: of what the user wrote, all of which is at fault. */
static int compile(struct mf_pattern *pattern, size_t source_len,
                   struct mf_regex_fault *ret_fault)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return MF_ENOMEM;
    int code = 0;
    PCRE2_SIZE position = 0;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pattern->code =
        pcre2_compile((PCRE2_SPTR)pattern->text, pattern->len,
                      options_of(pattern), &code, &position, context);
    pcre2_compile_context_free(context);
    if (!pattern->code) {
        struct mf_regex_fault fault = {.len = source_len};
        pcre2_get_error_message(code, (PCRE2_UCHAR *)fault.text,
                                sizeof fault.text);
        if (code == PCRE2_ERROR_HEAP_FAILED)
            return MF_ENOMEM;
        *ret_fault = fault;
        return MF_EINVAL;
    }
    /* Where code cannot be made at run time it is interpreted. */
    pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
    return 0;
}

int mf_pattern_make(const char *text, size_t len, const struct mf_pattern *like,
                    struct mf_arena *arena, struct mf_pattern **ret_pattern,
                    struct mf_regex_fault *ret_fault)
{
    struct mf_pattern *pattern = mf_arena_get(arena, sizeof *pattern);
    if (!pattern)
        return MF_ENOMEM;
    *pattern = *like;
    pattern->code = NULL;
    struct mf_buf out;
    mf_buf_init(&out, TRANSLATED_MAX_LEN);
    int rc = mf_regex_translate(text, len, pattern, &out, ret_fault);
    if (rc == MF_EFULL) {
        rc = MF_EINVAL;
        *ret_fault = (struct mf_regex_fault){.len = len, .text = "too long"};
    }
    if (!rc) {
        pattern->text = mf_arena_copy(arena, out.data, out.len);
        pattern->len = out.len;
        rc = pattern->text ? compile(pattern, len, ret_fault) : MF_ENOMEM;
    }
    mf_buf_release(&out);
    if (!rc)
        *ret_pattern = pattern;
    return rc;
}

void mf_pattern_release(struct mf_pattern *pattern)
{
    pcre2_code_free(pattern->code);
    pattern->code = NULL;
}

bool mf_pattern_is_quick(const struct mf_pattern *pattern)
{
    size_t repeats = 0;
    for (size_t i = 0; i < pattern->len; i++) {
        char c = pattern->text[i];
        if (c == '\\')
            i++;
        else if (c == '*' || c == '+' || c == '{')
            repeats++;
    }
    return repeats == 0;
}

/* ---- matching ---- */

/* What a thread matches with. */
struct tools {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static pthread_key_t tools_key;
static pthread_once_t tools_once = PTHREAD_ONCE_INIT;
static bool has_tools_key;

static void free_tools(void *memory)
{
    struct tools *tools = memory;
    pcre2_match_data_free(tools->data);
    pcre2_match_context_free(tools->context);
    pcre2_jit_stack_free(tools->stack);
    free(tools);
}

static void make_tools_key(void)
{
    has_tools_key = pthread_key_create(&tools_key, free_tools) == 0;
}

static struct tools *make_tools(void)
{
    struct tools *tools = calloc(1, sizeof *tools);
    if (!tools)
        return NULL;
    tools->data = pcre2_match_data_create(1, NULL);
    tools->context = pcre2_match_context_create(NULL);
    tools->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (!tools->data || !tools->context || !tools->stack ||
        pthread_setspecific(tools_key, tools)) {
        free_tools(tools);
        return NULL;
    }
    pcre2_set_match_limit(tools->context, MATCH_LIMIT);
    pcre2_set_depth_limit(tools->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(tools->context, HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(tools->context, NULL, tools->stack);
    return tools;
}

static struct tools *tools_of_thread(void)
{
    pthread_once(&tools_once, make_tools_key);
    if (!has_tools_key)
        return NULL;
    struct tools *tools = pthread_getspecific(tools_key);
    return tools ? tools : make_tools();
}

static bool is_limit(int rc)
{
    return rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
           rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_JIT_STACKLIMIT ||
           rc == PCRE2_ERROR_NOMEMORY;
}

/* Of this thread. */
static int64_t cpu_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return at.tv_sec * MF_NS_PER_S + at.tv_nsec;
}

static int search(const struct mf_pattern *pattern, struct mf_span text,
                  size_t from, size_t to, const struct tools *tools)
{
    pcre2_set_offset_limit(tools->context, to);
    return pcre2_match(pattern->code, (PCRE2_SPTR)text.text, text.len, from,
                       from ? PCRE2_NO_UTF_CHECK : 0, tools->data,
                       tools->context);
}

/* The least place from `at` on where a match may begin. */
static size_t next_start(const struct mf_pattern *pattern, struct mf_span text,
                         size_t at)
{
    while (!pattern->is_bytes && at < text.len &&
           (text.text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* How many starts to try before the next look at the clock. */
static size_t next_window(size_t window, int64_t took_ns)
{
    if (took_ns < 2 * MF_NS_PER_MS)
        return window * 4;
    return took_ns > 20 * MF_NS_PER_MS && window > WINDOW_MIN ? window / 4
                                                              : window;
}

/*
 * The limit on steps counts those from one place in the text. There are many
 * places in a long one, so those are tried bit by bit.
 */
static int search_long(const struct mf_pattern *pattern, struct mf_span text,
                       const struct tools *tools,
                       struct mf_pattern_effort *effort)
{
    size_t from = 0, window = WINDOW_FIRST;
    int rc;
    for (int64_t before_ns = cpu_ns();;) {
        size_t to = text.len - from > window ? from + window : text.len;
        rc = search(pattern, text, from, to, tools);
        int64_t now_ns = cpu_ns();
        effort->spent_ns += now_ns - before_ns;
        if (rc != PCRE2_ERROR_NOMATCH || to == text.len)
            return rc;
        if (effort->spent_ns > EFFORT_MAX_NS)
            return PCRE2_ERROR_MATCHLIMIT;
        window = next_window(window, now_ns - before_ns);
        from = next_start(pattern, text, to + 1);
        before_ns = now_ns;
        if (from > text.len)
            return rc;
    }
}

static int search_short(const struct mf_pattern *pattern, struct mf_span text,
                        const struct tools *tools,
                        struct mf_pattern_effort *effort)
{
    if (effort->is_untimed)
        return search(pattern, text, 0, text.len, tools);
    int64_t before_ns = mf_clock_mono_ns();
    int rc = search(pattern, text, 0, text.len, tools);
    int64_t took_ns = mf_clock_mono_ns() - before_ns;
    if (took_ns > MF_NS_PER_MS)
        effort->spent_ns += took_ns;
    return effort->spent_ns > EFFORT_MAX_NS && rc < 0 ? PCRE2_ERROR_MATCHLIMIT
                                                      : rc;
}

bool mf_pattern_finds(const struct mf_pattern *pattern, struct mf_span text,
                      struct mf_pattern_effort *effort)
{
    struct tools *tools = effort->is_limited ? NULL : tools_of_thread();
    if (!tools) {
        effort->is_limited = true;
        return false;
    }
    if (!text.len)
        text.text = "";
    int rc = text.len > WINDOW_FIRST
                 ? search_long(pattern, text, tools, effort)
                 : search_short(pattern, text, tools, effort);
    if (is_limit(rc))
        effort->is_limited = true;
    return rc >= 0;
}
