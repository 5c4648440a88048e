#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cursor.h"
#include "flow/cut.h"
#include "query/fold.h"
#include "store/block.h"
#include "store/block_impl.h"

enum {
    DIRECTORY_MAX_LEN = 4 << 20, /* 8 * 1,024 entries of 60 bytes at most */
    ENTRY_MIN_LEN = 7,           /* in the directory */
    /* What one byte of zstd can become: a block of 128 KiB of the same byte
     * takes four. */
    RATIO_MAX = 1 << 16,
};

struct part {
    size_t at;
    size_t len;
};

struct slot {
    struct mf_block_entry entry;
    struct part binary_patches; /* in the frame's text, as the next two */
    struct part encoded_patches;
    struct part rest;
    struct part encoded; /* in the frame's others */
    struct part binary;
};

struct mf_frame {
    struct mf_buf text;
    char *folded;   /* text, when it was asked for */
    bool is_folded; /* that it can be used */
    struct mf_buf encoded;
    struct mf_buf binary;    /* decompressed when it is needed */
    bool has_binary;         /* it was */
    size_t binary_len;       /* decompressed */
    struct part binary_part; /* where it is in the block */
    size_t slot_count;
    struct slot slots[];
};

/* What the directory says of a frame. */
struct frame_head {
    uint64_t flags;
    uint64_t text_len, encoded_len, binary_len; /* as they are in the block */
    uint64_t entry_count;
};

static int corrupt(struct mf_err *err, const char *what)
{
    return mf_err_set(err, MF_ECORRUPT, "block: %s", what);
}

/* `len` bytes come out of `data`, or it is corrupt. Replaces `out`. */
static int decompress(const uint8_t *data, size_t data_len, size_t len,
                      struct mf_buf *out, struct mf_err *err)
{
    mf_buf_clear(out);
    if (data_len == 0 && len == 0)
        return 0;
    if (len == 0 || len > MF_BLOCK_SECTION_MAX || len / RATIO_MAX > data_len)
        return corrupt(err, "wrong length");
    int rc = mf_buf_reserve(out, len);
    if (rc)
        return mf_err_set(err, rc, "block: out of memory");
    size_t got = ZSTD_decompress(out->data, len, data, data_len);
    if (ZSTD_isError(got)) {
        if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
            return mf_err_set(err, MF_ENOMEM, "block: out of memory");
        return corrupt(err, ZSTD_getErrorName(got));
    }
    if (got != len)
        return corrupt(err, "wrong length");
    out->len = len;
    return 0;
}

/* *ret_end: where the directory ends in the block. */
static int read_directory(const uint8_t *block, size_t len,
                          struct mf_buf *directory, size_t *ret_end,
                          struct mf_err *err)
{
    struct mf_cursor cursor = mf_cursor_make(block, len);
    mf_buf_init(directory, DIRECTORY_MAX_LEN);
    if (mf_cursor_u8(&cursor) != MF_BLOCK_FORM)
        return corrupt(err, "not one");
    size_t data_len = mf_cursor_le32(&cursor);
    const uint8_t *data = mf_cursor_bytes(&cursor, data_len);
    if (cursor.error || data_len == 0)
        return corrupt(err, "cut off");
    unsigned long long raw_len = ZSTD_getFrameContentSize(data, data_len);
    if (raw_len > DIRECTORY_MAX_LEN)
        return corrupt(err, "too long a directory");
    *ret_end = MF_BLOCK_FIXED_LEN + data_len;
    return decompress(data, data_len, (size_t)raw_len, directory, err);
}

static struct frame_head read_frame_head(struct mf_cursor *cursor)
{
    struct frame_head head = {
        .flags = mf_cursor_varint(cursor),
        .text_len = mf_cursor_varint(cursor),
        .encoded_len = mf_cursor_varint(cursor),
        .binary_len = mf_cursor_varint(cursor),
        .entry_count = mf_cursor_varint(cursor),
    };
    if (head.entry_count > MF_FRAME_ENTRIES_MAX ||
        head.entry_count > mf_cursor_left(cursor) / ENTRY_MIN_LEN)
        mf_cursor_fail(cursor, MF_ECORRUPT);
    return head;
}

/* A length that follows `before` others; all together have a limit. */
static struct part read_part(struct mf_cursor *cursor, size_t *end)
{
    uint64_t len = mf_cursor_varint(cursor);
    if (len > MF_BLOCK_SECTION_MAX - *end) {
        mf_cursor_fail(cursor, MF_ECORRUPT);
        len = 0;
    }
    struct part part = {*end, (size_t)len};
    *end += (size_t)len;
    return part;
}

/* Where the entries read so far end. */
struct ends {
    size_t text;
    size_t encoded;
    size_t binary;
};

static struct slot read_slot(struct mf_cursor *cursor, uint64_t *number,
                             struct ends *ends)
{
    struct slot slot;
    uint64_t zigzag = mf_cursor_varint(cursor);
    *number += zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0);
    slot.entry.number = *number;
    slot.entry.first = mf_cursor_varint(cursor) - 1;
    slot.binary_patches = read_part(cursor, &ends->text);
    slot.encoded_patches = read_part(cursor, &ends->text);
    slot.rest = read_part(cursor, &ends->text);
    slot.encoded = read_part(cursor, &ends->encoded);
    slot.binary = read_part(cursor, &ends->binary);
    return slot;
}

static bool read_frame_count(struct mf_cursor *cursor, uint64_t *ret_count)
{
    *ret_count = mf_cursor_varint(cursor);
    return !cursor->error && *ret_count <= MF_BLOCK_FRAMES_MAX;
}

/* Add what one frame takes; false: too much. */
static bool step_over(uint64_t *at, uint64_t len)
{
    if (len > SIZE_MAX / 4 || *at > SIZE_MAX / 4)
        return false;
    *at += len;
    return true;
}

/* What is known of a frame before its bytes are looked at. */
struct place_in_block {
    struct frame_head head;
    uint64_t text_at;
    uint64_t binary_at;
};

/* Fill in *ret_frame (one allocation) from the directory. */
static int read_slots(struct mf_cursor *cursor, unsigned wanted, size_t at,
                      struct mf_frame **ret_frame,
                      struct place_in_block *ret_place, struct ends *ret_ends,
                      struct mf_err *err)
{
    uint64_t count, number = 0, front = at, back = 0;
    struct mf_frame *frame = NULL;
    if (!read_frame_count(cursor, &count) || wanted >= count)
        return corrupt(err, "no such frame");
    for (unsigned i = 0; i < count; i++) {
        struct frame_head head = read_frame_head(cursor);
        struct ends ends = {0};
        if (cursor->error)
            break;
        if (i == wanted) {
            frame = calloc(1, sizeof *frame +
                                  head.entry_count * sizeof(struct slot));
            if (!frame)
                return mf_err_set(err, MF_ENOMEM, "block: out of memory");
            *ret_place = (struct place_in_block){head, front, back};
            frame->slot_count = head.entry_count;
        }
        for (size_t k = 0; k < head.entry_count; k++) {
            struct slot slot = read_slot(cursor, &number, &ends);
            if (i == wanted)
                frame->slots[k] = slot;
        }
        if (i == wanted)
            *ret_ends = ends;
        if (!step_over(&front, head.text_len) ||
            !step_over(&front, head.encoded_len) ||
            !step_over(&back, head.binary_len))
            mf_cursor_fail(cursor, MF_ECORRUPT);
    }
    if (cursor->error || !mf_cursor_done(cursor)) {
        free(frame);
        return corrupt(err, "malformed directory");
    }
    ret_place->binary_at += front;
    *ret_frame = frame;
    return 0;
}

/* The bytes of a part of the block; NULL: it ends before. */
static const uint8_t *bytes_at(const uint8_t *block, size_t len, uint64_t at,
                               uint64_t part_len)
{
    return at > len || part_len > len - at ? NULL : block + at;
}

static int read_texts(struct mf_frame *frame,
                      const struct place_in_block *place,
                      const struct ends *ends, const uint8_t *block, size_t len,
                      struct mf_err *err)
{
    const struct frame_head *head = &place->head;
    const uint8_t *text = bytes_at(block, len, place->text_at, head->text_len);
    const uint8_t *encoded = bytes_at(
        block, len, place->text_at + head->text_len, head->encoded_len);
    if (!text || !encoded)
        return corrupt(err, "cut off");
    int rc = decompress(text, head->text_len, ends->text, &frame->text, err);
    return rc ? rc
              : decompress(encoded, head->encoded_len, ends->encoded,
                           &frame->encoded, err);
}

int mf_frame_read(const uint8_t *block, size_t len, unsigned frame_at,
                  struct mf_frame **ret_frame, struct mf_err *err)
{
    struct mf_buf directory;
    struct mf_frame *frame = NULL;
    struct place_in_block place = {0};
    struct ends ends = {0};
    size_t end;
    int rc = read_directory(block, len, &directory, &end, err);
    if (!rc) {
        struct mf_cursor cursor = mf_cursor_make(directory.data, directory.len);
        rc = read_slots(&cursor, frame_at, end, &frame, &place, &ends, err);
    }
    mf_buf_release(&directory);
    if (rc)
        return rc;
    mf_buf_init(&frame->text, MF_BLOCK_SECTION_MAX);
    mf_buf_init(&frame->encoded, MF_BLOCK_SECTION_MAX);
    mf_buf_init(&frame->binary, MF_BLOCK_SECTION_MAX);
    frame->binary_part = (struct part){place.binary_at, place.head.binary_len};
    frame->binary_len = ends.binary;
    rc = read_texts(frame, &place, &ends, block, len, err);
    if (rc) {
        mf_frame_free(frame);
        return rc;
    }
    *ret_frame = frame;
    return 0;
}

void mf_frame_free(struct mf_frame *frame)
{
    if (!frame)
        return;
    mf_buf_release(&frame->text);
    mf_buf_release(&frame->encoded);
    mf_buf_release(&frame->binary);
    free(frame->folded);
    free(frame);
}

size_t mf_frame_entry_count(const struct mf_frame *frame)
{
    return frame->slot_count;
}

const struct mf_block_entry *mf_frame_entry(const struct mf_frame *frame,
                                            size_t slot)
{
    return &frame->slots[slot].entry;
}

static int read_binary(struct mf_frame *frame, const uint8_t *block, size_t len,
                       struct mf_err *err)
{
    if (frame->has_binary)
        return 0;
    const uint8_t *data =
        bytes_at(block, len, frame->binary_part.at, frame->binary_part.len);
    if (!data)
        return corrupt(err, "cut off");
    int rc = decompress(data, frame->binary_part.len, frame->binary_len,
                        &frame->binary, err);
    frame->has_binary = rc == 0;
    return rc;
}

static struct mf_span span_of(const struct mf_buf *buf, struct part part)
{
    return part.len ? (struct mf_span){(char *)buf->data + part.at, part.len}
                    : (struct mf_span){"", 0};
}

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] >= 0x80)
            return false;
    return true;
}

/* Its text with folded ASCII, made once; NULL: memory is out, or ASCII is not
 * all of it. */
static const char *folded_text(struct mf_frame *frame)
{
    if (!frame->folded && frame->text.len) {
        frame->folded = malloc(frame->text.len);
        if (!frame->folded)
            return NULL;
        frame->is_folded = mf_fold_ascii((const char *)frame->text.data,
                                         frame->text.len, frame->folded);
    }
    return frame->is_folded ? frame->folded : NULL;
}

/* Texts lie in the snapshot as they are, but for those of DNS. How other
 * characters fold may depend on the bytes around a text. */
bool mf_frame_lacks(struct mf_frame *frame, size_t at, const char *needle,
                    size_t len, bool or_binary)
{
    const struct slot *slot = &frame->slots[at];
    struct mf_span rest = span_of(&frame->text, slot->rest);
    enum mf_flow_type type = mf_flow_snapshot_type(rest);
    if (slot->entry.first != MF_BLOCK_HEAD || slot->encoded.len ||
        (or_binary && slot->binary.len) || !type || type == MF_FLOW_DNS ||
        !is_ascii(needle, len))
        return false;
    const char *folded = folded_text(frame);
    return folded &&
           !mf_fold_holds(folded + slot->rest.at, rest.len, needle, len);
}

static int undo_encoded(const struct mf_frame *frame, const struct slot *slot,
                        struct mf_buf *out)
{
    return mf_cut_undo(span_of(&frame->text, slot->rest),
                       span_of(&frame->text, slot->encoded_patches),
                       span_of(&frame->encoded, slot->encoded), out);
}

static int undo_both(const struct mf_frame *frame, const struct slot *slot,
                     struct mf_buf *out)
{
    struct mf_buf between;
    mf_buf_init(&between, MF_BLOCK_SECTION_MAX);
    int rc = undo_encoded(frame, slot, &between);
    if (!rc)
        rc = mf_cut_undo((struct mf_span){(char *)between.data, between.len},
                         span_of(&frame->text, slot->binary_patches),
                         span_of(&frame->binary, slot->binary), out);
    mf_buf_release(&between);
    return rc;
}

int mf_frame_snapshot(struct mf_frame *frame, size_t at, const uint8_t *block,
                      size_t len, struct mf_buf *out, struct mf_err *err)
{
    if (at >= frame->slot_count)
        return corrupt(err, "no such slot");
    const struct slot *slot = &frame->slots[at];
    bool wants_binary = block && slot->binary_patches.len > 0;
    size_t before = out->len;
    int rc = wants_binary ? read_binary(frame, block, len, err) : 0;
    if (rc)
        return rc;
    rc = wants_binary ? undo_both(frame, slot, out)
                      : undo_encoded(frame, slot, out);
    if (!rc)
        return 0;
    out->len = before;
    return rc == MF_ECORRUPT ? corrupt(err, "a snapshot does not fit together")
                             : mf_err_set(err, rc, "block: no room for a flow");
}

static int read_entries(struct mf_cursor *cursor, unsigned *ret_frames,
                        struct mf_block_entry *entries, size_t *ret_count)
{
    uint64_t frame_count, number = 0;
    size_t count = 0;
    if (!read_frame_count(cursor, &frame_count))
        return MF_ECORRUPT;
    for (uint64_t i = 0; i < frame_count; i++) {
        struct frame_head head = read_frame_head(cursor);
        struct ends ends = {0};
        for (size_t k = 0; !cursor->error && k < head.entry_count; k++)
            entries[count++] = read_slot(cursor, &number, &ends).entry;
    }
    if (cursor->error || !mf_cursor_done(cursor))
        return MF_ECORRUPT;
    *ret_frames = (unsigned)frame_count;
    *ret_count = count;
    return 0;
}

int mf_block_entries(const uint8_t *block, size_t len, unsigned *ret_frames,
                     struct mf_block_entry **ret_entries, size_t *ret_count,
                     struct mf_err *err)
{
    struct mf_buf directory;
    size_t end;
    int rc = read_directory(block, len, &directory, &end, err);
    if (rc) {
        mf_buf_release(&directory);
        return rc;
    }
    /* No directory of this length has more. */
    struct mf_block_entry *entries =
        malloc((directory.len / ENTRY_MIN_LEN + 1) * sizeof *entries);
    struct mf_cursor cursor = mf_cursor_make(directory.data, directory.len);
    rc = entries ? read_entries(&cursor, ret_frames, entries, ret_count)
                 : MF_ENOMEM;
    mf_buf_release(&directory);
    if (rc) {
        free(entries);
        return rc == MF_ENOMEM ? mf_err_set(err, rc, "block: out of memory")
                               : corrupt(err, "malformed directory");
    }
    *ret_entries = entries;
    return 0;
}

size_t mf_block_text_len(const uint8_t *block, size_t len)
{
    struct mf_buf directory;
    uint64_t count = 0, number = 0, front = 0;
    size_t end = 0;
    if (read_directory(block, len, &directory, &end, NULL)) {
        mf_buf_release(&directory);
        return 0;
    }
    struct mf_cursor cursor = mf_cursor_make(directory.data, directory.len);
    bool is_known = read_frame_count(&cursor, &count) && step_over(&front, end);
    for (uint64_t i = 0; is_known && i < count; i++) {
        struct frame_head head = read_frame_head(&cursor);
        struct ends ends = {0};
        for (size_t k = 0; !cursor.error && k < head.entry_count; k++)
            read_slot(&cursor, &number, &ends);
        is_known = !cursor.error && step_over(&front, head.text_len) &&
                   step_over(&front, head.encoded_len);
    }
    mf_buf_release(&directory);
    return is_known ? (size_t)front : 0;
}
