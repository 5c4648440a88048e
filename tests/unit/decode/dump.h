/*
 * A view as text, for tests: a line a node, two spaces deeper for each depth.
 *
 *   KIND NAME #NUMBER <TYPE> = TEXT ~ ALSO | HEX @OFFSET+LEN cut guess
 *
 * What a node lacks is left out. Control characters, '\' and what is not
 * UTF-8 are written as \n, \\ and \xNN; bytes past the first 64 as "... (90)"
 * with the count of all.
 */
#ifndef MF_TESTS_UNIT_DECODE_DUMP_H
#define MF_TESTS_UNIT_DECODE_DUMP_H

#include "base/buf.h"
#include "decode/decode.h"

/* A mf_view_sink; `user` is the struct mf_buf that gets the lines. */
int dump_node(void *user, unsigned depth, const struct mf_node *node);

/* Decode `body` and give its dump, which the caller frees with free(). Fails
 * the test where decoding fails by anything but MF_EFULL. */
char *dump_body(const struct mf_body *body, const struct mf_decode_opts *opts);

#endif
