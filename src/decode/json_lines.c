/* JSON lines, and text sequences (RFC 7464), which begin each with RS: a row
 * for each value. */
#include <jansson.h>
#include <string.h>

#include "codec/params.h"
#include "decode/decoders.h"
#include "decode/inner.h"

/* What is parsed takes up to some fifty times as much memory. */
enum { LINE_MAX_LEN = 1 << 20 };

static struct mf_span without_separator(struct mf_span line)
{
    line = mf_span_trim(line);
    while (line.len && *line.text == 0x1e)
        line = mf_span_trim((struct mf_span){line.text + 1, line.len - 1});
    return line;
}

static int put_line(struct mf_view *view, const struct mf_node *row)
{
    json_error_t error;
    if (row->text.len > LINE_MAX_LEN) {
        int rc = mf_decode__put(view, row);
        return rc ? rc
                  : mf_view_note(view, "too long to look whether it is JSON");
    }
    json_t *json = json_loadb(row->text.text, row->text.len,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    bool is_json = json != NULL;
    json_decref(json);
    if (!is_json && json_error_code(&error) == json_error_out_of_memory)
        return MF_ENOMEM;
    int rc = mf_decode__put(view, row);
    if (rc || is_json || row->is_cut)
        return rc;
    /* The position is of where it noticed, in the line. */
    uint64_t at = error.position > 0 ? (uint64_t)error.position : 0;
    return mf_view_fault(view, row->offset + (at < row->len ? at : row->len),
                         "this is not JSON: %.120s", error.text);
}

int mf_decode__json_lines(struct mf_decoding *decoding)
{
    struct mf_span data = decoding->body->data;
    uint64_t number = 0;
    int rc = 0;
    for (size_t at = 0; !rc && at < data.len;) {
        const char *end = memchr(data.text + at, '\n', data.len - at);
        size_t len = end ? (size_t)(end - data.text) - at : data.len - at;
        struct mf_span line =
            without_separator((struct mf_span){data.text + at, len});
        const struct mf_node row = {
            .kind = MF_NODE_ROW,
            .number = ++number,
            .text = line,
            .offset = (uint64_t)(line.text - data.text),
            .len = line.len,
            .is_cut = !end && decoding->body->is_cut,
        };
        if (line.len)
            rc = put_line(decoding->view, &row);
        at += len + 1;
    }
    return rc;
}
