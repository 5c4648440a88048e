#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../net/client.h"
#include "pb/wire.h"
#include "words.h"

enum {
    KINDS = 20, /* one in so many is no plain HTTP */
    TEXT_MAX = 8192,
    TARGET_MIN = 3050,
    TARGET_SPAN = 1200,
    REST_LEN = 520, /* of what comes behind a body */
    BODY_MIN = 600,
    SITES = 300,
    PHRASES = 4000,
    SITE_KEYS = 8,
    SITE_CHOICES = 6,
};

enum body {
    BODY_JSON,
    BODY_HTML,
    BODY_TEXT,
    BODY_BINARY,
    BODY_GZIP,
    BODY_NONE
};

struct maker {
    struct mf_buf *out;
    uint64_t random;
    int stage;
    int whole;
    uint64_t seed;
    uint64_t site; /* which of the sites */
    size_t start;  /* of the message in `out` */
    size_t target;
};

static const char blank_kinds[] = {BLANK_ID,     BLANK_UUID,   BLANK_CLIENT,
                                   BLANK_SERVER, BLANK_TOKEN,  BLANK_CLOCK,
                                   BLANK_NAME,   BLANK_NUMBER, BLANK_TIME};
static const size_t blank_lens[] = {UUID_LEN, UUID_LEN,   UUID_LEN,
                                    UUID_LEN, TOKEN_LEN,  CLOCK_LEN,
                                    NAME_LEN, NUMBER_LEN, TIME_LEN};

size_t blank_len(int kind)
{
    for (size_t i = 0; i < sizeof blank_kinds; i++)
        if (blank_kinds[i] == kind)
            return blank_lens[i];
    return 0;
}

/* Begin a part that is the same in every snapshot of the flow. */
static void reseed(struct maker *m, uint64_t part)
{
    m->random = mix64(m->seed + mix64(part));
}

/* ---- fields ---- */

static void must(int rc)
{
    if (rc)
        fail("a message grew too long");
}

static void put_text(struct maker *m, uint32_t number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void put_text(struct maker *m, uint32_t number, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    must(mf_wire_put_bytes(m->out, number, text, (size_t)len));
}

static void put_number(struct maker *m, uint32_t number, uint64_t value)
{
    must(mf_wire_put_varint(m->out, number, value));
}

static size_t begin(struct maker *m, uint32_t number)
{
    size_t mark;
    must(mf_wire_begin(m->out, number, &mark));
    return mark;
}

static void end(struct maker *m, size_t mark)
{
    must(mf_wire_end(m->out, mark));
}

/* A text of the blank's length that says which. */
static const char *blank(int kind)
{
    static char texts[8][UUID_LEN + 1];
    static unsigned at;
    char *text = texts[at++ % 8];
    size_t len = blank_len(kind);
    memset(text, '_', len);
    memcpy(text, BLANK_MARK, BLANK_MARK_LEN);
    text[BLANK_MARK_LEN] = (char)kind;
    text[len] = '\0';
    return text;
}

static void put_time(struct maker *m, uint32_t number, int after_ms)
{
    char text[TIME_LEN + 1];
    memcpy(text, blank(BLANK_TIME), sizeof text);
    text[BLANK_MARK_LEN + 1] = (char)after_ms;
    must(mf_wire_put_bytes(m->out, number, text, TIME_LEN));
}

static void put_header(struct maker *m, const char *name, const char *format,
                       ...) __attribute__((format(printf, 3, 4)));
static void put_header(struct maker *m, const char *name, const char *format,
                       ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t mark = begin(m, 100);
    put_text(m, 1, "%s", name);
    must(mf_wire_put_bytes(m->out, 2, text, (size_t)len));
    end(m, mark);
}

/* ---- text ---- */

static void add(struct mf_buf *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct mf_buf *text, const char *format, ...)
{
    char piece[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    must(mf_buf_append(text, piece, (size_t)len));
}

static const char *word(struct maker *m)
{
    static char texts[8][WORD_CAP + 1];
    static unsigned at;
    char *text = texts[at++ % 8];
    text[word_put(text, rank_of(random_next(&m->random), WORD_RANKS))] = '\0';
    return text;
}

/* People and programs repeat themselves: half of the text is phrases. */
static int add_phrase(struct maker *m, struct mf_buf *text)
{
    uint64_t phrase = mix64(rank_of(random_next(&m->random), PHRASES) + 7);
    int count = 3 + (int)random_below(&phrase, 4);
    for (int i = 0; i < count; i++) {
        char word[WORD_CAP + 1];
        uint32_t rank = rank_of(random_next(&phrase), WORD_RANKS);
        word[word_put(word, rank)] = '\0';
        add(text, "%s%s", i ? " " : "", word);
    }
    return count;
}

static void add_words(struct maker *m, struct mf_buf *text, int count)
{
    for (int i = 0; i < count;) {
        if (i)
            add(text, " ");
        if (count - i >= 3 && random_below(&m->random, 4)) {
            i += add_phrase(m, text);
        } else {
            add(text, "%s", word(m));
            i++;
        }
    }
}

static void add_hex(struct maker *m, struct mf_buf *text, int digits)
{
    while (digits-- > 0)
        add(text, "%x", random_below(&m->random, 16));
}

/* What a site's answers have in common: the same keys, values of the same
 * sorts, the same frame around a page. */
struct site {
    uint64_t random;
    char keys[SITE_KEYS][WORD_CAP + 1];
    char choices[SITE_CHOICES][WORD_CAP + 1];
};

static struct site site_of(const struct maker *m)
{
    struct site site = {.random = mix64(m->site + 99)};
    for (int i = 0; i < SITE_KEYS; i++)
        site.keys[i][word_put(site.keys[i], random_below(&site.random, 130))] =
            '\0';
    for (int i = 0; i < SITE_CHOICES; i++)
        site.choices[i][word_put(site.choices[i],
                                 random_below(&site.random, 2000))] = '\0';
    return site;
}

static void add_value(struct maker *m, struct mf_buf *text,
                      const struct site *site, uint64_t *sort)
{
    switch (random_below(sort, 6)) {
    case 0:
        add(text, "%u", random_below(&m->random, 10000000));
        break;
    case 1:
        add(text, "\"%s\"",
            site->choices[random_below(&m->random, SITE_CHOICES)]);
        break;
    case 2:
        add(text, "\"2024-05-%02uT%02u:%02u:00.000Z\"",
            1 + random_below(&m->random, 28), random_below(&m->random, 24),
            random_below(&m->random, 60));
        break;
    case 3:
        add(text, "%s", random_below(&m->random, 4) ? "true" : "false");
        break;
    case 4:
        add(text, "%u.%02u", random_below(&m->random, 500),
            random_below(&m->random, 100));
        break;
    default:
        add(text, "\"");
        add_words(m, text, 2 + (int)random_below(&m->random, 8));
        add(text, "\"");
    }
}

static void add_json(struct maker *m, struct mf_buf *text, size_t len)
{
    const struct site site = site_of(m);
    add(text,
        "{\"requestId\":\"%s\",\"token\":\"%s\",\"owner\":\"%s\",\"at\":%s,",
        blank(BLANK_UUID), blank(BLANK_TOKEN), blank(BLANK_NAME),
        blank(BLANK_NUMBER));
    add(text, "\"%s\":true,\"items\":[", site.keys[0]);
    for (int i = 0; text->len + 280 < len; i++) {
        uint64_t sort = m->site;
        add(text, "%s{\"id\":\"", i ? "," : "");
        add_hex(m, text, 8);
        add(text, "\",\"description\":\"");
        add_words(m, text, 4 + (int)random_below(&m->random, 8));
        add(text, "\"");
        for (int k = 1; k < SITE_KEYS; k++) {
            add(text, ",\"%s\":", site.keys[k]);
            add_value(m, text, &site, &sort);
        }
        add(text, "}");
    }
    add(text, "],\"next\":null}");
}

static void add_html(struct maker *m, struct mf_buf *text, size_t len)
{
    struct site site = site_of(m);
    add(text,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    add_words(m, text, 4);
    add(text,
        "</title><link rel=\"stylesheet\" href=\"/static/main.%08x.css\">"
        "<meta name=\"csrf-token\" content=\"%s\"></head>\n<body "
        "data-user=\"%s\" data-request=\"%s\">\n<nav>",
        (unsigned)site.random, blank(BLANK_TOKEN), blank(BLANK_NAME),
        blank(BLANK_UUID));
    for (int i = 0; i < SITE_KEYS; i++)
        add(text, "<a class=\"nav-link\" href=\"/%s\">%s</a>", site.keys[i],
            site.keys[i]);
    add(text, "</nav>\n");
    while (text->len + 300 < len) {
        add(text, "<div class=\"%s-%s card\"><h2 class=\"card-title\">",
            site.keys[1], site.keys[2]);
        add_words(m, text, 3);
        add(text, "</h2>\n<p class=\"card-text\">");
        add_words(m, text, 8 + (int)random_below(&m->random, 16));
        add(text,
            ".</p><a class=\"btn btn-primary\" href=\"/%s/%u\">%s</a>"
            "</div>\n",
            site.choices[0], random_below(&m->random, 100000), site.keys[3]);
    }
    add(text, "</body></html>\n");
}

static void add_plain(struct maker *m, struct mf_buf *text, size_t len)
{
    add(text, "# %s %s %s\n", blank(BLANK_NAME), blank(BLANK_UUID),
        blank(BLANK_TOKEN));
    while (text->len + 120 < len) {
        add_words(m, text, 6 + (int)random_below(&m->random, 8));
        add(text, "%s\n", random_below(&m->random, 3) ? "," : ".");
    }
}

static void add_binary(struct maker *m, struct mf_buf *text, size_t len)
{
    add(text, "\x89PNG\r\n\x1a\n");
    while (text->len < len) {
        uint64_t value = random_next(&m->random);
        must(mf_buf_append(text, &value, sizeof value));
    }
}

static void pack(struct mf_buf *text)
{
    uint8_t packed[2 * TEXT_MAX];
    z_stream stream = {0};
    if (deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY))
        fail("out of memory");
    stream.next_in = text->data;
    stream.avail_in = (unsigned)text->len;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        fail("a body does not fit");
    mf_buf_clear(text);
    must(mf_buf_append(text, packed, stream.total_out));
    deflateEnd(&stream);
}

/* Inside gzip nothing can be filled in: its blanks get texts here. */
static void fill_at_once(struct maker *m, struct mf_buf *text)
{
    for (uint8_t *at = text->data;
         (at = memmem(at, text->len - (size_t)(at - text->data), BLANK_MARK,
                      BLANK_MARK_LEN));) {
        size_t len = blank_len(at[BLANK_MARK_LEN]);
        for (size_t i = 0; i < len; i++)
            at[i] = (uint8_t) "0123456789abcdef"[random_below(&m->random, 16)];
    }
}

static void add_body(struct maker *m, struct mf_buf *text, enum body body,
                     size_t len)
{
    switch (body) {
    case BODY_JSON:
        add_json(m, text, len);
        break;
    case BODY_HTML:
        add_html(m, text, len);
        break;
    case BODY_TEXT:
        add_plain(m, text, len);
        break;
    case BODY_BINARY:
        add_binary(m, text, len);
        break;
    case BODY_GZIP:
        /* Packed to about a third. */
        if (random_below(&m->random, 2))
            add_json(m, text, 2 * len);
        else
            add_html(m, text, 2 * len);
        fill_at_once(m, text);
        pack(text);
        break;
    case BODY_NONE:
        break;
    }
}

/* ---- connections ---- */

static void put_client(struct maker *m, uint32_t number, int is_tls)
{
    reseed(m, 'c');
    size_t mark = begin(m, number);
    put_text(m, 1, "192.168.1.%u", 10 + random_below(&m->random, 40));
    put_number(m, 2, 32768 + random_below(&m->random, 28000));
    put_text(m, 3, "192.168.1.2");
    put_number(m, 4, 8080);
    put_number(m, 5, 2);
    put_text(m, 6, "%s", blank(BLANK_CLIENT));
    put_number(m, 7, 1);
    if (is_tls) {
        put_number(m, 9, 1);
        put_text(m, 11, "http/1.1");
        put_text(m, 12, "h2");
        put_text(m, 12, "http/1.1");
        put_text(m, 13, "TLS_AES_256_GCM_SHA384");
        put_number(m, 15, 5);
    }
    put_time(m, 17, 0);
    put_text(m, 21, "regular");
    end(m, mark);
}

static void put_server(struct maker *m, uint32_t number, const char *host,
                       unsigned port)
{
    reseed(m, 's');
    size_t mark = begin(m, number);
    put_text(m, 1, "203.0.113.%u", 1 + random_below(&m->random, 200));
    put_number(m, 2, port);
    put_text(m, 3, "192.168.1.2");
    put_number(m, 4, 32768 + random_below(&m->random, 28000));
    put_number(m, 5, 2);
    put_text(m, 6, "%s", blank(BLANK_SERVER));
    put_number(m, 7, 1);
    if (port == 443) {
        put_number(m, 9, 1);
        put_text(m, 13, "TLS_AES_128_GCM_SHA256");
        put_number(m, 15, 5);
        put_text(m, 16, "%s", host);
    }
    put_time(m, 17, 1);
    put_text(m, 20, "%s", host);
    put_number(m, 21, port);
    put_time(m, 22, 3);
    end(m, mark);
}

static void put_host(struct maker *m, char *host, size_t cap)
{
    static const char *const kinds[] = {"api", "www", "cdn", "app", "static"};
    uint64_t state = mix64(m->site + 77);
    char name[WORD_CAP + 1];
    name[word_put(name, 500 + random_below(&state, 2000))] = '\0';
    snprintf(host, cap, "%s.%s.example", kinds[random_below(&state, 5)], name);
}

/* ---- HTTP ---- */

static const struct {
    const char *type, *path, *accept;
} body_texts[] = {
    [BODY_JSON] = {"application/json; charset=utf-8", "api/v2",
                   "application/json, text/plain, */*"},
    [BODY_HTML] = {"text/html; charset=utf-8", "pages",
                   "text/html,application/xhtml+xml,application/xml;q=0.9,"
                   "image/avif,image/webp,*/*;q=0.8"},
    [BODY_TEXT] = {"text/plain; charset=utf-8", "logs", "*/*"},
    [BODY_BINARY] = {"image/png", "assets/img", "image/avif,image/webp,*/*"},
    [BODY_GZIP] = {"application/json", "api/v3",
                   "application/json, text/plain, */*"},
    [BODY_NONE] = {"text/html", "login", "*/*"},
};

static const char *const agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) "
    "AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
};

static void put_request(struct maker *m, enum body body, const char *host,
                        int is_tls, int is_post)
{
    size_t mark = begin(m, 2);
    const char *scheme = is_tls ? "https" : "http";
    const char *agent = agents[random_below(&m->random, 4)];
    char path[256];
    snprintf(path, sizeof path, "/%s/%s/%s?q=%s&id=%s&clock=%s",
             body_texts[body].path, word(m), word(m), blank(BLANK_NAME),
             blank(BLANK_UUID), blank(BLANK_CLOCK));
    put_text(m, 1, "%s", is_post ? "POST" : "GET");
    put_text(m, 2, "%s://%s%s", scheme, host, path);
    put_text(m, 6, "HTTP/1.1");
    put_time(m, 9, 0);
    put_time(m, 10, 1);
    put_text(m, 11, "%s://%s%s", scheme, host, path);
    put_header(m, "Host", "%s", host);
    put_header(m, "User-Agent", "%s", agent);
    put_header(m, "Accept", "%s", body_texts[body].accept);
    put_header(m, "Accept-Language", "en-US,en;q=0.9,de;q=0.7");
    put_header(m, "Accept-Encoding", "gzip, deflate, br, zstd");
    put_header(m, "Connection", "keep-alive");
    put_header(m, "Referer", "%s://%s/%s/%s", scheme, host, word(m), word(m));
    put_header(m, "Cookie", "sid=%s; consent=%u; theme=%s; _ga=GA1.2.%u.%s",
               blank(BLANK_TOKEN), random_below(&m->random, 4), word(m),
               random_below(&m->random, 2000000000), blank(BLANK_NUMBER));
    put_header(m, "Sec-Fetch-Dest", "empty");
    put_header(m, "Sec-Fetch-Mode", "cors");
    put_header(m, "Sec-Fetch-Site", "same-origin");
    put_header(m, "X-Request-Id", "%s", blank(BLANK_UUID));
    if (is_post && (m->stage > 0 || m->whole)) {
        put_header(m, "Content-Type", "application/x-www-form-urlencoded");
        put_text(m, 4, "%s=%s&%s=%s&owner=%s&token=%s", word(m), word(m),
                 word(m), word(m), blank(BLANK_NAME), blank(BLANK_TOKEN));
    }
    end(m, mark);
}

static void put_response(struct maker *m, enum body body)
{
    static const int statuses[] = {200, 200, 200, 200, 200, 200, 404, 500};
    static const char *const reasons[] = {"OK", "Found", "Not Found",
                                          "Internal Server Error"};
    reseed(m, 'r');
    int status =
        body == BODY_NONE ? 302 : statuses[random_below(&m->random, 8)];
    size_t mark = begin(m, 3);
    put_number(m, 1, (uint64_t)status);
    put_text(m, 5, "HTTP/1.1");
    put_time(m, 8, 20);
    put_time(m, 9, 40);
    put_text(m, 11, "%s", reasons[status / 100 - 2]);
    put_header(m, "Date", "Tue, 14 May 2024 09:12:44 GMT");
    put_header(m, "Content-Type", "%s", body_texts[body].type);
    put_header(m, "Transfer-Encoding", "chunked");
    put_header(m, "Server", "nginx/1.24.0");
    put_header(m, "Cache-Control", "no-store, max-age=0");
    put_header(m, "ETag", "W/\"%s\"", blank(BLANK_TOKEN));
    put_header(m, "Vary", "Accept-Encoding, Origin");
    put_header(m, "Strict-Transport-Security",
               "max-age=31536000; includeSubDomains");
    put_header(m, "X-Content-Type-Options", "nosniff");
    put_header(m, "X-Frame-Options", "SAMEORIGIN");
    if (random_below(&m->random, 3) == 0)
        put_header(m, "Set-Cookie", "sid=%s; Path=/; HttpOnly; SameSite=Lax",
                   blank(BLANK_TOKEN));
    if (body == BODY_GZIP)
        put_header(m, "Content-Encoding", "gzip");
    if (status == 302)
        put_header(m, "Location", "/%s/%s", word(m), word(m));
    if (m->stage == STAGES - 1 || m->whole) {
        struct mf_buf text;
        mf_buf_init(&text, TEXT_MAX);
        size_t len = m->out->len - m->start + REST_LEN;
        add_body(m, &text, body,
                 len + BODY_MIN < m->target ? m->target - len : BODY_MIN);
        must(mf_wire_put_bytes_opt(m->out, body == BODY_GZIP ? 102 : 3,
                                   text.data, text.len));
        mf_buf_release(&text);
    }
    end(m, mark);
}

static void put_socket_messages(struct maker *m, uint32_t number, int count)
{
    reseed(m, 'm');
    struct mf_buf text;
    mf_buf_init(&text, TEXT_MAX);
    for (int i = 0; i < count; i++) {
        mf_buf_clear(&text);
        add(&text, "{\"event\":\"%s\",\"seq\":%d,\"for\":\"%s\",\"text\":\"",
            word(m), i, blank(i ? BLANK_NUMBER : BLANK_NAME));
        if (i == 0)
            add(&text, "%s ", blank(BLANK_UUID));
        add_words(m, &text, 12 + (int)random_below(&m->random, 20));
        add(&text, "\"}");
        size_t mark = begin(m, number);
        must(mf_wire_put_bytes(m->out, 1, text.data, text.len));
        put_time(m, 2, 40 + i);
        put_number(m, 3, (uint64_t)i % 2);
        if (number == 11)
            put_number(m, 100, 1);
        end(m, mark);
    }
    mf_buf_release(&text);
}

static void put_http(struct maker *m, enum body body, int is_websocket)
{
    char host[64];
    int is_tls = random_below(&m->random, 3) > 0;
    int is_last = m->stage == STAGES - 1 || m->whole;
    put_host(m, host, sizeof host);
    size_t mark = begin(m, 1);
    put_text(m, 1, "%s", blank(BLANK_ID));
    put_request(m, body, host, is_tls, body == BODY_NONE);
    if (m->stage >= 2 || m->whole)
        put_response(m, body);
    put_time(m, 4, 0);
    put_client(m, 6, is_tls);
    put_server(m, 7, host, is_tls ? 443 : 80);
    if (is_websocket) {
        put_number(m, 9, 1);
        put_socket_messages(m, 11, is_last ? 8 : m->stage);
    }
    if (m->stage < STAGES - 1)
        put_number(m, 10, 1);
    end(m, mark);
}

/* ---- the others ---- */

static void put_stream(struct maker *m, uint32_t number)
{
    char host[64];
    put_host(m, host, sizeof host);
    size_t mark = begin(m, number);
    put_text(m, 1, "%s", blank(BLANK_ID));
    put_client(m, 2, 0);
    put_server(m, 3, host, number == 3 ? 5432 : 3478);
    put_socket_messages(m, 4,
                        m->stage == STAGES - 1 || m->whole ? 12 : m->stage);
    put_time(m, 5, 0);
    if (m->stage < STAGES - 1)
        put_number(m, 8, 1);
    end(m, mark);
}

static void put_dns_message(struct maker *m, uint32_t number, const char *host)
{
    reseed(m, 'd');
    size_t mark = begin(m, number);
    size_t question = begin(m, 2);
    put_text(m, 1, "%s", host);
    put_text(m, 2, "A");
    put_text(m, 3, "IN");
    end(m, question);
    for (unsigned i = 0; number == 3 && i < 3; i++) {
        const uint8_t ip[4] = {203, 0, 113, (uint8_t)random_next(&m->random)};
        size_t answer = begin(m, 3);
        put_text(m, 1, "%s", host);
        put_text(m, 2, "A");
        put_text(m, 3, "IN");
        put_number(m, 4, 300);
        must(mf_wire_put_bytes(m->out, 5, ip, sizeof ip));
        end(m, answer);
    }
    put_number(m, 6, random_below(&m->random, 65536));
    put_number(m, 7, number == 2);
    end(m, mark);
}

static void put_dns(struct maker *m)
{
    char host[64], name[192];
    put_host(m, host, sizeof host);
    snprintf(name, sizeof name, "%s.%s.%s", blank(BLANK_NAME),
             blank(BLANK_UUID), host);
    size_t mark = begin(m, 2);
    put_text(m, 1, "%s", blank(BLANK_ID));
    put_dns_message(m, 2, name);
    if (m->stage == STAGES - 1 || m->whole)
        put_dns_message(m, 3, name);
    put_time(m, 4, 0);
    put_client(m, 6, 0);
    put_server(m, 7, "resolver.example", 53);
    if (m->stage < STAGES - 1)
        put_number(m, 9, 1);
    end(m, mark);
}

/* ---- the whole ---- */

/* In mitmproxy.v1.EventType. */
static const uint8_t events[][STAGES] = {
    {1, 2, 3, 4},     /* HTTP */
    {10, 10, 10, 11}, /* DNS */
    {13, 14, 14, 15}, /* TCP */
    {17, 18, 18, 19}, /* UDP */
    {1, 30, 31, 32},  /* WebSocket */
};

static enum body body_of(unsigned kind)
{
    /* Of twenty: eight JSON, four HTML, two text, two binary, two gzip, one
     * redirect. */
    static const enum body bodies[KINDS] = {
        BODY_JSON,   BODY_JSON, BODY_JSON, BODY_JSON, BODY_JSON,
        BODY_JSON,   BODY_JSON, BODY_JSON, BODY_HTML, BODY_HTML,
        BODY_HTML,   BODY_HTML, BODY_TEXT, BODY_TEXT, BODY_BINARY,
        BODY_BINARY, BODY_GZIP, BODY_GZIP, BODY_NONE, BODY_NONE};
    return bodies[kind];
}

void message_put(struct mf_buf *out, uint64_t seed, int stage, int whole)
{
    struct maker m = {.out = out,
                      .random = mix64(seed),
                      .seed = seed,
                      .stage = stage,
                      .whole = whole,
                      .start = out->len};
    /* A few of the sites are most of the traffic. */
    m.site = rank_of(random_next(&m.random), SITES);
    m.target = TARGET_MIN + random_below(&m.random, TARGET_SPAN);
    unsigned kind = random_below(&m.random, KINDS), event = 0;
    unsigned other = random_below(&m.random, 4);
    size_t mark = begin(&m, 1);
    if (kind < KINDS - 1) {
        put_http(&m, body_of(kind), 0);
    } else if (other == 0) {
        put_dns(&m);
        event = 1;
    } else if (other < 3) {
        put_stream(&m, other == 1 ? 3 : 4);
        event = other + 1;
    } else {
        put_http(&m, BODY_JSON, 1);
        event = 4;
    }
    end(&m, mark);
    put_number(&m, 2, events[event][stage]);
}
