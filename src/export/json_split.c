#include "export/json_split.h"

#include <string.h>

enum {
    DEPTH_MAX = 100,
    VALUES_MAX = 4000000, /* each takes some tens of bytes */
    KEY_MAX_LEN = 64,     /* of keys that matter */
};

void mf_json_split_init(struct mf_json_split *split, struct mf_import *from,
                        enum mf_json_split_kind kind)
{
    *split = (struct mf_json_split){.from = from, .kind = kind};
}

static struct mf_input *input_of(const struct mf_json_split *split)
{
    return mf_import_input(split->from);
}

static int fail(const struct mf_json_split *split, struct mf_err *err,
                const char *what)
{
    struct mf_input *input = input_of(split);
    struct mf_err ignored;
    bool is_end =
        mf_input_see(input, 1, &ignored) == 0 && mf_input_len(input) == 0;
    return mf_import_fail(split->from, err, MF_ECORRUPT, input->offset, "%s%s",
                          what, is_end ? ", but the file ends" : "");
}

/* ---- what stands between objects, byte by byte ---- */

/* The next byte, or AT_END. */
enum { AT_END = 256 };
static int peek(struct mf_json_split *split, int *ret_byte, struct mf_err *err)
{
    struct mf_input *input = input_of(split);
    int rc = mf_input_see(input, 1, err);
    *ret_byte = !rc && mf_input_len(input) ? *mf_input_data(input) : AT_END;
    return rc;
}

static void step(struct mf_json_split *split)
{
    mf_input_skip(input_of(split), 1);
}

/* The next byte that is no white space. */
static int peek_token(struct mf_json_split *split, int *ret_byte,
                      struct mf_err *err)
{
    int rc;
    while (!(rc = peek(split, ret_byte, err)) &&
           (*ret_byte == ' ' || *ret_byte == '\n' || *ret_byte == '\r' ||
            *ret_byte == '\t'))
        step(split);
    return rc;
}

static int expect(struct mf_json_split *split, char token, const char *what,
                  struct mf_err *err)
{
    int byte;
    int rc = peek_token(split, &byte, err);
    if (rc)
        return rc;
    if (byte != token)
        return fail(split, err, what);
    step(split);
    return 0;
}

/* A string; the first KEY_MAX_LEN bytes as they stand, NUL-terminated. */
static int take_string(struct mf_json_split *split, char *key,
                       struct mf_err *err)
{
    size_t len = 0;
    int byte = 0;
    int rc = expect(split, '"', "a string was expected", err);
    while (!rc && !(rc = peek(split, &byte, err)) && byte != '"') {
        if (byte < 0x20 || byte == AT_END)
            return fail(split, err, "a string does not end");
        if (len < KEY_MAX_LEN)
            key[len++] = (char)byte;
        step(split);
        if (byte == '\\' && !(rc = peek(split, &byte, err)) && byte != AT_END)
            step(split);
    }
    key[len] = '\0';
    if (!rc)
        step(split);
    return rc;
}

static bool ends_word(int byte)
{
    return byte == AT_END || strchr(" \t\r\n,:]}[{\"", byte);
}

/* A number, true, or a mark between values. */
static int skip_word(struct mf_json_split *split, struct mf_err *err)
{
    int byte, rc;
    do {
        step(split);
        rc = peek(split, &byte, err);
    } while (!rc && !ends_word(byte));
    return rc;
}

/* Step over a value of any length: what is inside is not looked at closer
 * than to find its end. */
static int skip_value(struct mf_json_split *split, struct mf_err *err)
{
    char key[KEY_MAX_LEN + 1];
    unsigned depth = 0;
    int byte;
    do {
        int rc = peek_token(split, &byte, err);
        if (!rc && (byte == AT_END || (!depth && strchr(",:]}", byte))))
            return fail(split, err, "a value was expected");
        if (byte == '{' || byte == '[')
            depth++;
        else if (byte == '}' || byte == ']')
            depth--;
        if (!rc && strchr("{}[],:", byte))
            step(split);
        else if (!rc)
            rc = byte == '"' ? take_string(split, key, err)
                             : skip_word(split, err);
        if (rc)
            return rc;
    } while (depth);
    return 0;
}

/* ---- the way to log.entries ---- */

/* Go on in an object until a member of that name: 1, its value is next; 0:
 * the object has ended. */
static int find_member(struct mf_json_split *split, const char *name,
                       bool is_first, struct mf_err *err)
{
    char key[KEY_MAX_LEN + 1];
    int byte;
    for (;; is_first = false) {
        int rc = peek_token(split, &byte, err);
        if (rc)
            return rc;
        if (byte == '}') {
            step(split);
            return 0;
        }
        if (!is_first)
            rc = expect(split, ',', "a comma or } was expected", err);
        if (!rc)
            rc = take_string(split, key, err);
        if (!rc)
            rc = expect(split, ':', "a colon was expected", err);
        if (rc)
            return rc;
        if (strcmp(key, name) == 0)
            return 1;
        rc = skip_value(split, err);
        if (rc)
            return rc;
    }
}

static int enter_har(struct mf_json_split *split, struct mf_err *err)
{
    int rc = expect(split, '{', "an object was expected", err);
    if (!rc)
        rc = find_member(split, "log", true, err);
    if (rc == 0)
        return fail(split, err, "there is no \"log\"");
    if (rc == 1)
        rc = expect(split, '{', "an object was expected", err);
    if (!rc)
        rc = find_member(split, "entries", true, err);
    if (rc == 0)
        return fail(split, err, "there are no \"entries\"");
    return rc == 1 ? expect(split, '[', "an array was expected", err) : rc;
}

/* What follows the entries. */
static int leave_har(struct mf_json_split *split, struct mf_err *err)
{
    for (int level = 0; level < 2; level++) {
        int rc = find_member(split, level ? "log" : "entries", false, err);
        if (rc)
            return rc < 0 ? rc
                          : fail(split, err, "it is here for a second time");
    }
    return 0;
}

static int skip_mark(struct mf_json_split *split, struct mf_err *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some write one */
    struct mf_input *input = input_of(split);
    int rc = mf_input_see(input, 3, err);
    if (!rc && mf_input_len(input) >= 3 &&
        memcmp(mf_input_data(input), mark, 3) == 0)
        mf_input_skip(input, 3);
    return rc;
}

static int enter(struct mf_json_split *split, struct mf_err *err)
{
    int byte;
    int rc = skip_mark(split, err);
    if (!rc && split->kind == MF_JSON_SPLIT_HAR) {
        split->place = MF_JSON_SPLIT_IN_ARRAY;
        return enter_har(split, err);
    }
    if (!rc)
        rc = peek_token(split, &byte, err);
    if (rc)
        return rc;
    split->place = byte == '[' ? MF_JSON_SPLIT_IN_ARRAY : MF_JSON_SPLIT_IN_ROW;
    if (byte == '[')
        step(split);
    return 0;
}

static int leave_array(struct mf_json_split *split, struct mf_err *err)
{
    int byte;
    step(split);
    split->place = MF_JSON_SPLIT_AFTER;
    int rc = split->kind == MF_JSON_SPLIT_HAR ? leave_har(split, err) : 0;
    if (!rc)
        rc = peek_token(split, &byte, err);
    if (!rc && byte != AT_END)
        return fail(split, err, "something follows the end");
    return rc;
}

/* To the next object: 1, or 0 at the end. */
static int approach(struct mf_json_split *split, struct mf_err *err)
{
    int byte;
    int rc = split->place == MF_JSON_SPLIT_BEFORE ? enter(split, err) : 0;
    if (!rc)
        rc = peek_token(split, &byte, err);
    if (rc)
        return rc;
    if (split->place == MF_JSON_SPLIT_IN_ROW && byte == AT_END)
        return 0;
    if (split->place == MF_JSON_SPLIT_IN_ARRAY && byte == ']')
        return leave_array(split, err);
    if (split->place == MF_JSON_SPLIT_IN_ARRAY && split->has_objects) {
        rc = expect(split, ',', "a comma or ] was expected", err);
        if (!rc)
            rc = peek_token(split, &byte, err);
    }
    if (!rc && byte != '{')
        return fail(split, err, "an object was expected");
    return rc ? rc : 1;
}

/* ---- one object ---- */

struct scan {
    size_t at;
    unsigned depth;
    size_t values;
    bool is_in_string;
    bool is_escaped;
};

/* Up to `len` or the end of the object; true: it ended before scan->at. */
static bool scan_on(struct scan *scan, const uint8_t *bytes, size_t len)
{
    while (scan->at < len) {
        uint8_t byte = bytes[scan->at++];
        if (scan->is_escaped) {
            scan->is_escaped = false;
        } else if (scan->is_in_string) {
            scan->is_escaped = byte == '\\';
            scan->is_in_string = byte != '"';
        } else if (byte == '"') {
            scan->is_in_string = true;
        } else if (byte == '{' || byte == '[') {
            scan->values++;
            if (++scan->depth > DEPTH_MAX)
                return true;
        } else if (byte == '}' || byte == ']') {
            if (--scan->depth == 0)
                return true;
        } else if (byte == ',' && ++scan->values > VALUES_MAX) {
            return true;
        }
    }
    return false;
}

static int find_end(struct mf_json_split *split, size_t *ret_len,
                    struct mf_err *err)
{
    struct mf_input *input = input_of(split);
    struct scan scan = {0};
    for (;;) {
        struct mf_err why;
        size_t len = mf_input_len(input);
        if (scan_on(&scan, mf_input_data(input), len))
            break;
        int rc = mf_input_see(input, len + 1, &why);
        if (rc)
            return mf_import_fail(split->from, err, rc, input->offset, "%s",
                                  why.text);
        if (mf_input_len(input) == len)
            return mf_import_fail(split->from, err, MF_ECORRUPT,
                                  input->offset + len,
                                  "the file ends inside of it");
    }
    if (scan.depth > DEPTH_MAX)
        return mf_import_fail(split->from, err, MF_ECORRUPT,
                              input->offset + scan.at, "nested too deep");
    if (scan.depth)
        return mf_import_fail(split->from, err, MF_ECORRUPT,
                              input->offset + scan.at,
                              "it has more than %d values", VALUES_MAX);
    *ret_len = scan.at;
    return 0;
}

int mf_json_split_next(struct mf_json_split *split, struct mf_span *ret_object,
                       struct mf_err *err)
{
    struct mf_input *input = input_of(split);
    size_t len = 0;
    if (split->place == MF_JSON_SPLIT_AFTER)
        return 0;
    int rc = approach(split, err);
    if (rc != 1)
        return rc;
    rc = find_end(split, &len, err);
    if (rc)
        return rc;
    split->has_objects = true;
    split->object_at = input->offset;
    *ret_object = (struct mf_span){(const char *)mf_input_data(input), len};
    mf_input_skip(input, len);
    return 1;
}

/* ---- parsing ---- */

/* The value of four hexadecimal digits; -1: they are none. */
static int hex4(const uint8_t *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = at[i], low = c | 0x20;
        int digit = c >= '0' && c <= '9'       ? c - '0'
                    : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Escapes of six bytes of which two make a character beyond 16 bits. */
enum { ESCAPE_LEN = 6 };
static bool is_half(int value, int from)
{
    return value >= from && value < from + 0x400;
}

/* The escape at `at`, of which `len` bytes are there; returns how many bytes
 * it has. */
static size_t mend_escape(uint8_t *at, size_t len)
{
    enum { HIGH = 0xd800, LOW = 0xdc00 };
    if (len < ESCAPE_LEN || at[1] != 'u')
        return len < 2 ? len : 2;
    int value = hex4(at + 2);
    if (is_half(value, HIGH) && len >= 2 * ESCAPE_LEN &&
        at[ESCAPE_LEN] == '\\' && at[ESCAPE_LEN + 1] == 'u' &&
        is_half(hex4(at + ESCAPE_LEN + 2), LOW))
        return 2 * ESCAPE_LEN;
    if (is_half(value, HIGH) || is_half(value, LOW))
        memcpy(at + 2, "fffd", 4);
    return 2;
}

static void mend_surrogates(uint8_t *text, size_t len)
{
    uint8_t *end = text + len;
    while (text < end && (text = memchr(text, '\\', (size_t)(end - text))))
        text += mend_escape(text, (size_t)(end - text));
}

json_t *mf_json_split_parse(struct mf_json_split *split, struct mf_span object,
                            struct mf_err *err)
{
    struct mf_input *input = input_of(split);
    json_error_t fault;
    /* It lies in the input's window, which is ours. */
    mend_surrogates(input->window.data + input->at - object.len, object.len);
    json_t *json = json_loadb(object.text, object.len, JSON_ALLOW_NUL, &fault);
    if (!json)
        mf_import_fail(split->from, err, MF_ECORRUPT,
                       split->object_at +
                           (uint64_t)(fault.position > 0 ? fault.position : 0),
                       "%s", fault.text);
    return json;
}
