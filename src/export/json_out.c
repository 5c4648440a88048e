#include "export/json_out.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "flow/text.h"

void mf_json_out_init(struct mf_json_out *json,
                      int (*write)(void *user, const void *data, size_t len),
                      void *user)
{
    *json = (struct mf_json_out){.write = write, .user = user};
}

static void put(struct mf_json_out *json, const void *data, size_t len)
{
    if (!json->error && len)
        json->error = json->write(json->user, data, len);
}

/* What stands before a value or a key. */
static void begin_item(struct mf_json_out *json)
{
    if (json->is_after_key) {
        json->is_after_key = false;
        return;
    }
    uint64_t bit = json->depth ? UINT64_C(1) << (json->depth - 1) : 0;
    if (json->has_items & bit)
        put(json, ",", 1);
    json->has_items |= bit;
}

static void open(struct mf_json_out *json, const char *bracket)
{
    begin_item(json);
    assert(json->depth < MF_JSON_OUT_DEPTH_MAX);
    json->depth++;
    json->has_items &= ~(UINT64_C(1) << (json->depth - 1));
    put(json, bracket, 1);
}

static void close(struct mf_json_out *json, const char *bracket)
{
    assert(json->depth);
    json->depth--;
    put(json, bracket, 1);
}

void mf_json_begin_object(struct mf_json_out *json)
{
    open(json, "{");
}

void mf_json_end_object(struct mf_json_out *json)
{
    close(json, "}");
}

void mf_json_begin_array(struct mf_json_out *json)
{
    open(json, "[");
}

void mf_json_end_array(struct mf_json_out *json)
{
    close(json, "]");
}

void mf_json_put_key(struct mf_json_out *json, const char *name)
{
    begin_item(json);
    put(json, "\"", 1);
    put(json, name, strlen(name));
    put(json, "\":", 2);
    json->is_after_key = true;
}

void mf_json_put_raw(struct mf_json_out *json, const char *text)
{
    put(json, text, strlen(text));
}

/* ---- strings ---- */

/* How many bytes from `at` on need no escape and are whole characters; ASCII
 * runs are what nearly all text is made of. */
static size_t plain_len(const uint8_t *at, size_t len)
{
    size_t i = 0;
    while (i < len && at[i] >= 0x20 && at[i] < 0x7f && at[i] != '"' &&
           at[i] != '\\')
        i++;
    return i;
}

/* The length of the UTF-8 character at `at`; 0: there is none. */
static size_t character_len(const uint8_t *at, size_t len)
{
    size_t want = at[0] < 0xc2   ? 0
                  : at[0] < 0xe0 ? 2
                  : at[0] < 0xf0 ? 3
                  : at[0] < 0xf5 ? 4
                                 : 0;
    return want && want <= len && mf_utf8_valid(at, want) ? want : 0;
}

static void put_escape(struct mf_json_out *json, uint8_t byte)
{
    static const char shorts[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    char text[8] = {'\\', (char)byte};
    if (byte == '"' || byte == '\\') {
        put(json, text, 2);
    } else if (byte < sizeof shorts && shorts[byte]) {
        text[1] = shorts[byte];
        put(json, text, 2);
    } else {
        snprintf(text, sizeof text, "\\u%04x", byte);
        put(json, text, 6);
    }
}

/* A character that is no plain ASCII; returns its length. */
static size_t put_special(struct mf_json_out *json, const uint8_t *at,
                          size_t len, bool is_latin1)
{
    if (at[0] < 0x80) {
        put_escape(json, at[0]);
        return 1;
    }
    size_t has = is_latin1 ? 0 : character_len(at, len);
    if (has) {
        put(json, at, has);
    } else if (is_latin1) {
        const uint8_t pair[] = {(uint8_t)(0xc0 | at[0] >> 6),
                                (uint8_t)(0x80 | (at[0] & 0x3f))};
        put(json, pair, sizeof pair);
    } else {
        put(json, "\xef\xbf\xbd", 3);
    }
    return has ? has : 1;
}

static void put_text(struct mf_json_out *json, struct mf_span text,
                     bool is_latin1)
{
    const uint8_t *at = (const uint8_t *)text.text;
    size_t left = text.len;
    begin_item(json);
    put(json, "\"", 1);
    while (left && !json->error) {
        size_t len = plain_len(at, left);
        put(json, at, len);
        if (len < left)
            len += put_special(json, at + len, left - len, is_latin1);
        at += len;
        left -= len;
    }
    put(json, "\"", 1);
}

void mf_json_put_text(struct mf_json_out *json, struct mf_span text)
{
    put_text(json, text, false);
}

void mf_json_put_string(struct mf_json_out *json, const char *text)
{
    put_text(json, (struct mf_span){text, strlen(text)}, false);
}

void mf_json_put_latin1(struct mf_json_out *json, struct mf_span text)
{
    put_text(json, text, !mf_utf8_valid(text.text, text.len));
}

void mf_json_put_base64(struct mf_json_out *json, struct mf_span bytes)
{
    enum { CHUNK = 3 * 4096 };
    struct mf_buf digits;
    mf_buf_init(&digits, CHUNK * 2);
    begin_item(json);
    put(json, "\"", 1);
    for (size_t at = 0; at < bytes.len && !json->error; at += CHUNK) {
        size_t len = bytes.len - at < CHUNK ? bytes.len - at : CHUNK;
        mf_buf_clear(&digits);
        int rc = mf_base64_encode(bytes.text + at, len, true, &digits);
        if (rc)
            json->error = rc;
        else
            put(json, digits.data, digits.len);
    }
    put(json, "\"", 1);
    mf_buf_release(&digits);
}

void mf_json_put_key_text(struct mf_json_out *json, struct mf_span name)
{
    put_text(json, name, false);
    put(json, ":", 1);
    json->is_after_key = true;
}

bool mf_json_is_text(struct mf_span bytes)
{
    return mf_utf8_valid(bytes.text, bytes.len) &&
           (bytes.len == 0 || !memchr(bytes.text, '\0', bytes.len)) &&
           mf_is_text(bytes.text, bytes.len);
}

/* ---- other values ---- */

static void put_plain(struct mf_json_out *json, const char *text)
{
    begin_item(json);
    put(json, text, strlen(text));
}

void mf_json_put_int(struct mf_json_out *json, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    put_plain(json, text);
}

void mf_json_put_uint(struct mf_json_out *json, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    put_plain(json, text);
}

void mf_json_put_double(struct mf_json_out *json, double value)
{
    char text[32] = "null";
    if (isfinite(value)) {
        snprintf(text, sizeof text, "%.15g", value);
        if (strtod(text, NULL) != value)
            snprintf(text, sizeof text, "%.17g", value);
    }
    put_plain(json, text);
}

void mf_json_put_bool(struct mf_json_out *json, bool value)
{
    put_plain(json, value ? "true" : "false");
}

void mf_json_put_null(struct mf_json_out *json)
{
    put_plain(json, "null");
}

void mf_json_put_time(struct mf_json_out *json, int64_t ns)
{
    int64_t second = ns / MF_NS_PER_S, rest = ns % MF_NS_PER_S;
    if (rest < 0) {
        rest += MF_NS_PER_S;
        second--;
    }
    int digits = rest % 1000000 == 0 ? 3 : rest % 1000 == 0 ? 6 : 9;
    for (int i = digits; i < 9; i++)
        rest /= 10;
    time_t at = (time_t)second;
    struct tm utc;
    char date[32], text[64];
    gmtime_r(&at, &utc); /* of 64 bits of ns: years 1677 to 2262 */
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "\"%s.%0*" PRId64 "Z\"", date, digits, rest);
    put_plain(json, text);
}
