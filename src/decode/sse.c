#include "decode/sse.h"

#include <string.h>

#include "base/error.h"

void mf_sse_init(struct mf_sse *sse, struct mf_span stream)
{
    static const char bom[] = "\xef\xbb\xbf";
    *sse = (struct mf_sse){.stream = stream};
    if (stream.len >= 3 && memcmp(stream.text, bom, 3) == 0)
        sse->at = 3;
    mf_buf_init(&sse->data, stream.len);
}

void mf_sse_release(struct mf_sse *sse)
{
    mf_buf_release(&sse->data);
}

/* One line without its end (CR, LF or both). False: there is none; *ret_whole
 * is false for one that the stream ends in. */
static bool next_line(struct mf_sse *sse, struct mf_span *ret_line,
                      bool *ret_whole)
{
    const char *text = sse->stream.text;
    size_t end = sse->stream.len;
    if (sse->at == end)
        return false;
    const char *at = text + sse->at;
    /* Looked for once, however many lines end with CR before it. */
    if (sse->newline <= sse->at) {
        const char *found = memchr(at, '\n', end - sse->at);
        sse->newline = found ? (size_t)(found - text) + 1 : end + 1;
    }
    bool newline = sse->newline <= end;
    size_t len = (newline ? sse->newline - 1 : end) - sse->at;
    const char *cr = len ? memchr(at, '\r', len) : NULL;
    *ret_whole = newline || cr;
    if (cr)
        len = (size_t)(cr - at);
    *ret_line = (struct mf_span){at, len};
    sse->at += len;
    if (cr)
        sse->at += cr[1 < end - sse->at] == '\n' && 1 < end - sse->at ? 2 : 1;
    else if (newline)
        sse->at++;
    return true;
}

static struct mf_span field_value(struct mf_span line, size_t name_len)
{
    size_t at = name_len + (name_len < line.len);
    at += at < line.len && line.text[at] == ' ';
    return mf_span_after(line, at);
}

static bool is_name(struct mf_span line, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(line.text, name, len) == 0;
}

static int add_data(struct mf_sse *sse, struct mf_sse_event *event,
                    struct mf_span value, unsigned count)
{
    if (count == 0) {
        event->data = value;
        return 0;
    }
    int rc = count == 1
                 ? mf_buf_append(&sse->data, event->data.text, event->data.len)
                 : 0;
    if (rc == 0)
        rc = mf_buf_append_byte(&sse->data, '\n');
    if (rc == 0)
        rc = mf_buf_append(&sse->data, value.text, value.len);
    event->data = (struct mf_span){(const char *)sse->data.data, sse->data.len};
    return rc;
}

static int add_line(struct mf_sse *sse, struct mf_sse_event *event,
                    struct mf_span line, unsigned *data_lines)
{
    const char *colon = memchr(line.text, ':', line.len);
    size_t name_len = colon ? (size_t)(colon - line.text) : line.len;
    struct mf_span value = field_value(line, name_len);
    if (is_name(line, name_len, "data"))
        return add_data(sse, event, value, (*data_lines)++);
    if (is_name(line, name_len, "event"))
        event->type = value;
    else if (is_name(line, name_len, "id"))
        event->id = value;
    else if (is_name(line, name_len, "retry"))
        event->retry = value;
    else if (name_len == 0)
        event->comment = value;
    return 0;
}

int mf_sse_next(struct mf_sse *sse, struct mf_sse_event *ret_event)
{
    struct mf_sse_event event = {.is_cut = true};
    struct mf_span line;
    unsigned lines = 0, data_lines = 0;
    bool is_whole = true;
    mf_buf_clear(&sse->data);
    event.offset = sse->at;
    while (event.is_cut && next_line(sse, &line, &is_whole)) {
        if (line.len == 0 && lines == 0) {
            event.offset = sse->at;
        } else if (line.len == 0 && is_whole) {
            event.is_cut = false;
        } else {
            lines++;
            int rc = add_line(sse, &event, line, &data_lines);
            if (rc != 0)
                return rc;
        }
    }
    if (lines == 0)
        return 0;
    event.len = sse->at - event.offset;
    *ret_event = event;
    return 1;
}
