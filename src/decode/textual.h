/*
 * mf_textual_frames: a body that has frames or fields as texts for people, one
 * for each frame: what MessageDetails.textual_frames tells viewers of the
 * published schema.
 *
 * The texts look like protoscope's: "4: {" and so on, with names for numbers
 * where they are known. Each is UTF-8, of at most 64 KiB, and there are at most
 * 100 of them; where something is left out the last line says so, or a last
 * text.
 */
#ifndef MF_DECODE_TEXTUAL_H
#define MF_DECODE_TEXTUAL_H

#include "decode/decode.h"

typedef int mf_textual_put(void *user, struct mf_span text);

/*
 * Call `put` with each text; nothing for bodies of other kinds than RPC,
 * protobuf and DNS. Gives what `put` gave that was not 0, or MF_ENOMEM.
 */
int mf_textual_frames(const struct mf_body *body,
                      const struct mf_decode_opts *opts, mf_textual_put *put,
                      void *user);

#endif
