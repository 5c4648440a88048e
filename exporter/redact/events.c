/*
 * Server-sent events (the HTML standard, section 9.2.6). The JSON in an event
 * may be spread over several lines of data: these are looked at joined, as a
 * reader of the stream gets them.
 */
#include <string.h>

#include "exporter/redact/inside.h"

struct line {
    size_t from, to; /* without the line break */
    size_t next;
};

/* Lines of data from one on, and where they stand once they are joined. */
struct run {
    const uint8_t *text;
    size_t first, to; /* of the event: where it begins to be of use; its end */
    size_t from, end; /* of the line that we are in */
    size_t next;
    size_t joined; /* where `from` is then */
};

/* It ends with CR LF, LF or CR. */
static struct line line_at(const uint8_t *text, size_t at, size_t len)
{
    struct line line = {.from = at};
    while (at < len && text[at] != '\n' && text[at] != '\r')
        at++;
    line.to = at;
    if (at + 1 < len && text[at] == '\r' && text[at + 1] == '\n')
        at++;
    line.next = at < len ? at + 1 : len;
    return line;
}

static bool is_data(const uint8_t *text, struct line *line)
{
    static const char NAME[] = "data";
    size_t len = sizeof NAME - 1;
    if (line->to - line->from < len ||
        memcmp(text + line->from, NAME, len) != 0)
        return false;
    line->from += len;
    if (line->from == line->to)
        return true;
    if (text[line->from++] != ':')
        return false;
    if (line->from < line->to && text[line->from] == ' ')
        line->from++;
    return true;
}

/* The next line of data; false: there is none in [*at, to). */
static bool next_data(const uint8_t *text, size_t *at, size_t to,
                      struct line *ret_line)
{
    while (*at < to) {
        *ret_line = line_at(text, *at, to);
        *at = ret_line->next;
        if (is_data(text, ret_line))
            return true;
    }
    return false;
}

static void enter(struct run *run, const struct line *line)
{
    run->joined += run->end - run->from + 1;
    run->from = line->from;
    run->end = line->to;
}

static void restart(struct run *run)
{
    struct line line = line_at(run->text, run->first, run->to);
    run->from = run->first;
    run->end = line.to;
    run->next = line.next;
    run->joined = 0;
}

/* Where in the text stands what stands there in the joined lines. */
static size_t place_of(struct run *run, size_t joined)
{
    struct line line;
    if (joined < run->joined)
        restart(run);
    while (joined - run->joined > run->end - run->from &&
           next_data(run->text, &run->next, run->to, &line))
        enter(run, &line);
    return run->from + (joined - run->joined);
}

static bool join(struct run *run, struct mf_buf *out)
{
    struct line line;
    mf_buf_clear(out);
    restart(run);
    int rc = mf_buf_append(out, run->text + run->from, run->end - run->from);
    while (!rc && next_data(run->text, &run->next, run->to, &line)) {
        rc = mf_buf_append_byte(out, '\n');
        if (!rc)
            rc = mf_buf_append(out, run->text + line.from, line.to - line.from);
    }
    restart(run);
    return rc == 0;
}

static void find_in_joined(struct mf_job *job, const char *type,
                           struct run *run)
{
    struct mf_spans *spans = &job->redactor->spans;
    struct mf_buf *joined = &job->redactor->event;
    size_t before = spans->count;
    if (!join(run, joined)) {
        spans->error = spans->error ? spans->error : MF_ENOMEM;
        return;
    }
    size_t len = joined->len;
    size_t cut = mf_find_json(job, type, joined->data, 0, len, true, false);
    if (cut < len)
        mf_spans_add(spans, cut, len, joined->data + cut, len - cut, false);
    for (size_t i = before; i < spans->count; i++) {
        struct mf_secret *item = &spans->items[i];
        item->from = place_of(run, item->from);
        item->to = place_of(run, item->to - 1) + 1;
    }
}

static void find_in_event(struct mf_job *job, const char *type,
                          const uint8_t *text, size_t from, size_t to)
{
    struct mf_spans *spans = &job->redactor->spans;
    struct line line, more;
    size_t start = SIZE_MAX;
    while (start == SIZE_MAX && next_data(text, &from, to, &line))
        start = mf_json_start(text, line.from, line.to);
    if (start == SIZE_MAX)
        return;
    if (next_data(text, &from, to, &more)) {
        struct run run = {.text = text, .first = start, .to = to};
        find_in_joined(job, type, &run);
        return;
    }
    size_t cut = mf_find_json(job, type, text, start, line.to, false, false);
    if (cut < line.to)
        mf_spans_add(spans, cut, line.to, text + cut, line.to - cut, false);
}

void mf_find_events(struct mf_job *job, const char *type, const uint8_t *text,
                    size_t len)
{
    static const uint8_t BOM[] = {0xef, 0xbb, 0xbf};
    if (!mf_job_any(job, MF_RULE_JSON, type))
        return;
    size_t at = len >= sizeof BOM && memcmp(text, BOM, sizeof BOM) == 0
                    ? sizeof BOM
                    : 0;
    for (size_t event = at; at < len;) {
        struct line line = line_at(text, at, len);
        at = line.next;
        if (line.to > line.from && at < len)
            continue;
        find_in_event(job, type, text, event, line.to);
        event = at;
    }
}
