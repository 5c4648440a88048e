/*
 * multipart/form-data and its like (RFC 2046, section 5.1; RFC 7578): each
 * part is a body itself.
 */
#include <string.h>

#include "codec/base64.h"
#include "codec/params.h"
#include "codec/percent.h"
#include "decode/decoders.h"
#include "decode/inner.h"
#include "decode/quoted.h"

enum { BOUNDARY_MAX_LEN = 256, NAME_MAX_LEN = 4096, HEAD_MAX_LEN = 64 << 10 };

struct reader {
    struct mf_decoding *decoding;
    struct mf_span data;
    struct mf_buf boundary; /* with the "--" before it */
    uint64_t number;        /* of the part */
};

/* What a part's head says of it. */
struct head {
    struct mf_span type;
    struct mf_span disposition;
    struct mf_span encoding;
    struct mf_span id;
    size_t len;    /* with the empty line */
    bool is_whole; /* that line is there */
};

/* The delimiter that comes next: at the start of a line. */
struct delimiter {
    size_t content_end; /* what is before it ends here, without the line end */
    size_t at;          /* where its line begins */
    size_t next;        /* behind its line */
    bool is_last;
};

static bool starts_at(struct mf_span data, size_t at, struct mf_span text)
{
    return at <= data.len && data.len - at >= text.len &&
           memcmp(data.text + at, text.text, text.len) == 0;
}

/* A whole line at `at`: the boundary, perhaps "--", and white space. */
static bool is_delimiter(const struct reader *reader, size_t at,
                         struct delimiter *ret)
{
    struct mf_span data = reader->data;
    const struct mf_span boundary = {(const char *)reader->boundary.data,
                                     reader->boundary.len};
    if (!starts_at(data, at, boundary))
        return false;
    size_t end = at + boundary.len;
    ret->is_last = starts_at(data, end, MF_SPAN("--"));
    end += ret->is_last ? 2 : 0;
    while (end < data.len && (data.text[end] == ' ' || data.text[end] == '\t'))
        end++;
    if (starts_at(data, end, MF_SPAN("\r\n")))
        end += 2;
    else if (starts_at(data, end, MF_SPAN("\n")))
        end++;
    else if (end != data.len)
        return false;
    ret->at = at;
    ret->next = end;
    ret->content_end = at;
    if (at > 0 && data.text[at - 1] == '\n')
        ret->content_end =
            at > 1 && data.text[at - 2] == '\r' ? at - 2 : at - 1;
    return true;
}

/* The next from `from` on. False: the data ends first. */
static bool find_delimiter(const struct reader *reader, size_t from,
                           struct delimiter *ret)
{
    struct mf_span data = reader->data;
    size_t at = from;
    while (at < data.len) {
        const char *found = memmem(data.text + at, data.len - at,
                                   reader->boundary.data, reader->boundary.len);
        if (!found)
            return false;
        at = (size_t)(found - data.text);
        if ((at == from || data.text[at - 1] == '\n') &&
            is_delimiter(reader, at, ret)) {
            if (ret->content_end < from)
                ret->content_end = from;
            return true;
        }
        /* A delimiter begins a line: go on at the next. */
        const char *line_end = memchr(found, '\n', data.len - at);
        if (!line_end)
            return false;
        at = (size_t)(line_end - data.text) + 1;
    }
    return false;
}

/* The line at *at without its end, folded ones one by one. */
static struct mf_span next_line(struct mf_span part, size_t *at)
{
    const char *from = part.text + *at;
    const char *end = memchr(from, '\n', part.len - *at);
    size_t len = end ? (size_t)(end - from) : part.len - *at;
    *at += end ? len + 1 : len;
    if (len && from[len - 1] == '\r')
        len--;
    return (struct mf_span){from, len};
}

/* A line of a head; a field without a value has an empty one. */
static void split_field(struct mf_span line, struct mf_span *ret_name,
                        struct mf_span *ret_value)
{
    const char *colon = memchr(line.text, ':', line.len);
    size_t len = colon ? (size_t)(colon - line.text) : line.len;
    *ret_name = mf_span_trim((struct mf_span){line.text, len});
    *ret_value =
        colon ? mf_span_trim((struct mf_span){colon + 1, line.len - len - 1})
              : MF_SPAN_NONE;
}

static void keep_field(struct head *head, struct mf_span name,
                       struct mf_span value)
{
    if (mf_span_is(name, "content-type"))
        head->type = value;
    else if (mf_span_is(name, "content-disposition"))
        head->disposition = value;
    else if (mf_span_is(name, "content-transfer-encoding"))
        head->encoding = value;
    else if (mf_span_is(name, "content-id"))
        head->id = value;
}

static struct head read_head(struct mf_span part)
{
    struct head head = {.type = MF_SPAN_NONE,
                        .disposition = MF_SPAN_NONE,
                        .encoding = MF_SPAN_NONE,
                        .id = MF_SPAN_NONE};
    while (!head.is_whole && head.len < part.len && head.len < HEAD_MAX_LEN) {
        struct mf_span name, value;
        struct mf_span line = next_line(part, &head.len);
        head.is_whole = line.len == 0;
        split_field(line, &name, &value);
        keep_field(&head, name, value);
    }
    return head;
}

static int put_head(struct reader *reader, struct mf_span head)
{
    int rc = 0;
    for (size_t at = 0; !rc && at < head.len;) {
        struct mf_span line = next_line(head, &at);
        struct mf_node row = {
            .kind = MF_NODE_ROW,
            .offset = (uint64_t)(line.text - reader->data.text),
            .len = line.len,
        };
        split_field(line, &row.name, &row.text);
        if (line.len)
            rc = mf_decode__put(reader->decoding->view, &row);
    }
    return rc;
}

/* filename*=utf-8''a%20b (RFC 8187), else filename="a b"; `made` has it if it
 * is not in the field as it is. */
static int read_param(struct mf_span field, const char *extended,
                      const char *plain, struct mf_buf *made,
                      struct mf_span *ret_text)
{
    struct mf_param param;
    bool has_star = field.len && memchr(field.text, '*', field.len);
    int rc = 0;
    *ret_text = MF_SPAN_NONE;
    if (has_star && mf_params_find(field, extended, &param)) {
        struct mf_span value = param.value;
        for (int quotes = 0; quotes < 2 && value.len; value.text++, value.len--)
            quotes += *value.text == '\'';
        rc = mf_percent_decode(value.text, value.len, false, made);
    } else if (!mf_params_find(field, plain, &param) || !param.value.len) {
        return 0;
    } else if (memchr(param.value.text, '\\', param.value.len)) {
        rc = mf_param_append(&param, made);
    } else {
        *ret_text = param.value;
        if (ret_text->len > NAME_MAX_LEN)
            ret_text->len = NAME_MAX_LEN;
        return 0;
    }
    if (made->len)
        *ret_text = (struct mf_span){(const char *)made->data, made->len};
    return rc == MF_EFULL ? 0 : rc; /* so much of it is enough */
}

/* Show the part's body, with its transfer encoding undone. */
static int put_content(struct reader *reader, const struct head *head,
                       struct mf_body *inner)
{
    struct mf_decoding *decoding = reader->decoding;
    bool is_base64 = mf_span_is(head->encoding, "base64");
    if (!is_base64 && !mf_span_is(head->encoding, "quoted-printable"))
        return mf_decode__show(decoding, inner);
    struct mf_buf plain;
    /* Neither makes more of it than it was. */
    mf_buf_init(&plain, inner->data.len < decoding->inflated_left
                            ? inner->data.len
                            : decoding->inflated_left);
    int rc = is_base64 ? mf_mime_base64_decode(inner->data, &plain)
                       : mf_quoted_decode(inner->data, &plain);
    int fault = 0;
    if (rc == MF_ECORRUPT)
        fault = mf_view_fault(decoding->view,
                              (uint64_t)(inner->data.text - reader->data.text),
                              "this is not %s from some point on",
                              is_base64 ? "base64" : "quoted-printable");
    else if (rc == MF_EFULL)
        fault =
            mf_view_note(decoding->view, "there is more, which is too much");
    decoding->inflated_left -= plain.len;
    inner->data =
        (struct mf_span){plain.data ? (const char *)plain.data : "", plain.len};
    if (rc != MF_ENOMEM)
        rc = fault ? fault : mf_decode__show(decoding, inner);
    mf_buf_release(&plain);
    return rc;
}

static int put_part_inside(struct reader *reader, struct mf_span part,
                           const struct head *head, bool is_cut)
{
    int rc = put_head(reader, (struct mf_span){part.text, head->len});
    if (rc)
        return rc;
    if (!head->is_whole)
        return is_cut ? 0
                      : mf_view_fault(reader->decoding->view,
                                      (uint64_t)(part.text - reader->data.text),
                                      "no empty line ends this part's head");
    struct mf_body inner = {
        .place = reader->decoding->body->place,
        .data = {part.text + head->len, part.len - head->len},
        .content_type = head->type.len ? head->type : MF_SPAN("text/plain"),
        .is_cut = is_cut,
    };
    return put_content(reader, head, &inner);
}

static int open_part(struct reader *reader, struct mf_span part,
                     const struct head *head, bool is_cut)
{
    struct mf_buf name, file;
    struct mf_node node = {
        .kind = MF_NODE_PART,
        .number = ++reader->number,
        .type = mf_params_head(head->type),
        .offset = (uint64_t)(part.text - reader->data.text) + head->len,
        .len = part.len - head->len,
        .is_cut = is_cut,
    };
    mf_buf_init(&name, NAME_MAX_LEN);
    mf_buf_init(&file, NAME_MAX_LEN);
    int rc = read_param(head->disposition, "name*", "name", &name, &node.name);
    if (!rc)
        rc = read_param(head->disposition, "filename*", "filename", &file,
                        &node.text);
    if (!node.name.len)
        node.name = head->id;
    if (!rc)
        rc = mf_view_open(reader->decoding->view, &node);
    mf_buf_release(&name);
    mf_buf_release(&file);
    return rc;
}

static int put_part(struct reader *reader, struct mf_span part, bool is_cut)
{
    struct head head = read_head(part);
    int rc = open_part(reader, part, &head, is_cut);
    if (rc)
        return rc;
    rc = put_part_inside(reader, part, &head, is_cut);
    mf_view_close(reader->decoding->view);
    return rc;
}

/* What is outside of all parts. */
static int put_around(struct reader *reader, const char *name, size_t from,
                      size_t to)
{
    const struct mf_node node = {
        .kind = MF_NODE_TEXT,
        .name = {name, strlen(name)},
        .text = {reader->data.text + from, to - from},
        .offset = from,
        .len = to - from,
    };
    return mf_span_trim(node.text).len
               ? mf_decode__put(reader->decoding->view, &node)
               : 0;
}

static int put_parts(struct reader *reader)
{
    struct mf_span data = reader->data;
    struct mf_view *view = reader->decoding->view;
    bool is_cut = reader->decoding->body->is_cut;
    struct delimiter here, next;
    if (!find_delimiter(reader, 0, &here))
        return is_cut ? 0 : mf_view_fault(view, 0, "the boundary is not in it");
    int rc = put_around(reader, "preamble", 0, here.content_end);
    while (!rc && !here.is_last) {
        bool is_whole = find_delimiter(reader, here.next, &next);
        size_t end = is_whole ? next.content_end : data.len;
        if (is_whole || here.next < data.len)
            rc = put_part(
                reader,
                (struct mf_span){data.text + here.next, end - here.next},
                !is_whole);
        if (!rc && !is_whole)
            return is_cut ? 0
                          : mf_view_fault(view, data.len,
                                          "no boundary ends the last part");
        here = next;
    }
    return rc ? rc : put_around(reader, "epilogue", here.next, data.len);
}

/* Of the content type, or where that is lost, of the first line. */
static int read_boundary(struct reader *reader)
{
    struct mf_param param;
    int rc = mf_buf_append(&reader->boundary, "--", 2);
    if (!rc && mf_params_find(reader->decoding->body->content_type, "boundary",
                              &param))
        return mf_param_append(&param, &reader->boundary);
    size_t at = 0;
    struct mf_span line = next_line(reader->data, &at);
    if (rc || !starts_at(line, 0, MF_SPAN("--")))
        return rc;
    line = mf_span_trim(line);
    return mf_buf_append(&reader->boundary, line.text + 2, line.len - 2);
}

int mf_decode__multipart(struct mf_decoding *decoding)
{
    struct reader reader = {.decoding = decoding, .data = decoding->body->data};
    mf_buf_init(&reader.boundary, BOUNDARY_MAX_LEN);
    int rc = read_boundary(&reader);
    if (rc == MF_EFULL)
        rc = mf_view_fault(decoding->view, 0, "the boundary is too long");
    else if (!rc && reader.boundary.len <= 2)
        rc = mf_view_fault(decoding->view, 0,
                           "the content type names no boundary");
    else if (!rc)
        rc = put_parts(&reader);
    mf_buf_release(&reader.boundary);
    return rc;
}
