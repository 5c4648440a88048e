/*
 * Protobuf without a type: what a record may be is guessed from its bytes, as
 * protoscope does. Each byte string is looked at once a level: to be a message
 * it is enough that its own records are whole; whether what they hold are
 * messages is asked when these are told.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "decode/protobuf_impl.h"

/* ---- Looks ---- */

enum looks {
    LOOKS_BYTES,
    LOOKS_EMPTY,
    LOOKS_MESSAGE,
    LOOKS_TEXT,
    LOOKS_TEXT_OR_MESSAGE,
    LOOKS_VARINTS,
    LOOKS_DOUBLES,
    LOOKS_FLOATS,
};

enum { GROUPS_MAX = 16, PLAUSIBLE_NUMBER_MAX = 100000 };

/* All records are whole, and groups end as they begin. */
static bool is_message(const uint8_t *data, size_t len)
{
    struct mf_pb_reader reader = mf_pb_reader_make(data, len);
    struct mf_pb_record record;
    uint32_t groups[GROUPS_MAX];
    unsigned depth = 0;
    const char *why;
    while (mf_pb_next(&reader, &record, &why)) {
        if (record.missing || record.number > PLAUSIBLE_NUMBER_MAX)
            return false;
        if (record.wire == MF_PB_GROUP) {
            if (depth == GROUPS_MAX)
                return false;
            groups[depth++] = record.number;
        } else if (record.wire == MF_PB_GROUP_END) {
            if (depth == 0 || groups[--depth] != record.number)
                return false;
        }
    }
    return !why && depth == 0;
}

static bool is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

static bool is_text(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_control(data[i]))
            return false;
    return mf_utf8_valid(data, len);
}

/* Small numbers as their shortest varints, or negative ones: most bytes would
 * not be. */
static bool are_varints(const uint8_t *data, size_t len)
{
    enum { COUNT_MIN = 2, LEN_MAX = 3, NEGATIVE_LEN = 10 };
    size_t count = 0;
    for (size_t at = 0; at < len; count++) {
        uint64_t value;
        size_t step = mf_pb_varint(data + at, data + len, &value);
        if (step == 0 || (step > LEN_MAX && step != NEGATIVE_LEN) ||
            (step > 1 && data[at + step - 1] == 0))
            return false;
        at += step;
    }
    return count >= COUNT_MIN;
}

/* A magnitude that people measure in. */
static bool is_plausible(double value)
{
    double size = fabs(value);
    return value == 0 || (size > 1e-6 && size < 1e9);
}

static uint64_t read_fixed(const uint8_t *at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static double as_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float as_float(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static bool are_floats(const uint8_t *data, size_t len, size_t width)
{
    if (len % width || len < 2 * width)
        return false;
    for (size_t at = 0; at < len; at += width) {
        uint64_t bits = read_fixed(data + at, width);
        if (!is_plausible(width == 8 ? as_double(bits) : as_float(bits)))
            return false;
    }
    return true;
}

static enum looks look(const uint8_t *data, size_t len)
{
    enum { SHORT_LEN = 3 }; /* nearly every text of it could be a message */
    if (len == 0)
        return LOOKS_EMPTY;
    bool may_be_message = is_message(data, len);
    /* A message whose first field is a text begins with a line's end, which a
     * text hardly ever does. */
    if (may_be_message && data[0] == '\n')
        return LOOKS_MESSAGE;
    if (is_text(data, len))
        return may_be_message && len > SHORT_LEN ? LOOKS_TEXT_OR_MESSAGE
                                                 : LOOKS_TEXT;
    if (may_be_message)
        return LOOKS_MESSAGE;
    if (are_floats(data, len, sizeof(double)))
        return LOOKS_DOUBLES;
    if (are_floats(data, len, sizeof(float)))
        return LOOKS_FLOATS;
    return are_varints(data, len) ? LOOKS_VARINTS : LOOKS_BYTES;
}

static bool is_word(const struct mf_pb_record *record)
{
    enum { WORD_MIN = 4 };
    return record->wire == MF_PB_LEN && record->len >= WORD_MIN &&
           is_text(record->data, record->len);
}

bool mf_protobuf_is_likely(const uint8_t *data, size_t len)
{
    enum { NUMBER_MAX = 1000, LEN_MIN = 8, LEN_MAX = 1 << 20 };
    struct mf_pb_reader reader = mf_pb_reader_make(data, len);
    struct mf_pb_record record, inner;
    const char *why;
    bool has_word = false;
    if (len < LEN_MIN || len > LEN_MAX || !is_message(data, len))
        return false;
    while (mf_pb_next(&reader, &record, &why)) {
        if (record.number > NUMBER_MAX)
            return false;
        has_word = has_word || is_word(&record);
        if (has_word || record.wire != MF_PB_LEN)
            continue;
        struct mf_pb_reader in = mf_pb_reader_make(record.data, record.len);
        if (is_message(record.data, record.len))
            while (!has_word && mf_pb_next(&in, &inner, &why))
                has_word = is_word(&inner);
    }
    return has_word;
}

/* ---- Numbers ---- */

/* Other readings, put together as "a, b". */
struct also {
    char text[96];
    size_t len;
};

static void add_text(struct also *also, const char *name, const char *text,
                     size_t len)
{
    size_t name_len = strlen(name);
    if (also->len + name_len + len + 2 > sizeof also->text)
        return;
    if (also->len) {
        memcpy(also->text + also->len, ", ", 2);
        also->len += 2;
    }
    memcpy(also->text + also->len, name, name_len);
    also->len += name_len;
    if (len)
        memcpy(also->text + also->len, text, len);
    also->len += len;
}

static void add_signed(struct also *also, const char *name, int64_t value)
{
    char digits[MF_NUMBER_TEXT_CAP];
    add_text(also, name, digits, mf_print_i64(value, digits));
}

static void add_unsigned(struct also *also, const char *name, uint64_t value)
{
    char digits[MF_NUMBER_TEXT_CAP];
    add_text(also, name, digits, mf_print_u64(value, digits));
}

static void add_float(struct also *also, const char *name, double value,
                      bool is_wide)
{
    char digits[MF_NUMBER_TEXT_CAP];
    const double least = 1e-100, most = 1e100; /* beyond it is none */
    double size = fabs(value);
    if (value == 0 || (size > least && size < most))
        add_text(also, name, digits,
                 is_wide ? mf_print_double(value, digits)
                         : mf_print_float((float)value, digits));
}

/* A negative number takes ten bytes as a varint, so a large one is that. */
static void read_varint(uint64_t value, struct also *also)
{
    if (value <= 1)
        add_text(also, value ? "bool true" : "bool false", "", 0);
    if (value)
        add_signed(also, "sint ",
                   (int64_t)(value >> 1) ^ -(int64_t)(value & 1));
    if (value > INT64_MAX)
        add_unsigned(also, "uint64 ", value);
}

/* Integers of fixed width are mostly small, and then no plausible fractions:
 * what is one is told first. */
static size_t read_fixed_width(uint64_t value, bool is_wide,
                               char digits[MF_NUMBER_TEXT_CAP],
                               struct also *also)
{
    static const char *const wide[] = {"double ", "fixed64 ", "sfixed64 "};
    static const char *const narrow[] = {"float ", "fixed32 ", "sfixed32 "};
    const char *const *names = is_wide ? wide : narrow;
    double fraction = is_wide ? as_double(value) : as_float(value);
    int64_t integer = is_wide ? (int64_t)value : (int32_t)(uint32_t)value;
    size_t len;
    if (value && is_plausible(fraction)) {
        len = is_wide ? mf_print_double(fraction, digits)
                      : mf_print_float((float)fraction, digits);
        add_unsigned(also, names[1], value);
    } else {
        len = mf_print_u64(value, digits);
        add_float(also, names[0], fraction, is_wide);
    }
    if (integer < 0)
        add_signed(also, names[2], integer);
    return len;
}

static int put_number(const struct mf_protobuf *pb,
                      const struct mf_pb_record *record, struct mf_node *node)
{
    char digits[MF_NUMBER_TEXT_CAP];
    struct also also = {.len = 0};
    bool is_wide = record->wire == MF_PB_FIXED64;
    node->kind = MF_NODE_NUMBER;
    node->text.text = digits;
    if (record->wire == MF_PB_VARINT) {
        node->type = MF_SPAN("varint");
        node->text.len = mf_print_i64((int64_t)record->value, digits);
        read_varint(record->value, &also);
    } else {
        node->type = is_wide ? MF_SPAN("fixed64") : MF_SPAN("fixed32");
        node->text.len =
            read_fixed_width(record->value, is_wide, digits, &also);
    }
    node->also = (struct mf_span){also.text, also.len};
    return mf_view_put(pb->view, node);
}

/* ---- Byte strings ---- */

static int put_item(const struct mf_protobuf *pb, enum looks looks,
                    const uint8_t *at, size_t len)
{
    char digits[MF_NUMBER_TEXT_CAP];
    uint64_t value = 0;
    struct mf_node node = {.kind = MF_NODE_NUMBER, .is_guess = true};
    mf_protobuf__place(pb, at, at + len, &node);
    if (looks == LOOKS_VARINTS) {
        mf_pb_varint(at, at + len, &value);
        node.text.len = mf_print_i64((int64_t)value, digits);
    } else {
        value = read_fixed(at, len);
        node.text.len = looks == LOOKS_DOUBLES
                            ? mf_print_double(as_double(value), digits)
                            : mf_print_float(as_float(value), digits);
    }
    node.text.text = digits;
    return mf_view_put(pb->view, &node);
}

static int put_list(const struct mf_protobuf *pb, enum looks looks,
                    const struct mf_pb_record *record, struct mf_node *node)
{
    const uint8_t *at = record->data, *end = at + record->len;
    uint64_t value;
    node->kind = MF_NODE_LIST;
    node->type = looks == LOOKS_VARINTS   ? MF_SPAN("packed varints")
                 : looks == LOOKS_DOUBLES ? MF_SPAN("packed doubles")
                                          : MF_SPAN("packed floats");
    int rc = mf_view_open(pb->view, node);
    if (rc)
        return rc;
    while (!rc && at < end) {
        size_t len = looks == LOOKS_VARINTS   ? mf_pb_varint(at, end, &value)
                     : looks == LOOKS_DOUBLES ? sizeof(double)
                                              : sizeof(float);
        rc = put_item(pb, looks, at, len);
        at += len;
    }
    mf_view_close(pb->view);
    return rc;
}

static int put_group(const struct mf_protobuf *pb, struct mf_pb_reader *reader,
                     uint32_t group, struct mf_node *node)
{
    node->kind = MF_NODE_GROUP;
    int rc = mf_view_open(pb->view, node);
    if (rc)
        return rc;
    rc = mf_protobuf__put_records(pb, NULL, reader, group);
    mf_view_close(pb->view);
    return rc;
}

static int put_bytes(const struct mf_protobuf *pb,
                     const struct mf_pb_record *record, struct mf_node *node)
{
    struct mf_span data = {(const char *)record->data, record->len};
    struct mf_pb_reader inner = mf_pb_reader_make(record->data, record->len);
    enum looks looks = look(record->data, record->len);
    /* What is cut may well be a message that is cut. */
    if (record->missing && looks == LOOKS_BYTES && record->len > 0)
        looks = LOOKS_MESSAGE;
    if (looks > LOOKS_EMPTY && looks != LOOKS_TEXT &&
        looks != LOOKS_TEXT_OR_MESSAGE && mf_protobuf__is_deep(pb)) {
        node->also = MF_SPAN("nested too deep to be shown");
        looks = LOOKS_BYTES;
    }
    node->is_guess = looks != LOOKS_BYTES;
    switch (looks) {
    case LOOKS_BYTES:
        node->kind = MF_NODE_BYTES;
        node->type = MF_SPAN("bytes");
        node->bytes = data;
        return mf_view_put(pb->view, node);
    case LOOKS_MESSAGE:
        node->type = MF_SPAN("message");
        return put_group(pb, &inner, 0, node);
    case LOOKS_VARINTS:
    case LOOKS_DOUBLES:
    case LOOKS_FLOATS:
        return put_list(pb, looks, record, node);
    default:
        node->kind = MF_NODE_TEXT;
        node->type = MF_SPAN("string");
        node->text = data;
        if (looks == LOOKS_EMPTY)
            node->also = MF_SPAN("an empty message");
        else if (looks == LOOKS_TEXT_OR_MESSAGE)
            node->also = MF_SPAN("its bytes could be a message");
        return mf_view_put(pb->view, node);
    }
}

/* ---- A record ---- */

int mf_protobuf__put_raw(const struct mf_protobuf *pb,
                         struct mf_pb_reader *reader,
                         const struct mf_pb_record *record)
{
    struct mf_node node = {
        .number = record->number,
        .is_cut = record->missing > 0,
    };
    mf_protobuf__place(pb, record->start, reader->at, &node);
    if (record->wire == MF_PB_LEN)
        return put_bytes(pb, record, &node);
    if (record->wire != MF_PB_GROUP)
        return put_number(pb, record, &node);
    node.type = MF_SPAN("group");
    return put_group(pb, reader, record->number, &node);
}
