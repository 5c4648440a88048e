/*
 * Rules and what they are held against. The first byte says what the rest is:
 * a rule, a message as it is, a body of any bytes, or what a body is made of
 * in which the places of secrets are known. Of these no secret may be left,
 * and all else has to be as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "exporter/redact/redact.h"
#include "pb/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 1 << 16, DEPTH_MAX = 6 };
#define SECRET "S3CR3T"

static const char *const RULES[] = {
    "header authorization, cookie, set-cookie, x-*",
    "query token",
    "form token",
    "json $..token, $.a[1].b",
    "regex /S3CR[3]T/",
};

static const char *const TYPES[] = {
    "",
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "text/plain",
    "text/event-stream",
    "image/png",
    "text/html; charset=latin1",
};

static const char *const ENCODINGS[] = {"",     "gzip",    "br, gzip",
                                        "zstd", "deflate", "what"};

struct input {
    const uint8_t *data;
    size_t len;
};

static uint8_t take(struct input *input)
{
    if (!input->len)
        return 0;
    input->len--;
    return *input->data++;
}

static void require(int holds)
{
    if (!holds)
        abort();
}

static void put(struct mf_buf *buf, const char *text)
{
    mf_buf_append(buf, text, strlen(text));
}

/* ---- redacting a response ---- */

static void put_header(struct mf_buf *buf, const char *name, const char *value)
{
    size_t mark;
    if (!*value)
        return;
    mf_wire_begin(buf, 100, &mark);
    mf_wire_put_bytes(buf, 1, name, strlen(name));
    mf_wire_put_bytes(buf, 2, value, strlen(value));
    mf_wire_end(buf, mark);
}

static void put_flow(struct mf_buf *buf, const char *type, const char *encoding,
                     const struct mf_buf *body, int is_cut)
{
    size_t flow, http, response;
    mf_wire_begin(buf, 1, &flow);
    mf_wire_begin(buf, 1, &http);
    mf_wire_begin(buf, 3, &response);
    put_header(buf, "content-type", type);
    put_header(buf, "content-encoding", encoding);
    mf_wire_put_bytes(buf, *encoding ? 102 : 3, body->data, body->len);
    mf_wire_put_varint_opt(buf, 10, is_cut != 0);
    mf_wire_end(buf, response);
    mf_wire_end(buf, http);
    mf_wire_end(buf, flow);
}

static enum mf_redact_verdict redact(size_t first_rule, size_t count,
                                     enum mf_kind kind,
                                     const struct mf_buf *message,
                                     struct mf_encoder *out)
{
    static const uint8_t KEY[MF_REDACT_KEY_LEN];
    struct mf_redactor *redactor;
    struct mf_redact_flow flow = {0};
    const struct mf_label label = {.kind = kind};
    const struct mf_spliced spliced = {.bytes = message->data,
                                       .len = message->len};
    require(mf_redactor_new(RULES + first_rule, count, KEY, &redactor, NULL) ==
            0);
    enum mf_redact_verdict verdict =
        mf_redact(redactor, &flow, &label, &spliced, BODY_MAX, out);
    require(verdict == MF_REDACT_CHANGED || out->buf.len == 0);
    require(!out->error);
    mf_redact_flow_release(&flow);
    mf_redactor_free(redactor);
    return verdict;
}

/* The body that is left; its bytes are those of `message`. */
static struct input left_of(const uint8_t *message, size_t len, int *ret_is_out)
{
    static const uint32_t PATH[] = {1, 1, 3};
    struct mf_wire_field field = {.data = message, .len = len};
    for (size_t i = 0; i < sizeof PATH / sizeof *PATH; i++)
        require(mf_wire_find(field.data, field.len, PATH[i], &field));
    struct mf_wire_field body = {0}, why;
    *ret_is_out = mf_wire_find(field.data, field.len, 105, &why);
    if (!mf_wire_find(field.data, field.len, 3, &body))
        return (struct input){(const uint8_t *)"", 0};
    return (struct input){body.data, body.len};
}

/* What is left with "#" for each mark. */
static void show(const struct input *left, struct mf_buf *out)
{
    for (size_t at = 0; at < left->len; at++) {
        if (left->len - at >= 25 &&
            memcmp(left->data + at, "REDACTED-", 9) == 0) {
            put(out, "#");
            at += 24;
        } else {
            mf_buf_append_byte(out, left->data[at]);
        }
    }
}

/* `expected` (NULL: not known) has "#" for marks. */
static void check(size_t rule, const char *type, const struct mf_buf *body,
                  const struct mf_buf *expected, int is_cut)
{
    struct mf_buf message, shown;
    struct mf_encoder out;
    int is_out;
    mf_buf_init(&message, 1 << 22);
    mf_buf_init(&shown, 1 << 22);
    mf_encoder_init(&out, 1 << 22);
    put_flow(&message, type, "", body, is_cut);
    enum mf_redact_verdict verdict =
        redact(rule, 1, MF_KIND_WHOLE, &message, &out);
    require(verdict != MF_REDACT_SKIP);
    struct input left = verdict == MF_REDACT_CHANGED
                            ? left_of(out.buf.data, out.buf.len, &is_out)
                            : left_of(message.data, message.len, &is_out);
    show(&left, &shown);
    require(!shown.len || !memmem(shown.data, shown.len, "S3", 2));
    if (expected && !is_out)
        require(
            shown.len == expected->len &&
            (!shown.len || memcmp(shown.data, expected->data, shown.len) == 0));
    mf_buf_release(&message);
    mf_buf_release(&shown);
    mf_encoder_release(&out);
}

/* ---- bodies whose secrets are known ---- */

struct model {
    struct mf_buf body, expected;
};

static void both(struct model *model, const char *text)
{
    put(&model->body, text);
    put(&model->expected, text);
}

static void filler(struct model *model, struct input *input)
{
    static const char *const FILLER[] = {
        "a", "token", "b\\\"", "", "\\u0061", "\\", "x=y", "\xc3\xa4"};
    both(model, FILLER[take(input) % 4]);
}

static void put_value(struct model *model, struct input *input, int depth)
{
    static const char *const SPACE[] = {"", " ", "\n", "\t "};
    uint8_t kind = take(input);
    int is_object = kind % 4 == 0;
    both(model, SPACE[kind / 4 % 4]);
    if (depth == DEPTH_MAX || kind % 4 > 1) {
        if (kind % 4 == 2) {
            both(model, "\"");
            filler(model, input);
            both(model, "\"");
        } else {
            both(model, kind & 64 ? "-1.5e3" : "null");
        }
        return;
    }
    both(model, is_object ? "{" : "[");
    for (unsigned i = 0, count = take(input) % 4; i < count; i++) {
        uint8_t key = take(input);
        both(model, i ? "," : "");
        if (is_object && key % 3 == 0) {
            both(model, key & 64 ? "\"t\\u006fken\":" : "\"token\" :");
            put(&model->body, key & 32   ? "{\"x\":[\"" SECRET "\"]}"
                              : key & 16 ? "\"\\\"S3CR3T\\\\\""
                                         : "\"" SECRET "\"");
            put(&model->expected, "\"#\"");
            continue;
        }
        both(model, is_object ? "\"k\":" : "");
        put_value(model, input, depth + 1);
    }
    both(model, is_object ? "}" : "]");
    both(model, SPACE[kind / 16 % 4]);
}

static void put_form(struct model *model, struct input *input)
{
    static const char *const PLAIN[] = {"a=1",    "b",      "tokens=x",
                                        "=token", "token=", ""};
    for (unsigned i = 0; input->len && i < 100; i++) {
        uint8_t kind = take(input);
        both(model, i ? "&" : "");
        if (kind % 3) {
            both(model, PLAIN[kind % 6]);
            continue;
        }
        both(model, kind & 64 ? "t%6Fken=" : "token=");
        put(&model->body, kind & 32 ? "x;y=" SECRET : SECRET);
        put(&model->expected, "#");
    }
}

static void put_multipart(struct model *model, struct input *input)
{
    both(model, "preamble\r\n--b\r\n");
    for (unsigned i = 0; i < 20; i++) {
        uint8_t kind = take(input);
        both(model, "content-disposition: form-data; ");
        both(model, kind & 1 ? "name=\"token\"\r\n" : "name=token2\r\n");
        both(model, kind & 2 ? "content-type: text/plain\r\n\r\n" : "\r\n");
        if (kind & 1) {
            put(&model->body, kind & 4 ? "\r\n--c\r\n" SECRET : SECRET);
            put(&model->expected, "#");
        } else {
            both(model, "--a\n-- b");
        }
        both(model, "\r\n--b");
        if (!input->len)
            break;
        both(model, "\r\n");
    }
    both(model, "--\r\n");
}

/* Any bytes, in which '~' stands for a secret. */
static void put_any(struct model *model, struct input *input)
{
    while (input->len) {
        uint8_t c = take(input);
        if (c == '~') {
            put(&model->body, SECRET);
            put(&model->expected, "#");
        } else if (c != 'S' && c != 'R' && c != '%' && c != '+') {
            /* What is encoded may go with what is around it; "REDACTED-" of
             * the body's own would look like a mark. */
            mf_buf_append_byte(&model->body, c);
            mf_buf_append_byte(&model->expected, c);
        }
    }
}

static void check_model(unsigned kind, struct input *input)
{
    enum { FORM = 2, JSON = 3, REGEX = 4 };
    struct model model;
    mf_buf_init(&model.body, 1 << 20);
    mf_buf_init(&model.expected, 1 << 20);
    unsigned cut = take(input);
    const char *type = TYPES[1];
    size_t rule = JSON;
    if (kind == 0) {
        put_value(&model, input, 0);
        type = cut & 1 ? TYPES[1] : TYPES[4];
    } else if (kind == 1) {
        put_form(&model, input);
        type = TYPES[2];
        rule = FORM;
    } else if (kind == 2) {
        put_multipart(&model, input);
        type = TYPES[3];
        rule = FORM;
    } else {
        put_any(&model, input);
        type = TYPES[4];
        rule = REGEX;
        cut = 255;
    }
    /* What breaks off hides at least as much. */
    int is_cut = cut < 200 && model.body.len;
    if (is_cut)
        model.body.len = model.body.len * cut / 200;
    check(rule, type, &model.body, is_cut ? NULL : &model.expected, is_cut);
    mf_buf_release(&model.body);
    mf_buf_release(&model.expected);
}

/* ---- anything ---- */

static void check_rule(const struct input *input)
{
    static const uint8_t KEY[MF_REDACT_KEY_LEN];
    struct mf_redactor *redactor = NULL;
    struct mf_err err = {0};
    char *text = malloc(input->len + 1);
    require(text != NULL);
    memcpy(text, input->data, input->len);
    text[input->len] = 0;
    const char *rules[] = {text};
    if (mf_redactor_new(rules, 1, KEY, &redactor, &err))
        require(strncmp(err.text, "rule 1, \"", 9) == 0);
    else
        require(redactor != NULL);
    mf_redactor_free(redactor);
    free(text);
}

static void check_bytes(unsigned kind, struct input *input)
{
    static const enum mf_kind KINDS[] = {MF_KIND_WHOLE, MF_KIND_PART,
                                         MF_KIND_APPEND, MF_KIND_CONNECTION};
    struct mf_buf body, message;
    struct mf_encoder out;
    uint8_t choice = take(input), more = take(input);
    mf_buf_init(&body, 1 << 20);
    mf_buf_init(&message, 1 << 22);
    mf_encoder_init(&out, 1 << 22);
    mf_buf_append(&body, input->data, input->len);
    if (kind)
        put_flow(&message, TYPES[choice % 8], ENCODINGS[more % 6], &body,
                 more & 128);
    else
        mf_buf_append(&message, body.data, body.len);
    redact(0, sizeof RULES / sizeof *RULES, KINDS[choice / 8 % 4], &message,
           &out);
    mf_buf_release(&body);
    mf_buf_release(&message);
    mf_encoder_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size < 4096 ? size : 4096};
    unsigned kind = take(&input) % 8;
    if (kind < 4)
        check_model(kind, &input);
    else if (kind < 6)
        check_bytes(kind - 4, &input);
    else
        check_rule(&input);
    return 0;
}
