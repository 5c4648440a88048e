/*
 * mf_signer: folds the texts of a frame and signs them. Flows of one frame
 * have many lines in common (user agents, cookies, accepted types): each is
 * signed once.
 */
#ifndef MF_STORE_SIGNER_H
#define MF_STORE_SIGNER_H

#include "flow/flow.h"
#include "store/signature.h"

struct mf_signer;

struct mf_signer *mf_signer_new(void); /* NULL: out of memory */
void mf_signer_free(struct mf_signer *signer);

/* Begin another frame. */
void mf_signer_clear(struct mf_signer *signer);

/* Sign a text, not folded yet. `stays`: it is in the same place until the
 * frame's end. 0, MF_EFULL (over 1 GiB) or MF_ENOMEM. */
int mf_signer_add(struct mf_signer *signer, struct mf_span text, bool stays);

/* Sign what binary `bytes` hold of text. Errors as above. */
int mf_signer_add_binary(struct mf_signer *signer, struct mf_span bytes);
/* There are bytes that could not be decoded. */
void mf_signer_add_unread(struct mf_signer *signer);

/* Append the encoded signature. 0, MF_EFULL or MF_ENOMEM. */
int mf_signer_encode(const struct mf_signer *signer, struct mf_buf *out);

#endif
