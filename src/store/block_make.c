#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/array.h"
#include "flow/cut.h"
#include "flow/text.h"
#include "store/block.h"
#include "store/block_impl.h"
#include "store/signer.h"

enum {
    LEVEL = 1,
    /* Shorter binary bodies are not worth a patch. */
    CUT_MIN_LEN = 64,
    /* What an encoded body is taken to be when it is decoded, in a guess of
     * how full a frame is. */
    DECODED_RATIO = 4,
    /* A frame's binary bodies are decompressed to read one of them. */
    BINARY_MAX_LEN = 256 << 10,
    /* Of a block's snapshots, if there is more than one: a row of the
     * database, and in memory twice while it is made. */
    TOTAL_MAX_LEN = 16 << 20,
    /* Working memory beyond this is given back when a block is made. */
    KEPT_MAX_LEN = 1 << 20,
};

/* The maker's buffers. */
enum {
    /* of a frame */
    TEXT,
    ENCODED,
    BINARY,
    /* of an entry */
    BINARY_PATCHES,
    ENCODED_PATCHES,
    BETWEEN, /* without its binary bodies */
    REST,
    /* of the block */
    DIRECTORY,
    FRONT,
    BACK,
    BUFS,
};

/* Bodies of one kind to be cut out of a snapshot. */
struct cuts {
    struct mf_span *spans;
    size_t count;
    size_t cap;
};

struct item {
    struct mf_block_entry entry;
    struct mf_flow *flow; /* a reference */
};

struct lens {
    size_t total;  /* of the snapshots */
    size_t text;   /* a guess */
    size_t binary; /* of what is not text */
};

struct filling {
    struct item *items;
    size_t count;
    size_t cap;
    struct lens lens;
};

/* All but the first three is working memory of finish(). */
struct mf_block_maker {
    struct filling frames[MF_BLOCK_FRAMES_MAX];
    unsigned frame_count;
    struct lens lens;
    ZSTD_CCtx *zstd;
    struct mf_signer *signer;
    struct mf_buf bufs[BUFS];
    struct cuts encoded;
    struct cuts binary;
    const struct mf_flow *flow; /* that is packed now */
    bool has_binary;
    uint64_t last_number;
    int rc; /* of what a visitor did */
};

struct mf_block_maker *mf_block_maker_new(void)
{
    struct mf_block_maker *maker = calloc(1, sizeof *maker);
    if (!maker)
        return NULL;
    for (size_t i = 0; i < BUFS; i++)
        mf_buf_init(&maker->bufs[i], MF_BLOCK_SECTION_MAX);
    maker->zstd = ZSTD_createCCtx();
    maker->signer = mf_signer_new();
    if (!maker->zstd || !maker->signer) {
        mf_block_maker_free(maker);
        return NULL;
    }
    ZSTD_CCtx_setParameter(maker->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(maker->zstd, ZSTD_c_checksumFlag, 1);
    return maker;
}

static void make_empty(struct mf_block_maker *maker)
{
    for (unsigned i = 0; i < maker->frame_count; i++) {
        struct filling *frame = &maker->frames[i];
        for (size_t k = 0; k < frame->count; k++)
            mf_flow_unref(frame->items[k].flow);
        frame->count = 0;
        frame->lens = (struct lens){0};
    }
    maker->frame_count = 0;
    maker->lens = (struct lens){0};
}

void mf_block_maker_free(struct mf_block_maker *maker)
{
    if (!maker)
        return;
    make_empty(maker);
    for (size_t i = 0; i < MF_BLOCK_FRAMES_MAX; i++)
        free(maker->frames[i].items);
    for (size_t i = 0; i < BUFS; i++)
        mf_buf_release(&maker->bufs[i]);
    free(maker->encoded.spans);
    free(maker->binary.spans);
    mf_signer_free(maker->signer);
    ZSTD_freeCCtx(maker->zstd);
    free(maker);
}

/* ---- filling frames ---- */

/* What the flow brings, without decoding anything. */
static struct lens guess_lens(const struct mf_flow *flow)
{
    struct mf_body_lens bodies;
    struct lens lens;
    mf_flow_measure_bodies(flow, &bodies);
    mf_flow_snapshot(flow, &lens.total);
    lens.binary = bodies.binary;
    lens.text = lens.total - bodies.binary - bodies.encoded +
                DECODED_RATIO * bodies.encoded;
    return lens;
}

static bool has_room(const struct filling *frame, const struct lens *lens)
{
    return frame->count == 0 ||
           (frame->count < MF_FRAME_ENTRIES_MAX &&
            frame->lens.text + lens->text <= MF_FRAME_LEN &&
            frame->lens.binary + lens->binary <= BINARY_MAX_LEN);
}

static void add_lens(struct lens *sum, const struct lens *lens)
{
    sum->total += lens->total;
    sum->text += lens->text;
    sum->binary += lens->binary;
}

static int add_item(struct filling *frame, const struct mf_block_entry *entry,
                    const struct mf_flow *flow)
{
    struct item *items =
        mf_array_grow(frame->items, frame->count, &frame->cap, sizeof *items);
    if (!items)
        return MF_ENOMEM;
    frame->items = items;
    /* Only the count of references is written to. */
    struct mf_flow *shared = (struct mf_flow *)(uintptr_t)flow;
    items[frame->count++] =
        (struct item){.entry = *entry, .flow = mf_flow_ref(shared)};
    return 0;
}

int mf_block_maker_add(struct mf_block_maker *maker,
                       const struct mf_block_entry *entry,
                       const struct mf_flow *flow, unsigned *ret_frame,
                       unsigned *ret_slot)
{
    const struct lens lens = guess_lens(flow);
    unsigned at = maker->frame_count ? maker->frame_count - 1 : 0;
    if (!has_room(&maker->frames[at], &lens))
        at++;
    if (at == MF_BLOCK_FRAMES_MAX ||
        (maker->frame_count > 0 &&
         maker->lens.total + lens.total > TOTAL_MAX_LEN))
        return MF_EFULL;
    struct filling *frame = &maker->frames[at];
    int rc = add_item(frame, entry, flow);
    if (rc)
        return rc;
    maker->frame_count = at + 1;
    add_lens(&frame->lens, &lens);
    add_lens(&maker->lens, &lens);
    *ret_frame = at;
    *ret_slot = (unsigned)(frame->count - 1);
    return 0;
}

size_t mf_block_maker_len(const struct mf_block_maker *maker)
{
    return maker->lens.text;
}

/* ---- making the block ---- */

static int put_varint(struct mf_buf *buf, uint64_t value)
{
    uint8_t bytes[10];
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[len++] = (uint8_t)(value | 0x80);
    bytes[len++] = (uint8_t)value;
    return mf_buf_append(buf, bytes, len);
}

/* Append the zstd frame of `data` to `out`; nothing if there is nothing. */
static int compress(struct mf_block_maker *maker, const struct mf_buf *data,
                    struct mf_buf *out, size_t *ret_len)
{
    *ret_len = 0;
    if (data->len == 0)
        return 0;
    size_t bound = ZSTD_compressBound(data->len);
    int rc = mf_buf_reserve(out, bound);
    if (rc)
        return rc;
    size_t len = ZSTD_compress2(maker->zstd, out->data + out->len, bound,
                                data->data, data->len);
    if (ZSTD_isError(len))
        return MF_ENOMEM;
    out->len += len;
    *ret_len = len;
    return 0;
}

/* Whether the text is in the snapshot itself. */
static bool is_inside(const struct mf_flow *flow, struct mf_span text)
{
    size_t len;
    uintptr_t start = (uintptr_t)mf_flow_snapshot(flow, &len);
    uintptr_t at = (uintptr_t)text.text;
    return at >= start && at - start < len;
}

static int add_cut(struct cuts *cuts, struct mf_span span)
{
    struct mf_span *spans =
        mf_array_grow(cuts->spans, cuts->count, &cuts->cap, sizeof *spans);
    if (!spans)
        return MF_ENOMEM;
    cuts->spans = spans;
    spans[cuts->count++] = span;
    return 0;
}

/* A visitor of pieces. */
static bool take_piece(void *user, const struct mf_piece *piece)
{
    struct mf_block_maker *maker = user;
    bool is_text =
        piece->kind != MF_PIECE_BINARY && piece->kind != MF_PIECE_OTHER;
    bool is_encoded = piece->text.text != piece->origin.text;
    maker->has_binary |= piece->kind == MF_PIECE_BINARY || piece->error;
    if (piece->error == MF_ENOMEM)
        maker->rc = MF_ENOMEM;
    else if (piece->error)
        mf_signer_add_unread(maker->signer);
    if (maker->rc)
        return true;
    if (is_text)
        maker->rc = mf_signer_add(maker->signer, piece->text,
                                  is_inside(maker->flow, piece->text));
    else if (piece->kind == MF_PIECE_BINARY)
        maker->rc = mf_signer_add_binary(maker->signer, piece->text);
    if (!maker->rc &&
        (is_encoded ? piece->origin.len > 0
                    : !is_text && piece->origin.len >= CUT_MIN_LEN))
        maker->rc =
            add_cut(is_text ? &maker->encoded : &maker->binary, piece->origin);
    return maker->rc != 0;
}

/* The encoded bodies' places in what is left of `snapshot` without the
 * binary ones, whose spans are in order. */
static void follow(struct mf_block_maker *maker, const uint8_t *snapshot)
{
    const struct mf_buf *between = &maker->bufs[BETWEEN];
    for (size_t i = 0; i < maker->encoded.count; i++) {
        struct mf_span *span = &maker->encoded.spans[i];
        size_t at = (size_t)((const uint8_t *)span->text - snapshot);
        size_t gone = 0;
        for (size_t k = 0; k < maker->binary.count &&
                           maker->binary.spans[k].text < span->text;
             k++)
            gone += maker->binary.spans[k].len;
        span->text = (const char *)between->data + at - gone;
    }
}

static int cut(struct mf_block_maker *maker, const uint8_t *snapshot,
               size_t len)
{
    struct mf_buf *bufs = maker->bufs;
    mf_buf_clear(&bufs[BINARY_PATCHES]);
    mf_buf_clear(&bufs[ENCODED_PATCHES]);
    mf_buf_clear(&bufs[BETWEEN]);
    mf_buf_clear(&bufs[REST]);
    if (maker->binary.count) {
        int rc =
            mf_cut_take(snapshot, len, maker->binary.spans, maker->binary.count,
                        &bufs[BETWEEN], &bufs[BINARY_PATCHES], &bufs[BINARY]);
        if (rc)
            return rc;
        follow(maker, snapshot);
        snapshot = bufs[BETWEEN].data;
        len = bufs[BETWEEN].len;
    }
    return mf_cut_take(snapshot, len, maker->encoded.spans,
                       maker->encoded.count, &bufs[REST],
                       &bufs[ENCODED_PATCHES], &bufs[ENCODED]);
}

static int put_entry(struct mf_block_maker *maker,
                     const struct mf_block_entry *entry, size_t encoded_len,
                     size_t binary_len)
{
    struct mf_buf *bufs = maker->bufs;
    uint64_t step = entry->number - maker->last_number;
    const uint64_t values[] = {
        step << 1 ^ (step >> 63 ? UINT64_MAX : 0),
        entry->first + 1,
        bufs[BINARY_PATCHES].len,
        bufs[ENCODED_PATCHES].len,
        bufs[REST].len,
        bufs[ENCODED].len - encoded_len,
        bufs[BINARY].len - binary_len,
    };
    int rc = 0;
    maker->last_number = entry->number;
    for (size_t i = 0; !rc && i < sizeof values / sizeof *values; i++)
        rc = put_varint(&bufs[DIRECTORY], values[i]);
    for (size_t i = BINARY_PATCHES; !rc && i <= REST; i++)
        if (i != BETWEEN)
            rc = mf_buf_append(&bufs[TEXT], bufs[i].data, bufs[i].len);
    return rc;
}

/* Its texts are signed; bodies that stand apart are in maker->encoded and
 * maker->binary then. */
static int sign_item(struct mf_block_maker *maker, const struct item *item)
{
    maker->encoded.count = maker->binary.count = 0;
    maker->rc = 0;
    maker->flow = item->flow;
    mf_flow_each_piece(item->flow, take_piece, maker);
    return !maker->rc && item->entry.first == MF_BLOCK_HEAD
               ? mf_signer_add(maker->signer, mf_flow_id(item->flow), true)
               : maker->rc;
}

static int pack_item(struct mf_block_maker *maker, const struct item *item)
{
    size_t len, encoded_len = maker->bufs[ENCODED].len,
                binary_len = maker->bufs[BINARY].len;
    const uint8_t *snapshot = mf_flow_snapshot(item->flow, &len);
    int rc = sign_item(maker, item);
    if (!rc)
        rc = cut(maker, snapshot, len);
    return rc ? rc : put_entry(maker, &item->entry, encoded_len, binary_len);
}

/* The frame's lengths come before its entries, which are known first. */
static int put_frame_head(struct mf_block_maker *maker, size_t at,
                          const size_t lens[3], size_t count)
{
    struct mf_buf *directory = &maker->bufs[DIRECTORY];
    uint8_t head[6 * 10];
    size_t entries_len = directory->len - at;
    int rc = put_varint(directory, maker->has_binary ? MF_BLOCK_HAS_BINARY : 0);
    for (size_t i = 0; !rc && i < 3; i++)
        rc = put_varint(directory, lens[i]);
    if (!rc)
        rc = put_varint(directory, count);
    if (rc)
        return rc;
    size_t head_len = directory->len - at - entries_len;
    memcpy(head, directory->data + directory->len - head_len, head_len);
    memmove(directory->data + at + head_len, directory->data + at, entries_len);
    memcpy(directory->data + at, head, head_len);
    return 0;
}

static int pack_frame(struct mf_block_maker *maker, const struct filling *frame,
                      struct mf_buf *signature, struct mf_made_block *made)
{
    size_t at = maker->bufs[DIRECTORY].len, lens[3];
    int rc = 0;
    mf_signer_clear(maker->signer);
    for (size_t i = TEXT; i <= BINARY; i++)
        mf_buf_clear(&maker->bufs[i]);
    maker->has_binary = false;
    for (size_t i = 0; !rc && i < frame->count; i++) {
        uint64_t number = frame->items[i].entry.number;
        rc = pack_item(maker, &frame->items[i]);
        if (number > made->greatest_number)
            made->greatest_number = number;
    }
    if (!rc)
        rc = compress(maker, &maker->bufs[TEXT], &maker->bufs[FRONT], &lens[0]);
    if (!rc)
        rc = compress(maker, &maker->bufs[ENCODED], &maker->bufs[FRONT],
                      &lens[1]);
    if (!rc)
        rc =
            compress(maker, &maker->bufs[BINARY], &maker->bufs[BACK], &lens[2]);
    if (!rc)
        rc = put_frame_head(maker, at, lens, frame->count);
    made->entry_count += frame->count;
    return rc ? rc : mf_signer_encode(maker->signer, signature);
}

static int put_together(struct mf_block_maker *maker, struct mf_buf *out)
{
    uint8_t fixed[MF_BLOCK_FIXED_LEN] = {MF_BLOCK_FORM};
    size_t len;
    int rc =
        mf_buf_reserve(out, MF_BLOCK_FIXED_LEN +
                                ZSTD_compressBound(maker->bufs[DIRECTORY].len) +
                                maker->bufs[FRONT].len + maker->bufs[BACK].len);
    if (!rc)
        rc = mf_buf_append(out, fixed, sizeof fixed);
    if (!rc)
        rc = compress(maker, &maker->bufs[DIRECTORY], out, &len);
    for (size_t i = 0; !rc && i < 4; i++)
        out->data[1 + i] = (uint8_t)(len >> 8 * i);
    if (!rc)
        rc =
            mf_buf_append(out, maker->bufs[FRONT].data, maker->bufs[FRONT].len);
    return rc ? rc
              : mf_buf_append(out, maker->bufs[BACK].data,
                              maker->bufs[BACK].len);
}

static void give_back(struct mf_block_maker *maker)
{
    mf_signer_clear(maker->signer);
    for (size_t i = 0; i < BUFS; i++)
        if (maker->bufs[i].cap > KEPT_MAX_LEN)
            mf_buf_release(&maker->bufs[i]);
}

int mf_block_maker_finish(struct mf_block_maker *maker,
                          struct mf_made_block *ret_block)
{
    struct mf_made_block made = {.frame_count = maker->frame_count};
    mf_buf_init(&made.data, SIZE_MAX);
    mf_buf_clear(&maker->bufs[FRONT]);
    mf_buf_clear(&maker->bufs[BACK]);
    mf_buf_clear(&maker->bufs[DIRECTORY]);
    maker->last_number = 0;
    int rc = put_varint(&maker->bufs[DIRECTORY], maker->frame_count);
    for (unsigned i = 0; i < maker->frame_count; i++) {
        mf_buf_init(&made.signatures[i], SIZE_MAX);
        if (!rc)
            rc = pack_frame(maker, &maker->frames[i], &made.signatures[i],
                            &made);
        made.has_binary[i] = maker->has_binary;
    }
    if (!rc)
        rc = put_together(maker, &made.data);
    make_empty(maker);
    give_back(maker);
    if (rc) {
        mf_made_block_release(&made);
        return rc;
    }
    *ret_block = made;
    return 0;
}

int mf_block_maker_sign(struct mf_block_maker *maker, struct mf_buf *signature,
                        bool *ret_has_binary)
{
    int rc = 0;
    mf_signer_clear(maker->signer);
    maker->has_binary = false;
    for (unsigned i = 0; i < maker->frame_count; i++)
        for (size_t k = 0; !rc && k < maker->frames[i].count; k++)
            rc = sign_item(maker, &maker->frames[i].items[k]);
    if (!rc)
        rc = mf_signer_encode(maker->signer, signature);
    *ret_has_binary = maker->has_binary;
    make_empty(maker);
    give_back(maker);
    return rc;
}

void mf_made_block_release(struct mf_made_block *block)
{
    mf_buf_release(&block->data);
    for (unsigned i = 0; i < block->frame_count; i++)
        mf_buf_release(&block->signatures[i]);
    block->frame_count = 0;
}
