#include "sample.h"

#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/encoding.h"

enum { FILE_MAX_LEN = 1 << 22 };

void sample_read_file(const char *path, struct mf_buf *out)
{
    char piece[4096];
    size_t len;
    mf_buf_init(out, FILE_MAX_LEN);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    while ((len = fread(piece, 1, sizeof piece, file)))
        assert_int_equal(mf_buf_append(out, piece, len), 0);
    fclose(file);
    assert_int_equal(mf_buf_append_byte(out, 0), 0);
    out->len--;
}

static bool is(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

/* "name: value" */
static void split(struct mf_span line, struct mf_span *ret_name,
                  struct mf_span *ret_value)
{
    const char *colon = memchr(line.text, ':', line.len);
    assert_non_null(colon);
    size_t len = (size_t)(colon - line.text), from = len + 1;
    from += from < line.len && line.text[from] == ' ';
    *ret_name = (struct mf_span){line.text, len};
    *ret_value = (struct mf_span){line.text + from, line.len - from};
}

static enum mf_body_kind kind_of(struct mf_span name)
{
    for (int kind = 0; kind <= MF_BODY_SOCKET_IO; kind++)
        if (is(name, mf_body_kind_name((enum mf_body_kind)kind)))
            return (enum mf_body_kind)kind;
    fail_msg("no kind of that name: %.*s", (int)name.len, name.text);
    return MF_BODY_UNKNOWN;
}

static void mark(struct mf_body *body, struct mf_span what)
{
    if (is(what, "dns"))
        body->is_dns = true;
    else if (is(what, "text"))
        body->is_text_message = true;
    else if (is(what, "cut"))
        body->is_cut = true;
    else if (is(what, "sent"))
        body->is_sender_client = true;
    else
        fail_msg("is what? %.*s", (int)what.len, what.text);
}

static void take_line(struct sample *sample, struct mf_span line)
{
    struct mf_span name, value;
    split(line, &name, &value);
    bool is_response = sample->body.place == MF_BODY_RESPONSE;
    if (is(name, "kind"))
        sample->kind = kind_of(value);
    else if (is(name, "place"))
        sample->body.place = is(value, "response")  ? MF_BODY_RESPONSE
                             : is(value, "message") ? MF_BODY_MESSAGE
                                                    : MF_BODY_REQUEST;
    else if (is(name, "is"))
        mark(&sample->body, value);
    else if (is(name, "answers"))
        sample->http.request_body = value;
    else if (is(name, "url"))
        sample->http.url = value;
    else if (is(name, "status"))
        sample->http.status = atoi(value.text);
    else {
        assert_true(sample->count < SAMPLE_LINES_MAX);
        struct sample_line *to = &sample->lines[sample->count++];
        bool is_header = is(name, "header");
        assert_true(is_header || is(name, "trailer"));
        split(value, &to->name, &to->value);
        to->place = is_header
                        ? is_response ? MF_HEADER_RESPONSE : MF_HEADER_REQUEST
                    : is_response ? MF_TRAILER_RESPONSE
                                  : MF_TRAILER_REQUEST;
    }
}

static struct mf_span header(const void *user, enum mf_header_place place,
                             const char *name)
{
    const struct sample *sample = user;
    for (size_t i = 0; i < sample->count; i++) {
        const struct sample_line *line = &sample->lines[i];
        if (line->place == place && line->name.len == strlen(name) &&
            strncasecmp(line->name.text, name, line->name.len) == 0)
            return line->value;
    }
    return MF_SPAN_NONE;
}

static bool each_header(const void *user, enum mf_header_place place,
                        bool (*visit)(void *to, struct mf_span name,
                                      struct mf_span value),
                        void *to)
{
    const struct sample *sample = user;
    for (size_t i = 0; i < sample->count; i++)
        if (sample->lines[i].place == place &&
            visit(to, sample->lines[i].name, sample->lines[i].value))
            return true;
    return false;
}

static struct mf_span own_header(const struct sample *sample, const char *name)
{
    return header(sample,
                  sample->body.place == MF_BODY_RESPONSE ? MF_HEADER_RESPONSE
                                                         : MF_HEADER_REQUEST,
                  name);
}

void sample_read(struct sample *sample, const char *path)
{
    memset(sample, 0, sizeof *sample);
    sample_read_file(path, &sample->file);
    mf_buf_init(&sample->decoded, FILE_MAX_LEN);
    sample->http = (struct mf_body_http){.method = MF_SPAN("POST"),
                                         .header = header,
                                         .each_header = each_header,
                                         .user = sample};
    const char *at = (const char *)sample->file.data;
    const char *end = at + sample->file.len;
    while (at < end && *at != '\n') {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(newline);
        take_line(sample, (struct mf_span){at, (size_t)(newline - at)});
        at = newline + 1;
    }
    assert_true(at < end);
    at++;
    sample->body.http = &sample->http;
    sample->body.data = (struct mf_span){at, (size_t)(end - at)};
    sample->body.content_type = own_header(sample, "content-type");
    struct mf_span encoding = own_header(sample, "content-encoding");
    if (!encoding.len)
        return;
    assert_int_equal(mf_encoding_decode_all(encoding.text, encoding.len, at,
                                            (size_t)(end - at),
                                            &sample->decoded),
                     0);
    sample->body.data =
        (struct mf_span){(char *)sample->decoded.data, sample->decoded.len};
}

void sample_release(struct sample *sample)
{
    mf_buf_release(&sample->file);
    mf_buf_release(&sample->decoded);
}
