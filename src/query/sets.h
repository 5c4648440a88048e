/* Looking at single texts, for the matcher and the judge. */
#ifndef MF_QUERY_SETS_H
#define MF_QUERY_SETS_H

#include "query/tree.h"

/* True if `text` is one of the set's. */
bool mf_text_set_has(const struct mf_text_set *set, struct mf_span text);

/* True if plain `needle`, folded, is in `text`. */
bool mf_text_finds(struct mf_span needle, struct mf_span text);

/* The same in a Content-Type without its parameters. */
bool mf_media_type_finds(struct mf_span needle, struct mf_span header);

/* Room that "host:port" takes beside the host. */
enum { MF_PORT_TEXT_LEN = 11 };

/* Write "host:port", without a NUL; returns its length. */
size_t mf_peer_text(struct mf_span host, uint32_t port, char *text);

/* True for a Content-Type that ~a counts as an asset. */
bool mf_is_asset_type(struct mf_span header);

#endif
