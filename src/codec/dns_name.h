/*
 * Names of DNS as text (RFC 1035, sections 3.1, 4.1.4 and 5.1).
 *
 * Names and texts are bytes: what is not plain ASCII is written \DDD.
 */
#ifndef MF_CODEC_DNS_NAME_H
#define MF_CODEC_DNS_NAME_H

#include <stdbool.h>

#include "base/cursor.h"
#include "base/span.h"

/* The longest text of a name: 255 bytes, each at most \DDD. */
enum { MF_DNS_NAME_TEXT_MAX = 1020 };

/* Text in the caller's memory. */
struct mf_dns_text {
    char *text;
    size_t len;
    size_t max;
};

/* Append one byte, with a '\' before it if `special` has it. False: full. */
bool mf_dns_put_byte(struct mf_dns_text *out, uint8_t byte,
                     const char *special);

/*
 * Append the name at `cursor`, without a last dot; the root is ".". The
 * cursor moves past it. Pointers lead into `message`.
 *
 *  MF_ETRUNC    the data ends in it
 *  MF_ECORRUPT  longer than 255 bytes, pointers that lead nowhere or in a
 *               circle, a label of an unknown kind
 *  MF_EFULL
 *
 * After an error `out` has what came before it.
 */
int mf_dns_put_name(struct mf_cursor *cursor, struct mf_span message,
                    struct mf_dns_text *out);

/* Step over a name without looking at what its pointer leads to. */
void mf_dns_skip_name(struct mf_cursor *cursor);

#endif
