/* AVIF and HEIF (ISO/IEC 23008-12): boxes in boxes; the size is a property. */
#include <string.h>

#include "base/cursor.h"
#include "decode/image_impl.h"

struct box {
    char type[4];
    struct mf_cursor inside;
};

static bool next_box(struct mf_cursor *cursor, struct box *box)
{
    enum { HEAD_LEN = 8, LONG_HEAD_LEN = 16 };
    uint64_t len = mf_cursor_be32(cursor), head_len = HEAD_LEN;
    const uint8_t *type = mf_cursor_bytes(cursor, 4);
    if (len == 1) {
        len = (uint64_t)mf_cursor_be32(cursor) << 32;
        len |= mf_cursor_be32(cursor);
        head_len = LONG_HEAD_LEN;
    }
    if (cursor->error)
        return false;
    /* 0: to the end; and what is cut is read as far as it goes. */
    size_t left = mf_cursor_left(cursor);
    uint64_t inside = len < head_len ? (len ? 0 : left) : len - head_len;
    if (len && len < head_len)
        return false;
    if (inside > left)
        inside = left;
    memcpy(box->type, type, 4);
    box->inside = mf_cursor_make(cursor->at, (size_t)inside);
    mf_cursor_bytes(cursor, inside);
    return true;
}

static bool find_box(struct mf_cursor *cursor, const char *type,
                     struct mf_cursor *ret_inside)
{
    struct box box;
    while (next_box(cursor, &box)) {
        if (memcmp(box.type, type, 4) == 0) {
            *ret_inside = box.inside;
            return true;
        }
    }
    return false;
}

/* Images have parts with sizes of their own (tiles, alpha, thumbnails): the
 * largest is the whole. */
static void read_property(struct box *box, struct mf_image *image)
{
    mf_cursor_be32(&box->inside); /* version and flags */
    if (memcmp(box->type, "ispe", 4) == 0) {
        uint32_t width = mf_cursor_be32(&box->inside);
        uint32_t height = mf_cursor_be32(&box->inside);
        if (!box->inside.error &&
            (uint64_t)width * height > (uint64_t)image->width * image->height) {
            image->width = width;
            image->height = height;
        }
    } else if (memcmp(box->type, "pixi", 4) == 0 && !image->depth) {
        if (mf_cursor_u8(&box->inside) > 0)
            image->depth = mf_cursor_u8(&box->inside);
    }
}

bool mf_image__read_boxes(struct mf_span data, struct mf_image *image)
{
    struct mf_cursor file = mf_cursor_make(data.text, data.len);
    struct mf_cursor meta, properties, list;
    if (!find_box(&file, "meta", &meta))
        return false;
    mf_cursor_be32(&meta); /* version and flags */
    if (!find_box(&meta, "iprp", &properties) ||
        !find_box(&properties, "ipco", &list))
        return false;
    struct box box;
    while (next_box(&list, &box))
        read_property(&box, image);
    return image->width > 0;
}
