/* What the first bytes of a file tell (after WHATWG's MIME Sniffing and the
 * formats' own specifications). */
#include "codec/params.h"
#include "decode/decode.h"

#include <string.h>

struct magic {
    size_t offset;
    size_t len;
    const char *bytes;
    const char *type;
};

#define MAGIC(offset, bytes, type)             \
    {                                          \
        offset, sizeof(bytes) - 1, bytes, type \
    }

static const struct magic magics[] = {
    MAGIC(0, "\x89PNG\r\n\x1a\n", "image/png"),
    MAGIC(0, "\xff\xd8\xff", "image/jpeg"),
    MAGIC(0, "GIF87a", "image/gif"),
    MAGIC(0, "GIF89a", "image/gif"),
    MAGIC(0, "II*\0", "image/tiff"),
    MAGIC(0, "MM\0*", "image/tiff"),
    MAGIC(0, "\xff\x0a", "image/jxl"),
    MAGIC(0, "\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    MAGIC(0, "\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    MAGIC(0, "8BPS\0\x01", "image/vnd.adobe.photoshop"),
    MAGIC(0, "qoif", "image/qoi"),
    MAGIC(0, "icns", "image/icns"),
    MAGIC(0, "%PDF-", "application/pdf"),
    MAGIC(0, "wOFF", "font/woff"),
    MAGIC(0, "wOF2", "font/woff2"),
    MAGIC(0, "OTTO", "font/otf"),
    MAGIC(0, "ttcf\0", "font/collection"),
    MAGIC(0, "true\0", "font/ttf"),
    MAGIC(0, "ID3\x02", "audio/mpeg"),
    MAGIC(0, "ID3\x03", "audio/mpeg"),
    MAGIC(0, "ID3\x04", "audio/mpeg"),
    MAGIC(0, "\xff\xfb", "audio/mpeg"),
    MAGIC(0, "\xff\xf3", "audio/mpeg"),
    MAGIC(0, "\xff\xf2", "audio/mpeg"),
    MAGIC(0, "\xff\xf1", "audio/aac"),
    MAGIC(0, "\xff\xf9", "audio/aac"),
    MAGIC(0, "fLaC", "audio/flac"),
    MAGIC(0, "MThd\0\0\0\x06", "audio/midi"),
    MAGIC(0, "#!AMR", "audio/amr"),
    MAGIC(0, ".snd\0\0\0", "audio/basic"),
    MAGIC(0, "FLV\x01", "video/x-flv"),
    MAGIC(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    MAGIC(0, "\0\0\x01\xba", "video/mpeg"),
    MAGIC(0, "\0\0\x01\xb3", "video/mpeg"),
    MAGIC(0, "PK\x03\x04", "application/zip"),
    MAGIC(0, "PK\x05\x06", "application/zip"),
    MAGIC(0, "PK\x07\x08", "application/zip"),
    MAGIC(0, "\x1f\x8b\x08", "application/gzip"),
    MAGIC(0, "\x28\xb5\x2f\xfd", "application/zstd"),
    MAGIC(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    MAGIC(0, "Rar!\x1a\x07", "application/vnd.rar"),
    MAGIC(0, "\xfd\x37zXZ\0", "application/x-xz"),
    MAGIC(0, "\x04\x22\x4d\x18", "application/x-lz4"),
    MAGIC(0, "\x1f\x9d", "application/x-compress"),
    MAGIC(0, "MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    MAGIC(0, "!<arch>\n", "application/x-archive"),
    MAGIC(257, "ustar", "application/x-tar"),
    MAGIC(0, "\0asm\x01\0\0\0", "application/wasm"),
    MAGIC(0, "SQLite format 3\0", "application/vnd.sqlite3"),
    MAGIC(0, "\xd9\xd9\xf7", "application/cbor"), /* RFC 8949, section 3.4.6 */
};

/* The type in a container that says it a little later. */
static const struct {
    const char *bytes; /* four, at `offset` */
    size_t offset;
    const char *inner; /* four, at 8 */
    const char *type;
} containers[] = {
    {"RIFF", 0, "WEBP", "image/webp"},
    {"RIFF", 0, "WAVE", "audio/wav"},
    {"RIFF", 0, "AVI ", "video/x-msvideo"},
    {"FORM", 0, "AIFF", "audio/aiff"},
    {"FORM", 0, "AIFC", "audio/aiff"},
    {"ftyp", 4, "avif", "image/avif"},
    {"ftyp", 4, "avis", "image/avif"},
    {"ftyp", 4, "heic", "image/heic"},
    {"ftyp", 4, "heix", "image/heic"},
    {"ftyp", 4, "mif1", "image/heif"},
    {"ftyp", 4, "msf1", "image/heif"},
    {"ftyp", 4, "M4A ", "audio/mp4"},
    {"ftyp", 4, "M4B ", "audio/mp4"},
    {"ftyp", 4, "qt  ", "video/quicktime"},
    {"ftyp", 4, "3gp4", "video/3gpp"},
    {"ftyp", 4, "3gp5", "video/3gpp"},
    {"ftyp", 4, "crx ", "image/x-canon-cr3"},
    {"styp", 4, "", "video/mp4"},
    {"ftyp", 4, "", "video/mp4"}, /* whatever brand it is */
};

static bool has(struct mf_span data, size_t at, const char *bytes, size_t len)
{
    return data.len >= len && data.len - len >= at &&
           (len == 0 || data.text[at] == *bytes) &&
           memcmp(data.text + at, bytes, len) == 0;
}

static unsigned u8(struct mf_span data, size_t at)
{
    return at < data.len ? (unsigned char)data.text[at] : 0;
}

/* HEIF's general brand: what it is in particular is among the others. */
static bool names_avif(struct mf_span data)
{
    size_t end = u8(data, 2) << 8 | u8(data, 3);
    for (size_t at = 16; at + 4 <= end && at + 4 <= data.len; at += 4)
        if (has(data, at, "avif", 4))
            return true;
    return false;
}

static const char *container_type(struct mf_span data)
{
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
        if (!has(data, containers[i].offset, containers[i].bytes, 4) ||
            !has(data, 8, containers[i].inner, strlen(containers[i].inner)))
            continue;
        return strcmp(containers[i].inner, "mif1") == 0 && names_avif(data)
                   ? "image/avif"
                   : containers[i].type;
    }
    return "";
}

/* Signatures of two to four bytes that bytes of another kind may have too:
 * what follows must fit. */
static const char *weak_type(struct mf_span data)
{
    /* The size of the header that follows the file's own (BITMAPINFO...). */
    unsigned header_len = u8(data, 14);
    if (has(data, 0, "BM", 2) && has(data, 6, "\0\0\0\0", 4) &&
        header_len >= 12 && header_len <= 124 && !u8(data, 15) &&
        !u8(data, 16) && !u8(data, 17))
        return "image/bmp";
    if ((has(data, 0, "\0\0\x01\0", 4) || has(data, 0, "\0\0\x02\0", 4)) &&
        u8(data, 4) && !u8(data, 5) && u8(data, 9) == 0)
        return u8(data, 2) == 1 ? "image/vnd.microsoft.icon" : "image/x-cursor";
    if (has(data, 0, "\0\x01\0\0", 4) && !u8(data, 4) && u8(data, 5) &&
        u8(data, 5) < 128)
        return "font/ttf";
    if (has(data, 34, "LP", 2) && has(data, 8, "\x01\0\x02", 3))
        return "application/vnd.ms-fontobject";
    if (has(data, 0, "\x1a\x45\xdf\xa3", 4)) {
        for (size_t at = 4; at < 64; at++)
            if (has(data, at, "webm", 4))
                return "video/webm";
        return "video/x-matroska";
    }
    if (has(data, 0, "OggS\0", 5))
        return has(data, 28, "\x80theora", 7) ? "video/ogg" : "audio/ogg";
    if (has(data, 0, "BZh", 3) && has(data, 4, "1AY&SY", 6))
        return "application/x-bzip2";
    if (has(data, 0, "\x47", 1) && has(data, 188, "\x47", 1) &&
        has(data, 376, "\x47", 1))
        return "video/mp2t";
    return "";
}

/* Past a BOM, white space and comments. */
static struct mf_span skip_misc(struct mf_span text)
{
    if (has(text, 0, "\xef\xbb\xbf", 3))
        text = (struct mf_span){text.text + 3, text.len - 3};
    for (;;) {
        while (text.len && strchr(" \t\r\n\f", *text.text) && *text.text) {
            text.text++;
            text.len--;
        }
        if (!has(text, 0, "<!--", 4))
            return text;
        const char *end = memmem(text.text, text.len, "-->", 3);
        if (!end)
            return text;
        text.len -= (size_t)(end + 3 - text.text);
        text.text = end + 3;
    }
}

/* True for "<name" at the start, as a whole word. */
static bool is_tag(struct mf_span text, const char *tag)
{
    size_t len = strlen(tag);
    return mf_span_starts(text, tag) &&
           (len == text.len || memchr(" \t\r\n\f>/", text.text[len], 7));
}

static const char *markup_type(struct mf_span data)
{
    enum { LOOK_LEN = 2048 };
    static const char *const html[] = {
        "<!doctype html", "<html", "<head", "<body",  "<script", "<title",
        "<iframe",        "<h1",   "<div",  "<table", "<style",  "<meta",
    };
    if (data.len > LOOK_LEN)
        data.len = LOOK_LEN;
    struct mf_span text = skip_misc(data);
    if (!text.len || *text.text != '<')
        return "";
    bool is_xml = has(text, 0, "<?xml", 5);
    while (has(text, 0, "<?", 2) || mf_span_starts(text, "<!doctype svg")) {
        const char *end = memchr(text.text, '>', text.len);
        if (!end)
            break;
        text.len -= (size_t)(end + 1 - text.text);
        text.text = end + 1;
        text = skip_misc(text);
    }
    if (is_tag(text, "<svg"))
        return "image/svg+xml";
    if (is_xml)
        return "text/xml";
    for (size_t i = 0; i < sizeof html / sizeof *html; i++)
        if (is_tag(text, html[i]))
            return "text/html";
    return "";
}

const char *mf_body_sniff(struct mf_span data)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (has(data, magics[i].offset, magics[i].bytes, magics[i].len))
            return magics[i].type;
    const char *type = container_type(data);
    if (!*type)
        type = weak_type(data);
    return *type ? type : markup_type(data);
}
