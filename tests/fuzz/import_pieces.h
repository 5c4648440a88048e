/* Bytes as a file of flows, read in pieces: what comes of it must not depend
 * on them. */
#ifndef MF_FUZZ_IMPORT_PIECES_H
#define MF_FUZZ_IMPORT_PIECES_H

#include <stddef.h>

/* An open file of those bytes, which the caller closes. */
int fuzz_import_open(const void *data, size_t len);

/* Aborts unless read(2) may give a byte at a time just as well as all. */
void fuzz_import_pieces(const void *data, size_t len);

#endif
