/*
 * mf_block: frames of flows, compressed; bytes in, bytes out, no database.
 *
 * Text first, binary bodies last: reading a frame's text needs only the
 * block's bytes up to its end, and of a block that is cut off the frames
 * before can be read. Bodies with a content encoding whose text is signed
 * stand by the text. Checksums are zstd's.
 *
 * Units:   bytes.
 */
#ifndef MF_STORE_BLOCK_H
#define MF_STORE_BLOCK_H

#include "flow/flow.h"
#include "store/signature.h"

enum {
    MF_BLOCK_FRAMES_MAX = 8,
    MF_FRAME_LEN = 96 << 10, /* of text, before compression, about; a longer
                                entry is a frame by itself */
    MF_FRAME_ENTRIES_MAX = 1024,
};

struct mf_block_entry {
    uint64_t number; /* of the flow */
    /* The first message of a piece; MF_BLOCK_HEAD: this is a head. */
    uint64_t first;
};
#define MF_BLOCK_HEAD UINT64_MAX

/* ---- making one ---- */

struct mf_block_maker;

struct mf_block_maker *mf_block_maker_new(void); /* NULL: out of memory */
void mf_block_maker_free(struct mf_block_maker *maker);

/*
 * Add an entry to the frame being filled, or begin the next. `flow` is the
 * head's snapshot, or a flow of its type with nothing but the piece's
 * messages and the id; a reference is kept. What is binary in it goes last.
 * *ret_frame and *ret_slot say where it will be: frame 0 is the block's
 * first.
 *  MF_EFULL   the block has its frames, or 16 MiB: finish it first
 *  MF_ENOMEM
 */
int mf_block_maker_add(struct mf_block_maker *maker,
                       const struct mf_block_entry *entry,
                       const struct mf_flow *flow, unsigned *ret_frame,
                       unsigned *ret_slot);

/* Bytes of text in the frames so far, about. */
size_t mf_block_maker_len(const struct mf_block_maker *maker);

struct mf_made_block {
    struct mf_buf data; /* owned: the block */
    unsigned frame_count;
    size_t entry_count;
    uint64_t greatest_number;
    /* Of each frame: its signature as mf_signature_encode() gives it, and
     * whether it has bodies of which the signature covers only longer runs of
     * printable bytes (binary ones, or of an encoding that is unknown or
     * broken). */
    struct mf_buf signatures[MF_BLOCK_FRAMES_MAX];
    bool has_binary[MF_BLOCK_FRAMES_MAX];
};

/* Compress and sign what was added; the maker is empty then, also after an
 * error. The slow part: it may run on another thread. 0, MF_ENOMEM, or
 * MF_EFULL if a frame has more than 1 GiB. */
int mf_block_maker_finish(struct mf_block_maker *maker,
                          struct mf_made_block *ret_block);
void mf_made_block_release(struct mf_made_block *block);

/* Append the signature of all that was added, as of one frame, and make
 * nothing else of it; the maker is empty then, also after an error. 0,
 * MF_ENOMEM or MF_EFULL. */
int mf_block_maker_sign(struct mf_block_maker *maker, struct mf_buf *signature,
                        bool *ret_has_binary);

/* ---- reading one ---- */

/*
 * One frame, taken apart. Holds no part of the block's bytes.
 *  MF_ECORRUPT  not a block, no such frame, or a checksum is wrong
 *  MF_ENOMEM
 */
struct mf_frame;
int mf_frame_read(const uint8_t *block, size_t len, unsigned frame,
                  struct mf_frame **ret_frame, struct mf_err *err);
void mf_frame_free(struct mf_frame *frame); /* NULL is allowed */

size_t mf_frame_entry_count(const struct mf_frame *frame);
const struct mf_block_entry *mf_frame_entry(const struct mf_frame *frame,
                                            size_t slot);

/*
 * True if the head at `slot` surely does not hold the folded `needle` in what
 * a search sees of text, nor, with `or_binary`, in its binary bodies. Much
 * quicker than to read the flow; what has to be decoded for that is never
 * sure.
 */
bool mf_frame_lacks(struct mf_frame *frame, size_t slot, const char *needle,
                    size_t len, bool or_binary);

/*
 * The snapshot at `slot`, exactly as it was added, appended to `out`. A frame
 * with binary bodies needs its block again; with `block` NULL they are left
 * out (their fields are empty, certificates too): enough for what
 * mf_flow_each_text() visits.
 *  MF_ECORRUPT, MF_ENOMEM, or MF_EFULL at `out`'s maximum
 */
int mf_frame_snapshot(struct mf_frame *frame, size_t slot, const uint8_t *block,
                      size_t len, struct mf_buf *out, struct mf_err *err);

/* How many of the block's first bytes are enough for mf_frame_read() of any of
 * its frames; `len` of them are here. 0: these are too few to tell. */
size_t mf_block_text_len(const uint8_t *block, size_t len);

/* How many frames the block has, and its entries in order of frame and slot
 * (*ret_entries is freed with free()). */
int mf_block_entries(const uint8_t *block, size_t len, unsigned *ret_frames,
                     struct mf_block_entry **ret_entries, size_t *ret_count,
                     struct mf_err *err);

#endif
