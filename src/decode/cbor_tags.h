/* The tags of CBOR (the registry of IANA): names, and other readings of byte
 * strings. Private to src/decode. */
#ifndef MF_DECODE_CBOR_TAGS_H
#define MF_DECODE_CBOR_TAGS_H

#include "decode/view.h"

enum { MF_CBOR_EPOCH = 1, MF_CBOR_ROOM = 400 };

/* NULL: none is known. */
const char *mf_cbor_tag_name(uint64_t tag);

/* Make of a node of bytes one of what the tag says that they are: a number of
 * any size, a UUID, an address. Its text is in `room`. */
void mf_cbor_read_tagged(uint64_t tag, struct mf_span bytes,
                         char room[MF_CBOR_ROOM], struct mf_node *node);

#endif
