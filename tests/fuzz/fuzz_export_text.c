/*
 * Any bytes for a flow, as they may lie in a damaged store, written as the
 * formats that are text or files of bodies. Nothing of a flow may get out of
 * the quotes of what is pasted into a shell, a console or an interpreter.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "export/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    const char *at, *end;
};

static bool skip(struct text *text, const char *what)
{
    size_t len = strlen(what);
    if ((size_t)(text->end - text->at) < len || memcmp(text->at, what, len))
        return false;
    text->at += len;
    return true;
}

/* Up to and with the `quote`; `escape` is what a backslash may begin. */
static void skip_quoted(struct text *text, char quote, const char *escape)
{
    for (; assert(text->at < text->end), *text->at != quote; text->at++) {
        char c = *text->at;
        assert((c >= ' ' && c <= '~') || (c == '\n' && !escape));
        assert(c != '\\' || !escape ||
               (text->end - text->at > 1 && strchr(escape, text->at[1])));
    }
    text->at++;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || strchr(" \n-_.,:@", c);
}

/* Commands of a POSIX shell: pipes into those that are expected, words, and
 * what one printf writes. */
static void check_shell(struct text text, const char *command)
{
    while (text.at < text.end) {
        if (skip(&text, "\"$(printf '")) {
            skip_quoted(&text, '\'', "01234567");
            assert(skip(&text, ")\""));
        } else if (skip(&text, "| ")) {
            assert(skip(&text, command) || skip(&text, "base64 -d "));
        } else if (skip(&text, "'")) {
            skip_quoted(&text, '\'', NULL);
        } else if (!skip(&text, "\\\n") && !skip(&text, "\\'") &&
                   !skip(&text, "printf %s ")) {
            assert(*text.at && is_word(*text.at));
            text.at++;
        }
    }
}

/* Statements of JavaScript or Python with strings in the `quote`. */
static void check_script(struct text text, char quote)
{
    while (text.at < text.end) {
        char c = *text.at++;
        if (c == quote)
            skip_quoted(&text, quote, "x");
        else
            assert(c && (is_word(c) || strchr("()[]{}=+>;", c)));
    }
}

static void check(enum mf_export_format format, struct text text)
{
    switch (format) {
    case MF_EXPORT_CURL:
        check_shell(text, "curl ");
        break;
    case MF_EXPORT_HTTPIE:
        check_shell(text, "http ");
        break;
    case MF_EXPORT_FETCH:
        check_script(text, '"');
        break;
    case MF_EXPORT_PYTHON:
        check_script(text, '\'');
        break;
    case MF_EXPORT_BODIES:
        assert(skip(&text, "PK"));
        break;
    default:
        break;
    }
}

static int append(void *user, const void *data, size_t len)
{
    return mf_buf_append(user, data, len);
}

static void left_out(void *user, const struct mf_record *record,
                     const char *what)
{
    (void)user;
    (void)record;
    assert(*what);
}

static void write_flow(enum mf_export_format format, struct mf_record *record)
{
    struct mf_buf file;
    struct mf_export *to;
    const struct mf_export_out out = {append, left_out, &file};
    const struct mf_export_opts opts = {0};
    const struct mf_export_flow flow = {.record = record,
                                        .connections = MF_SPAN_NONE};
    mf_buf_init(&file, SIZE_MAX);
    assert(mf_export_new(format, &opts, &out, &to, NULL) == 0);
    assert(mf_export_flow(to, &flow) == 0);
    assert(mf_export_end(to) == 0);
    mf_export_free(to);
    if (file.len)
        check(format,
              (struct text){(char *)file.data, (char *)file.data + file.len});
    mf_buf_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_flow *flow;
    const struct mf_record_head head = {
        .number = 1,
        .change = 1,
        .state = MF_FLOW_ENDED,
        .source = "",
        .note = "",
    };
    if (mf_flow_from_snapshot(data, size, MF_FLOW_ENDED, &flow, NULL))
        return 0;
    struct mf_record *record = mf_record_new(&head, flow, NULL, 0);
    mf_flow_unref(flow);
    if (!record)
        return 0;
    for (enum mf_export_format format = MF_EXPORT_RAW_REQUEST;
         format <= MF_EXPORT_BODIES; format++)
        write_flow(format, record);
    mf_record_unref(record);
    return 0;
}
