/*
 * Bodies of multipart/form-data as nodes, beside GMime, which makes objects of
 * parts with their fields, and beside memmem(), which does nothing but to look
 * for the boundary. CPU time of this thread: ratios within one run hold on
 * another machine, figures alone do not.
 *
 * usage: bench-decode-multipart [SECONDS-EACH]
 */
#include "decode/decode.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "measure.h"

enum { MAX_LEN = 64 << 20 };

static const char boundary[] = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
static const char type[] =
    "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW";

struct form {
    struct mf_buf bytes;
    GByteArray *message; /* the same, behind a head that says its type */
    size_t parts;
};

static double seconds_each = 0.5;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench-decode-multipart: %s\n", what);
    exit(1);
}

static void find_by_memmem(const struct form *form)
{
    const uint8_t *at = form->bytes.data, *end = at + form->bytes.len;
    size_t count = 0;
    while (
        (at = memmem(at, (size_t)(end - at), boundary, sizeof boundary - 1))) {
        at++;
        count++;
    }
    require(count == form->parts + 1, "memmem");
}

static void parse_by_gmime(const struct form *form)
{
    size_t names = 0;
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(form->message);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeObject *all = g_mime_parser_construct_part(parser, NULL);
    require(GMIME_IS_MULTIPART(all), "GMime");
    int count = g_mime_multipart_get_count(GMIME_MULTIPART(all));
    for (int i = 0; i < count; i++) {
        GMimeObject *part = g_mime_multipart_get_part(GMIME_MULTIPART(all), i);
        names += g_mime_object_get_content_disposition_parameter(
                     part, "name") != NULL;
    }
    require(names == form->parts, "GMime");
    g_object_unref(all);
    g_object_unref(parser);
    g_object_unref(stream);
}

static int count_part(void *user, unsigned depth, const struct mf_node *node)
{
    (void)depth;
    *(size_t *)user += node->kind == MF_NODE_PART && node->name.len;
    return 0;
}

static void decode(const struct form *form)
{
    size_t parts = 0;
    struct mf_view view;
    const struct mf_decode_opts opts = {.inflated_max = MAX_LEN};
    const struct mf_body body = {
        .place = MF_BODY_REQUEST,
        .data = {(const char *)form->bytes.data, form->bytes.len},
        .content_type = {type, sizeof type - 1},
    };
    mf_view_init(&view, SIZE_MAX, count_part, &parts);
    require(mf_decode(&body, &opts, &view) == 0 && parts == form->parts,
            "a form was not read");
}

/* MB/s */
static double rate(void (*work)(const struct form *), const struct form *form)
{
    size_t runs = 0;
    double start = cpu_s(), now;
    do {
        work(form);
        runs++;
        now = cpu_s();
    } while (now - start < seconds_each);
    return (double)form->bytes.len * (double)runs / (now - start) / 1e6;
}

static void row(const char *name, const struct form *form)
{
    double found[TURNS], parsed[TURNS], own[TURNS], of_found[TURNS],
        of_parsed[TURNS];
    for (int i = 0; i < TURNS; i++) {
        found[i] = rate(find_by_memmem, form);
        own[i] = rate(decode, form);
        parsed[i] = rate(parse_by_gmime, form);
        of_found[i] = own[i] / found[i];
        of_parsed[i] = own[i] / parsed[i];
    }
    printf("%-28s %10zu %10.0f %10.0f %10.0f %10.2f %10.2f\n", name,
           form->bytes.len, median(found), median(parsed), median(own),
           median(of_found), median(of_parsed));
}

struct shape {
    const char *name;
    size_t parts, part_len;
    const char *part_type; /* NULL: a field of the form, no file */
    bool is_text;
};

static uint32_t draw(void)
{
    static uint32_t seed = 1;
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static void add_content(struct mf_buf *to, const struct shape *shape)
{
    size_t end = to->len + shape->part_len;
    require(mf_buf_reserve(to, shape->part_len + 100) == 0, "out of memory");
    while (to->len < end && !shape->is_text)
        to->data[to->len++] = (uint8_t)draw();
    while (to->len < end)
        mf_buf_printf(to, "%u,delivered to customer %u,%u.%02u\r\n", draw(),
                      draw(), draw() % 1000, draw() % 100);
    to->len = end;
}

static void make(const struct shape *shape, struct form *form)
{
    struct mf_buf *bytes = &form->bytes;
    mf_buf_init(bytes, MAX_LEN);
    form->parts = shape->parts;
    for (size_t i = 0; i < shape->parts; i++) {
        mf_buf_printf(bytes,
                      "--%s\r\nContent-Disposition: form-data; name=\"n%zu\"",
                      boundary, i);
        if (shape->part_type)
            mf_buf_printf(bytes, "; filename=\"file %zu\"\r\nContent-Type: %s",
                          i, shape->part_type);
        mf_buf_append(bytes, "\r\n\r\n", 4);
        add_content(bytes, shape);
        mf_buf_append(bytes, "\r\n", 2);
    }
    mf_buf_printf(bytes, "--%s--\r\n", boundary);
    form->message = g_byte_array_new();
    char *head = g_strdup_printf("Content-Type: %s\r\n\r\n", type);
    g_byte_array_append(form->message, (const uint8_t *)head,
                        (guint)strlen(head));
    g_byte_array_append(form->message, bytes->data, (guint)bytes->len);
    g_free(head);
}

int main(int argc, char **argv)
{
    static const char binary[] = "application/octet-stream";
    static const struct shape shapes[] = {
        {"10 fields of 20 B", 10, 20, NULL, true},
        {"1,000 fields of 100 B", 1000, 100, NULL, true},
        {"100 texts of 10 kB", 100, 10000, "text/csv", true},
        {"64 texts of 256 kB", 64, 256000, "text/csv", true},
        {"64 files of 256 kB", 64, 256000, binary, false},
        {"8 texts of 1 MB", 8, 1000000, "text/csv", true},
        {"8 files of 1 MB", 8, 1000000, binary, false},
        {"a text of 50 MB", 1, 50000000, "text/csv", true},
        {"a file of 50 MB", 1, 50000000, binary, false},
    };
    if (argc > 1)
        seconds_each = atof(argv[1]);
    g_mime_init();
    printf("%-28s %10s %10s %10s %10s %10s %10s\n", "MB/s", "bytes", "memmem",
           "GMime", "nodes", "of memmem", "of GMime");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct form form;
        make(&shapes[i], &form);
        row(shapes[i].name, &form);
        g_byte_array_unref(form.message);
        mf_buf_release(&form.bytes);
    }
    g_mime_shutdown();
    return 0;
}
