/*
 * mf_types: the protobuf message types that are known: of descriptor sets
 * (--descriptor-set) and of reflection answers that passed by.
 *
 * Thread:  reading from any, at once, while one adds: a reader sees all of an
 *          addition or none.
 */
#ifndef MF_DECODE_TYPES_H
#define MF_DECODE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

struct mf_types;

int mf_types_new(struct mf_types **ret_types);
void mf_types_free(struct mf_types *types); /* NULL is allowed */

/*
 * Put the sets of files in place of those given before; `err` names the file
 * and what does not resolve, and then nothing has changed.
 *  MF_ENOENT, MF_EACCES, MF_EIO, MF_ECORRUPT, MF_ENOMEM
 */
int mf_types_load(struct mf_types *types, const char *const *paths,
                  size_t count, struct mf_err *err);

/*
 * Learn from the answer of a gRPC reflection service (both its versions): a
 * ServerReflectionResponse. What contradicts a file that is known is left
 * out; so is all past 64 MiB or 10,000 files. True: something new is known.
 */
bool mf_types_learn(struct mf_types *types, const uint8_t *answer, size_t len);

/* How many message types are known, for the log. */
size_t mf_types_count(const struct mf_types *types);

#endif
