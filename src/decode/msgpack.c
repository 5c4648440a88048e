/*
 * MessagePack, by the incremental parser of msgpack-c: its template is given
 * callbacks of its own here, so that nothing is allocated by what lengths
 * promise, and what came of cut bytes is told.
 */
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "decode/decoders.h"
#include "decode/value.h"

enum { LEVELS_MAX = 48, KEY_MAX = 256, STOP = -100 };

struct level {
    bool is_map;
    uint64_t left; /* items; of a map keys and values */
};

struct reader {
    struct mf_view *view;
    const char *data;
    const char *item;                    /* where the next item begins */
    struct level levels[LEVELS_MAX + 1]; /* the first is not used */
    size_t depth;
    char key[KEY_MAX]; /* of the next value */
    size_t key_len;
    int rc; /* of the view */
    bool is_too_deep;
};

static bool is_key(const struct reader *reader)
{
    const struct level *level = &reader->levels[reader->depth];
    return reader->depth && level->is_map && level->left % 2 == 0;
}

static void take_key(struct reader *reader, struct mf_span text)
{
    text = mf_value_cut(text, KEY_MAX);
    if (text.len)
        memcpy(reader->key, text.text, text.len);
    reader->key_len = text.len;
}

static int put(struct reader *reader, struct mf_node *node, const char *end)
{
    node->name = (struct mf_span){reader->key, reader->key_len};
    node->offset = (uint64_t)(reader->item - reader->data);
    node->len = (uint64_t)(end - reader->item);
    reader->rc = mf_view_put(reader->view, node);
    reader->key_len = 0;
    return reader->rc;
}

/* An item ends at `end`, and with it whatever it is the last item of. */
static void finish(struct reader *reader, const char *end)
{
    reader->item = end;
    while (reader->depth && --reader->levels[reader->depth].left == 0) {
        reader->depth--;
        mf_view_close(reader->view);
    }
}

static int tell(struct reader *reader, struct mf_node *node, const char *end)
{
    if (is_key(reader))
        take_key(reader, node->text.len ? node->text : node->bytes);
    else if (put(reader, node, end) != 0)
        return STOP;
    finish(reader, end);
    return 0;
}

/* Where a number, nil or the head of a list that begins at `item` ends; the
 * parser tells values only. */
static const char *end_of_head(const char *item)
{
    static const uint8_t lens[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};
    uint8_t head = (uint8_t)*item;
    if (head >= 0xca && head <= 0xd3)
        return item + 1 + lens[head - 0xca];
    if (head >= 0xdc && head <= 0xdf)
        return item + 1 + (head & 1 ? 4 : 2);
    return item + 1;
}

static int tell_scalar(struct reader *reader, enum mf_node_kind kind,
                       struct mf_span text, const char *type)
{
    struct mf_node node = {
        .kind = kind,
        .text = text,
        .type = {type, strlen(type)},
    };
    return tell(reader, &node, end_of_head(reader->item));
}

static int tell_signed(struct reader *reader, int64_t value)
{
    char room[MF_VALUE_ROOM];
    return tell_scalar(reader, MF_NODE_NUMBER, mf_value_signed(value, room),
                       "");
}

static int tell_unsigned(struct reader *reader, uint64_t value)
{
    char room[MF_VALUE_ROOM];
    return tell_scalar(reader, MF_NODE_NUMBER, mf_value_unsigned(value, room),
                       "");
}

static int open_container(struct reader *reader, bool is_map, unsigned count)
{
    const char *end = end_of_head(reader->item);
    struct mf_node node = {
        .kind = is_map ? MF_NODE_GROUP : MF_NODE_LIST,
        .name = {reader->key, reader->key_len},
        .type = is_key(reader) ? MF_SPAN("key") : MF_SPAN_NONE,
        .offset = (uint64_t)(reader->item - reader->data),
        .len = (uint64_t)(end - reader->item),
    };
    if (reader->depth == LEVELS_MAX) {
        reader->is_too_deep = true;
        return STOP;
    }
    reader->rc = mf_view_open(reader->view, &node);
    if (reader->rc != 0)
        return STOP;
    reader->key_len = 0;
    reader->item = end;
    if (count == 0) {
        mf_view_close(reader->view);
        finish(reader, end);
        return 0;
    }
    reader->levels[++reader->depth] = (struct level){
        .is_map = is_map,
        .left = is_map ? (uint64_t)count * 2 : count,
    };
    return 0;
}

/* Type -1 is a moment, of three sizes. */
static bool tell_timestamp(struct mf_span data, struct mf_node *node,
                           char room[MF_VALUE_ROOM])
{
    struct mf_cursor at = mf_cursor_make(data.text, data.len);
    uint64_t seconds, nanoseconds = 0;
    if (data.len == 4) {
        seconds = mf_cursor_be32(&at);
    } else if (data.len == 8) {
        uint64_t both = (uint64_t)mf_cursor_be32(&at) << 32;
        both |= mf_cursor_be32(&at);
        seconds = both & ((UINT64_C(1) << 34) - 1);
        nanoseconds = both >> 34;
    } else if (data.len == 12) {
        nanoseconds = mf_cursor_be32(&at);
        seconds = (uint64_t)mf_cursor_be32(&at) << 32;
        seconds |= mf_cursor_be32(&at);
    } else {
        return false;
    }
    if (nanoseconds > 999999999)
        return false;
    node->kind = MF_NODE_TIME;
    node->text = mf_value_time((int64_t)seconds, (uint32_t)nanoseconds, room);
    return true;
}

static int tell_extension(struct reader *reader, struct mf_span data,
                          const char *end)
{
    char room[MF_VALUE_ROOM], type_room[MF_VALUE_ROOM + 4];
    int type = (int8_t)data.text[0];
    struct mf_node node = {.kind = MF_NODE_BYTES};
    struct mf_span digits = mf_value_signed(type, type_room + 4);
    memcpy(type_room, "ext ", 4);
    node.type = (struct mf_span){type_room, digits.len + 4};
    data.text++;
    data.len--;
    if (type == -1 && tell_timestamp(data, &node, room))
        node.type = MF_SPAN("timestamp");
    else
        node.bytes = data;
    return tell(reader, &node, end);
}

static int tell_bytes(struct reader *reader, struct mf_span data, bool is_text,
                      bool is_cut)
{
    struct mf_node node = {.is_cut = is_cut};
    node.kind = is_text ? MF_NODE_TEXT : MF_NODE_BYTES;
    *(is_text ? &node.text : &node.bytes) = data;
    return tell(reader, &node, data.text + data.len);
}

/* The template's callbacks. What it passes on between them is not used. */
#define MSGPACK_EMBED_STACK_SIZE 64
#include <msgpack/unpack.h>
#include <msgpack/unpack_define.h>

#define msgpack_unpack_struct(name) struct template##name
#define msgpack_unpack_func(ret, name) \
    static __attribute__((unused)) ret template##name
#define msgpack_unpack_callback(name) on##name
#define msgpack_unpack_object char
#define msgpack_unpack_user struct reader *

/* clang-format off */
#define NUMBER(name, c_type, told) \
    static int on##name(struct reader **user, c_type value, char *object) \
    { \
        *object = 0; \
        return told(*user, value); \
    }
NUMBER(_uint8, uint8_t, tell_unsigned)
NUMBER(_uint16, uint16_t, tell_unsigned)
NUMBER(_uint32, uint32_t, tell_unsigned)
NUMBER(_uint64, uint64_t, tell_unsigned)
NUMBER(_int8, int8_t, tell_signed)
NUMBER(_int16, int16_t, tell_signed)
NUMBER(_int32, int32_t, tell_signed)
NUMBER(_int64, int64_t, tell_signed)
/* clang-format on */

static int on_float(struct reader **user, float value, char *object)
{
    char room[MF_VALUE_ROOM];
    *object = 0;
    return tell_scalar(*user, MF_NODE_NUMBER, mf_value_float(value, room),
                       "float");
}

static int on_double(struct reader **user, double value, char *object)
{
    char room[MF_VALUE_ROOM];
    *object = 0;
    return tell_scalar(*user, MF_NODE_NUMBER, mf_value_double(value, room), "");
}

static int on_nil(struct reader **user, char *object)
{
    *object = 0;
    return tell_scalar(*user, MF_NODE_NULL, MF_SPAN("null"), "");
}

static int on_true(struct reader **user, char *object)
{
    *object = 0;
    return tell_scalar(*user, MF_NODE_BOOL, MF_SPAN("true"), "");
}

static int on_false(struct reader **user, char *object)
{
    *object = 0;
    return tell_scalar(*user, MF_NODE_BOOL, MF_SPAN("false"), "");
}

static int on_array(struct reader **user, unsigned count, char *object)
{
    *object = 0;
    return open_container(*user, false, count);
}

static int on_map(struct reader **user, unsigned count, char *object)
{
    *object = 0;
    return open_container(*user, true, count);
}

static int on_array_item(struct reader **user, char *list, char item)
{
    (void)user, (void)list, (void)item;
    return 0;
}

static int on_map_item(struct reader **user, char *map, char key, char value)
{
    (void)user, (void)map, (void)key, (void)value;
    return 0;
}

/* Of length 0 the template gives no place. */
static struct mf_span span_of(const struct reader *reader, const char *text,
                              unsigned len)
{
    if (len)
        return (struct mf_span){text, len};
    uint8_t head = (uint8_t)*reader->item;
    size_t head_len = head == 0xc4 || head == 0xd9   ? 2
                      : head == 0xc5 || head == 0xda ? 3
                      : head == 0xc6 || head == 0xdb ? 5
                                                     : 1;
    return (struct mf_span){reader->item + head_len, 0};
}

static int on_str(struct reader **user, const char *data, const char *text,
                  unsigned len, char *object)
{
    (void)data;
    *object = 0;
    return tell_bytes(*user, span_of(*user, text, len), true, false);
}

static int on_bin(struct reader **user, const char *data, const char *bytes,
                  unsigned len, char *object)
{
    (void)data;
    *object = 0;
    return tell_bytes(*user, span_of(*user, bytes, len), false, false);
}

static int on_ext(struct reader **user, const char *data, const char *bytes,
                  unsigned len, char *object)
{
    (void)data;
    *object = 0;
    if (len == 0) /* its length was 2^32 - 1, and the type makes one more */
        return MF_ECORRUPT;
    return tell_extension(*user, (struct mf_span){bytes, len}, bytes + len);
}

static char on_root(struct reader **user)
{
    (void)user;
    return 0;
}

#include <msgpack/unpack_template.h>

static bool is_text_head(uint8_t head)
{
    return (head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb);
}

/* Text or bytes that are not whole: what came of them. */
static int tell_cut(struct reader *reader, size_t at, size_t end,
                    const struct template_context *context)
{
    bool is_long = context->cs == MSGPACK_ACS_STR_VALUE ||
                   context->cs == MSGPACK_ACS_BIN_VALUE ||
                   context->cs == MSGPACK_ACS_EXT_VALUE;
    if (is_long && !is_key(reader)) {
        struct mf_span came = {reader->data + at, end - at};
        bool is_text = is_text_head((uint8_t)*reader->item);
        struct mf_node node = {.is_cut = true};
        node.kind = is_text ? MF_NODE_TEXT : MF_NODE_BYTES;
        *(is_text ? &node.text : &node.bytes) = came;
        if (put(reader, &node, reader->data + end) != 0)
            return reader->rc;
    }
    uint64_t left = 0;
    for (size_t i = 1; i <= reader->depth; i++)
        left += reader->levels[i].left;
    if (is_long)
        return mf_view_fault(reader->view, end,
                             "it breaks off: %u bytes were to come here, and "
                             "%zu came",
                             context->trail, end - at);
    return mf_view_fault(reader->view, end,
                         "it breaks off: %llu more items were to come",
                         (unsigned long long)(left ? left : 1));
}

static int tell_all(struct reader *reader, size_t len)
{
    struct template_context context;
    size_t at = 0;
    while (at < len) {
        context.user = reader;
        template_init(&context);
        reader->item = reader->data + at;
        int got = template_execute(&context, reader->data, len, &at);
        if (reader->rc != 0)
            return reader->rc;
        if (got == 0)
            return tell_cut(reader, at, len, &context);
        size_t item = (size_t)(reader->item - reader->data);
        if (reader->is_too_deep)
            return mf_view_fault(reader->view, item,
                                 "nested deeper than %d levels", LEVELS_MAX);
        if (got < 0)
            return mf_view_fault(reader->view, item,
                                 "what begins with the byte 0x%02x is no item",
                                 (uint8_t)reader->data[item]);
    }
    return 0;
}

int mf_decode__msgpack(struct mf_decoding *decoding)
{
    struct reader reader = {
        .view = decoding->view,
        .data = decoding->body->data.text,
    };
    int rc = tell_all(&reader, decoding->body->data.len);
    while (reader.depth--)
        mf_view_close(reader.view);
    return rc;
}
