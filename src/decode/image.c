/* Images: what they are, how large, and how deep; never their pixels. */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "codec/params.h"
#include "decode/decoders.h"
#include "decode/image_impl.h"
#include "decode/inner.h"

typedef bool read_image(struct mf_span data, struct mf_image *image);

static uint32_t le16(struct mf_cursor *cursor)
{
    uint32_t low = mf_cursor_u8(cursor);
    return low | (uint32_t)mf_cursor_u8(cursor) << 8;
}

static uint32_t le24(struct mf_cursor *cursor)
{
    uint32_t low = le16(cursor);
    return low | (uint32_t)mf_cursor_u8(cursor) << 16;
}

static struct mf_cursor skip(struct mf_span data, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(data.text, data.len);
    mf_cursor_bytes(&cursor, len);
    return cursor;
}

static void note(struct mf_image *image, const char *text)
{
    snprintf(image->note, sizeof image->note, "%s", text);
}

static bool read_png(struct mf_span data, struct mf_image *image)
{
    static const char *const colours[] = {
        "grey",
        "",
        "truecolour",
        "palette",
        "grey with alpha",
        "",
        "truecolour with alpha",
    };
    enum { TO_SIZE = 16 };
    struct mf_cursor cursor = skip(data, TO_SIZE);
    image->width = mf_cursor_be32(&cursor);
    image->height = mf_cursor_be32(&cursor);
    bool is_whole = !cursor.error;
    image->depth = mf_cursor_u8(&cursor);
    uint8_t colour = mf_cursor_u8(&cursor);
    if (!cursor.error && colour < sizeof colours / sizeof *colours)
        note(image, colours[colour]);
    return is_whole;
}

static bool read_gif(struct mf_span data, struct mf_image *image)
{
    enum { TO_SIZE = 6 };
    struct mf_cursor cursor = skip(data, TO_SIZE);
    image->width = le16(&cursor);
    image->height = le16(&cursor);
    bool is_whole = !cursor.error;
    uint8_t flags = mf_cursor_u8(&cursor);
    if (!cursor.error && flags & 0x80)
        image->depth = (flags & 7u) + 1;
    note(image, "palette");
    return is_whole;
}

/* Markers with a length, until the one that begins a frame. */
static bool read_jpeg(struct mf_span data, struct mf_image *image)
{
    struct mf_cursor cursor = skip(data, 2);
    while (!cursor.error) {
        uint8_t marker = mf_cursor_u8(&cursor);
        if (marker != 0xff)
            return false;
        while (marker == 0xff)
            marker = mf_cursor_u8(&cursor);
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8))
            continue;
        uint16_t len = mf_cursor_be16(&cursor);
        if (len < 2 || marker == 0xd9 || marker == 0xda)
            return false;
        /* SOF0 to SOF15, but for DHT, JPG and DAC. */
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
            marker != 0xc8 && marker != 0xcc) {
            image->depth = mf_cursor_u8(&cursor);
            image->height = mf_cursor_be16(&cursor);
            image->width = mf_cursor_be16(&cursor);
            uint8_t channels = mf_cursor_u8(&cursor);
            note(image, channels == 1   ? "grey"
                        : channels == 3 ? "colour"
                        : channels == 4 ? "CMYK"
                                        : "");
            return !cursor.error;
        }
        mf_cursor_bytes(&cursor, len - 2);
    }
    return false;
}

static bool read_webp(struct mf_span data, struct mf_image *image)
{
    enum { TO_CHUNK = 12 };
    struct mf_cursor cursor = skip(data, TO_CHUNK);
    const uint8_t *chunk = mf_cursor_bytes(&cursor, 4);
    mf_cursor_le32(&cursor); /* its length */
    if (!chunk)
        return false;
    image->depth = 8;
    if (memcmp(chunk, "VP8X", 4) == 0) {
        uint8_t flags = mf_cursor_u8(&cursor);
        mf_cursor_bytes(&cursor, 3);
        image->width = le24(&cursor) + 1;
        image->height = le24(&cursor) + 1;
        note(image, flags & 0x02   ? "animation"
                    : flags & 0x10 ? "with alpha"
                                   : "");
    } else if (memcmp(chunk, "VP8L", 4) == 0) {
        mf_cursor_u8(&cursor); /* signature */
        uint32_t bits = mf_cursor_le32(&cursor);
        image->width = (bits & 0x3fff) + 1;
        image->height = (bits >> 14 & 0x3fff) + 1;
        note(image, bits >> 28 & 1 ? "lossless with alpha" : "lossless");
    } else if (memcmp(chunk, "VP8 ", 4) == 0) {
        mf_cursor_bytes(&cursor, 6); /* frame tag and start code */
        image->width = le16(&cursor) & 0x3fff;
        image->height = le16(&cursor) & 0x3fff;
        note(image, "lossy");
    } else {
        return false;
    }
    return !cursor.error;
}

static bool read_bmp(struct mf_span data, struct mf_image *image)
{
    enum { TO_HEADER = 14, OLD_HEADER_LEN = 12 };
    struct mf_cursor cursor = skip(data, TO_HEADER);
    bool is_old = mf_cursor_le32(&cursor) == OLD_HEADER_LEN;
    image->width = is_old ? le16(&cursor) : mf_cursor_le32(&cursor);
    image->height = is_old ? le16(&cursor) : mf_cursor_le32(&cursor);
    if (!is_old && image->height > INT32_MAX) { /* from top to bottom */
        image->height = 0u - image->height;
        note(image, "from top to bottom");
    }
    bool is_whole = !cursor.error;
    le16(&cursor); /* planes */
    image->depth = le16(&cursor);
    return is_whole;
}

/* The largest of several. */
static bool read_icon(struct mf_span data, struct mf_image *image)
{
    enum { TO_COUNT = 4 };
    struct mf_cursor cursor = skip(data, TO_COUNT);
    bool is_cursor = data.len > 2 && data.text[2] == 2;
    uint32_t count = le16(&cursor);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t width = mf_cursor_u8(&cursor), height = mf_cursor_u8(&cursor);
        le16(&cursor);
        le16(&cursor); /* planes; of a cursor its hot spot */
        uint32_t depth = le16(&cursor);
        mf_cursor_bytes(&cursor, 8);
        if (cursor.error)
            break;
        width = width ? width : 256;
        height = height ? height : 256;
        if (width * height > image->width * image->height) {
            image->width = width;
            image->height = height;
            image->depth = is_cursor ? 0 : depth;
        }
    }
    snprintf(image->note, sizeof image->note, "%u %s", (unsigned)count,
             count == 1 ? "image" : "images");
    return image->width > 0;
}

static const struct {
    const char *type;
    read_image *read;
} readers[] = {
    {"image/png", read_png},
    {"image/jpeg", read_jpeg},
    {"image/gif", read_gif},
    {"image/webp", read_webp},
    {"image/bmp", read_bmp},
    {"image/vnd.microsoft.icon", read_icon},
    {"image/x-cursor", read_icon},
    {"image/avif", mf_image__read_boxes},
    {"image/heic", mf_image__read_boxes},
    {"image/heif", mf_image__read_boxes},
    {"image/svg+xml", mf_image__read_svg},
};

static int put_image(struct mf_decoding *decoding, read_image *read)
{
    const struct mf_body *body = decoding->body;
    struct mf_view *view = decoding->view;
    struct mf_image image = {0};
    if (!read(body->data, &image))
        return body->is_cut
                   ? 0
                   : mf_view_fault(view, 0, "it does not say its size");
    int rc = mf_decode__number(view, "width", image.width);
    if (!rc)
        rc = mf_decode__number(view, "height", image.height);
    if (!rc && image.depth)
        rc = mf_decode__number(view, "depth", image.depth);
    if (!rc && *image.note)
        rc = mf_view_note(view, image.note);
    return rc;
}

/* Names that mean the same as what is told here. */
static bool is_same_type(struct mf_span declared, const char *type)
{
    return mf_span_is(declared, type) ||
           (mf_span_is(declared, "image/jpg") &&
            strcmp(type, "image/jpeg") == 0) ||
           (mf_span_is(declared, "image/x-icon") &&
            strcmp(type, "image/vnd.microsoft.icon") == 0) ||
           (mf_span_is(declared, "image/x-ms-bmp") &&
            strcmp(type, "image/bmp") == 0);
}

int mf_decode__image(struct mf_decoding *decoding)
{
    const struct mf_body *body = decoding->body;
    struct mf_span declared = mf_params_head(body->content_type);
    const char *type = mf_body_sniff(body->data);
    struct mf_view *view = decoding->view;
    if (!*type)
        return mf_decode__row(view, "format", declared);
    int rc =
        mf_decode__row(view, "format", (struct mf_span){type, strlen(type)});
    if (!rc && mf_span_starts(declared, "image/") &&
        !is_same_type(declared, type))
        rc = mf_view_note(view, "it is not what its content type says");
    for (size_t i = 0; !rc && i < sizeof readers / sizeof *readers; i++)
        if (strcmp(readers[i].type, type) == 0)
            return put_image(decoding, readers[i].read);
    return rc;
}
