/*
 * mf_accept: what a client takes answers encoded in (RFC 9110, section
 * 12.5.3; the lists of gRPC and Connect are a part of its syntax).
 */
#ifndef MF_RPC_ACCEPT_H
#define MF_RPC_ACCEPT_H

#include <stdbool.h>

#include "codec/encoding.h"

/* What we answer in, as the headers of all protocols list it. */
#define MF_ACCEPT_OURS "gzip, br, zstd"

enum { MF_ACCEPT_CODINGS = 5 }; /* identity, gzip, br, zstd, "*" */

struct mf_accept {
    struct mf_accept_coding {
        unsigned quality; /* thousandths */
        unsigned place;   /* in the list, from 1; 0: not named */
    } codings[MF_ACCEPT_CODINGS];
    unsigned count; /* names seen */
};

/* Nothing is accepted but identity. */
void mf_accept_init(struct mf_accept *accept);

/* Add the names of a header's value; malformed ones are skipped. A list that
 * comes in several headers is added one by one. */
void mf_accept_add(struct mf_accept *accept, const char *value);

/* `encoding`, which is one of ours, is named, and not only to refuse it. */
bool mf_accept_names(const struct mf_accept *accept, enum mf_encoding encoding);

/* The most wanted of what we answer in: by quality, then by place. Identity,
 * unless that is wanted more than any other, is the last choice. */
enum mf_encoding mf_accept_choose(const struct mf_accept *accept);

#endif
