/*
 * mf_signature: which short byte sequences a frame's folded text has, and
 * mf_postings: the same for the 512 frames of a group, turned around.
 *
 * Bytes in, bytes out, no database. What is found is never missed; what is
 * not there may be reported (a bucket has many sequences).
 */
#ifndef MF_STORE_SIGNATURE_H
#define MF_STORE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { MF_GROUP_FRAMES = 512, MF_POSTING_PARTS_MAX = 1024 };

/* ---- of one frame ---- */

struct mf_signature;
struct mf_signature *mf_signature_new(void); /* NULL: out of memory */
void mf_signature_free(struct mf_signature *signature);
void mf_signature_clear(struct mf_signature *signature);

/* Add every sequence of `text`, which is folded. */
void mf_signature_add(struct mf_signature *signature, const char *text,
                      size_t len);
/* Add the sequences of five printable ASCII bytes in `bytes`, which are
 * folded and binary: few, so that they do not fill the signature. */
void mf_signature_add_binary(struct mf_signature *signature, const char *bytes,
                             size_t len);
/* The frame has bytes that nobody can read: every sequence of those may be
 * in them. */
void mf_signature_add_unread(struct mf_signature *signature);

int mf_signature_encode(const struct mf_signature *signature,
                        struct mf_buf *out);

/* ---- a question ---- */

/* The buckets that a folded needle of 3 bytes or more needs, rarest kind
 * first: at most `max` of them. */
size_t mf_needle_buckets(const char *needle, size_t len, uint32_t *buckets,
                         size_t max);

/* The buckets of the needle's sequences that mf_signature_add_binary() adds;
 * 0: it has none, so that it may be in any binary body. */
size_t mf_needle_binary_buckets(const char *needle, size_t len,
                                uint32_t *buckets, size_t max);

/* Whether an encoded signature has all the buckets. False for garbage. Takes
 * some ns for each, if the frame is not a small one: so it can be asked of
 * many without a copy. */
bool mf_signature_has(const uint8_t *signature, size_t len,
                      const uint32_t *buckets, size_t count);

/* ---- of a group ---- */

/* A bit for each frame of the group. */
struct mf_frame_set {
    uint64_t bits[MF_GROUP_FRAMES / 64];
};

struct mf_postings;
struct mf_postings *mf_postings_new(void); /* NULL: out of memory */
void mf_postings_free(struct mf_postings *postings);

/* Frame `frame` (0 to 511) has this encoded signature. 0, MF_ECORRUPT,
 * MF_ENOMEM. */
int mf_postings_add(struct mf_postings *postings, unsigned frame,
                    const uint8_t *signature, size_t len);

/* How many parts a group has (<= MF_POSTING_PARTS_MAX), always the same. */
size_t mf_postings_part_count(void);
/* Append part `part`, some 3 KB. */
int mf_postings_put_part(const struct mf_postings *postings, size_t part,
                         struct mf_buf *out);

/* The part that knows of `bucket`, and what it says: `set` becomes what is
 * in `set` and may have it (of a bucket that most frames have, the postings
 * say that all may). 0 or MF_ECORRUPT. */
size_t mf_posting_part_of(uint32_t bucket);
int mf_posting_narrow(const uint8_t *part, size_t len, uint32_t bucket,
                      struct mf_frame_set *set);

#endif
