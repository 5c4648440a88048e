#include "traffic.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/encoding.h"
#include "pb/wire.h"

enum { BODY_LEN = 2500, FILES_MAX = 4000, HOSTS = 200 };

uint64_t traffic_random(struct traffic *traffic, uint64_t below)
{
    traffic->state ^= traffic->state << 13;
    traffic->state ^= traffic->state >> 7;
    traffic->state ^= traffic->state << 17;
    return (traffic->state >> 11) % below;
}

static void make_word(struct traffic *traffic, char *word)
{
    static const char *const begin[] = {"b",  "br", "c",  "ch", "d", "f", "fl",
                                        "g",  "gr", "h",  "j",  "k", "l", "m",
                                        "n",  "p",  "pl", "pr", "r", "s", "sh",
                                        "st", "t",  "th", "tr", "v", "w", "z"};
    static const char *const middle[] = {"a", "a",  "e",  "e",  "i",
                                         "o", "u",  "ea", "ai", "ou",
                                         "y", "io", "ee", "e"};
    static const char *const end[] = {"",  "",   "n",  "r",  "s",  "t", "l",
                                      "m", "ng", "nt", "st", "ck", "d", "x"};
    size_t syllables = 1 + traffic_random(traffic, 4);
    word[0] = '\0';
    for (size_t i = 0; i < syllables; i++) {
        strcat(word, begin[traffic_random(traffic, sizeof begin / 8)]);
        strcat(word, middle[traffic_random(traffic, sizeof middle / 8)]);
        strcat(word, end[traffic_random(traffic, sizeof end / 8)]);
    }
}

static char **collected;
static size_t collected_count;

static int collect(const char *path, const struct stat *info, int type,
                   struct FTW *where)
{
    static const char *const kinds[] = {".json", ".html", ".js", ".css", ".md"};
    size_t len = strlen(path);
    (void)where;
    if (type != FTW_F || info->st_size < 200 || collected_count == FILES_MAX)
        return 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t tail = strlen(kinds[i]);
        if (len > tail && strcmp(path + len - tail, kinds[i]) == 0) {
            collected[collected_count++] = strdup(path);
            break;
        }
    }
    return 0;
}

void traffic_init(struct traffic *traffic, const char *folder)
{
    *traffic = (struct traffic){.state = 88172645463325252u, .folder = folder};
    for (size_t i = 0; i < TRAFFIC_WORDS; i++)
        make_word(traffic, traffic->words[i]);
    if (!folder)
        return;
    collected = calloc(FILES_MAX, sizeof *collected);
    collected_count = 0;
    nftw(folder, collect, 16, FTW_PHYS);
    traffic->files = collected;
    traffic->file_count = collected_count;
    if (collected_count == 0) {
        fprintf(stderr, "no files in %s\n", folder);
        exit(1);
    }
}

void traffic_release(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->file_count; i++)
        free(traffic->files[i]);
    free(traffic->files);
}

const char *traffic_word(struct traffic *traffic)
{
    double part = (double)traffic_random(traffic, 1 << 20) / (1 << 20);
    /* Zipf's law, about. */
    return traffic->words[(size_t)(pow(TRAFFIC_WORDS, part) - 1)];
}

void traffic_uuid(struct traffic *traffic, char text[37])
{
    for (size_t i = 0; i < 36; i++)
        text[i] = i == 8 || i == 13 || i == 18 || i == 23
                      ? '-'
                      : "0123456789abcdef"[traffic_random(traffic, 16)];
    text[36] = '\0';
}

static void put_words(struct traffic *traffic, struct mf_buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mf_buf_printf(out, "%s%s", i ? " " : "", traffic_word(traffic));
}

static void put_json(struct traffic *traffic, struct mf_buf *out)
{
    mf_buf_printf(out, "{\"total\":%d,\"items\":[",
                  (int)traffic_random(traffic, 1000));
    while (out->len < BODY_LEN) {
        char uuid[37];
        traffic_uuid(traffic, uuid);
        mf_buf_printf(
            out,
            "%s{\"id\":\"%s\",\"name\":\"%s %s\",\"createdAt\":"
            "\"2026-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"price\":%d.%02d,"
            "\"active\":%s,\"description\":\"",
            out->data[out->len - 1] == '[' ? "" : ",", uuid,
            traffic_word(traffic), traffic_word(traffic),
            1 + (int)traffic_random(traffic, 12),
            1 + (int)traffic_random(traffic, 28),
            (int)traffic_random(traffic, 24), (int)traffic_random(traffic, 60),
            (int)traffic_random(traffic, 60),
            (int)traffic_random(traffic, 1000),
            (int)traffic_random(traffic, 500),
            (int)traffic_random(traffic, 100),
            traffic_random(traffic, 2) ? "true" : "false");
        put_words(traffic, out, 5 + traffic_random(traffic, 15));
        mf_buf_printf(out,
                      "\",\"tags\":[\"%s\",\"%s\"],\"owner\":{\"email\":"
                      "\"%s.%s@example.com\",\"level\":%d}}",
                      traffic_word(traffic), traffic_word(traffic),
                      traffic_word(traffic), traffic_word(traffic),
                      (int)traffic_random(traffic, 10));
    }
    mf_buf_printf(out, "]}");
}

static void put_html(struct traffic *traffic, struct mf_buf *out)
{
    mf_buf_printf(out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
                  "charset=\"utf-8\">\n<title>%s %s</title>\n<link "
                  "rel=\"stylesheet\" href=\"/static/css/main.%06x.css\">\n"
                  "</head>\n<body class=\"page\">\n",
                  traffic_word(traffic), traffic_word(traffic),
                  (unsigned)traffic_random(traffic, 1 << 24));
    while (out->len < BODY_LEN) {
        mf_buf_printf(out,
                      "<div class=\"%s-item\"><a href=\"/%s/%s/%d\" "
                      "data-id=\"%d\">",
                      traffic_word(traffic), traffic_word(traffic),
                      traffic_word(traffic),
                      (int)traffic_random(traffic, 100000),
                      (int)traffic_random(traffic, 100000));
        put_words(traffic, out, 2 + traffic_random(traffic, 4));
        mf_buf_printf(out, "</a><p>");
        put_words(traffic, out, 10 + traffic_random(traffic, 30));
        mf_buf_printf(out, ".</p></div>\n");
    }
    mf_buf_printf(out, "</body>\n</html>\n");
}

static void put_binary(struct traffic *traffic, struct mf_buf *out)
{
    mf_buf_append(out, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    while (out->len < BODY_LEN) {
        uint64_t some = traffic_random(traffic, UINT64_MAX);
        mf_buf_append(out, &some, 6);
    }
}

static void put_part_of_file(struct traffic *traffic, struct mf_buf *out)
{
    const char *path =
        traffic->files[traffic_random(traffic, traffic->file_count)];
    char bytes[BODY_LEN + 1000];
    FILE *file = fopen(path, "rb");
    if (!file)
        return;
    fseek(file, 0, SEEK_END);
    long len = ftell(file);
    if (len > (long)sizeof bytes)
        fseek(file, (long)traffic_random(traffic, (uint64_t)len - sizeof bytes),
              SEEK_SET);
    else
        rewind(file);
    mf_buf_append(out, bytes, fread(bytes, 1, sizeof bytes, file));
    fclose(file);
}

static void put_header(struct mf_buf *out, const char *name, const char *value)
{
    size_t mark;
    mf_wire_begin(out, 100, &mark);
    mf_wire_put_bytes(out, 1, name, strlen(name));
    mf_wire_put_bytes(out, 2, value, strlen(value));
    mf_wire_end(out, mark);
}

static void put_text(struct mf_buf *out, uint32_t number, const char *text)
{
    mf_wire_put_bytes(out, number, text, strlen(text));
}

static void put_request(struct traffic *traffic, struct mf_buf *out)
{
    char url[512], uuid[37], cookie[200];
    traffic_uuid(traffic, uuid);
    size_t host = traffic_random(traffic, HOSTS);
    snprintf(url, sizeof url, "https://%s.%s.com/api/v%d/%s/%s?page=%d",
             traffic->words[host * 7 + 40], traffic->words[host * 3 + 900],
             (int)traffic_random(traffic, 3), traffic_word(traffic),
             traffic_word(traffic), (int)traffic_random(traffic, 1000));
    put_text(out, 1, traffic_random(traffic, 4) ? "GET" : "POST");
    put_text(out, 2, url);
    put_text(out, 6, "HTTP/2.0");
    mf_wire_put_timestamp_opt(out, 9,
                              (int64_t)traffic_random(traffic, 1ULL << 60));
    mf_wire_put_timestamp_opt(out, 10,
                              (int64_t)traffic_random(traffic, 1ULL << 60));
    put_text(out, 11, url);
    put_header(out, "User-Agent",
               "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
               "like Gecko) Chrome/130.0.0.0 Safari/537.36");
    put_header(out, "Accept", "application/json, text/plain, */*");
    put_header(out, "Accept-Encoding", "gzip, deflate, br, zstd");
    put_header(out, "Accept-Language", "en-US,en;q=0.9");
    snprintf(cookie, sizeof cookie, "session=%s; theme=dark", uuid);
    put_header(out, "Cookie", cookie);
    traffic_uuid(traffic, uuid);
    put_header(out, "X-Request-Id", uuid);
}

static void put_response(struct traffic *traffic, struct mf_buf *out)
{
    static const char *const types[] = {"application/json", "text/html",
                                        "image/png"};
    struct mf_buf body;
    char text[64];
    size_t kind = traffic_random(traffic, 20);
    kind = kind < 10 ? 0 : kind < 16 ? 1 : 2;
    mf_buf_init(&body, SIZE_MAX);
    if (kind == 2)
        put_binary(traffic, &body);
    else if (traffic->folder)
        put_part_of_file(traffic, &body);
    else if (kind == 0)
        put_json(traffic, &body);
    else
        put_html(traffic, &body);
    mf_wire_put_varint(out, 1, 200);
    put_header(out, "Content-Type", types[kind]);
    snprintf(text, sizeof text, "%zu", body.len);
    put_header(out, "Content-Length", text);
    put_header(out, "Date", "Sat, 28 Nov 2026 01:00:00 GMT");
    put_header(out, "Server", "nginx");
    put_header(out, "Cache-Control", "no-cache, no-store, must-revalidate");
    put_header(out, "Strict-Transport-Security", "max-age=31536000");
    snprintf(text, sizeof text, "W/\"%llx\"",
             (unsigned long long)traffic_random(traffic, UINT64_MAX));
    put_header(out, "ETag", text);
    put_text(out, 5, "HTTP/2.0");
    mf_wire_put_timestamp_opt(out, 8,
                              (int64_t)traffic_random(traffic, 1ULL << 60));
    mf_wire_put_timestamp_opt(out, 9,
                              (int64_t)traffic_random(traffic, 1ULL << 60));
    put_text(out, 11, "OK");
    mf_wire_put_bytes(out, 3, body.data, body.len);
    mf_buf_release(&body);
}

static void put_client(struct traffic *traffic, struct mf_buf *out)
{
    char text[64];
    snprintf(text, sizeof text, "192.168.1.%d",
             (int)traffic_random(traffic, 50));
    put_text(out, 1, text);
    mf_wire_put_varint(out, 2, 1024 + traffic_random(traffic, 60000));
    traffic_uuid(traffic, text);
    put_text(out, 6, text);
    put_text(out, 13, "TLS_AES_128_GCM_SHA256");
}

static void put_messages(struct traffic *traffic, struct mf_buf *out)
{
    for (size_t i = 0; i < 30; i++) {
        struct mf_buf text;
        size_t mark;
        mf_buf_init(&text, SIZE_MAX);
        put_words(traffic, &text, 12);
        mf_wire_begin(out, 4, &mark);
        mf_wire_put_bytes(out, 1, text.data, text.len);
        mf_wire_put_varint(out, 3, i & 1);
        mf_wire_end(out, mark);
        mf_buf_release(&text);
    }
}

struct mf_flow *traffic_flow(struct traffic *traffic, struct mf_buf *buf)
{
    bool is_tcp = traffic_random(traffic, 20) == 0;
    struct mf_flow *flow;
    char uuid[37];
    size_t typed, mark;
    mf_buf_clear(buf);
    mf_wire_begin(buf, is_tcp ? MF_FLOW_TCP : MF_FLOW_HTTP, &typed);
    traffic_uuid(traffic, uuid);
    put_text(buf, 1, uuid);
    mf_wire_begin(buf, is_tcp ? 2 : 6, &mark);
    put_client(traffic, buf);
    mf_wire_end(buf, mark);
    if (is_tcp) {
        put_messages(traffic, buf);
    } else {
        mf_wire_begin(buf, 2, &mark);
        put_request(traffic, buf);
        mf_wire_end(buf, mark);
        mf_wire_begin(buf, 3, &mark);
        put_response(traffic, buf);
        mf_wire_end(buf, mark);
    }
    mf_wire_end(buf, typed);
    if (mf_flow_from_snapshot(buf->data, buf->len, MF_FLOW_ENDED, &flow,
                              NULL)) {
        fprintf(stderr, "a flow of its own making is not taken\n");
        exit(1);
    }
    return flow;
}
