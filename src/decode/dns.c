/* Messages of DNS: over UDP, TCP and HTTPS (RFC 1035, section 4; RFC 2136;
 * RFC 8484). */
#include <string.h>

#include "base/error.h"
#include "codec/base64.h"
#include "codec/dns_name.h"
#include "decode/decoders.h"
#include "decode/dns_record.h"
#include "decode/url.h"
#include "decode/value.h"

enum { HEADER_LEN = 12, MESSAGE_MAX_LEN = 65535, SECTIONS = 4 };

struct message {
    struct mf_view *view;
    struct mf_span bytes;
    struct mf_cursor at;
    size_t base; /* where it is in the body */
    bool is_in_body;
    bool is_cut; /* by whoever kept it */
    unsigned opcode;
    struct mf_dns_text name; /* of the last question or record */
    size_t name_at;          /* where it is written out; SIZE_MAX: nowhere */
    struct mf_dns_data data;
};

static const struct {
    unsigned bit;
    const char *words;
} flags[] = {
    {0x0400, "authoritative"},     {0x0200, "truncated"},
    {0x0100, "recursion desired"}, {0x0080, "recursion available"},
    {0x0040, "reserved bit"},      {0x0020, "authentic data"},
    {0x0010, "checking disabled"},
};

static size_t offset(const struct message *message)
{
    return (size_t)((const char *)message->at.at - message->bytes.text);
}

static void place(const struct message *message, struct mf_node *node,
                  size_t at, size_t len)
{
    if (!message->is_in_body)
        return;
    node->offset = message->base + at;
    node->len = len;
}

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

/* Text that is put together in room that is enough for it. */
struct text {
    char room[160];
    size_t len;
};

static void add(struct text *text, const char *more)
{
    size_t len = strlen(more);
    if (len > sizeof text->room - text->len)
        len = sizeof text->room - text->len;
    memcpy(text->room + text->len, more, len);
    text->len += len;
}

static void add_number(struct text *text, unsigned number)
{
    char room[MF_VALUE_ROOM];
    add(text, mf_value_unsigned(number, room).text);
}

static struct mf_span text_span(const struct text *text)
{
    return (struct mf_span){text->room, text->len};
}

static int tell_number(struct message *message, enum mf_node_kind kind,
                       const char *name, unsigned number, const char *word)
{
    struct text digits;
    digits.len = 0; /* its room is not worth clearing */
    add_number(&digits, number);
    const struct mf_node node = {
        .kind = kind,
        .name = span(name),
        .text = word ? span(word) : text_span(&digits),
        .also = word ? text_span(&digits) : MF_SPAN_NONE,
    };
    return mf_view_put(message->view, &node);
}

static int tell_flags(struct message *message, unsigned bits)
{
    struct text text;
    text.len = 0;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (bits & flags[i].bit) {
            add(&text, text.len ? ", " : "");
            add(&text, flags[i].words);
        }
    return text.len ? mf_view_text(message->view, "flags", text_span(&text))
                    : 0;
}

static int tell_header(struct message *message, unsigned id, unsigned bits)
{
    bool is_response = bits & 0x8000;
    message->opcode = bits >> 11 & 15;
    int rc = tell_number(message, MF_NODE_NUMBER, "id", id, NULL);
    if (rc == 0)
        rc = mf_view_text(message->view, "message",
                          is_response ? MF_SPAN("response") : MF_SPAN("query"));
    if (rc == 0)
        rc = tell_number(message, MF_NODE_ENUM, "operation", message->opcode,
                         mf_dns_opcode_name(message->opcode));
    if (rc == 0 && (is_response || (bits & 15)))
        rc = tell_number(message, MF_NODE_ENUM, "status", bits & 15,
                         mf_dns_status_name(bits & 15));
    return rc == 0 ? tell_flags(message, bits) : rc;
}

/* What a section is called; updates (RFC 2136) have other ones. */
static const char *section_name(const struct message *message, int section)
{
    static const char *const names[] = {"questions", "answers", "authority",
                                        "additional"};
    static const char *const of_update[] = {"zone", "prerequisites", "updates",
                                            "additional"};
    enum { UPDATE = 5 };
    return message->opcode == UPDATE ? of_update[section] : names[section];
}

/* mDNS (RFC 6762) has a meaning of its own for the highest bit. */
static void add_class(struct text *text, unsigned number,
                      const char *of_high_bit)
{
    const char *name = mf_dns_class_name(number);
    bool is_high = !name && mf_dns_class_name(number & 0x7fff);
    if (is_high)
        name = mf_dns_class_name(number & 0x7fff);
    add(text, name ? name : "CLASS");
    if (!name)
        add_number(text, number);
    if (is_high)
        add(text, of_high_bit);
}

/* Where the pointer leads that comes next; SIZE_MAX: it is none. */
static size_t peek_pointer(const struct message *message)
{
    const uint8_t *at = message->at.at;
    bool is_pointer = mf_cursor_left(&message->at) >= 2 && at[0] >= 0xc0;
    return is_pointer ? (size_t)(at[0] & 0x3f) << 8 | at[1] : SIZE_MAX;
}

/* The name of a question or record, into `name`: mostly a pointer to the name
 * of what was before, which is read already. */
static struct mf_span read_name(struct message *message)
{
    struct mf_dns_text *name = &message->name;
    size_t to = peek_pointer(message);
    if (to != SIZE_MAX && to == message->name_at) {
        mf_cursor_bytes(&message->at, 2);
        return (struct mf_span){name->text, name->len};
    }
    message->name_at = to != SIZE_MAX ? to : offset(message);
    name->len = 0;
    int rc = mf_dns_put_name(&message->at, message->bytes, name);
    if (rc != 0) {
        message->name_at = SIZE_MAX;
        mf_cursor_fail(&message->at, rc);
    }
    return (struct mf_span){name->text, name->len};
}

/* 0, or the cursor's error is set, or what the view gave. */
static int tell_question(struct message *message)
{
    char type_room[MF_DNS_TYPE_ROOM];
    struct text text;
    text.len = 0;
    size_t start = offset(message);
    struct mf_span name = read_name(message);
    unsigned type = mf_cursor_be16(&message->at);
    unsigned class_ = mf_cursor_be16(&message->at);
    if (message->at.error && !name.len)
        return 0;
    struct mf_node node = {
        .kind = MF_NODE_ROW,
        .name = name,
        .is_cut = message->at.error,
    };
    if (!message->at.error) {
        node.type = mf_dns_type_text(mf_dns_type(type), type, type_room);
        add_class(&text, class_, ", answer wanted alone");
        node.text = text_span(&text);
    }
    place(message, &node, start, offset(message) - start);
    return mf_view_put(message->view, &node);
}

static int tell_field(struct message *message, const struct mf_dns_field *field)
{
    const struct mf_dns_data *data = &message->data;
    struct mf_node node = {
        .kind = field->kind,
        .name = mf_dns_data_piece(data, field->name),
        .text = mf_dns_data_piece(data, field->text),
        .also = mf_dns_data_piece(data, field->also),
    };
    place(message, &node, field->offset, field->len);
    return mf_view_put(message->view, &node);
}

static int tell_data_fault(struct message *message, int error)
{
    size_t at = message->base + (size_t)((const char *)message->data.at.at -
                                         message->bytes.text);
    size_t left = mf_cursor_left(&message->data.at);
    if (error == MF_ETRUNC)
        return mf_view_fault(message->view, at, "the data ends too early");
    if (error == MF_ECORRUPT)
        return mf_view_fault(message->view, at, "the data is malformed");
    if (error == MF_EFULL)
        return mf_view_fault(message->view, at, "the data is too long");
    if (left)
        return mf_view_fault(message->view, at,
                             "%zu bytes too many in the data", left);
    return 0;
}

/* A record of one field is a row, others are a group of their fields. */
static int tell_data(struct message *message, struct mf_node *node, int error)
{
    struct mf_dns_data *data = &message->data;
    bool is_row = data->count <= 1 && !error && mf_cursor_done(&data->at);
    if (is_row) {
        node->kind = MF_NODE_ROW;
        if (data->count)
            node->text = mf_dns_data_piece(data, data->fields[0].text);
        return mf_view_put(message->view, node);
    }
    node->kind = MF_NODE_GROUP;
    int rc = mf_dns_data_text(data, &node->text);
    if (rc != 0 && rc != MF_EFULL)
        return rc;
    rc = mf_view_open(message->view, node);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < data->count; i++)
        rc = tell_field(message, &data->fields[i]);
    if (rc == 0)
        rc = tell_data_fault(message, error);
    mf_view_close(message->view);
    return rc;
}

static int tell_record(struct message *message)
{
    enum { OPT = 41, FIXED_LEN = 10 };
    char type_room[MF_DNS_TYPE_ROOM];
    struct text also;
    also.len = 0;
    struct mf_dns_data *data = &message->data;
    size_t start = offset(message);
    struct mf_span name = read_name(message);
    const uint8_t *fixed = mf_cursor_bytes(&message->at, FIXED_LEN);
    if (!fixed)
        return 0;
    unsigned number = (unsigned)fixed[0] << 8 | fixed[1];
    const struct mf_dns_type *type = mf_dns_type(number);
    data->class_ = (unsigned)fixed[2] << 8 | fixed[3];
    data->ttl = (uint32_t)fixed[4] << 24 | (uint32_t)fixed[5] << 16 |
                (uint32_t)fixed[6] << 8 | fixed[7];
    size_t len = (size_t)fixed[8] << 8 | fixed[9];
    size_t left = mf_cursor_left(&message->at);
    const char *bytes = (const char *)message->at.at;
    if (!mf_cursor_bytes(&message->at, len))
        len = left; /* what came */
    int error = mf_dns_data_read(data, type, (struct mf_span){bytes, len});
    if (error == MF_ENOMEM)
        return error;
    struct mf_node node = {
        .name = name,
        .type = mf_dns_type_text(type, number, type_room),
        .is_cut = message->at.error,
    };
    if (number != OPT) {
        add_class(&also, data->class_, ", flush cache");
        add(&also, ", ");
        add_number(&also, data->ttl);
        add(&also, " s");
        node.also = text_span(&also);
    }
    size_t end = (size_t)(bytes + len - message->bytes.text);
    place(message, &node, start, end - start);
    return tell_data(message, &node, error);
}

static int tell_section(struct message *message, int section, unsigned count)
{
    struct text also;
    also.len = 0;
    add_number(&also, count);
    const struct mf_node node = {
        .kind = MF_NODE_GROUP,
        .name = span(section_name(message, section)),
        .also = text_span(&also),
    };
    int rc = mf_view_open(message->view, &node);
    if (rc != 0)
        return rc;
    unsigned told = 0;
    for (; rc == 0 && told < count && !message->at.error; told++)
        rc = section == 0 ? tell_question(message) : tell_record(message);
    int error = message->at.error;
    if (rc == 0 && error == MF_ETRUNC)
        rc = mf_view_fault(message->view, message->base + message->bytes.len,
                           "%s here, in number %u of %u",
                           message->is_cut ? "it was kept up to"
                                           : "the message breaks off",
                           told, count);
    else if (rc == 0 && error)
        rc = mf_view_fault(message->view, message->base + offset(message),
                           "a name is malformed, of number %u of %u", told,
                           count);
    mf_view_close(message->view);
    return rc;
}

static int tell_sections(struct message *message)
{
    unsigned counts[SECTIONS];
    unsigned id = mf_cursor_be16(&message->at);
    unsigned bits = mf_cursor_be16(&message->at);
    for (int i = 0; i < SECTIONS; i++)
        counts[i] = mf_cursor_be16(&message->at);
    if (message->at.error)
        return mf_view_fault(message->view, message->base,
                             "a DNS message has at least 12 bytes, this has "
                             "%zu",
                             message->bytes.len);
    int rc = tell_header(message, id, bits);
    for (int i = 0; rc == 0 && i < SECTIONS && !message->at.error; i++)
        if (counts[i])
            rc = tell_section(message, i, counts[i]);
    if (rc != 0 || message->at.error || mf_cursor_done(&message->at))
        return rc;
    struct mf_node rest = {
        .kind = MF_NODE_BYTES,
        .name = MF_SPAN("after the message"),
        .bytes = {(const char *)message->at.at, mf_cursor_left(&message->at)},
    };
    place(message, &rest, offset(message), rest.bytes.len);
    return mf_view_put(message->view, &rest);
}

static int tell_message(struct mf_view *view, struct mf_span bytes, size_t base,
                        bool is_in_body, bool is_cut)
{
    char name[MF_DNS_NAME_TEXT_MAX];
    struct message message = {
        .view = view,
        .bytes = bytes,
        .at = mf_cursor_make(bytes.text, bytes.len),
        .base = base,
        .is_in_body = is_in_body,
        .is_cut = is_cut,
        .name = {.text = name, .max = sizeof name},
        .name_at = SIZE_MAX,
    };
    mf_dns_data_init(&message.data, bytes);
    int rc = tell_sections(&message);
    mf_dns_data_release(&message.data);
    return rc;
}

/* True if the message has all that its header tells, and nothing else. */
static bool is_whole(struct mf_span bytes)
{
    struct mf_cursor at = mf_cursor_make(bytes.text, bytes.len);
    mf_cursor_be32(&at);
    unsigned questions = mf_cursor_be16(&at);
    unsigned records = mf_cursor_be16(&at);
    records += mf_cursor_be16(&at);
    records += mf_cursor_be16(&at);
    for (; questions && !at.error; questions--) {
        mf_dns_skip_name(&at);
        mf_cursor_be32(&at);
    }
    for (; records && !at.error; records--) {
        mf_dns_skip_name(&at);
        mf_cursor_bytes(&at, 8);
        mf_cursor_bytes(&at, mf_cursor_be16(&at));
    }
    return !at.error && mf_cursor_done(&at);
}

/* Over TCP a length comes before each message. What mitmproxy gives of DNS
 * flows has none, so that it is only believed where the bytes are no message
 * without it. */
static bool has_lengths(struct mf_span bytes)
{
    struct mf_cursor at = mf_cursor_make(bytes.text, bytes.len);
    size_t len = mf_cursor_be16(&at);
    size_t left = mf_cursor_left(&at);
    if (len < HEADER_LEN || len > left || is_whole(bytes))
        return false;
    return len == left || is_whole((struct mf_span){(const char *)at.at, len});
}

static int tell_frames(struct mf_view *view, const struct mf_body *body)
{
    struct mf_cursor at = mf_cursor_make(body->data.text, body->data.len);
    int rc = 0;
    for (uint64_t number = 1; rc == 0 && !mf_cursor_done(&at); number++) {
        size_t start = (size_t)((const char *)at.at - body->data.text);
        size_t len = mf_cursor_be16(&at);
        size_t left = mf_cursor_left(&at);
        size_t came = len < left ? len : left;
        struct mf_span bytes = {(const char *)at.at, came};
        if (at.error)
            return mf_view_fault(view, start, "a length breaks off");
        mf_cursor_bytes(&at, came);
        const struct mf_node frame = {
            .kind = MF_NODE_FRAME,
            .number = number,
            .offset = start,
            .len = came + 2,
            .is_cut = came < len,
        };
        rc = mf_view_open(view, &frame);
        if (rc != 0)
            return rc;
        rc = tell_message(view, bytes, start + 2, true, body->is_cut);
        mf_view_close(view);
    }
    return rc;
}

/* GET of DNS over HTTPS: base64url in the query. */
static int tell_query(struct mf_view *view, const struct mf_body *body)
{
    struct mf_span value;
    struct mf_buf bytes;
    if (!body->http || !mf_url_query(body->http->url, "dns", &value))
        return 0;
    mf_buf_init(&bytes, MESSAGE_MAX_LEN);
    int rc = mf_base64_decode(value.text, value.len, &bytes);
    if (rc == MF_ECORRUPT || rc == MF_EFULL)
        rc = mf_view_fault(view, 0, "what ?dns= has is not base64url");
    else if (rc == 0)
        rc = tell_message(view,
                          (struct mf_span){(const char *)bytes.data, bytes.len},
                          0, false, false);
    mf_buf_release(&bytes);
    return rc;
}

int mf_decode__dns(struct mf_decoding *decoding)
{
    const struct mf_body *body = decoding->body;
    struct mf_view *view = decoding->view;
    if (!body->data.len)
        return tell_query(view, body);
    if (body->is_dns && has_lengths(body->data))
        return tell_frames(view, body);
    struct mf_span bytes = body->data;
    if (bytes.len > MESSAGE_MAX_LEN) {
        int rc = mf_view_fault(view, MESSAGE_MAX_LEN,
                               "a DNS message has at most 65535 bytes, this "
                               "has %zu",
                               bytes.len);
        if (rc != 0)
            return rc;
        bytes.len = MESSAGE_MAX_LEN;
    }
    return tell_message(view, bytes, 0, true, body->is_cut);
}
