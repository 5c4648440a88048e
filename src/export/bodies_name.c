#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "export/bodies.h"

enum { STEM_MAX_LEN = 48 };

static const struct suffix {
    const char *type;
    const char *suffix;
} suffixes[] = {
    {"application/dns-message", ".dns"},
    {"application/gzip", ".gz"},
    {"application/javascript", ".js"},
    {"application/json", ".json"},
    {"application/msgpack", ".msgpack"},
    {"application/cbor", ".cbor"},
    {"application/pdf", ".pdf"},
    {"application/wasm", ".wasm"},
    {"application/x-ndjson", ".jsonl"},
    {"application/x-www-form-urlencoded", ".txt"},
    {"application/xml", ".xml"},
    {"application/zip", ".zip"},
    {"audio/mpeg", ".mp3"},
    {"font/woff", ".woff"},
    {"font/woff2", ".woff2"},
    {"image/avif", ".avif"},
    {"image/gif", ".gif"},
    {"image/jpeg", ".jpg"},
    {"image/png", ".png"},
    {"image/svg+xml", ".svg"},
    {"image/webp", ".webp"},
    {"image/x-icon", ".ico"},
    {"multipart/form-data", ".multipart"},
    {"text/css", ".css"},
    {"text/csv", ".csv"},
    {"text/event-stream", ".txt"},
    {"text/html", ".html"},
    {"text/javascript", ".js"},
    {"text/xml", ".xml"},
    {"video/mp4", ".mp4"},
    {"video/webm", ".webm"},
};

static bool ends_with(struct mf_span text, const char *end)
{
    size_t len = strlen(end);
    return text.len > len &&
           strncasecmp(text.text + text.len - len, end, len) == 0;
}

const char *mf_body_suffix(struct mf_span type)
{
    size_t len = 0;
    while (len < type.len && type.text[len] != ';' && type.text[len] != ' ')
        len++;
    type.len = len;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (strlen(suffixes[i].type) == len &&
            strncasecmp(suffixes[i].type, type.text, len) == 0)
            return suffixes[i].suffix;
    if (ends_with(type, "+json"))
        return ".json";
    if (ends_with(type, "+xml"))
        return ".xml";
    return len > 5 && strncasecmp(type.text, "text/", 5) == 0 ? ".txt" : ".bin";
}

/* The last part of the path without what is behind a dot. */
static struct mf_span stem_of(struct mf_span url)
{
    size_t end = 0, from;
    while (end < url.len && url.text[end] != '?' && url.text[end] != '#')
        end++;
    for (from = end; from > 0 && url.text[from - 1] != '/';)
        from--;
    /* Of "https://name" the last part is no path's. */
    if (from >= 2 && url.text[from - 2] == '/')
        return (struct mf_span){"", 0};
    size_t len = 0;
    while (from + len < end && url.text[from + len] != '.' &&
           len < STEM_MAX_LEN)
        len++;
    return (struct mf_span){url.text + from, len};
}

void mf_body_name(uint64_t number, bool is_request, struct mf_span url,
                  struct mf_span content_type, char name[MF_BODY_NAME_SIZE])
{
    char stem[STEM_MAX_LEN + 1];
    struct mf_span text = stem_of(url);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.text[i];
        bool is_safe = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == '-';
        stem[i] = is_safe ? c : '_';
    }
    stem[text.len] = '\0';
    snprintf(name, MF_BODY_NAME_SIZE, "%" PRIu64 "-%s%s%s%s", number,
             is_request ? "request" : "response", text.len ? "-" : "", stem,
             mf_body_suffix(content_type));
}
