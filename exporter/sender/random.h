/* Random text, from the system. */
#ifndef MF_EXPORTER_RANDOM_H
#define MF_EXPORTER_RANDOM_H

#include <stddef.h>

/* `len` (even, at most 64) hex digits and a NUL. 0 or MF_EIO. */
int mf_random_hex(char *out, size_t len);

#endif
