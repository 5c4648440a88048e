/*
 * The form of a block, known to its maker and its reader.
 *
 *   byte             MF_BLOCK_FORM
 *   32 bits          bytes of the directory (little-endian)
 *   directory
 *   for each frame   its text, then its encoded bodies
 *   for each frame   its binary bodies
 *
 * The directory and each of the others is a zstd frame with a checksum, or
 * nothing where there is nothing in it. The directory is made of varints:
 * how many frames; for each frame its flags (bit 0: it has bodies that the
 * signature does not cover), the bytes of its text, encoded bodies and binary
 * bodies as they are here, and how many entries; for each entry
 *
 *   number           less the one before it (zigzag)
 *   first + 1        0: a head
 *   binary patches, encoded patches, rest
 *                    bytes in the frame's text, in this order
 *   encoded, binary  bytes in the frame's others
 *
 * Of a snapshot its binary bodies were cut out (flow/cut.h), of what was left
 * its encoded ones, and what was left then is the rest.
 */
#ifndef MF_STORE_BLOCK_IMPL_H
#define MF_STORE_BLOCK_IMPL_H

#include <stddef.h>
#include <stdint.h>

enum {
    MF_BLOCK_FORM = 1,
    MF_BLOCK_FIXED_LEN = 1 + 4,
    MF_BLOCK_HAS_BINARY = 1 << 0,
};

/* No more than this comes out of one zstd frame. */
#define MF_BLOCK_SECTION_MAX ((size_t)1 << 30)

#endif
