/*
 * CBOR (RFC 8949), by the incremental parser of libcbor: it tells heads and
 * whole strings, and allocates nothing.
 */
#include <cbor.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "decode/cbor_tags.h"
#include "decode/decoders.h"
#include "decode/value.h"

enum { LEVELS_MAX = 48, KEY_MAX = 256, TYPE_MAX = 120 };

enum item_kind {
    ITEM_UNSIGNED,
    ITEM_NEGATIVE, /* -1 - number */
    ITEM_FLOAT,    /* of one or two bytes more than a half */
    ITEM_DOUBLE,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_CHUNKS, /* of a string of no definite length */
    ITEM_TEXT_CHUNKS,
    ITEM_LIST,
    ITEM_MAP,
    ITEM_TAG,
    ITEM_SIMPLE, /* `number` */
    ITEM_BREAK,
};

struct item {
    enum item_kind kind;
    uint64_t number; /* of a list or map how many items, or ENDLESS */
    double real;
    struct mf_span bytes;
};

#define ENDLESS UINT64_MAX

struct level {
    enum item_kind kind;
    uint64_t left; /* items; of a map keys and values */
    bool is_endless;
    uint64_t count; /* that came, where it is endless */
};

struct reader {
    struct mf_view *view;
    const char *data;
    const char *start; /* of the item, tags included */
    bool is_tagged;
    uint64_t tag; /* the innermost */
    char type[TYPE_MAX];
    size_t type_len;
    struct level levels[LEVELS_MAX + 1]; /* the first is not used */
    size_t depth;
    char key[KEY_MAX];
    size_t key_len;
    struct mf_buf chunks;
    struct item item;
};

/* libcbor's callbacks: each only says what came. */
#define GOT(user) (((struct reader *)(user))->item)

/* clang-format off */
#define ON_NUMBER(name, c_type, item_kind) \
    static void on_##name(void *user, c_type value) \
    { \
        GOT(user) = (struct item){.kind = item_kind, .number = value}; \
    }
ON_NUMBER(uint8, uint8_t, ITEM_UNSIGNED)
ON_NUMBER(uint16, uint16_t, ITEM_UNSIGNED)
ON_NUMBER(uint32, uint32_t, ITEM_UNSIGNED)
ON_NUMBER(uint64, uint64_t, ITEM_UNSIGNED)
ON_NUMBER(negint8, uint8_t, ITEM_NEGATIVE)
ON_NUMBER(negint16, uint16_t, ITEM_NEGATIVE)
ON_NUMBER(negint32, uint32_t, ITEM_NEGATIVE)
ON_NUMBER(negint64, uint64_t, ITEM_NEGATIVE)
ON_NUMBER(list, uint64_t, ITEM_LIST)
ON_NUMBER(map, uint64_t, ITEM_MAP)
ON_NUMBER(tag, uint64_t, ITEM_TAG)
ON_NUMBER(bool, bool, ITEM_SIMPLE)

#define ON_SIGN(name, item_kind, value) \
    static void on_##name(void *user) \
    { \
        GOT(user) = (struct item){.kind = item_kind, .number = value}; \
    }
ON_SIGN(endless_list, ITEM_LIST, ENDLESS)
ON_SIGN(endless_map, ITEM_MAP, ENDLESS)
ON_SIGN(chunks, ITEM_CHUNKS, 0)
ON_SIGN(text_chunks, ITEM_TEXT_CHUNKS, 0)
ON_SIGN(break, ITEM_BREAK, 0)
ON_SIGN(null, ITEM_SIMPLE, 22)
ON_SIGN(undefined, ITEM_SIMPLE, 23)
/* clang-format on */

static void on_float(void *user, float value)
{
    GOT(user) = (struct item){.kind = ITEM_FLOAT, .real = (double)value};
}

static void on_double(void *user, double value)
{
    GOT(user) = (struct item){.kind = ITEM_DOUBLE, .real = value};
}

static void on_bytes(void *user, cbor_data data, uint64_t len)
{
    GOT(user) =
        (struct item){.kind = ITEM_BYTES, .bytes = {(const char *)data, len}};
}

static void on_text(void *user, cbor_data data, uint64_t len)
{
    GOT(user) =
        (struct item){.kind = ITEM_TEXT, .bytes = {(const char *)data, len}};
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_chunks,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_text_chunks,
    .indef_array_start = on_endless_list,
    .array_start = on_list,
    .indef_map_start = on_endless_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

static bool is_key(const struct reader *reader)
{
    const struct level *level = &reader->levels[reader->depth];
    if (!reader->depth || level->kind != ITEM_MAP)
        return false;
    return level->is_endless ? level->count % 2 == 0 : level->left % 2 == 0;
}

static void take_key(struct reader *reader, struct mf_span text)
{
    text = mf_value_cut(text, KEY_MAX);
    if (text.len)
        memcpy(reader->key, text.text, text.len);
    reader->key_len = text.len;
}

static void name_node(const struct reader *reader, struct mf_node *node,
                      const char *end)
{
    node->name = (struct mf_span){reader->key, reader->key_len};
    node->type = (struct mf_span){reader->type, reader->type_len};
    node->offset = (uint64_t)(reader->start - reader->data);
    node->len = (uint64_t)(end - reader->start);
}

/* What is told is used up. */
static void forget(struct reader *reader)
{
    reader->key_len = 0;
    reader->type_len = 0;
    reader->is_tagged = false;
}

static void finish(struct reader *reader)
{
    forget(reader);
    while (reader->depth) {
        struct level *level = &reader->levels[reader->depth];
        level->count++;
        if (level->is_endless || --level->left)
            return;
        reader->depth--;
        mf_view_close(reader->view);
    }
}

static int tell(struct reader *reader, struct mf_node *node, const char *end)
{
    if (is_key(reader)) {
        struct mf_span key = node->text.len ? node->text : node->bytes;
        forget(reader);
        finish(reader);
        take_key(reader, key);
        return 0;
    }
    name_node(reader, node, end);
    int rc = mf_view_put(reader->view, node);
    finish(reader);
    return rc;
}

static int tell_number(struct reader *reader, struct mf_span text,
                       const char *end)
{
    struct mf_node node = {.kind = MF_NODE_NUMBER, .text = text};
    return tell(reader, &node, end);
}

static bool is_time(const struct reader *reader)
{
    return reader->is_tagged && reader->tag == MF_CBOR_EPOCH;
}

static int tell_time(struct reader *reader, double seconds, const char *end)
{
    char room[MF_VALUE_ROOM];
    struct mf_node node = {.kind = MF_NODE_TIME};
    if (!(seconds > -1e12 && seconds < 1e12))
        return tell_number(reader, mf_value_double(seconds, room), end);
    int64_t whole = (int64_t)seconds;
    if ((double)whole > seconds)
        whole--;
    uint32_t micros = (uint32_t)((seconds - (double)whole) * 1e6 + 0.5);
    if (micros == 1000000) {
        whole++;
        micros = 0;
    }
    node.text = mf_value_time(whole, micros * 1000, room);
    return tell(reader, &node, end);
}

static int tell_integer(struct reader *reader, const char *end)
{
    char room[MF_VALUE_ROOM + 1];
    const struct item *item = &reader->item;
    bool is_negative = item->kind == ITEM_NEGATIVE;
    if (is_time(reader))
        return tell_time(reader,
                         is_negative ? -1.0 - (double)item->number
                                     : (double)item->number,
                         end);
    if (!is_negative)
        return tell_number(reader, mf_value_unsigned(item->number, room), end);
    if (item->number == UINT64_MAX)
        return tell_number(reader, MF_SPAN("-18446744073709551616"), end);
    struct mf_span digits = mf_value_unsigned(item->number + 1, room + 1);
    room[0] = '-';
    return tell_number(reader, (struct mf_span){room, digits.len + 1}, end);
}

static int tell_real(struct reader *reader, const char *end)
{
    char room[MF_VALUE_ROOM];
    const struct item *item = &reader->item;
    if (is_time(reader))
        return tell_time(reader, item->real, end);
    if (item->kind == ITEM_FLOAT)
        return tell_number(reader, mf_value_float((float)item->real, room),
                           end);
    return tell_number(reader, mf_value_double(item->real, room), end);
}

static int tell_simple(struct reader *reader, const char *end)
{
    char room[MF_VALUE_ROOM];
    struct mf_node node = {.kind = MF_NODE_NULL};
    uint64_t number = reader->item.number;
    if (number <= 1) {
        node.kind = MF_NODE_BOOL;
        node.text = number ? MF_SPAN("true") : MF_SPAN("false");
    } else if (number == 22) {
        node.text = MF_SPAN("null");
    } else if (number == 23) {
        node.text = MF_SPAN("undefined");
    } else {
        node.kind = MF_NODE_ENUM;
        node.text = mf_value_unsigned(number - 100, room);
        node.also = MF_SPAN("a simple value");
    }
    return tell(reader, &node, end);
}

static int tell_string(struct reader *reader, bool is_text,
                       struct mf_span bytes, bool is_cut, const char *end)
{
    char room[MF_CBOR_ROOM];
    struct mf_node node = {.is_cut = is_cut};
    if (is_text) {
        node.kind = MF_NODE_TEXT;
        node.text = bytes;
        return tell(reader, &node, end);
    }
    node.kind = MF_NODE_BYTES;
    node.bytes = bytes;
    if (reader->is_tagged && !is_cut)
        mf_cbor_read_tagged(reader->tag, bytes, room, &node);
    return tell(reader, &node, end);
}

static int open_container(struct reader *reader, const char *end)
{
    const struct item *item = &reader->item;
    struct mf_node node = {
        .kind = item->kind == ITEM_MAP ? MF_NODE_GROUP : MF_NODE_LIST,
    };
    if (reader->depth == LEVELS_MAX)
        return MF_EUNSUPPORTED;
    name_node(reader, &node, end);
    if (is_key(reader) && !node.type.len)
        node.type = MF_SPAN("key");
    int rc = mf_view_open(reader->view, &node);
    if (rc != 0)
        return rc;
    forget(reader);
    if (item->number == 0) {
        mf_view_close(reader->view);
        finish(reader);
        return 0;
    }
    bool is_endless = item->number == ENDLESS;
    bool is_map = item->kind == ITEM_MAP;
    /* So many cannot come: the least of them has a byte. */
    uint64_t left =
        item->number > UINT64_MAX / 4 ? UINT64_MAX / 4 : item->number;
    reader->levels[++reader->depth] = (struct level){
        .kind = item->kind,
        .left = is_map ? left * 2 : left,
        .is_endless = is_endless,
    };
    return 0;
}

static void add_tag(struct reader *reader)
{
    char room[MF_VALUE_ROOM + 4];
    uint64_t tag = reader->item.number;
    const char *name = mf_cbor_tag_name(tag);
    if (!name) {
        memcpy(room, "tag ", 4);
        mf_value_unsigned(tag, room + 4);
        name = room;
    }
    size_t len = strlen(name), room_left = TYPE_MAX - reader->type_len;
    if (room_left > len + 2) {
        if (reader->type_len) {
            reader->type[reader->type_len++] = ',';
            reader->type[reader->type_len++] = ' ';
        }
        memcpy(reader->type + reader->type_len, name, len);
        reader->type_len += len;
    }
    reader->is_tagged = true;
    reader->tag = tag;
}

static bool is_in_chunks(const struct reader *reader)
{
    enum item_kind kind = reader->levels[reader->depth].kind;
    return reader->depth && (kind == ITEM_CHUNKS || kind == ITEM_TEXT_CHUNKS);
}

/* The level of a string's chunks has no node: the string is told whole. */
static int end_chunks(struct reader *reader, bool is_cut, const char *end)
{
    bool is_text = reader->levels[reader->depth].kind == ITEM_TEXT_CHUNKS;
    struct mf_span whole = {(const char *)reader->chunks.data,
                            reader->chunks.len};
    if (!whole.len)
        whole = MF_SPAN_NONE;
    reader->depth--;
    return tell_string(reader, is_text, whole, is_cut, end);
}

static int end_endless(struct reader *reader, const char *end)
{
    struct level *level = &reader->levels[reader->depth];
    if (is_in_chunks(reader))
        return end_chunks(reader, false, end);
    if (!reader->depth || !level->is_endless || reader->is_tagged ||
        (level->kind == ITEM_MAP && level->count % 2))
        return MF_ECORRUPT;
    reader->depth--;
    mf_view_close(reader->view);
    finish(reader);
    return 0;
}

static int begin_chunks(struct reader *reader)
{
    if (reader->depth == LEVELS_MAX)
        return MF_EUNSUPPORTED;
    mf_buf_clear(&reader->chunks);
    reader->levels[++reader->depth] =
        (struct level){.kind = reader->item.kind, .is_endless = true};
    return 0;
}

static int take_item(struct reader *reader, const char *end)
{
    const struct item *item = &reader->item;
    if (is_in_chunks(reader) && item->kind != ITEM_BREAK) {
        bool is_text = reader->levels[reader->depth].kind == ITEM_TEXT_CHUNKS;
        if (item->kind != (is_text ? ITEM_TEXT : ITEM_BYTES))
            return MF_ECORRUPT;
        return mf_buf_append(&reader->chunks, item->bytes.text,
                             item->bytes.len);
    }
    switch (item->kind) {
    case ITEM_UNSIGNED:
    case ITEM_NEGATIVE:
        return tell_integer(reader, end);
    case ITEM_FLOAT:
    case ITEM_DOUBLE:
        return tell_real(reader, end);
    case ITEM_BYTES:
    case ITEM_TEXT:
        return tell_string(reader, item->kind == ITEM_TEXT, item->bytes, false,
                           end);
    case ITEM_CHUNKS:
    case ITEM_TEXT_CHUNKS:
        return begin_chunks(reader);
    case ITEM_LIST:
    case ITEM_MAP:
        return open_container(reader, end);
    case ITEM_TAG:
        add_tag(reader);
        return 0;
    case ITEM_SIMPLE:
        return tell_simple(reader, end);
    case ITEM_BREAK:
        return end_endless(reader, end);
    }
    return 0;
}

/* Simple values that have no meaning yet, which libcbor does not read: of one
 * byte, or of two. Their numbers are from 100 here. */
static size_t read_simple(struct reader *reader, const char *at, size_t left)
{
    uint8_t head = (uint8_t)at[0];
    size_t len = head >= 0xe0 && head <= 0xf3 ? 1 : head == 0xf8 ? 2 : 0;
    if (len == 0 || len > left)
        return 0;
    unsigned number = len == 1 ? head & 31u : (uint8_t)at[1];
    if (len == 2 && number < 32)
        return 0;
    reader->item = (struct item){.kind = ITEM_SIMPLE, .number = number + 100};
    return len;
}

/* The head of a string whose end is missing: what came of it. */
static int tell_cut_string(struct reader *reader, const char *at,
                           const char *end)
{
    static const uint8_t lens[] = {1, 2, 4, 8};
    uint8_t head = (uint8_t)at[0];
    size_t head_len = (head & 31) < 24   ? 1
                      : (head & 31) < 28 ? 1 + lens[(head & 31) - 24]
                                         : 0;
    bool is_text = head >> 5 == 3;
    if ((!is_text && head >> 5 != 2) || !head_len ||
        (size_t)(end - at) <= head_len || is_key(reader))
        return 0;
    struct mf_span came = {at + head_len, (size_t)(end - at) - head_len};
    if (!is_in_chunks(reader))
        return tell_string(reader, is_text, came, true, end);
    return mf_buf_append(&reader->chunks, came.text, came.len);
}

static int tell_cut(struct reader *reader, const char *at, const char *end)
{
    size_t offset = (size_t)(end - reader->data);
    int rc = at < end ? tell_cut_string(reader, at, end) : 0;
    if (rc == 0 && is_in_chunks(reader))
        rc = end_chunks(reader, true, end);
    if (rc != 0)
        return rc;
    return mf_view_fault(reader->view, offset, "it breaks off here");
}

static int tell_fault(struct reader *reader, int error, const char *at)
{
    size_t offset = (size_t)(at - reader->data);
    if (error == MF_EUNSUPPORTED)
        return mf_view_fault(reader->view, offset,
                             "nested deeper than %d levels", LEVELS_MAX);
    return mf_view_fault(reader->view, offset,
                         "what begins with the byte 0x%02x is no item here",
                         (uint8_t)*at);
}

static int tell_all(struct reader *reader, const char *end)
{
    for (const char *at = reader->data; at < end;) {
        size_t left = (size_t)(end - at);
        if (!reader->is_tagged && !is_in_chunks(reader))
            reader->start = at;
        size_t len = read_simple(reader, at, left);
        if (len == 0) {
            struct cbor_decoder_result result =
                cbor_stream_decode((cbor_data)at, left, &callbacks, reader);
            if (result.status == CBOR_DECODER_NEDATA)
                return tell_cut(reader, at, end);
            if (result.status != CBOR_DECODER_FINISHED)
                return tell_fault(reader, MF_ECORRUPT, at);
            len = result.read;
        }
        int rc = take_item(reader, at + len);
        if (rc == MF_ECORRUPT || rc == MF_EUNSUPPORTED)
            return tell_fault(reader, rc, at);
        if (rc != 0)
            return rc;
        at += len;
    }
    return reader->depth || reader->is_tagged ? tell_cut(reader, end, end) : 0;
}

int mf_decode__cbor(struct mf_decoding *decoding)
{
    const struct mf_body *body = decoding->body;
    struct reader reader = {
        .view = decoding->view,
        .data = body->data.text,
        .start = body->data.text,
    };
    mf_buf_init(&reader.chunks, body->data.len);
    unsigned depth = decoding->view->depth;
    int rc = tell_all(&reader, body->data.text + body->data.len);
    while (decoding->view->depth > depth)
        mf_view_close(decoding->view);
    mf_buf_release(&reader.chunks);
    return rc;
}
