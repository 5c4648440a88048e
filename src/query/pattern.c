#define PCRE2_CODE_UNIT_WIDTH 8

#include "query/pattern.h"

#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Steps of one match. */
    MATCH_LIMIT = 1000000,
    DEPTH_LIMIT = 100000,
    HEAP_LIMIT_KIB = 16 * 1024,
    JIT_STACK_MIN = 32 * 1024,
    JIT_STACK_MAX = 1024 * 1024,
    TRANSLATED_MAX_LEN = 256 * 1024,
};

/* ---- making ---- */

static uint32_t options_of(const struct mf_pattern *pattern)
{
    uint32_t options = PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C;
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

bool mf_pattern_finds(const struct mf_pattern *pattern, struct mf_span text,
                      bool *is_limited)
{
    struct tools *tools = tools_of_thread();
    if (!tools) {
        *is_limited = true;
        return false;
    }
    int rc = pcre2_match(pattern->code, (PCRE2_SPTR)(text.len ? text.text : ""),
                         text.len, 0, 0, tools->data, tools->context);
    if (is_limit(rc))
        *is_limited = true;
    return rc >= 0;
}
